//! Where a receiver begins: the selector in the filters of its source.
//!
//! The service knows three annotations and two comparisons: `amqp.annotation.x-opt-offset > '5'`.

use super::amqp::{AmqpError, Terminus, Value, condition};
use super::hub::PartitionState;
use crate::store::Partition;

/// The name of the only filter there is.
const SELECTOR: &str = "apache.org:selector-filter:string";

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With the first event there is.
    First,
    /// With the next one that comes.
    Latest,
    /// With this sequence number.
    At(i64),
    /// With the first event that was enqueued then or later, Unix milliseconds.
    Since(i64),
}

impl Start {
    /// Reads the filters of a source; without one it is the start of the partition.
    ///
    /// # Errors
    /// A filter is not one that the service knows.
    pub(crate) fn of(source: &Terminus) -> Result<Self, AmqpError> {
        match source.filter.as_slice() {
            [] => Ok(Self::First),
            [(name, filter)] if name.as_text() == Some(SELECTOR) => {
                let text = filter.undescribed().as_text().unwrap_or_default();
                Self::parse(text).ok_or_else(|| {
                    let reason = format!("Specified filter expression '{text}' is invalid.");
                    AmqpError::new(condition::INVALID_FIELD, reason)
                })
            }
            [(Value::Symbol(name) | Value::String(name), _), ..] => Err(AmqpError::new(
                condition::NOT_IMPLEMENTED,
                format!("There is no filter '{name}'; use one '{SELECTOR}'."),
            )),
            _ => Err(AmqpError::new(
                condition::INVALID_FIELD,
                "a filter has no name",
            )),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (annotation, rest) = text.split_once('>')?;
        let (inclusive, value) = match rest.strip_prefix('=') {
            Some(value) => (true, value),
            None => (false, rest),
        };
        let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        let beyond = i64::from(!inclusive);
        let number = || value.parse::<i64>().ok();
        match annotation.trim().strip_prefix("amqp.annotation.x-opt-")? {
            "offset" | "sequence-number" if value == "-1" => Some(Self::First),
            "offset" | "sequence-number" if value == "@latest" => Some(Self::Latest),
            "offset" | "sequence-number" => Some(Self::At(number()?.checked_add(beyond)?)),
            "enqueued-time" | "enqueuedtimeutc" => {
                Some(Self::Since(number()?.checked_add(beyond)?))
            }
            _ => None,
        }
    }

    /// The first sequence number to deliver.
    ///
    /// # Errors
    /// It names an event that was never there.
    pub(crate) fn resolve(
        self,
        partition: &Partition,
        state: PartitionState,
    ) -> Result<i64, AmqpError> {
        let next = state.last + 1;
        match self {
            Self::First => Ok(state.begin),
            Self::Latest => Ok(next),
            Self::At(wanted) if wanted > next => {
                let reason = format!(
                    "The supplied sequence number or offset '{wanted}' is invalid. The last one in the system is '{}'.",
                    state.last
                );
                Err(AmqpError::new(condition::ARGUMENT, reason))
            }
            // What retention dropped meanwhile is skipped, as in the service.
            Self::At(wanted) => Ok(wanted.max(state.begin)),
            Self::Since(time_ms) => {
                let found = partition.find_time(time_ms, state.begin);
                let found = found
                    .map_err(|error| AmqpError::new(condition::INTERNAL, error.to_string()))?;
                Ok(found.map_or(next, |frame| frame.header.base_offset.max(state.begin)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selectors_of_all_clients_are_read() {
        let parse = |text| Start::parse(text);
        assert_eq!(
            parse("amqp.annotation.x-opt-offset > '-1'"),
            Some(Start::First)
        );
        assert_eq!(
            parse("amqp.annotation.x-opt-offset > '@latest'"),
            Some(Start::Latest)
        );
        assert_eq!(
            parse("amqp.annotation.x-opt-offset >'7'"),
            Some(Start::At(8))
        );
        assert_eq!(
            parse("amqp.annotation.x-opt-offset >='7'"),
            Some(Start::At(7))
        );
        let number = "amqp.annotation.x-opt-sequence-number >= '7'";
        assert_eq!(parse(number), Some(Start::At(7)));
        let time = "amqp.annotation.x-opt-enqueued-time > '1000'";
        assert_eq!(parse(time), Some(Start::Since(1001)));
        assert_eq!(parse("amqp.annotation.x-opt-offset < '7'"), None);
        assert_eq!(parse("price > '7'"), None);
        assert_eq!(
            parse("amqp.annotation.x-opt-offset > '9223372036854775807'"),
            None
        );
    }
}
