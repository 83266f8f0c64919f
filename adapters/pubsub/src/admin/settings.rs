//! Settings of topics, by the words of `gcloud` where it has one.

use std::collections::BTreeMap;
use std::time::Duration;

use google_cloud_pubsub::model::{MessageStoragePolicy, Topic};
use google_cloud_wkt::Duration as Span;
use ssectl_adapter::{Error, ErrorKind, Result, StreamSpec, closest};

use crate::config::PubsubConfig;
use crate::subscription::LABEL;

/// How long a topic keeps its messages for those who come later, unless said otherwise.
const RETENTION: Duration = Duration::from_secs(24 * 60 * 60);
const SHORTEST: Duration = Duration::from_secs(10 * 60);
const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

const RETENTION_SETTING: &str = "message-retention-duration";
const KEY_SETTING: &str = "topic-encryption-key";
const REGIONS_SETTING: &str = "message-storage-policy-allowed-regions";
const GROUPS_SETTING: &str = "groups";
/// What can be set when a topic is made, beside `labels.NAME`.
const SETTINGS: [&str; 4] = [
    GROUPS_SETTING,
    KEY_SETTING,
    REGIONS_SETTING,
    RETENTION_SETTING,
];

/// What is to be made.
pub(super) struct Settings {
    /// Without its name.
    pub(super) topic: Topic,
    /// Groups whose subscriptions are made with it, so that they miss nothing.
    pub(super) groups: Vec<String>,
}

impl Settings {
    /// Reads the settings of a stream; one that topics do not have is an error.
    pub(super) fn read(stream: &StreamSpec, target: &PubsubConfig) -> Result<Self> {
        let mut labels = target.labels.clone();
        let tags = stream.tags.iter();
        labels.extend(tags.map(|(name, value)| (label(name), label(value))));
        labels.insert(LABEL.to_owned(), "stream".to_owned());
        let mut topic = Topic::new();
        let (mut retention, mut groups) = (Some(RETENTION), Vec::new());
        for (name, value) in &stream.config {
            match name.as_str() {
                RETENTION_SETTING => retention = kept(value)?,
                KEY_SETTING => topic = topic.set_kms_key_name(value),
                REGIONS_SETTING => {
                    let regions =
                        MessageStoragePolicy::new().set_allowed_persistence_regions(list(value));
                    topic = topic.set_message_storage_policy(regions);
                }
                GROUPS_SETTING => groups = list(value),
                other => match other.strip_prefix("labels.") {
                    Some(label) if !label.is_empty() => {
                        labels.insert(label.to_owned(), value.clone());
                    }
                    _ => return Err(unknown(other)),
                },
            }
        }
        if let Some(retention) = retention {
            let seconds = i64::try_from(retention.as_secs()).unwrap_or(i64::MAX);
            topic = topic.set_message_retention_duration(Span::clamp(seconds, 0));
        }
        let topic = topic.set_labels(labels);
        Ok(Self { topic, groups })
    }
}

/// A text as labels may be: small letters, digits, `-` and `_`, at most 63.
fn label(text: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let text = text.to_ascii_lowercase();
    let kept = text.chars().map(|c| if allowed(c) { c } else { '-' });
    kept.take(63).collect()
}

/// Settings of a topic that is there.
pub(super) fn shown(topic: &Topic) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<_, _> = topic
        .labels
        .iter()
        .map(|(name, value)| (format!("labels.{name}"), value.clone()))
        .collect();
    let kept = topic.message_retention_duration.as_ref();
    let kept = kept.map_or_else(|| "none".to_owned(), |kept| format!("{}s", kept.seconds()));
    shown.insert(RETENTION_SETTING.to_owned(), kept);
    if !topic.kms_key_name.is_empty() {
        shown.insert(KEY_SETTING.to_owned(), topic.kms_key_name.clone());
    }
    if let Some(policy) = &topic.message_storage_policy
        && !policy.allowed_persistence_regions.is_empty()
    {
        shown.insert(
            REGIONS_SETTING.to_owned(),
            policy.allowed_persistence_regions.join(","),
        );
    }
    shown
}

/// `none`, `7d`, `12h` ...: 10 minutes to 31 days.
fn kept(text: &str) -> Result<Option<Duration>> {
    if text == "none" {
        return Ok(None);
    }
    let days = text
        .strip_suffix('d')
        .and_then(|days| days.parse::<u64>().ok());
    let days = days
        .and_then(|days| days.checked_mul(24 * 60 * 60))
        .map(Duration::from_secs);
    let parsed = days.or_else(|| text.parse::<jiff::SignedDuration>().ok()?.try_into().ok());
    let fits = |kept: &Duration| (SHORTEST..=LONGEST).contains(kept);
    parsed.filter(fits).map(Some).ok_or_else(|| {
        let what = format!("`{text}` is no `{RETENTION_SETTING}`: write `10m` to `31d`, or `none`");
        Error::new(ErrorKind::Config, what)
    })
}

fn list(text: &str) -> Vec<String> {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items.map(str::to_owned).collect()
}

fn unknown(setting: &str) -> Error {
    let error = Error::new(
        ErrorKind::Config,
        format!("topics have no setting `{setting}`"),
    );
    match closest(setting, SETTINGS) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!(
            "there are `{}` and `labels.NAME`",
            SETTINGS.join("`, `")
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use ssectl_adapter::decode;

    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings> {
        let options = serde_json::from_value(json!({"labels": {"team": "a"}})).expect("a map");
        let target = decode("pubsub", &options).expect("valid options");
        let config: BTreeMap<_, _> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let tags = BTreeMap::from([("Run ID".to_owned(), "7".to_owned())]);
        let stream = StreamSpec {
            config,
            tags,
            ..StreamSpec::default()
        };
        Settings::read(&stream, &target)
    }

    #[test]
    fn messages_are_kept_for_a_day_unless_told_otherwise() {
        for (said, seconds) in [
            (None, Some(86_400)),
            (Some("7d"), Some(604_800)),
            (Some("12h"), Some(43_200)),
            (Some("none"), None),
        ] {
            let pairs: Vec<_> = said
                .map(|said| (RETENTION_SETTING, said))
                .into_iter()
                .collect();
            let topic = read(&pairs).expect("settings").topic;
            assert_eq!(
                topic.message_retention_duration.map(|kept| kept.seconds()),
                seconds,
                "{said:?}"
            );
        }
        for wrong in ["9m", "32d", "soon", "-1h"] {
            assert!(read(&[(RETENTION_SETTING, wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn labels_of_target_and_stream_come_together() {
        let settings = read(&[("labels.run", "x"), ("groups", "one, two")]).expect("settings");
        let labels: BTreeMap<_, _> = settings.topic.labels.clone().into_iter().collect();
        let expected = [
            ("run", "x"),
            ("run-id", "7"),
            ("ssectl", "stream"),
            ("team", "a"),
        ];
        assert!(
            labels
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .eq(expected)
        );
        assert_eq!(settings.groups, ["one", "two"]);
        assert_eq!(shown(&settings.topic)["labels.run"], "x");
    }

    #[test]
    fn a_misspelt_setting_is_named_with_the_one_meant() {
        let Err(error) = read(&[("message-retention-duratio", "1d")]) else {
            panic!("it was taken");
        };
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains(RETENTION_SETTING))
        );
    }
}
