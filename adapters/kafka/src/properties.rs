//! From our options to the properties of librdkafka.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use ssectl_adapter::{Error, ErrorKind, Result};

use crate::config::{GroupProtocol, KafkaConfig, Mechanism, Tls};

/// Properties that this adapter relies on, and the option to use instead of each.
const OURS: &[(&str, &str)] = &[
    ("bootstrap.servers", "`brokers`"),
    ("metadata.broker.list", "`brokers`"),
    ("client.id", "`client-id`"),
    ("security.protocol", "`tls` and `sasl`"),
    ("sasl.mechanism", "`sasl`"),
    ("sasl.mechanisms", "`sasl`"),
    ("sasl.username", "`sasl`"),
    ("sasl.password", "`sasl`"),
    ("group.id", "`group`"),
    ("auto.offset.reset", "`offset-reset`"),
    (
        "enable.auto.commit",
        "nothing: only what is safe is committed",
    ),
    (
        "enable.auto.offset.store",
        "nothing: only what is safe is committed",
    ),
    ("enable.partition.eof", "nothing: it is always on"),
    ("log.queue", "nothing: it is always on"),
    ("transactional.id", "`--delivery exactly-once`"),
];

/// How often clients that read look for new partitions: the property, and its value in milliseconds
/// unless `librdkafka` has another. The default of five minutes hides records for as long.
const REFRESH: (&str, &str) = ("topic.metadata.refresh.interval.ms", "5000");

/// The shortest time-out of transactions, in milliseconds: a slow broker is no reason to abort one.
const LEAST_TRANSACTION: u32 = 10_000;

/// Checks every property without connecting to anything.
pub(crate) fn check(config: &KafkaConfig) -> Result<()> {
    for name in config.librdkafka.keys() {
        if let Some((_, instead)) = OURS.iter().find(|(ours, _)| ours == name) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("`librdkafka.{name}` is set by the adapter"),
            )
            .hint(format!("use {instead}")));
        }
    }
    for properties in [consumer(config, "check"), producer(config, None)] {
        properties.create_native_config().map_err(refused)?;
    }
    Ok(())
}

/// A property that librdkafka does not take; its value may be a secret and is not shown.
pub(crate) fn refused(error: KafkaError) -> Error {
    match error {
        KafkaError::ClientConfig(_, reason, name, value) => {
            let reason = reason.replace(&format!("\"{value}\" "), "");
            Error::new(
                ErrorKind::Config,
                format!("librdkafka does not take the property `{name}`"),
            )
            .caused_by(reason)
        }
        KafkaError::ClientCreation(reason) => Error::new(
            ErrorKind::Config,
            "librdkafka does not take these options together",
        )
        .caused_by(reason),
        other => Error::new(ErrorKind::Other, "librdkafka does not start").caused_by(other),
    }
}

/// What reads, and asks the cluster about itself.
pub(crate) fn consumer(config: &KafkaConfig, group: &str) -> ClientConfig {
    let mut properties = client(config);
    properties
        .set("group.id", group)
        .set("group.protocol", config.group_protocol.as_str())
        .set("isolation.level", config.isolation.as_str())
        .set("auto.offset.reset", config.offset_reset.as_str())
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false")
        .set(REFRESH.0, REFRESH.1)
        // The default of one second stalls a fast reader whenever its queue was full once.
        .set("fetch.queue.backoff.ms", "5")
        .set("queued.max.messages.kbytes", "32768");
    if config.group_protocol == GroupProtocol::Classic {
        properties.set("partition.assignment.strategy", config.assignment.as_str());
    }
    if let Some(instance) = &config.group_instance {
        properties.set("group.instance.id", instance.as_str());
    }
    if let Some(timeout) = config.session_timeout {
        properties.set("session.timeout.ms", timeout.as_millis().to_string());
    }
    with_raw(properties, config)
}

/// What reads a topic; it also logs when the id of the topic changes, and tells it nowhere else.
pub(crate) fn reader(config: &KafkaConfig, group: &str) -> ClientConfig {
    let mut properties = consumer(config, group);
    let debug = match properties.get("debug") {
        Some(contexts) => format!("{contexts},metadata"),
        None => "metadata".to_owned(),
    };
    properties
        .set("debug", debug)
        .set_log_level(RDKafkaLogLevel::Debug);
    properties
}

/// How often to look at the topic that is read; never if the property says so.
pub(crate) fn refresh(config: &KafkaConfig) -> Option<Duration> {
    let own = config.librdkafka.get(REFRESH.0).map(|text| text.as_str());
    let millis = own.unwrap_or(REFRESH.1).parse().ok();
    millis
        .filter(|millis| *millis > 0)
        .map(Duration::from_millis)
}

