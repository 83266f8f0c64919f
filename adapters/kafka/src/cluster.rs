//! Asking a cluster about itself. Everything here blocks; [`blocking`] takes it off the async threads.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::client::Client;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::metadata::{Metadata, MetadataPartition, MetadataTopic};
use rdkafka::{Offset, TopicPartitionList};
use ssectl_adapter::{Error, ErrorKind, Result, closest};

use crate::config::KafkaConfig;
use crate::error::{classify, from_client, from_code};
use crate::monitor::{Context, Monitor};
use crate::properties;

/// How long to leave a cluster alone that elects a leader.
const ELECTION: Duration = Duration::from_millis(50);

/// A number for each partition: offsets of one kind.
pub(crate) type Offsets = BTreeMap<i32, i64>;

/// Which offset of a partition is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The oldest record.
    First,
    /// Behind the newest record that may be read.
    End,
    /// The first record not older than this, in milliseconds; the end when there is none.
    NotBefore(i64),
}

/// A client that neither reads nor writes.
pub(crate) struct Cluster {
    client: BaseConsumer<Context<()>>,
    patience: Duration,
}

/// Runs what blocks on a thread for such things.
pub(crate) async fn blocking<T, F>(work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome
        .map_err(|error| Error::new(ErrorKind::Other, "a Kafka call broke off").caused_by(error))?
}

impl Cluster {
    /// Connects in the background.
    pub(crate) fn open(config: &KafkaConfig) -> Result<Self> {
        let mut properties = properties::consumer(config, "");
        // Without a group the client answers questions and joins nothing.
        properties.remove("group.id");
        let context = Context {
            monitor: Monitor::new(config),
            own: (),
        };
        Ok(Self {
            client: properties
                .create_with_context(context)
                .map_err(properties::refused)?,
            patience: config.connect_timeout.as_duration(),
        })
    }

    pub(crate) fn monitor(&self) -> &Monitor {
        &self.client.context().monitor
    }

    /// How long an answer may take.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) fn client(&self) -> &Client<Context<()>> {
        self.client.client()
    }

    /// The metadata of one topic or of all, as soon as a broker answers.
    pub(crate) fn metadata(&self, topic: Option<&str>) -> Result<Metadata> {
        let listen = || while let Some(Err(_)) = self.client.poll(Duration::ZERO) {};
        metadata(self.client.client(), topic, self.patience, listen)
    }

    /// The partitions of a topic, in order; `NotFound` with the nearest name when it is not there.
    pub(crate) fn partitions(&self, topic: &str) -> Result<Vec<i32>> {
        let metadata = self.metadata(Some(topic))?;
        let found = metadata.topics().first();
        match found.and_then(MetadataTopic::error).map(Code::from) {
            None => {}
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => {
                return Err(self.missing(topic));
            }
            Some(code) => {
                return Err(from_code(format!("topic `{topic}` cannot be used"), code));
            }
        }
        let partitions = found.iter().flat_map(|topic| topic.partitions());
        let mut partitions: Vec<_> = partitions.map(MetadataPartition::id).collect();
        partitions.sort_unstable();
        Ok(partitions)
    }

    fn missing(&self, topic: &str) -> Error {
        let error = Error::new(
            ErrorKind::NotFound,
            format!("topic `{topic}` does not exist"),
        )
        .with("cluster", self.monitor().cluster());
        let cluster = self.monitor().cluster();
        let topics = self.topics().unwrap_or_default();
        match closest(topic, topics.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!(
                "make it with `ssectl streams create {cluster}/{topic}`, or see what there is with `ssectl streams list {cluster}`"
            )),
        }
    }

    /// The names of all topics, sorted.
    pub(crate) fn topics(&self) -> Result<Vec<String>> {
        let metadata = self.metadata(None)?;
        let mut names: Vec<_> = metadata
            .topics()
            .iter()
            .map(|topic| topic.name().to_owned())
            .collect();
        names.sort_unstable();
        Ok(names)
    }

    /// One offset per partition; waits for leaders that are being elected.
    pub(crate) fn offsets(&self, topic: &str, partitions: &[i32], which: Which) -> Result<Offsets> {
        let deadline = Instant::now() + self.patience;
        loop {
            match self.ask_offsets(topic, partitions, which) {
                Err(error) if error.is_temporary() && Instant::now() < deadline => {
                    // A client looks for new leaders only when told to.
                    self.metadata(Some(topic))?;
                    std::thread::sleep(ELECTION);
                }
                // This client may not have heard of new partitions yet.
                Err(error) if error.kind() == ErrorKind::NotFound && Instant::now() < deadline => {
                    let there = self.partitions(topic)?;
                    if !partitions.iter().all(|asked| there.contains(asked)) {
                        return Err(error);
                    }
                    std::thread::sleep(ELECTION);
                }
                answer => return answer,
            }
        }
    }

    /// Asks in as many requests as there are leaders.
    fn ask_offsets(&self, topic: &str, partitions: &[i32], which: Which) -> Result<Offsets> {
        let failed = |error: &_| from_client(format!("cannot ask for offsets of `{topic}`"), error);
        if partitions.is_empty() {
            return Ok(Offsets::new());
        }
        let list = request(topic, partitions, which).map_err(|error| failed(&error))?;
        let answer = self.client.offsets_for_times(list, self.patience);
        let answer = answer.map_err(|error| failed(&error))?;
        let mut offsets = Offsets::new();
        let mut beyond = Vec::new();
        for element in answer.elements() {
            element.error().map_err(|error| failed(&error))?;
            match element.offset() {
                Offset::Offset(offset) => {
                    offsets.insert(element.partition(), offset);
                }
                _ => beyond.push(element.partition()),
            }
        }
        if !beyond.is_empty() && which != Which::End {
            offsets.extend(self.ask_offsets(topic, &beyond, Which::End)?);
        }
        Ok(offsets)
    }
}

