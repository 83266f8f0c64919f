//! Streams that emulators have from the start, as a file declares them.

#![cfg_attr(
    not(feature = "emulator"),
    expect(dead_code, reason = "without emulators such files are only checked")
)]

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Number, Value as Json, json};

use crate::document::{self, Faults, Node, Shape};

/// The region of streams and queues when a file names none.
const REGION: &str = "us-east-1";

/// Streams of all services. Services that are not started have no use for theirs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Topics of Kafka.
    kafka: Option<BTreeMap<String, Option<Topic>>>,
    /// Schemas, topics and subscriptions of Google Cloud Pub/Sub.
    pubsub: Option<Pubsub>,
    /// Streams of Amazon Kinesis.
    kinesis: Option<BTreeMap<String, Option<KinesisStream>>>,
    /// Queues of Amazon SQS with their attributes, such as `VisibilityTimeout: 10`.
    sqs: Option<BTreeMap<String, Option<BTreeMap<String, Setting>>>>,
    /// Hubs of Azure Event Hubs.
    eventhubs: Option<BTreeMap<String, Option<Hub>>>,
    /// The region of streams and queues; default `us-east-1`.
    region: Option<String>,
    /// Microsoft's own configuration, as it was read.
    #[serde(skip)]
    config_json: Option<Vec<u8>>,
}

/// A topic of Kafka.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Topic {
    /// How many partitions; default 1.
    #[schemars(range(min = 1, max = 10_000))]
    partitions: Option<u32>,
    /// Its configuration, such as `retention.ms: 60000`.
    config: Option<BTreeMap<String, Setting>>,
}

/// Schemas, topics and subscriptions of a project, each with the body of the REST request that creates it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Pubsub {
    /// The project.
    project: String,
    /// Schemas, such as `order: {type: AVRO, definition: '{"type": "string"}'}`.
    schemas: Option<BTreeMap<String, Map<String, Json>>>,
    /// Topics, such as `orders: {messageRetentionDuration: 600s}`.
    topics: Option<BTreeMap<String, Option<Map<String, Json>>>>,
    /// Subscriptions, such as `billing: {topic: orders, enableMessageOrdering: true}`.
    subscriptions: Option<BTreeMap<String, Map<String, Json>>>,
}

/// A stream of Kinesis.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct KinesisStream {
    /// How many shards; default 1.
    #[schemars(range(min = 1, max = 10_000))]
    shards: Option<u32>,
    /// Whether the service chooses the shards.
    on_demand: Option<bool>,
}

/// A hub.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Hub {
    /// How many partitions; default 1.
    #[schemars(range(min = 1, max = 32))]
    partitions: Option<u32>,
    /// Consumer groups besides `$Default`.
    consumer_groups: Option<Vec<String>>,
}

/// A scalar, which services take as text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Setting {
    /// Text.
    Text(String),
    /// A number.
    Number(Number),
    /// `true` or `false`.
    Bool(bool),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Bool(flag) => flag.fmt(f),
        }
    }
}

/// Something that cannot be made: what, and why.
type Refused = (String, String);

/// A parameter or option of a service, by name.
type Texts = BTreeMap<String, String>;

/// What makes streams in a running emulator; each answers what is against it.
pub(super) type Make<'a, Options> = &'a dyn Fn(&str, Options) -> Result<(), String>;

/// Calls AWS: service, region, operation, parameters; answers what is against it.
pub(super) type CallAws<'a> = &'a dyn Fn(&str, &str, &str, Json) -> Result<(), String>;

impl Declared {
    /// Reads a file: YAML, or the `Config.json` of Microsoft's emulator.
    ///
    /// # Errors
    /// All faults of the file, with their places.
    pub fn read(path: &Path) -> Result<Self, Faults> {
        let text = document::read(path)?;
        let mut faults = Faults::default();
        let root = document::parse(&text, &mut faults);
        let is_config_json = |root: &Node| root.get("UserConfig").is_some();
        if root.as_ref().is_some_and(is_config_json) {
            faults.into_result()?;
            return Ok(Self {
                config_json: Some(text.content().as_bytes().to_vec()),
                ..Self::default()
            });
        }
        let Some(mut root) = root else {
            faults.into_result()?;
            return Ok(Self::default());
        };
        Shape::of::<Self>().check(&mut root, "", &mut faults);
        let declared = serde_json::from_value(root.to_json());
        if let Err(error) = &declared
            && !faults.has_errors()
        {
            faults.error(&root.place, error.to_string());
        }
        faults.into_result()?;
        Ok(declared.expect("a file without errors is whole"))
    }

    /// The JSON Schema of such files, for editors.
    pub fn schema() -> Json {
        schemars::schema_for!(Self).to_value()
    }