/// What writes; `batch` is the largest request part the topic takes, in bytes.
pub(crate) fn producer(config: &KafkaConfig, batch: Option<u32>) -> ClientConfig {
    let mut properties = client(config);
    let idempotent = config.idempotence.unwrap_or(config.acks.as_str() == "all");
    properties
        .set("acks", config.acks.as_str())
        .set("enable.idempotence", idempotent.to_string())
        .set("compression.type", config.compression.as_str())
        .set("linger.ms", config.linger.as_millis().to_string())
        .set("partitioner", config.partitioner.as_str())
        .set(
            "message.timeout.ms",
            config.delivery_timeout.as_millis().to_string(),
        )
        .set("allow.auto.create.topics", "false")
        // Some seconds of a broker that has no leader's replicas or no disk space; then our error
        // names the broker's reason, where a delivery that times out names none. An outage of the
        // connection does not count.
        .set("message.send.max.retries", "10")
        // How large a record may be is the topic's decision; librdkafka would refuse from 1 MB on.
        .set("message.max.bytes", "1000000000")
        .set("queue.buffering.max.kbytes", "131072");
    if let Some(bytes) = batch {
        properties.set("batch.size", bytes.to_string());
    }
    with_raw(properties, config)
}

/// What writes in transactions. A transaction may take as long as the delivery of a record.
pub(crate) fn transactional(config: &KafkaConfig, batch: Option<u32>, id: &str) -> ClientConfig {
    const TIMEOUT: &str = "transaction.timeout.ms";
    let mut properties = producer(config, batch);
    properties
        .set("enable.idempotence", "true")
        .set("transactional.id", id);
    if properties.get(TIMEOUT).is_none() {
        let millis = config.delivery_timeout.as_millis().max(LEAST_TRANSACTION);
        properties.set(TIMEOUT, millis.to_string());
    }
    properties
}

/// What makes and deletes topics.
pub(crate) fn admin(config: &KafkaConfig) -> ClientConfig {
    with_raw(client(config), config)
}

fn client(config: &KafkaConfig) -> ClientConfig {
    let mut properties = ClientConfig::new();
    properties
        .set_log_level(RDKafkaLogLevel::Info)
        .set("bootstrap.servers", config.brokers.joined())
        .set("client.id", config.client_id.as_str())
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        // A client that connects only to the brokers it needs looks for one twice per backoff of
        // 50 ms, without regard to the longer backoff of a broker that keeps failing.
        .set("enable.sparse.connections", "false");
    encrypt(&mut properties, config);
    if let Some(sasl) = &config.sasl {
        properties.set("sasl.mechanism", sasl.mechanism.as_str());
        if let (Some(user), Some(password)) = (&sasl.username, &sasl.password) {
            properties.set("sasl.username", user);
            properties.set("sasl.password", password.reveal());
        }
    }
    properties
}

fn encrypt(properties: &mut ClientConfig, config: &KafkaConfig) {
    let sasl = config.sasl.is_some();
    let Tls::On(tls) = &config.tls else {
        let protocol = if sasl { "sasl_plaintext" } else { "plaintext" };
        properties.set("security.protocol", protocol);
        return;
    };
    properties.set("security.protocol", if sasl { "sasl_ssl" } else { "ssl" });
    // The built-in OpenSSL knows no system directory of authorities; `probe` looks for one.
    properties.set("ssl.ca.location", tls.ca.as_deref().unwrap_or("probe"));
    for (property, value) in [
        ("ssl.certificate.location", &tls.certificate),
        ("ssl.key.location", &tls.key),
    ] {
        if let Some(path) = value {
            properties.set(property, path);
        }
    }
    if let Some(password) = &tls.key_password {
        properties.set("ssl.key.password", password.reveal());
    }
    if tls.verify == Some(false) {
        properties.set("enable.ssl.certificate.verification", "false");
    }
}

fn with_raw(mut properties: ClientConfig, config: &KafkaConfig) -> ClientConfig {
    for (name, value) in &config.librdkafka {
        properties.set(name, value.as_str());
    }
    properties
}

/// Whether clients must be given bearer tokens.
pub(crate) fn needs_token(config: &KafkaConfig) -> bool {
    config
        .sasl
        .as_ref()
        .is_some_and(|sasl| sasl.mechanism == Mechanism::OauthBearer)
}
