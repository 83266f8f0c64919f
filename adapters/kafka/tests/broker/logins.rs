//! Every way to log in, and to be refused.

use std::error::Error as _;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use ssectl_adapter::{Error, ErrorKind, Fetched, Limit};

use crate::support::{Broker, create, numbered, sink_of, target, whole};

#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn every_way_to_log_in_works_and_refusals_are_told() {
    let broker = Broker::start();
    create(
        target(json!({ "brokers": broker.fact("BOOTSTRAP") })).as_ref(),
        "logins",
        1,
    )
    .await;
    let tls = json!({ "ca": broker.fact("CA_FILE") });
    let plain = broker.fact("SASL_BOOTSTRAP");
    let secure = broker.fact("SASL_SSL_BOOTSTRAP");
    let (user, password) = (broker.fact("SASL_USER"), broker.fact("SASL_PASSWORD"));
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let sasl =
            |password| json!({ "mechanism": mechanism, "username": user, "password": password });
        let open = json!({ "brokers": plain, "sasl": sasl(password) });
        use_it(open, "logins")
            .await
            .unwrap_or_else(|error| panic!("{mechanism}: {error:?}"));
        let encrypted = json!({ "brokers": secure, "tls": tls, "sasl": sasl(password) });
        use_it(encrypted, "logins")
            .await
            .unwrap_or_else(|error| panic!("{mechanism}: {error:?}"));
        let wrong = json!({ "brokers": plain, "sasl": sasl("hunter2") });
        refused(wrong, ErrorKind::Authentication, "sasl.mechanism").await;
    }
    // As at the Kafka endpoint of Event Hubs.
    let sasl = json!({
        "mechanism": "PLAIN",
        "username": "$ConnectionString",
        "password": broker.fact("CONNECTION_STRING"),
    });
    let hubs = json!({ "brokers": secure, "tls": tls, "sasl": sasl });
    use_it(hubs, "logins")
        .await
        .unwrap_or_else(|error| panic!("a connection string: {error:?}"));
    let words = ["printf", "%s", &unsigned_token(user)].map(str::to_owned);
    let sasl = json!({ "mechanism": "OAUTHBEARER", "token": { "command": words } });
    let bearer = json!({ "brokers": secure, "tls": tls, "sasl": sasl });
    use_it(bearer, "logins")
        .await
        .unwrap_or_else(|error| panic!("OAUTHBEARER: {error:?}"));
    let sasl = json!({ "mechanism": "OAUTHBEARER", "token": { "command": ["false"] } });
    refused(
        json!({ "brokers": plain, "sasl": sasl }),
        ErrorKind::Authentication,
        "",
    )
    .await;

    let mut mutual = tls.clone();
    mutual["certificate"] = broker.fact("CLIENT_CERT").into();
    mutual["key"] = broker.fact("CLIENT_KEY").into();
    let certified = json!({ "brokers": broker.fact("SSL_BOOTSTRAP"), "tls": mutual });
    use_it(certified, "logins")
        .await
        .unwrap_or_else(|error| panic!("certificate: {error:?}"));
    let stranger = json!({ "brokers": broker.fact("SSL_BOOTSTRAP"), "tls": tls });
    refused(stranger, ErrorKind::Authentication, "").await;
    let sasl = json!({ "mechanism": "PLAIN", "username": user, "password": password });
    let unknown = json!({ "brokers": secure, "tls": true, "sasl": sasl });
    refused(unknown, ErrorKind::Authentication, "tls: {ca: FILE}").await;
    let trusting = json!({ "brokers": secure, "tls": { "verify": false }, "sasl": sasl });
    use_it(trusting, "logins")
        .await
        .unwrap_or_else(|error| panic!("unverified: {error:?}"));
    let clear = json!({ "brokers": broker.fact("SSL_BOOTSTRAP"), "connect-timeout": "3s" });
    refused(clear, ErrorKind::Unavailable, "tls: true").await;
    let nameless = json!({ "brokers": plain, "connect-timeout": "3s" });
    refused(nameless, ErrorKind::Unavailable, "`sasl`").await;
    let veiled =
        json!({ "brokers": broker.fact("BOOTSTRAP"), "tls": true, "connect-timeout": "3s" });
    refused(veiled, ErrorKind::Unavailable, "leave `tls` out").await;
}

/// The refusal comes soon, names the cluster, hints at a way out, and does not tell the password.
async fn refused(options: Value, kind: ErrorKind, hint: &str) {
    let start = Instant::now();
    let case = options.to_string().replace("hunter2", "wrong");
    let error = use_it(options, "logins").await.expect_err(&case);
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    assert_eq!(error.kind(), kind, "{case}: {error}: {cause}");
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "{case}: {:?}",
        start.elapsed()
    );
    assert!(
        error.to_string().contains("kafka://127.0.0.1"),
        "{case}: {error}"
    );
    let told = error.hint_text().unwrap_or_default();
    assert!(told.contains(hint), "{case}: {told}: {cause}");
    assert!(!format!("{error:?} {cause}").contains("hunter2"), "{case}");
}

/// Writes ten records to a topic and reads them back.
async fn use_it(options: Value, stream: &str) -> Result<(), Error> {
    let target = target(options);
    let mut sink = target.sink(&sink_of(stream)).await?;
    sink.write(&numbered(0..10)).await?;
    sink.close().await?;
    let mut source = target.source(&whole(stream)).await?;
    let mut read = 0;
    loop {
        match source.fetch(Limit::default()).await? {
            Fetched::Batch(batch) => read += batch.records.len(),
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    assert!(read >= 10, "{read} records");
    Ok(())
}

/// A token that only a test broker believes: it is not signed (RFC 7519 section 6).
fn unsigned_token(user: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let claims = json!({ "sub": user, "iat": now, "exp": now + 3600 }).to_string();
    format!("{head}.{}.", URL_SAFE_NO_PAD.encode(claims))
}
