//! Reading a hub: a link to each partition, and what groups have committed.

mod group;
mod guard;
mod link;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use azure_messaging_eventhubs::ConsumerClient;
use ssectl_adapter::{
    Bound, Commit, Error, ErrorKind, Fetched, Limit, Partition, Position, Result, Source,
    SourceSpec,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::bounds::{Extents, Surveyor, within};
use crate::checkpoint::{self, Positions};
use crate::client::{Hub, Service};
use crate::worker::Worker;
use group::Group;
use link::{Connection, Link};
use queue::{SharedQueue, Slot};

/// An open read of one hub.
pub(crate) struct EventHubsSource {
    service: Arc<Service>,
    worker: Worker,
    hub: Hub,
    connection: Arc<Connection>,
    queue: SharedQueue,
    /// The links that were started, by partition.
    links: BTreeMap<Partition, JoinHandle<()>>,
    started: u64,
    group: Option<Group>,
    /// The partitions that were asked for, or all.
    asked: Vec<String>,
    /// Where to begin whatever is committed; what was begun counts no more.
    starts: Positions,
    /// Where a checkpoint says to begin, which counts more than that and what is committed.
    kept: Positions,
    /// Where the read stops, once it is bounded.
    ends: Option<Positions>,
    ended: bool,
}

impl EventHubsSource {
    pub(crate) async fn open(service: Arc<Service>, spec: &SourceSpec) -> Result<Self> {
        let worker = Worker::start()?;
        let survey = Survey::of(service.clone(), spec.clone());
        let Survey {
            client,
            hub,
            asked,
            extents,
            starts,
            ends,
        } = worker.run(survey).await?;
        let group = match &spec.group {
            None => None,
            Some(name) => {
                let store = checkpoint::open(&service, &hub, name).await?;
                Some(match spec.partitions.is_empty() {
                    true => Group::Sharing {
                        member: store.join().await?,
                        looked: None,
                    },
                    false => Group::Alone(store),
                })
            }
        };
        let mut source = Self {
            connection: Arc::new(Connection::open(client)),
            queue: SharedQueue::default(),
            links: BTreeMap::new(),
            started: 0,
            group,
            asked,
            starts,
            kept: kept(spec),
            ends,
            ended: false,
            service,
            worker,
            hub,
        };
        source
            .begin(&extents, spec.range.from == Bound::Stored)
            .await?;
        Ok(source)
    }

    /// Takes the partitions that are ours from the beginning.
    async fn begin(&mut self, extents: &Extents, stored: bool) -> Result<()> {
        let Some(group) = &mut self.group else {
            for (id, next) in std::mem::take(&mut self.starts) {
                let next = self.kept.remove(&id).unwrap_or(next);
                self.add(&id, next);
            }
            return Ok(());
        };
        let ours = group.share(&self.asked).await?;
        if stored {
            // What is committed counts before the start, for partitions that come later too.
            let reset = self.service.config.offset_reset;
            for (id, committed) in &ours {
                if let (Some(next), Some(extent)) = (*committed, extents.get(id)) {
                    within(&self.hub.name, id, next, *extent, reset)?;
                }
            }
        }
        self.hold(ours, stored);
        Ok(())
    }

    /// Makes these partitions ours, and no others.
    fn hold(&mut self, ours: BTreeMap<String, Option<i64>>, stored: bool) {
        let known: BTreeSet<Partition> = self.queue.state().slots.keys().cloned().collect();
        for lost in known.iter().filter(|id| !ours.contains_key(id.as_str())) {
            if let Some(link) = self.links.remove(lost) {
                link.abort();
            }
            self.queue.state().remove(lost);
        }
        for (id, committed) in ours {
            if known.contains(&Partition::from(id.as_str())) {
                continue;
            }
            let (asked, kept) = (self.starts.remove(&id), self.kept.remove(&id));
            let next = match (kept, committed, asked) {
                (Some(kept), ..) => kept,
                (_, Some(committed), _) if stored => committed,
                (.., Some(asked)) => asked,
                (_, committed, None) => committed.unwrap_or(0),
            };
            self.add(&id, next);
        }
    }

    fn add(&mut self, id: &str, next: i64) {
        let end = self.ends.as_ref().and_then(|ends| ends.get(id)).copied();
        let slot = Slot::new(next, end);
        self.queue.state().slots.insert(Partition::from(id), slot);
    }

    /// Looks whether other readers of the group came or went.
    async fn share(&mut self) -> Result<()> {
        let Some(group) = self.group.as_mut().filter(|group| group.is_due()) else {
            return Ok(());
        };
        let ours = group.share(&self.asked).await?;
        self.hold(ours, true);
        Ok(())
    }

    /// Starts the links that are missing.
    fn start_links(&mut self) {
        let mut missing = Vec::new();
        for (id, slot) in &mut self.queue.state().slots {
            let runs = self.links.get(id).is_some_and(|link| !link.is_finished());
            if !runs && !slot.is_done() {
                self.started += 1;
                slot.feed_by(self.started, self.service.config.prefetch);
                missing.push((id.clone(), self.started));
            }
        }
        for (id, number) in missing {
            let link = Link {
                service: self.service.clone(),
                hub: self.hub.clone(),
                connection: self.connection.clone(),
                queue: self.queue.clone(),
                id: id.clone(),
                number,
            };
            self.links.insert(id, self.worker.spawn(link.run()));
        }
    }

    /// Ends all links and their connection: after an error nobody knows what is left of them. Answers
    /// the task that sees to it.
    fn stop_links(&mut self) -> JoinHandle<()> {
        for slot in self.queue.state().slots.values_mut() {
            slot.link = 0;
        }
        let links = std::mem::take(&mut self.links).into_values().collect();
        let connection = std::mem::take(&mut self.connection);
        self.worker.spawn(connection.close(links))
    }

    fn is_done(&self) -> bool {
        self.ends.is_some() && self.queue.state().is_done()
    }
}

/// What is asked before the first event.
struct Survey {
    client: ConsumerClient,
    hub: Hub,
    asked: Vec<String>,
    extents: Extents,
    starts: Positions,
    ends: Option<Positions>,
}

impl Survey {
    async fn of(service: Arc<Service>, spec: SourceSpec) -> Result<Self> {
        let client = service.consumer(&spec.stream).await?;
        let hub = service.hub(&client, &spec.stream).await?;
        let asked = choose(&hub, &spec.partitions)?;
        let surveyor = Surveyor {
            service: &service,
            client: &client,
            hub: &hub,
        };
        let extents = surveyor.extents(&asked).await?;
        let ends = match &spec.range.to {
            Some(to) => Some(surveyor.ends(&extents, to).await?),
            None => None,
        };
        let starts = surveyor.starts(&extents, &spec.range.from).await?;
        Ok(Self {
            client,
            hub,
            asked,
            extents,
            starts,
            ends,
        })
    }
}

/// The sequence numbers of a checkpoint.
fn kept(spec: &SourceSpec) -> Positions {
    let at = spec
        .at
        .iter()
        .filter_map(|(partition, position)| match position {
            Position::Offset(next) => Some((partition.as_str().to_owned(), *next)),
            _ => None,
        });
    at.collect()
}

fn choose(hub: &Hub, asked: &[String]) -> Result<Vec<String>> {
    if asked.is_empty() {
        return Ok(hub.partitions.clone());
    }
    match asked.iter().find(|id| !hub.partitions.contains(id)) {
        None => Ok(asked.to_vec()),
        Some(missing) => Err(Error::new(
            ErrorKind::NotFound,
            format!("hub `{}` has no partition `{missing}`", hub.name),
        )
        .hint(format!("it has `{}`", hub.partitions.join("`, `")))),
    }
}

#[async_trait]
impl Source for EventHubsSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let deadline = Instant::now() + limit.wait;
        loop {
            if self.ended {
                return Ok(Fetched::End);
            }
            self.share().await?;
            // Events leave the queue only in the answer, so a dropped future loses none.
            if let Some(batch) = self.queue.take(limit) {
                return Ok(Fetched::Batch(batch));
            }
            if self.is_done() {
                self.ended = true;
                self.stop_links();
                continue;
            }
            if let Some(error) = self.queue.take_error() {
                self.stop_links();
                return Err(error);
            }
            self.start_links();
            if timeout_at(deadline, self.queue.wait()).await.is_err() {
                return Ok(Fetched::Idle);
            }
        }
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        Some(self.queue.state().open())
    }

    async fn bound(&mut self) -> Result<()> {
        if self.ends.is_some() {
            return Ok(());
        }
        let (service, connection) = (self.service.clone(), self.connection.clone());
        let (hub, asked) = (self.hub.clone(), self.asked.clone());
        let ends = self.worker.run(async move {
            let client = connection.client(&service, &hub.name).await?;
            let surveyor = Surveyor {
                service: &service,
                client: &client,
                hub: &hub,
            };
            let extents = surveyor.extents(&asked).await?;
            surveyor.ends(&extents, &Bound::End).await
        });
        let ends = match ends.await {
            Ok(ends) => ends,
            Err(error) => {
                // The next try, and the links, get a new connection.
                self.stop_links();
                return Err(error);
            }
        };
        self.queue.state().bound(&ends);
        self.ends = Some(ends);
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        let checkpoints = self.queue.state().checkpoints(commit);
        match &mut self.group {
            Some(group) if !checkpoints.is_empty() => group.commit(&checkpoints).await,
            _ => Ok(()),
        }
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        let stopped = self.stop_links();
        let left = match self.group.take() {
            Some(group) => group.leave().await,
            None => Ok(()),
        };
        // A goodbye that fails changes nothing.
        stopped.await.ok();
        left
    }
}
