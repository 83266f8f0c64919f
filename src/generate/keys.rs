//! Whom or what an event is about, and what the key of its record is.

use super::error::{SpecError, did_you_mean};
use super::kind::{KindInfo, Turns};
use super::rng::{Purpose, Seed};
use super::spec::Keys;
use super::zipf::Zipf;

/// No Zipf distribution in the wild is anywhere near as steep, and beyond it rounding decides.
const MAX_SKEW: f64 = 20.0;

/// The `keys` of a spec, checked and with the defaults of the kind.
#[derive(Debug, Clone)]
pub(super) struct EntityKeys {
    /// How many different entities there are, at least 1.
    pub(super) count: u64,
    /// The field that is the key of the record, if it has one.
    pub(super) field: Option<String>,
    skew: f64,
    turns: Turns,
}

impl EntityKeys {
    /// `wanted`: the kind or the template calls for a key even if `keys` is not given.
    pub(super) fn new(
        keys: Option<&Keys>,
        info: &KindInfo,
        wanted: bool,
    ) -> Result<Self, SpecError> {
        let usual = (wanted || keys.is_some()).then(|| info.entity.to_owned());
        let keys = keys.cloned().unwrap_or_default();
        let count = keys.count.unwrap_or(info.entities);
        if !(1..=info.most_entities).contains(&count) {
            let problem = format!(
                "{count} is out of range; `{}` can have 1 to {}",
                info.name, info.most_entities
            );
            return Err(SpecError::new("keys.count", problem));
        }
        if !(0.0..=MAX_SKEW).contains(&keys.skew) {
            let problem = format!(
                "{} is out of range; it must be from 0 (even) to {MAX_SKEW}",
                keys.skew
            );
            return Err(SpecError::new("keys.skew", problem));
        }
        let field = match keys.field {
            None => usual,
            Some(field) if field == "none" => None,
            Some(field) => Some(known_field(field, info)?),
        };
        Ok(Self {
            count,
            field,
            skew: keys.skew,
            turns: info.turns,
        })
    }

    /// The rule by which entities are chosen.
    pub(super) fn chooser(&self, seed: Seed) -> Chooser {
        let turns = if self.turns == Turns::Rotating && self.skew > 0.0 {
            Turns::Random
        } else {
            self.turns
        };
        Chooser {
            seed,
            count: self.count,
            turns,
            ranks: Zipf::new(self.count, self.skew),
        }
    }
}

fn known_field(field: String, info: &KindInfo) -> Result<String, SpecError> {
    if info.fields.contains(&field.as_str()) {
        return Ok(field);
    }
    let hint = did_you_mean(&field, info.fields.iter().copied());
    let fields = info.fields.join(", ");
    let problem = format!(
        "`{}` has no field `{field}`{hint}; it can be {fields} or none",
        info.name
    );
    Err(SpecError::new("keys.field", problem))
}

/// Chooses the entity that an event is about.
#[derive(Debug, Clone)]
pub(super) struct Chooser {
    seed: Seed,
    count: u64,
    turns: Turns,
    ranks: Zipf,
}

impl Chooser {
    /// The entity of event `seq`, from 0 to the number of entities.
    #[inline]
    pub(super) fn entity(&self, seq: u64) -> u64 {
        match self.turns {
            Turns::Rotating => seq % self.count,
            Turns::EachOnceFirst if seq < self.count => seq,
            _ => self.ranks.draw(&mut self.seed.draws(Purpose::Key, seq)),
        }
    }
}
