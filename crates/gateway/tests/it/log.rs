//! Replicas of one log.

use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use ssectl_gateway::resource::{Log, LogError, Resources};

use crate::support::Gateway;

/// A log in memory, which every replica reads.
#[derive(Default)]
struct Shared {
    commands: Mutex<Vec<Bytes>>,
    readers: Mutex<Vec<Weak<Resources>>>,
}

impl Shared {
    fn join(&self, replica: &Arc<Resources>) {
        for command in &*self.commands.lock().unwrap() {
            assert!(replica.obey(command));
        }
        self.readers.lock().unwrap().push(Arc::downgrade(replica));
    }
}

#[async_trait]
impl Log for Shared {
    async fn append(&self, command: Bytes) -> Result<(), LogError> {
        let mut commands = self.commands.lock().unwrap();
        for reader in self
            .readers
            .lock()
            .unwrap()
            .iter()
            .filter_map(Weak::upgrade)
        {
            assert!(reader.obey(&command));
        }
        commands.push(command);
        Ok(())
    }
}

struct Broken;

#[async_trait]
impl Log for Broken {
    async fn append(&self, _: Bytes) -> Result<(), LogError> {
        Err(LogError("no broker".to_owned()))
    }
}

fn replica(log: &Arc<Shared>, name: &str) -> Gateway {
    let gateway = Gateway::new(Some(Arc::clone(log) as Arc<dyn Log>), name);
    log.join(&gateway.resources);
    gateway
}

#[tokio::test]
async fn replicas_agree_also_on_who_lost() {
    let log = Arc::new(Shared::default());
    let replicas = [replica(&log, "a"), replica(&log, "b")];
    for (at, gateway) in replicas.iter().enumerate() {
        let made = gateway.ask("POST", "/players", r#"{"name":"Ann"}"#).await;
        assert_eq!((made.status, &made.body["id"]), (201, &Value::from(at + 1)));
    }
    let made = replicas[0]
        .ask("POST", "/teams", r#"{"name":"Reds","city":"Bath"}"#)
        .await;
    let body = r#"{"name":"Reds","city":"York"}"#;
    assert_eq!(replicas[1].ask("POST", "/teams", body).await.status, 409);
    let expect = [("if-match", made.header("etag"))];
    let city = r#"{"city":"York"}"#;
    assert_eq!(
        replicas[1]
            .ask_with("PATCH", "/teams/Reds", city, &expect)
            .await
            .status,
        200
    );
    assert_eq!(
        replicas[0]
            .ask_with("PATCH", "/teams/Reds", city, &expect)
            .await
            .status,
        412
    );

    let late = replica(&log, "c");
    for path in ["/players", "/teams"] {
        let expected = replicas[0].ask("GET", path, "").await.body;
        for gateway in [&replicas[1], &late] {
            assert_eq!(gateway.ask("GET", path, "").await.body, expected);
        }
    }
    assert!(!late.resources.obey(b"{}"));
}

#[tokio::test]
async fn a_change_that_may_be_lost_is_no_success() {
    let gateway = Gateway::new(Some(Arc::new(Broken)), "a");
    let made = gateway.ask("POST", "/players", r#"{"name":"Ann"}"#).await;
    assert_eq!(made.status, 503);
    assert!(made.body["detail"].as_str().unwrap().contains("no broker"));
    assert_eq!(
        gateway.ask("GET", "/players", "").await.body["items"],
        Value::Array(Vec::new())
    );
}
