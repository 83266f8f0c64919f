//! One module per family of kinds. Each writes the body of an event from the event's moment and its
//! own draws.

mod clicks;
mod http;
mod iot;
mod league;
mod orders;
mod phone;
mod text;

use std::fmt::Debug;

use super::Kind;
use super::json::Record;
use super::keys::EntityKeys;
use super::rng::{Draws, Seed};
use super::template::Template;
use super::timeline::{Instant, Timeline};

pub(super) use phone::push_uuid;
pub(super) use text::Vocabulary;

/// What is decided about an event before its body is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// The event's number in event time.
    pub(super) seq: u64,
    pub(super) at: Instant,
    /// Whom or what it is about, from 0 to the number of entities.
    pub(super) entity: u64,
}

/// Writes the bodies of one kind of events.
pub(super) trait Body: Debug + Send + Sync {
    /// Appends the event of `moment` to `record`. The order of the draws is part of the format.
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>);
}

/// The body for `kind`; `template` is there for the kind that needs it.
pub(super) fn body(
    kind: Kind,
    template: Option<Template>,
    seed: Seed,
    keys: &EntityKeys,
    timeline: &Timeline,
) -> Box<dyn Body> {
    let with_key = keys.field.as_deref() == Some("key");
    match kind {
        Kind::Words => Box::new(text::Words::new(with_key)),
        Kind::Sentences => Box::new(text::Sentences::new(with_key)),
        Kind::Amounts => Box::new(text::Amounts { with_key }),
        Kind::Phone => Box::new(phone::Phones::new(seed, keys.count, timeline)),
        Kind::Orders => Box::new(orders::Orders { seed }),
        Kind::Clicks => Box::new(clicks::Clicks::new(seed)),
        Kind::Iot => Box::new(iot::Sensors { seed }),
        Kind::Http => Box::new(http::Requests::json(seed)),
        Kind::Combined => Box::new(http::Requests::log_line(seed)),
        Kind::Players => Box::new(league::Players {
            seed,
            count: keys.count,
        }),
        Kind::Teams => Box::new(league::Teams {
            seed,
            count: keys.count,
        }),
        Kind::Template => {
            Box::new(template.expect("a spec of this kind is refused unless it has a template"))
        }
    }
}