/// The first wait for an answer; each one after it is twice as long.
const FIRST_TRY: Duration = Duration::from_millis(200);

/// When the waits are this long, who watches is told: after 1.4 s.
const SILENCE: Duration = Duration::from_millis(1600);

/// Asks a client for the metadata of a topic or of all, until a broker answers or refuses.
///
/// A client that asked knows the leaders of the topic, and need not find them when it is in a
/// hurry. `listen` serves what librdkafka has to say: errors, and its asking for a token.
pub(crate) fn metadata<T: Send + Sync>(
    client: &Client<Context<T>>,
    topic: Option<&str>,
    patience: Duration,
    listen: impl Fn(),
) -> Result<Metadata> {
    let deadline = Instant::now() + patience;
    // Short tries first, so that a refusal is noticed soon; then longer ones for slow answers.
    let mut slice = FIRST_TRY;
    loop {
        listen();
        let left = deadline.saturating_duration_since(Instant::now());
        let answer = client.fetch_metadata(topic, slice.min(left));
        listen();
        match answer {
            Ok(metadata) => {
                client.context().monitor.answered();
                return Ok(metadata);
            }
            Err(error) => give_up(&client.context().monitor, &error, left <= slice)?,
        }
        slice *= 2;
        if slice == SILENCE {
            let monitor = &client.context().monitor;
            log::warn!(
                "`{}` does not answer{}; trying for {patience:?}",
                monitor.cluster(),
                monitor.last_words()
            );
        }
    }
}

fn give_up(monitor: &Monitor, error: &KafkaError, late: bool) -> Result<()> {
    if let Some(refusal) = monitor.refusal() {
        return Err(refusal);
    }
    let passes = error
        .rdkafka_error_code()
        .is_some_and(|code| classify(code).1);
    match (passes, late) {
        (true, false) => Ok(()),
        (true, true) => Err(monitor.unanswered()),
        (false, _) => Err(from_client(
            format!("`{}` does not tell its topics", monitor.cluster()),
            error,
        )),
    }
}

/// Offsets as librdkafka wants them.
pub(crate) fn list(topic: &str, offsets: &Offsets) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        list.add_partition_offset(topic, *partition, Offset::Offset(*offset))?;
    }
    Ok(list)
}

fn request(topic: &str, partitions: &[i32], which: Which) -> KafkaResult<TopicPartitionList> {
    // ListOffsets has two times that are none: -1 for the end, -2 for the first record.
    let asked = match which {
        Which::First => Offset::Beginning,
        Which::End => Offset::End,
        Which::NotBefore(millis) => Offset::Offset(millis.max(0)),
    };
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition_offset(topic, *partition, asked)?;
    }
    Ok(list)
}
