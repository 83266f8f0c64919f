//! The `Config.json` of Microsoft's own emulator.
//!
//! Rules: exactly one namespace, `emulatorNs1`, of the type `EventHub`; 1 to 10 hubs of 1 to 32 partitions; up to 20
//! consumer groups each, of which `$Default` must not be declared, because every hub has it; logging to `File` or `Console`.

use serde::Deserialize;

use super::Hub;
use super::hub::DEFAULT_RETENTION_MS;
use super::hubs;

/// The only name a namespace may have.
const NAMESPACE: &str = "emulatorNs1";

/// The most hubs.
const MAX_HUBS: usize = 10;

/// The namespace that a `Config.json` declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its hubs, for [`Config::hubs`](super::Config::hubs).
    pub hubs: Vec<Hub>,
}

/// What is wrong with a `Config.json`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigJsonError {
    /// It is not the JSON that it should be.
    #[error("cannot read the configuration: {0}")]
    Json(#[from] serde_json::Error),
    /// It breaks a rule.
    #[error("{0}")]
    Rule(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    user_config: UserConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UserConfig {
    namespace_config: Vec<NamespaceConfig>,
    logging_config: Option<LoggingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    r#type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NamespaceConfig {
    r#type: String,
    name: String,
    entities: Vec<Entity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entity {
    name: String,
    /// A number, or text of one, as in Microsoft's own example.
    partition_count: serde_json::Value,
    #[serde(default)]
    consumer_groups: Option<Vec<Group>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Group {
    name: String,
}

impl Namespace {
    /// Reads a `Config.json`.
    ///
    /// # Errors
    /// It is not JSON of that form, or breaks a rule, which the error tells.
    pub fn from_config_json(bytes: &[u8]) -> Result<Self, ConfigJsonError> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let file: File = serde_json::from_slice(bytes)?;
        let rule = |reason: String| Err(ConfigJsonError::Rule(reason));
        let logging = file.user_config.logging_config;
        let logging = logging.and_then(|logging| logging.r#type);
        if let Some(kind) = logging
            && !["file", "console"].contains(&kind.to_ascii_lowercase().as_str())
        {
            return rule(format!(
                "`LoggingConfig.Type` is `{kind}`; use `File` or `Console`"
            ));
        }
        let mut namespaces = file.user_config.namespace_config.into_iter();
        let (Some(namespace), None) = (namespaces.next(), namespaces.next()) else {
            return rule(format!(
                "`NamespaceConfig` must have exactly one namespace, `{NAMESPACE}`"
            ));
        };
        if !namespace.r#type.eq_ignore_ascii_case("EventHub") {
            return rule(format!(
                "the namespace has the type `{}`; use `EventHub`",
                namespace.r#type
            ));
        }
        if namespace.name != NAMESPACE {
            return rule(format!(
                "the namespace is called `{}`; use `{NAMESPACE}`",
                namespace.name
            ));
        }
        if !(1..=MAX_HUBS).contains(&namespace.entities.len()) {
            return rule(format!(
                "the namespace has {} entities; use 1 to {MAX_HUBS}",
                namespace.entities.len()
            ));
        }
        let hubs = namespace.entities.into_iter().map(hub);
        let hubs = hubs.collect::<Result<Vec<_>, _>>()?;
        refuse_twins(&hubs)?;
        Ok(Self {
            name: namespace.name,
            hubs,
        })
    }
}

fn hub(entity: Entity) -> Result<Hub, ConfigJsonError> {
    let count = match &entity.partition_count {
        serde_json::Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64().and_then(|count| u32::try_from(count).ok()),
    };
    let partitions = count.ok_or_else(|| {
        ConfigJsonError::Rule(format!(
            "`PartitionCount` of `{}` is `{}`; use a number from 1 to {}",
            entity.name,
            entity.partition_count,
            hubs::MAX_PARTITIONS
        ))
    })?;
    let groups = entity.consumer_groups.unwrap_or_default().into_iter();
    let hub = Hub {
        name: entity.name,
        partitions,
        consumer_groups: groups.map(|group| group.name).collect(),
        retention_ms: DEFAULT_RETENTION_MS,
    };
    hubs::check(&hub).map_err(ConfigJsonError::Rule)?;
    Ok(hub)
}

fn refuse_twins(hubs: &[Hub]) -> Result<(), ConfigJsonError> {
    for (index, hub) in hubs.iter().enumerate() {
        let mut others = hubs.iter().take(index);
        if others.any(|other| other.name.eq_ignore_ascii_case(&hub.name)) {
            let reason = format!("the hub `{}` is declared twice", hub.name);
            return Err(ConfigJsonError::Rule(reason));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Microsoft's installer ships it.
    const SHIPPED: &str = r#"{
      "UserConfig": {
        "NamespaceConfig": [
          {
            "Type": "EventHub",
            "Name": "emulatorNs1",
            "Entities": [
              { "Name": "eh1", "PartitionCount": "2", "ConsumerGroups": [ { "Name": "cg1" } ] }
            ]
          }
        ],
        "LoggingConfig": { "Type": "File" }
      }
    }"#;

    #[test]
    fn the_shipped_file_is_read() {
        let namespace = Namespace::from_config_json(SHIPPED.as_bytes()).unwrap();
        let [hub] = &namespace.hubs[..] else {
            panic!("one hub was declared");
        };
        assert_eq!((hub.name.as_str(), hub.partitions), ("eh1", 2));
        assert_eq!(hub.consumer_groups, ["cg1"]);
    }

    #[test]
    fn each_rule_is_told() {
        let broken = [
            ("emulatorNs1", "other", "use `emulatorNs1`"),
            ("EventHub", "Queue", "use `EventHub`"),
            ("\"2\"", "33", "use 1 to 32"),
            ("\"2\"", "\"two\"", "a number from 1 to 32"),
            ("cg1", "$default", "leave it out"),
            ("eh1", "-", "begin and end with"),
            ("File", "Printer", "`File` or `Console`"),
        ];
        for (old, new, expected) in broken {
            let text = SHIPPED.replace(old, new);
            let error = Namespace::from_config_json(text.as_bytes()).unwrap_err();
            let error = error.to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Namespace::from_config_json(b"{}").is_err());
    }
}
