//! Settings of streams, by the names that Kinesis has for them.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_kinesis::operation::create_stream::builders::CreateStreamFluentBuilder as Create;
use aws_sdk_kinesis::types::{
    EncryptionType, StreamDescriptionSummary, StreamMode, StreamModeDetails,
};
use ssectl_adapter::{Error, ErrorKind, Result, StreamSpec, closest};

use crate::client::Stream;
use crate::error::request;

const MODE: &str = "StreamMode";
const RETENTION: &str = "RetentionPeriodHours";
const LARGEST: &str = "MaxRecordSizeInKiB";
/// `tag.NAME=VALUE`.
const TAG: &str = "tag.";

const USUAL_RETENTION: i32 = 24;
const LONGEST_RETENTION: i32 = 8760;
const USUAL_LARGEST: i32 = 1024;

/// What a new stream is to be like.
#[derive(Debug, Default)]
pub(super) struct Settings {
    shards: Option<i32>,
    on_demand: bool,
    largest: Option<i32>,
    tags: HashMap<String, String>,
    /// Hours, where more than usual.
    pub(super) retention: Option<i32>,
}

impl Settings {
    pub(super) fn of(stream: &StreamSpec) -> Result<Self> {
        let mut settings = Self {
            tags: stream.tags.clone().into_iter().collect(),
            ..Self::default()
        };
        for (name, value) in &stream.config {
            settings.set(name, value)?;
        }
        let shards = stream.partitions.map(i32::try_from);
        settings.shards = shards
            .transpose()
            .map_err(|_| fault("a stream cannot have so many shards".to_owned()))?;
        if settings.on_demand && settings.shards.take().is_some_and(|shards| shards > 1) {
            return Err(fault(format!(
                "an `ON_DEMAND` stream has as many shards as it needs: leave the number or `{MODE}` away"
            )));
        }
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let within = |least, most| match value.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            _ => Err(fault(format!(
                "`{name}` is a number from {least} to {most}, not `{value}`"
            ))),
        };
        match name {
            MODE => match value {
                "ON_DEMAND" => self.on_demand = true,
                "PROVISIONED" => self.on_demand = false,
                _ => {
                    return Err(fault(format!(
                        "`{MODE}` is `PROVISIONED` or `ON_DEMAND`, not `{value}`"
                    )));
                }
            },
            RETENTION => {
                let hours = within(USUAL_RETENTION, LONGEST_RETENTION)?;
                self.retention = (hours > USUAL_RETENTION).then_some(hours);
            }
            LARGEST => self.largest = Some(within(USUAL_LARGEST, 10 * USUAL_LARGEST)?),
            _ => match name.strip_prefix(TAG) {
                Some(tag) if !tag.is_empty() => {
                    drop(self.tags.insert(tag.to_owned(), value.to_owned()))
                }
                _ => return Err(unknown(name)),
            },
        }
        Ok(())
    }

    pub(super) fn apply(&self, asked: Create) -> Create {
        let mode = self.on_demand.then_some(StreamMode::OnDemand).map(|mode| {
            StreamModeDetails::builder()
                .stream_mode(mode)
                .build()
                .expect("the mode is there")
        });
        let shards = (!self.on_demand).then_some(self.shards.unwrap_or(1));
        asked
            .set_shard_count(shards)
            .set_stream_mode_details(mode)
            .set_max_record_size_in_kib(self.largest)
            .set_tags((!self.tags.is_empty()).then(|| self.tags.clone()))
    }
}

fn fault(message: String) -> Error {
    Error::new(ErrorKind::Config, message)
}

fn unknown(name: &str) -> Error {
    let error = fault(format!("unknown setting `{name}` of a stream"));
    match closest(name, [MODE, RETENTION, LARGEST]) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!(
            "streams have `{MODE}`, `{RETENTION}`, `{LARGEST}` and `{TAG}NAME`"
        )),
    }
}

