//! The subscription of a read that is open.

use std::sync::Arc;

use google_cloud_pubsub::model::Topic;
use ssectl_adapter::{Error, ErrorKind, Range, Result};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::{Place, delete, find, make_for_group, make_temporary, place, seek};
use crate::service::Service;
use crate::{names, time};

/// A subscription that is being read.
pub(crate) struct Reading {
    pub(crate) name: String,
    /// Its messages are for this read alone.
    pub(crate) temporary: bool,
    /// Deletes a temporary one, also when the read is dropped.
    end: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Reading {
    /// Finds or makes the subscription of a read, and moves it to where the range begins.
    pub(crate) async fn open(
        service: &Arc<Service>,
        topic: &str,
        group: Option<&str>,
        range: &Range,
    ) -> Result<Self> {
        let place = place(&range.from)?;
        if service.config.data_only {
            return Self::as_named(topic, group, place);
        }
        let topic = service.topic(topic).await?;
        let Some(group) = group else {
            return Self::temporary(service, &topic, place.unwrap_or(Place::Oldest)).await;
        };
        let found = find(service, &topic.name, group).await?;
        let (subscription, made) = match found {
            Some(found) => (found, false),
            None => (make_for_group(service, &topic.name, group).await?, true),
        };
        let place = if made {
            Some(place.unwrap_or(Place::Oldest))
        } else {
            place
        };
        match place {
            None => {}
            Some(Place::Newest) if made => {}
            Some(Place::Oldest) if made && !keeps(service, &topic) => log::info!(
                "group `{group}` begins with what is published from now on: topic `{}` keeps nothing for later readers",
                names::short(&topic.name)
            ),
            Some(place) => seek(service, &subscription.name, &place).await?,
        }
        Ok(Self {
            name: subscription.name,
            temporary: false,
            end: None,
        })
    }

    fn as_named(topic: &str, group: Option<&str>, place: Option<Place>) -> Result<Self> {
        let group = group.ok_or_else(|| {
            let what = "with `data-only` a read needs a group, which is the name of a subscription";
            Error::new(ErrorKind::Unsupported, what)
        })?;
        if let Some(place @ (Place::Newest | Place::Time(_))) = place {
            let what = format!("with `data-only` a subscription cannot be moved ({place:?})");
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
        let project = names::project_of(topic).unwrap_or_default();
        Ok(Self {
            name: names::subscription(project, group)?,
            temporary: false,
            end: None,
        })
    }

    async fn temporary(service: &Arc<Service>, topic: &Topic, place: Place) -> Result<Self> {
        let from_now = match &place {
            Place::Newest => true,
            Place::Time(at) => *at >= time::now(),
            Place::Oldest => false,
        };
        if !from_now && !keeps(service, topic) {
            let name = names::short(&topic.name);
            let what = format!("topic `{name}` keeps no messages for those who come later");
            return Err(Error::new(ErrorKind::Unsupported, what)
                .with("project", service.place())
                .hint("read from `end`, or as a `--group` that was there before; `gcloud pubsub topics update --message-retention-duration` makes it keep them"));
        }
        let name = make_temporary(service, &topic.name).await?.name;
        // From here on it is deleted whatever comes.
        let (alive, ended) = oneshot::channel();
        let task = tokio::spawn(delete_after(ended, service.clone(), name.clone()));
        let reading = Self {
            name,
            temporary: true,
            end: Some((alive, task)),
        };
        if !from_now {
            seek(service, &reading.name, &place).await?;
        }
        Ok(reading)
    }

    /// Deletes a temporary subscription.
    pub(crate) async fn close(self) {
        if let Some((alive, task)) = self.end {
            drop(alive);
            // It was not aborted, and does not panic.
            let _ = task.await;
        }
    }
}

async fn delete_after(ended: oneshot::Receiver<()>, service: Arc<Service>, name: String) {
    // It ends when the other side is dropped.
    let _ = ended.await;
    if let Err(error) = delete(&service, &name).await {
        log::warn!("{error}; it is deleted by itself after a day without readers");
    }
}

/// Whether there is something to read for those who come later.
fn keeps(service: &Service, topic: &Topic) -> bool {
    topic.message_retention_duration.is_some() || service.config.snapshot.is_some()
}