    /// Microsoft's configuration, if that is what was read.
    pub(super) fn config_json(&self) -> Option<&[u8]> {
        self.config_json.as_deref()
    }

    /// Hubs: name, partitions, consumer groups.
    pub(super) fn hubs(&self) -> impl Iterator<Item = (&str, u32, Vec<String>)> {
        let hubs = self.eventhubs.iter().flatten();
        hubs.map(|(name, hub)| {
            let partitions = hub.as_ref().and_then(|hub| hub.partitions).unwrap_or(1);
            let groups = hub.as_ref().and_then(|hub| hub.consumer_groups.clone());
            (name.as_str(), partitions, groups.unwrap_or_default())
        })
    }

    /// Makes the topics of Kafka: partitions and configuration.
    pub(super) fn make_topics(&self, make: Make<'_, (u32, Texts)>) -> Result<(), Refused> {
        for (name, topic) in self.kafka.iter().flatten() {
            let partitions = topic.as_ref().and_then(|topic| topic.partitions);
            let config = topic.as_ref().and_then(|topic| topic.config.as_ref());
            let config = config.map(texts).unwrap_or_default();
            let made = make(name, (partitions.unwrap_or(1), config));
            made.map_err(|reason| (format!("topic `{name}` of Kafka"), reason))?;
        }
        Ok(())
    }

    /// Makes streams and queues by calls of AWS.
    pub(super) fn call_aws(&self, call: CallAws<'_>) -> Result<(), Refused> {
        let region = self.region.as_deref().unwrap_or(REGION);
        for (name, stream) in self.kinesis.iter().flatten() {
            let stream = stream.as_ref();
            let parameters = match stream.is_some_and(|stream| stream.on_demand == Some(true)) {
                true => {
                    json!({"StreamName": name, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})
                }
                false => {
                    let shards = stream.and_then(|stream| stream.shards).unwrap_or(1);
                    json!({"StreamName": name, "ShardCount": shards})
                }
            };
            match call("kinesis", region, "CreateStream", parameters) {
                Err(reason) if reason.starts_with("ResourceInUseException") => {}
                made => made.map_err(|reason| (format!("stream `{name}` of Kinesis"), reason))?,
            }
        }
        for (name, attributes) in self.sqs.iter().flatten() {
            let attributes = attributes.as_ref().map(texts).unwrap_or_default();
            let parameters = json!({"QueueName": name, "Attributes": attributes});
            call("sqs", region, "CreateQueue", parameters)
                .map_err(|reason| (format!("queue `{name}`"), reason))?;
        }
        Ok(())
    }

    /// Makes schemas, then topics, then subscriptions, by their full names and the bodies of their requests.
    pub(super) fn make_pubsub(
        &self,
        schema: Make<'_, Json>,
        topic: Make<'_, Json>,
        subscription: Make<'_, Json>,
    ) -> Result<(), Refused> {
        let Some(pubsub) = &self.pubsub else {
            return Ok(());
        };
        let project = &pubsub.project;
        for (name, body) in pubsub.schemas.iter().flatten() {
            let full = format!("projects/{project}/schemas/{name}");
            schema(&full, Json::Object(body.clone()))
                .map_err(|reason| (format!("schema `{name}`"), reason))?;
        }
        for (name, body) in pubsub.topics.iter().flatten() {
            let mut body = body.clone().unwrap_or_default();
            complete(project, &mut body);
            let full = format!("projects/{project}/topics/{name}");
            topic(&full, Json::Object(body))
                .map_err(|reason| (format!("topic `{name}`"), reason))?;
        }
        for (name, body) in pubsub.subscriptions.iter().flatten() {
            let mut body = body.clone();
            complete(project, &mut body);
            let full = format!("projects/{project}/subscriptions/{name}");
            subscription(&full, Json::Object(body))
                .map_err(|reason| (format!("subscription `{name}`"), reason))?;
        }
        Ok(())
    }
}

/// Names of topics and schemas that something refers to may be short in a file.
fn complete(project: &str, body: &mut Map<String, Json>) {
    let full = |name: Option<&mut Json>, collection: &str| {
        let Some(name) = name else { return };
        if let Some(short) = name.as_str().filter(|name| !name.contains('/')) {
            *name = format!("projects/{project}/{collection}/{short}").into();
        }
    };
    full(body.get_mut("topic"), "topics");
    let policy = body.get_mut("deadLetterPolicy");
    let dead = policy.and_then(|policy| policy.get_mut("deadLetterTopic"));
    full(dead, "topics");
    let settings = body.get_mut("schemaSettings");
    full(
        settings.and_then(|settings| settings.get_mut("schema")),
        "schemas",
    );
}

fn texts(settings: &BTreeMap<String, Setting>) -> Texts {
    let text = |(name, setting): (&String, &Setting)| (name.clone(), setting.to_string());
    settings.iter().map(text).collect()
}
