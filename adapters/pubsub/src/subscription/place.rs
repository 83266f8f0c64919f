//! Moving a subscription to a place.

use ssectl_adapter::{Bound, Error, ErrorKind, Result, Timestamp};

use crate::service::Service;
use crate::{names, time};

/// Where a subscription is moved to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// All that is kept.
    Oldest,
    /// Nothing of what is there.
    Newest,
    /// What was published from this time on.
    Time(Timestamp),
}

/// The place of a bound, `None` for where the group is. Positions Pub/Sub does not have are `Unsupported`.
pub(crate) fn place(from: &Bound) -> Result<Option<Place>> {
    match from {
        Bound::Stored => Ok(None),
        Bound::Start => Ok(Some(Place::Oldest)),
        Bound::End => Ok(Some(Place::Newest)),
        Bound::Time(time) => Ok(Some(Place::Time(*time))),
        other => Err(Error::new(
            ErrorKind::Unsupported,
            format!("messages of a topic are not counted, so it cannot be read from `{other}`"),
        )
        .hint("use `start`, `end` or a time such as `@-1h`")),
    }
}

/// Moves a subscription.
pub(crate) async fn seek(service: &Service, name: &str, to: &Place) -> Result<()> {
    let asked = service.subscriptions().await?.seek().set_subscription(name);
    let asked = match (to, &service.config.snapshot) {
        (Place::Oldest, Some(snapshot)) => {
            let project = names::project_of(name).unwrap_or_default();
            asked.set_snapshot(names::snapshot(project, snapshot)?)
        }
        (Place::Oldest, None) => asked.set_time(time::to_client(Timestamp::from_millis(0))),
        (Place::Newest, _) => asked.set_time(time::to_client(time::now())),
        (Place::Time(at), _) => asked.set_time(time::to_client(*at)),
    };
    let moved = service.ask("moving the subscription", asked.send()).await;
    moved
        .map(|_| ())
        .map_err(|error| error.with("subscription", names::short(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pubsub_does_not_count_is_refused() {
        use ssectl_adapter::Position;
        for from in [
            Bound::AfterStart(3),
            Bound::BeforeEnd(3),
            Bound::At(Position::Offset(7)),
        ] {
            let error = place(&from).expect_err("no such place");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains(&from.to_string()), "{error}");
        }
        assert_eq!(place(&Bound::Stored).expect("a place"), None);
    }
}
