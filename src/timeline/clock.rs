//! Which clock a run goes by, as it is written: `wall`, `virtual` or `virtual@TIME`.

use std::fmt;
use std::str::FromStr;

use ssectl_adapter::Timestamp;

/// Where a virtual clock starts unless something else is said: at 2026-01-01T00:00:00Z, as made-up events do.
const START_NS: i128 = 1_767_225_600_000_000_000;

/// What time is for a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// That of the machine.
    #[default]
    Wall,
    /// One that jumps to the next moment at which something happens.
    Virtual {
        /// What it shows at the start.
        start: Timestamp,
    },
}

/// A text that names no clock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no clock: write `wall`, `virtual`, or `virtual@TIME` with a time such as `2026-03-02T06:00:00Z`"
)]
pub struct ClockError(String);

impl FromStr for Clock {
    type Err = ClockError;

    fn from_str(text: &str) -> Result<Self, ClockError> {
        let wrong = || ClockError(text.to_owned());
        let start = match text.split_once('@') {
            None if text == "wall" => return Ok(Self::Wall),
            None if text == "virtual" => Timestamp::from_nanos(START_NS),
            Some(("virtual", time)) => {
                let time: jiff::Timestamp = time.parse().map_err(|_| wrong())?;
                Timestamp::from_nanos(time.as_nanosecond())
            }
            _ => return Err(wrong()),
        };
        Ok(Self::Virtual { start })
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wall => f.write_str("wall"),
            Self::Virtual { start } => match jiff::Timestamp::from_nanosecond(start.as_nanos()) {
                Ok(start) => write!(f, "virtual@{start}"),
                Err(_) => f.write_str("virtual"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_written_as_they_are_read() {
        assert_eq!("wall".parse(), Ok(Clock::Wall));
        for text in [
            "virtual@2026-01-01T00:00:00Z",
            "virtual@2026-03-29T00:59:59.5Z",
        ] {
            assert_eq!(text.parse::<Clock>().unwrap().to_string(), text);
        }
        assert_eq!(
            "virtual".parse(),
            "virtual@2026-01-01T00:00:00Z".parse::<Clock>()
        );
        for text in [
            "",
            "Virtual",
            "virtual@",
            "virtual@noon",
            "wall@2026-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Clock>().is_err(), "{text}");
        }
    }
}
