//! The admin client, and the settings of topics.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigEntry, ConfigSource, NewTopic, ResourceSpecifier,
    TopicReplication, TopicResult,
};
use rdkafka::error::RDKafkaErrorCode as Code;
use ssectl_adapter::{Error, ErrorKind, Result, StreamSpec, closest};
use tokio::sync::OnceCell;

use crate::cluster::{Cluster, blocking};
use crate::config::KafkaConfig;
use crate::error::{from_client, from_code};
use crate::monitor::{Context, Monitor};
use crate::properties;

pub(crate) type TopicAdmin = AdminClient<Context<()>>;

/// The admin client of a target, made when first needed.
pub(crate) struct AdminLink {
    config: Arc<KafkaConfig>,
    client: OnceCell<Arc<TopicAdmin>>,
}

impl AdminLink {
    pub(crate) fn new(config: Arc<KafkaConfig>) -> Self {
        Self {
            config,
            client: OnceCell::new(),
        }
    }

    /// The client, once the cluster has answered: it would not tell why it cannot connect.
    pub(crate) async fn connect(
        &self,
        cluster: &Arc<Cluster>,
        topic: &str,
    ) -> Result<Arc<TopicAdmin>> {
        let client = self.client.get_or_try_init(|| async {
            if properties::needs_token(&self.config) {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "topics cannot be administered with `OAUTHBEARER`",
                ));
            }
            let (cluster, topic) = (cluster.clone(), topic.to_owned());
            blocking(move || cluster.metadata(Some(&topic)).map(drop)).await?;
            let context = Context {
                monitor: Monitor::new(&self.config),
                own: (),
            };
            let client = properties::admin(&self.config).create_with_context(context);
            client.map(Arc::new).map_err(properties::refused)
        });
        client.await.cloned()
    }
}

/// The settings of a topic that differ from the cluster's defaults.
pub(super) async fn changed(
    admin: &TopicAdmin,
    topic: &str,
    options: &AdminOptions,
) -> Result<BTreeMap<String, String>> {
    let entries = all(admin, topic, options).await?;
    let changed = entries
        .into_iter()
        .filter(|entry| entry.source == ConfigSource::DynamicTopic);
    Ok(changed
        .map(|entry| (entry.name, entry.value.unwrap_or_default()))
        .collect())
}

/// What a topic takes and keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The largest part of a request, in bytes; `None` when the cluster does not tell.
    pub(crate) largest: Option<u32>,
    /// How old a record gets before it is deleted, in milliseconds; `None` without an end, or
    /// when the cluster does not tell.
    pub(crate) retention_ms: Option<i64>,
}

/// The terms of a topic, as far as the cluster tells them to us.
pub(crate) async fn terms(link: &AdminLink, cluster: &Arc<Cluster>, topic: &str) -> Terms {
    let options = AdminOptions::new().request_timeout(Some(cluster.patience()));
    let asked = async {
        let admin = link.connect(cluster, topic).await?;
        all(&admin, topic, &options).await
    };
    match asked.await {
        Ok(entries) => Terms::of(&entries),
        Err(error) => {
            log::debug!("the settings of topic `{topic}` are not known: {error}");
            Terms::default()
        }
    }
}

impl Terms {
    fn of(entries: &[ConfigEntry]) -> Self {
        let value = |name: &str| {
            let entry = entries.iter().find(|entry| entry.name == name)?;
            entry.value.as_deref()
        };
        let deletes = value("cleanup.policy").is_none_or(|policy| policy.contains("delete"));
        let retention = value("retention.ms").and_then(|ms| ms.parse().ok());
        Self {
            largest: value("max.message.bytes").and_then(|bytes| bytes.parse().ok()),
            retention_ms: retention.filter(|ms| deletes && *ms >= 0),
        }
    }
}

async fn all(admin: &TopicAdmin, topic: &str, options: &AdminOptions) -> Result<Vec<ConfigEntry>> {
    let message = || format!("cannot read the settings of topic `{topic}`");
    let specifier = ResourceSpecifier::Topic(topic);
    let answers = admin.describe_configs([&specifier], options).await;
    let answers = answers.map_err(|error| from_client(message(), &error))?;
    match answers.into_iter().next() {
        Some(Ok(resource)) => Ok(resource.entries),
        Some(Err(code)) => Err(from_code(message(), code)),
        None => Ok(Vec::new()),
    }
}

/// The refusal of a new topic's settings, with those that are wrong.
///
/// What the broker says of them does not come through librdkafka's Rust binding; so each is tried
/// alone, without making anything.
pub(super) async fn refused(
    error: Error,
    admin: &TopicAdmin,
    stream: &StreamSpec,
    some_topic: Option<String>,
    options: AdminOptions,
) -> Error {
    let trial = options.validate_only(true);
    let mut wrong = Vec::new();
    for (name, value) in &stream.config {
        let topic = NewTopic::new(&stream.name, -1, TopicReplication::Fixed(-1)).set(name, value);
        let outcome = admin.create_topics([&topic], &trial).await;
        let refused = |result: TopicResult| matches!(result, Err((_, Code::InvalidConfig)));
        if outcome.is_ok_and(|results| results.into_iter().any(refused)) {
            wrong.push((name.as_str(), value.as_str()));
        }
    }
    if wrong.is_empty() {
        let names: Vec<_> = stream.config.keys().map(String::as_str).collect();
        return error.with("settings", names.join("`, `"));
    }
    let names: Vec<_> = wrong.iter().map(|(name, _)| *name).collect();
    let error = error.with("settings", names.join("`, `"));
    let known = match some_topic {
        Some(topic) => all(admin, &topic, &AdminOptions::new()).await,
        None => Ok(Vec::new()),
    };
    let known: Vec<_> = known
        .unwrap_or_default()
        .into_iter()
        .map(|entry| entry.name)
        .collect();
    let reasons: Vec<_> = wrong
        .iter()
        .map(|(name, value)| reason(name, value, &known))
        .collect();
    let error = error.caused_by(reasons.join(", "));
    match wrong.iter().find_map(|(name, _)| misspelt(name, &known)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// Why a setting is refused; `known` are the names of all settings, none where they are not known.
fn reason(name: &str, value: &str, known: &[String]) -> String {
    if known.is_empty() {
        format!("the broker does not take `{name}={value}`")
    } else if known.iter().any(|known| known == name) {
        format!("`{value}` is not a value of `{name}`")
    } else {
        format!("there is no setting `{name}`")
    }
}

/// The setting that was meant by a name that is none.
fn misspelt<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let unknown = !known.iter().any(|known| known == name);
    unknown
        .then(|| closest(name, known.iter().map(String::as_str)))
        .flatten()
}
