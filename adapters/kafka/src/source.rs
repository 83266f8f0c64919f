//! Reading a topic.

mod assignment;
mod commit;
mod fault;
mod group;
mod plan;
mod queue;
mod reader;
mod record;
mod watch;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::consumer::{CommitMode, Consumer};
use ssectl_adapter::{
    Batch, Bound, Commit, Error, ErrorKind, Fetched, Limit, Partition, Result, Source, SourceSpec,
};
use tokio::time::{Instant, timeout_at};

use crate::cluster::{Cluster, Offsets, blocking, list, metadata};
use crate::config::KafkaConfig;
use crate::error::{from_client, from_outsider};
use crate::monitor::{Context, Monitor};
use crate::properties;
use crate::transaction::{Transactions, is_fenced};
use group::{GroupConsumer, Rebalances};
use plan::Plan;
pub(crate) use plan::{committed, notes};
use queue::{Portion, Taken};
use reader::{Reader, Shared};
use watch::Watch;

/// The group of reads that belong to none: librdkafka does not read without one. Nothing is
/// committed under it.
const NO_GROUP: &str = "ssectl-without-group";

/// A panic in librdkafka's wrapper or in ours; it ends when the source is closed otherwise.
const BROKEN: &str = "the thread that reads Kafka broke off";

/// An open read of a topic.
pub(crate) struct KafkaSource {
    /// `None` once closed.
    consumer: Option<Arc<GroupConsumer>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    cluster: Arc<Cluster>,
    topic: String,
    /// The partitions that were asked for by name, if any were; else there may be more now.
    named: Option<Vec<i32>>,
    group: Option<String>,
    /// Whether the group deals out the partitions, or we have taken them.
    member: bool,
    /// Where commits go instead of to the group itself.
    transactions: Option<Arc<Transactions>>,
}

impl KafkaSource {
    /// Finds out where to begin and to end, and starts reading. Blocks.
    pub(crate) fn open(
        cluster: Arc<Cluster>,
        config: &KafkaConfig,
        spec: &SourceSpec,
    ) -> Result<Self> {
        let mut plan = Plan::new(cluster.clone(), config, spec)?;
        let group = plan.group.as_deref().unwrap_or(NO_GROUP);
        let context = Context {
            monitor: Monitor::new(config),
            own: Rebalances::default(),
        };
        let consumer: GroupConsumer = properties::reader(config, group)
            .create_with_context(context)
            .map_err(properties::refused)?;
        let listen = || while let Some(Err(_)) = consumer.poll(Duration::ZERO) {};
        metadata(
            consumer.client(),
            Some(&plan.topic),
            cluster.patience(),
            listen,
        )?;
        let consumer = Arc::new(consumer);
        let shared = Arc::new(Shared::default());
        if let Some(to) = &spec.range.to {
            let ends = plan.ends(to)?;
            let mut assignment = shared.assignment();
            assignment.bound(ends);
            assignment.take_new_ends();
        }
        begin(&consumer, &shared, &mut plan)?;
        Ok(Self {
            topic: plan.topic.clone(),
            group: plan.group.clone(),
            member: plan.shares(),
            named: plan.named.then(|| plan.partitions.clone()),
            thread: Some(start(Reader::new(
                consumer.clone(),
                shared.clone(),
                plan,
                Watch::new(properties::refresh(config)),
            ))?),
            consumer: Some(consumer),
            shared,
            cluster,
            transactions: None,
        })
    }

    /// Commits by way of these transactions.
    pub(crate) fn within(self, transactions: Arc<Transactions>) -> Self {
        // The struct has a destructor, so its parts cannot be moved out of it.
        let mut source = self;
        source.transactions = Some(transactions);
        source
    }

    /// Commits the open transaction with the positions of what was read, all of them or none: what
    /// others read by now is theirs to process.
    async fn commit_within(
        &self,
        transactions: Arc<Transactions>,
        consumer: Arc<GroupConsumer>,
        commit: &Commit,
    ) -> Result<()> {
        let (ours, firsts, known) = {
            let assignment = self.shared.assignment();
            (
                assignment.committable(commit),
                assignment.firsts(),
                assignment.membership.clone(),
            )
        };
        let (asked, note) = match commit {
            Commit::UpTo(positions) => (positions.len(), None),
            Commit::Noted { positions, note } => (positions.len(), Some(note.clone())),
            Commit::Nothing | Commit::Receipts(_) => (0, None),
        };
        let (topic, member) = (self.topic.clone(), self.member);
        blocking(move || {
            if ours.len() < asked {
                // A member that was replaced has lost its partitions for good.
                let fatal = consumer.client().fatal_error();
                if fatal.is_some_and(|(code, _)| is_fenced(code)) {
                    transactions.abort();
                    return Err(transactions.fenced());
                }
                return Err(transactions.undo("others of its group read its partitions by now"));
            }
            // A note stands at all partitions, also at those of which nothing was read.
            let ours = match note {
                Some(_) => firsts.into_iter().chain(ours).collect(),
                None => ours,
            };
            if ours.is_empty() {
                return transactions.commit(None);
            }
            let list = list(&topic, &ours)
                .map_err(|error| from_client("cannot say what was read", &error))?;
            for (partition, note) in ours.keys().zip(note.iter().cycle()) {
                if let Some(mut element) = list.find_partition(&topic, *partition) {
                    element.set_metadata(note);
                }
            }
            // As a member it is the one of the assignment: a newer one may have lost partitions.
            let current = || consumer.group_metadata().map(Arc::new);
            let membership = if member { known } else { current() };
            match membership {
                Some(membership) => transactions.commit(Some((&list, &membership))),
                None => Err(transactions.undo("it is in no group")),
            }
        })
        .await
    }

