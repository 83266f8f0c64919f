//! Making, describing and deleting hubs, and what groups have committed.
//!
//! AMQP can describe a hub and no more. Hubs are made, listed and deleted by HTTP: by the namespace's own
//! management API, or by Azure Resource Manager where the options name the subscription.

mod arm;
mod atom;
mod http;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{
    Admin, Backlog, Bound, Error, ErrorKind, Lag, Partition, PartitionInfo, Position, Range,
    Result, StreamInfo, StreamSpec, is_loopback,
};

use crate::bounds::{Extents, Surveyor};
use crate::checkpoint::{self, Checkpoint, Positions};
use crate::client::{Extent, Hub, Service, check_name, close_consumer, no_hub};
use crate::worker::Worker;
use settings::Settings;

/// The administrative side of a namespace.
pub(crate) struct EventHubsAdmin {
    pub(crate) service: Arc<Service>,
}

/// Who makes and deletes hubs.
enum Manager {
    Atom(atom::Atom),
    Arm(arm::Arm),
}

impl EventHubsAdmin {
    async fn manager(&self) -> Result<Manager> {
        Ok(match arm::Arm::of(&self.service).await? {
            Some(arm) => Manager::Arm(arm),
            None => Manager::Atom(atom::Atom::of(&self.service).await?),
        })
    }

    /// An emulator makes a hub that a client asks for by AMQP, and to look must not do that; its list tells what is there.
    async fn check_there(&self, name: &str) -> Result<()> {
        let origin = self.service.origin().await?;
        if !is_loopback(&origin.namespace) {
            return Ok(());
        }
        match self.list().await {
            Ok(names) if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                Err(no_hub(name, self.service.place()))
            }
            // Not every emulator has a list.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// What is known of a hub, what its partitions hold, and where `bound` is in them.
    async fn survey(&self, name: &str, bound: &Bound) -> Result<(Hub, Extents, Positions)> {
        let (service, name, bound) = (self.service.clone(), name.to_owned(), bound.clone());
        let worker = Worker::start()?;
        let surveyed = worker.run(async move {
            let client = service.consumer(&name).await?;
            let hub = service.hub(&client, &name).await?;
            let surveyor = Surveyor {
                service: &service,
                client: &client,
                hub: &hub,
            };
            let extents = surveyor.extents(&hub.partitions).await?;
            let places = surveyor.starts(&extents, &bound).await?;
            close_consumer(client).await;
            Ok((hub, extents, places))
        });
        surveyed.await
    }
}

/// Says which hub an error is about.
fn about(name: &str, place: String) -> impl FnOnce(Error) -> Error {
    let name = name.to_owned();
    move |error| match error.kind() {
        ErrorKind::NotFound => no_hub(&name, place),
        ErrorKind::AlreadyExists => {
            Error::new(ErrorKind::AlreadyExists, format!("hub `{name}` exists")).with("at", place)
        }
        _ => error.with("hub", name).with("at", place),
    }
}

#[async_trait]
impl Admin for EventHubsAdmin {
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        check_name(&stream.name)?;
        // What arrives is kept by the time of its arrival, whatever time it tells.
        let settings = Settings::of(stream)?;
        let made = match self.manager().await? {
            Manager::Atom(atom) => atom.create(&stream.name, &settings).await,
            Manager::Arm(arm) => arm.create(&stream.name, &settings).await,
        };
        made.map_err(about(&stream.name, self.service.place()))
    }

    async fn list(&self) -> Result<Vec<String>> {
        let mut names = match self.manager().await? {
            Manager::Atom(atom) => atom.list().await?,
            Manager::Arm(arm) => arm.list().await?,
        };
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        self.check_there(stream).await?;
        let (hub, extents, _) = self.survey(stream, &Bound::Start).await?;
        let partitions = hub.partitions.iter().map(|id| {
            let Extent { first, end } = extents[id];
            PartitionInfo {
                id: Partition::from(id.as_str()),
                start: Position::Offset(first),
                end: Position::Offset(end),
            }
        });
        Ok(StreamInfo {
            name: stream.to_owned(),
            partitions: partitions.collect(),
            config: BTreeMap::new(),
        })
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        check_name(stream)?;
        let deleted = match self.manager().await? {
            Manager::Atom(atom) => atom.delete(stream).await,
            Manager::Arm(arm) => arm.delete(stream).await,
        };
        deleted.map_err(about(stream, self.service.place()))
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        let (hub, extents, _) = self.survey(stream, &Bound::Start).await?;
        let store = checkpoint::open(&self.service, &hub, group).await?;
        let positions = store.positions().await?;
        let lag = hub.partitions.iter().map(|id| {
            let committed = positions.get(id).copied();
            Lag {
                partition: Partition::from(id.as_str()),
                committed: committed.map_or(Position::None, Position::Offset),
                end: Position::Offset(extents[id].end),
                backlog: backlog(committed, extents[id], group),
            }
        });
        Ok(lag.collect())
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        let (hub, _, starts) = self.survey(stream, &to.from).await?;
        if to.from == Bound::Stored {
            return Ok(());
        }
        let store = checkpoint::open(&self.service, &hub, group).await?;
        if store.has_readers().await? {
            return Err(Error::new(
                ErrorKind::Config,
                format!("group `{group}` has readers, who would commit over it"),
            )
            .hint("stop them first"));
        }
        let checkpoints = starts.into_iter().map(|(id, next)| {
            let checkpoint = Checkpoint { next, offset: None };
            (id, checkpoint)
        });
        store.write(&checkpoints.collect()).await
    }
}

/// The events from the committed one to the end.
fn backlog(committed: Option<i64>, extent: Extent, group: &str) -> Backlog {
    let Extent { first, end } = extent;
    match committed {
        None => Backlog::Unknown(format!("group `{group}` has committed nothing")),
        Some(next) if next > end => Backlog::Unknown(format!(
            "group `{group}` has committed {next}, behind the end: was the hub made anew?"
        )),
        Some(next) => Backlog::Records(u64::try_from(end - next.max(first)).unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backlog_is_what_can_still_be_read() {
        let of = |committed, first| backlog(committed, Extent { first, end: 10 }, "g");
        assert_eq!(of(Some(4), 0), Backlog::Records(6));
        assert_eq!(of(Some(4), 7), Backlog::Records(3));
        assert_eq!(of(Some(10), 0), Backlog::Records(0));
        assert!(matches!(of(None, 0), Backlog::Unknown(_)));
        assert!(matches!(of(Some(11), 0), Backlog::Unknown(_)));
    }
}
