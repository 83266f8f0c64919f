//! Leases in a table of DynamoDB, for readers on many machines.
//!
//! Items have the attributes of the Kinesis Client Library (`leaseKey`, `checkpoint`, `leaseOwner`, `leaseCounter`,
//! `checkpointSubSequenceNumber`), and every write is conditional on the counter that was read. A table may hold many groups
//! and streams: the key is `GROUP:STREAM:CREATED:SHARD`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue as Value, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TableStatus,
};
use futures::{StreamExt, TryStreamExt, stream};
use ssectl_adapter::{Error, ErrorKind, Result};
use tokio::time::Instant;

use super::{Change, Lease, Leases, Store};
use crate::client::{Service, Stream};
use crate::error::request;
use crate::position::{Place, Point};
use crate::topology::ShardId;

const KEY: &str = "leaseKey";
const OWNER: &str = "leaseOwner";
const COUNTER: &str = "leaseCounter";
const CHECKPOINT: &str = "checkpoint";
const SUB: &str = "checkpointSubSequenceNumber";
/// There where the checkpoint is the next record, and not the last one, as after a seek.
const INCLUSIVE: &str = "checkpointInclusive";

/// How long a table that was just made may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Writes under way at once.
const AT_ONCE: usize = 8;

/// Leases of one group at one stream.
pub(super) struct Table {
    client: Client,
    name: String,
    prefix: String,
}

impl Table {
    pub(super) async fn open(
        service: &Service,
        name: &str,
        stream: &Stream,
        group: &str,
    ) -> Result<Self> {
        let table = Self {
            client: service.dynamodb().await?,
            name: name.to_owned(),
            prefix: format!("{group}:{}:{}:", stream.name, stream.created),
        };
        let deadline = Instant::now() + PATIENCE;
        while !table.is_there().await? {
            if Instant::now() > deadline {
                let error = Error::new(ErrorKind::Unavailable, "the table is not ready");
                return Err(error.with("table", name).temporary());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(table)
    }

    /// Whether the table can be used; makes it where it is missing.
    async fn is_there(&self) -> Result<bool> {
        match self
            .client
            .describe_table()
            .table_name(&self.name)
            .send()
            .await
        {
            Ok(answer) => {
                Ok(answer.table.and_then(|table| table.table_status) == Some(TableStatus::Active))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                self.make().await.map(|()| false)
            }
            Err(error) => Err(self.told(request("finding the table of leases", error))),
        }
    }

    async fn make(&self) -> Result<()> {
        let attribute = AttributeDefinition::builder()
            .attribute_name(KEY)
            .attribute_type(ScalarAttributeType::S)
            .build();
        let key = KeySchemaElement::builder()
            .attribute_name(KEY)
            .key_type(KeyType::Hash)
            .build();
        let asked = self
            .client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest);
        let asked = asked
            .attribute_definitions(attribute.expect("name and type are there"))
            .key_schema(key.expect("name and type are there"));
        match asked.send().await {
            Ok(_) => Ok(()),
            // Another reader was faster.
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(self.told(request("making the table of leases", error))),
        }
    }

    /// One conditional write; whether the condition held.
    async fn write(&self, change: Change) -> Result<bool> {
        let Change { shard, seen, lease } = change;
        let asked = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item(&self.prefix, &shard, &lease)));
        let asked = match seen {
            None => asked.condition_expression(format!("attribute_not_exists({KEY})")),
            Some(seen) => asked
                .condition_expression(format!("{COUNTER} = :seen"))
                .expression_attribute_values(":seen", number(seen)),
        };
        match asked.send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
            Err(error) => Err(self
                .told(request("writing a lease", error))
                .with("shard", shard)),
        }
    }

    fn told(&self, error: Error) -> Error {
        error.with("table", &self.name)
    }
}

#[async_trait]
impl Store for Table {
    async fn list(&self) -> Result<Leases> {
        let asked = self
            .client
            .scan()
            .table_name(&self.name)
            .consistent_read(true);
        let asked = asked
            .filter_expression(format!("begins_with({KEY}, :prefix)"))
            .expression_attribute_values(":prefix", Value::S(self.prefix.clone()));
        let mut pages = asked.into_paginator().send();
        let mut leases = Leases::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.told(request("reading the leases", error)))?;
            for item in page.items.unwrap_or_default() {
                let (shard, lease) = lease(&self.prefix, &item).ok_or_else(|| {
                    self.told(Error::new(ErrorKind::Data, "a lease cannot be read"))
                })?;
                leases.insert(shard, lease);
            }
        }
        Ok(leases)
    }

    async fn swap(&self, changes: Vec<Change>) -> Result<Vec<bool>> {
        let writes = stream::iter(changes).map(|change| self.write(change));
        writes.buffered(AT_ONCE).try_collect().await
    }

    fn needs_signs_of_life(&self) -> bool {
        true
    }

    async fn is_alive(&self, _owner: &str) -> Option<bool> {
        None
    }
}

fn number(number: u64) -> Value {
    Value::N(number.to_string())
}

fn item(prefix: &str, shard: &ShardId, lease: &Lease) -> HashMap<String, Value> {
    let mut item = HashMap::from([
        (KEY.to_owned(), Value::S(format!("{prefix}{shard}"))),
        (COUNTER.to_owned(), number(lease.counter)),
    ]);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    if let Some(owner) = &lease.owner {
        set(OWNER, Value::S(owner.to_string()));
    }
    let point = match &lease.place {
        None => None,
        Some(Place::Horizon) => {
            set(CHECKPOINT, Value::S("TRIM_HORIZON".to_owned()));
            None
        }
        Some(Place::End) => {
            set(CHECKPOINT, Value::S("SHARD_END".to_owned()));
            None
        }
        Some(Place::After(point)) => Some(point),
        Some(Place::At(point)) => {
            set(INCLUSIVE, Value::Bool(true));
            Some(point)
        }
    };
    if let Some(point) = point {
        set(CHECKPOINT, Value::S(point.sequence.to_string()));
        if let Some(sub) = point.sub {
            set(SUB, number(sub));
        }
    }
    item
}

fn lease(prefix: &str, item: &HashMap<String, Value>) -> Option<(ShardId, Lease)> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let number = |name: &str| {
        item.get(name)
            .and_then(|value| value.as_n().ok()?.parse::<u64>().ok())
    };
    let place = match text(CHECKPOINT).map(String::as_str) {
        None => None,
        Some("TRIM_HORIZON") => Some(Place::Horizon),
        Some("SHARD_END") => Some(Place::End),
        Some(sequence) => {
            let point = Point {
                sequence: sequence.into(),
                sub: number(SUB),
            };
            Some(if item.contains_key(INCLUSIVE) {
                Place::At(point)
            } else {
                Place::After(point)
            })
        }
    };
    let shard = text(KEY)?.strip_prefix(prefix)?;
    let lease = Lease {
        owner: text(OWNER).map(|owner| Arc::from(owner.as_str())),
        counter: number(COUNTER)?,
        place,
    };
    Some((shard.into(), lease))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_survive_as_items() {
        for place in [
            None,
            Some("start"),
            Some("end"),
            Some("7"),
            Some("7:2"),
            Some("after:7"),
            Some("after:7:2"),
        ] {
            let place = place.map(|place| place.parse().expect("a place"));
            for owner in [None, Some("me".into())] {
                let kept = Lease {
                    owner,
                    counter: 3,
                    place: place.clone(),
                };
                let item = item("g:s:1:", &"shard".into(), &kept);
                assert_eq!(lease("g:s:1:", &item), Some(("shard".into(), kept)));
            }
        }
    }
}