    /// A batch, when one is there.
    fn take(&mut self, limit: Limit) -> Result<Option<Fetched>> {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            return Err(Error::new(ErrorKind::Other, BROKEN));
        }
        let keep = |generation, portion: &mut Portion| {
            self.shared.assignment().keep_ours(generation, portion);
        };
        Ok(match self.shared.queue.take(limit, keep)? {
            Taken::Nothing => None,
            Taken::End => Some(Fetched::End),
            Taken::Some(portion) => Some(Fetched::Batch(Batch {
                commit: commit::token(&portion),
                records: portion.records,
                faults: portion.faults,
                ..Batch::default()
            })),
        })
    }
}

/// Joins the group, or takes the partitions that were asked for.
fn begin(consumer: &GroupConsumer, shared: &Shared, plan: &mut Plan) -> Result<()> {
    if plan.shares() {
        let outcome = consumer.subscribe(&[&plan.topic]);
        return outcome.map_err(|error| from_client("cannot join the group", &error));
    }
    let partitions = plan.partitions.clone();
    let starts = plan.positions(consumer, &partitions, &Offsets::new())?;
    let active = {
        let mut assignment = shared.assignment();
        assignment.add(&starts);
        assignment.active()
    };
    let outcome = list(&plan.topic, &active).and_then(|list| consumer.assign(&list));
    outcome.map_err(|error| from_client(format!("cannot begin to read `{}`", plan.topic), &error))
}

fn start(reader: Reader) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("kafka-reader".to_owned())
        .spawn(move || reader.run())
        .map_err(|error| Error::from_io("cannot start a thread to read Kafka", error))
}

#[async_trait]
impl Source for KafkaSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let deadline = Instant::now() + limit.wait;
        loop {
            // Records leave the queue only in the answer, so a dropped future loses none.
            if let Some(answer) = self.take(limit)? {
                return Ok(answer);
            }
            if timeout_at(deadline, self.shared.queue.wait())
                .await
                .is_err()
            {
                return Ok(Fetched::Idle);
            }
        }
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        let (_, taken) = self.shared.queue.progress();
        Some(self.shared.assignment().open(taken))
    }

    async fn bound(&mut self) -> Result<()> {
        if self.shared.assignment().ends.is_some() {
            return Ok(());
        }
        let (cluster, topic) = (self.cluster.clone(), self.topic.clone());
        let named = self.named.clone();
        let ends = blocking(move || {
            let partitions = named.map_or_else(|| cluster.partitions(&topic), Ok)?;
            crate::bounds::ends(&cluster, &topic, &partitions, &Bound::End)
        });
        let ends = ends.await?;
        self.shared.assignment().bound(ends);
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        if let (Some(transactions), Some(consumer)) = (&self.transactions, &self.consumer) {
            fault::made_anew(&consumer.context().monitor, &self.topic)?;
            let (transactions, consumer) = (transactions.clone(), consumer.clone());
            return self.commit_within(transactions, consumer, commit).await;
        }
        let ours = self.shared.assignment().committable(commit);
        let (Some(consumer), Some(group)) = (self.consumer.clone(), self.group.clone()) else {
            return Ok(());
        };
        if ours.is_empty() {
            return Ok(());
        }
        fault::made_anew(&consumer.context().monitor, &self.topic)?;
        let (topic, member) = (self.topic.clone(), self.member);
        blocking(move || {
            let list = list(&topic, &ours);
            let outcome = list.and_then(|list| consumer.commit(&list, CommitMode::Sync));
            outcome.map_err(|error| match member {
                true => from_client(format!("cannot commit what was read of `{topic}`"), &error),
                false => from_outsider(&group, &error),
            })
        })
        .await
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        self.shared.queue.close();
        self.consumer = None;
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        blocking(move || {
            let broken = |_| Error::new(ErrorKind::Other, BROKEN);
            thread.join().map_err(broken)
        })
        .await
    }
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}