/// The tags of a stream; none for who may not see them.
pub(super) async fn tags(stream: &Stream) -> Result<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    loop {
        let (name, arn) = stream.names();
        let asked = stream
            .client
            .list_tags_for_stream()
            .set_stream_name(name)
            .set_stream_arn(arn);
        let asked = asked.set_exclusive_start_tag_key(tags.keys().next_back().cloned());
        let page = match asked
            .send()
            .await
            .map_err(|error| request("listing tags", error))
        {
            Err(error) if error.kind() == ErrorKind::Permission => return Ok(tags),
            page => page.map_err(|error| error.with("stream", &stream.name))?,
        };
        let count = tags.len();
        tags.extend(
            page.tags
                .into_iter()
                .map(|tag| (tag.key, tag.value.unwrap_or_default())),
        );
        if !page.has_more_tags || tags.len() == count {
            return Ok(tags);
        }
    }
}

/// Tags that the service did not take with the stream itself, as those that know no such thing.
pub(super) async fn add_tags(stream: &Stream, settings: &Settings) -> Result<()> {
    if settings.tags.is_empty() || tags(stream).await?.len() == settings.tags.len() {
        return Ok(());
    }
    let (name, arn) = stream.names();
    let asked = stream
        .client
        .add_tags_to_stream()
        .set_stream_name(name)
        .set_stream_arn(arn);
    let answer = asked.set_tags(Some(settings.tags.clone())).send().await;
    answer
        .map(drop)
        .map_err(|error| request("setting tags", error).with("stream", &stream.name))
}

/// What differs from the defaults, and how many closed shards still hold records.
pub(super) fn shown(
    summary: &StreamDescriptionSummary,
    closed: usize,
    tags: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut shown: BTreeMap<_, _> = tags
        .into_iter()
        .map(|(name, value)| (format!("{TAG}{name}"), value))
        .collect();
    let mut set = |name: &str, value: String| shown.insert(name.to_owned(), value);
    if let Some(details) = summary
        .stream_mode_details
        .as_ref()
        .filter(|details| details.stream_mode != StreamMode::Provisioned)
    {
        set(MODE, details.stream_mode.as_str().to_owned());
    }
    if summary.retention_period_hours != USUAL_RETENTION {
        set(RETENTION, summary.retention_period_hours.to_string());
    }
    if let Some(largest) = summary
        .max_record_size_in_kib
        .filter(|largest| *largest != USUAL_LARGEST)
    {
        set(LARGEST, largest.to_string());
    }
    if let Some(kind) = summary
        .encryption_type
        .as_ref()
        .filter(|kind| **kind != EncryptionType::None)
    {
        set("EncryptionType", kind.as_str().to_owned());
    }
    if closed > 0 {
        set("ClosedShards", closed.to_string());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &[(&str, &str)], partitions: Option<u32>) -> Result<Settings> {
        let config = config
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::of(&StreamSpec {
            config: config.collect(),
            partitions,
            ..StreamSpec::default()
        })
    }

    #[test]
    fn settings_are_those_of_kinesis() {
        let config = [(RETENTION, "48"), (LARGEST, "2048"), ("tag.team", "a=b")];
        let settings = of(&config, Some(3)).expect("valid settings");
        assert_eq!(
            (settings.retention, settings.largest, settings.shards),
            (Some(48), Some(2048), Some(3))
        );
        assert_eq!(settings.tags["team"], "a=b");
        assert!(of(&[(MODE, "ON_DEMAND")], Some(1)).is_ok_and(|settings| settings.on_demand));
    }

    #[test]
    fn what_kinesis_would_refuse_is_refused_here() {
        for (name, value) in [
            (RETENTION, "23"),
            (LARGEST, "x"),
            (MODE, "on-demand"),
            ("tag.", "x"),
            ("Retention", "48"),
        ] {
            let error = of(&[(name, value)], None).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(name), "{error}");
        }
        assert!(of(&[(MODE, "ON_DEMAND")], Some(2)).is_err());
    }
}
