//! Playing a recording several times.

use std::fmt;
use std::str::FromStr;

/// How often to play a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// This many times in all, at least once.
    Times(u64),
    /// Until stopped.
    Forever,
}

/// A text that does not say how often.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` does not say how often to play; write how many times in all, such as `3`, or `forever`"
)]
pub struct RepeatError {
    text: String,
}

impl FromStr for Repeat {
    type Err = RepeatError;

    fn from_str(text: &str) -> Result<Self, RepeatError> {
        match (text.trim(), text.trim().parse()) {
            ("forever", _) => Ok(Self::Forever),
            (_, Ok(times @ 1..)) => Ok(Self::Times(times)),
            _ => Err(RepeatError {
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Repeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::Forever => f.write_str("forever"),
        }
    }
}

/// Counts the rounds of a replay, and keeps event time going from one to the next.
///
/// Each round is later than the one before by the span of the recording, from its earliest to its
/// latest event time: a round starts when the one before has ended. [`Rounds::offset_ns`] is to be
/// added to the event times of the round, always for the pace, and for the records themselves if
/// the user asks for shifted times.
#[derive(Debug)]
pub struct Rounds {
    repeat: Repeat,
    /// Rounds played to the end.
    done: u64,
    /// The earliest and the latest event time of the recording, learnt in the first round.
    span_ns: Option<(i128, i128)>,
    /// Whether this round had any record, without which the next would not have one either.
    any: bool,
}

impl Rounds {
    /// At the start of the first round.
    pub fn new(repeat: Repeat) -> Self {
        Self {
            repeat,
            done: 0,
            span_ns: None,
            any: false,
        }
    }

    /// Takes note of a record and of its event time as recorded, if it has one.
    pub fn observe(&mut self, time_ns: Option<i128>) {
        self.any = true;
        if let (0, Some(time_ns)) = (self.done, time_ns) {
            let (earliest, latest) = self.span_ns.unwrap_or((time_ns, time_ns));
            self.span_ns = Some((earliest.min(time_ns), latest.max(time_ns)));
        }
    }

    /// Ends the round; whether there is another one. There is none after a round without records.
    pub fn next_round(&mut self) -> bool {
        self.done += 1;
        let more = match self.repeat {
            Repeat::Times(times) => self.done < times,
            Repeat::Forever => true,
        };
        more && std::mem::take(&mut self.any)
    }

    /// Makes this round the last.
    pub fn stop(&mut self) {
        self.repeat = Repeat::Times(self.done + 1);
    }

    /// The number of this round, from 0.
    pub fn round(&self) -> u64 {
        self.done
    }

    /// How much later than recorded the event times of this round are, in nanoseconds.
    pub fn offset_ns(&self) -> i128 {
        self.offset_of(self.done)
    }

    /// The last event time of the last round, if the latest one of the recording is `latest_ns`;
    /// `None` if there is no last round or the span is not known yet.
    pub fn end_ns(&self, latest_ns: i128) -> Option<i128> {
        match self.repeat {
            Repeat::Times(1) => Some(latest_ns),
            Repeat::Times(times) if self.done > 0 => {
                Some(latest_ns.saturating_add(self.offset_of(times - 1)))
            }
            Repeat::Times(_) | Repeat::Forever => None,
        }
    }

    fn offset_of(&self, round: u64) -> i128 {
        self.span_ns.map_or(0, |(earliest, latest)| {
            (latest - earliest).saturating_mul(i128::from(round))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_starts_when_the_one_before_has_ended() {
        let mut rounds = Rounds::new(Repeat::Times(3));
        assert_eq!(rounds.end_ns(90), None, "the span is not known");
        let mut played = Vec::new();
        loop {
            for time in [50, 40, 90] {
                rounds.observe(Some(time));
                played.push(time + rounds.offset_ns());
            }
            if !rounds.next_round() {
                break;
            }
            assert_eq!(rounds.end_ns(90), Some(190));
        }
        assert_eq!(played, [50, 40, 90, 100, 90, 140, 150, 140, 190]);
        assert_eq!(rounds.round(), 3);
    }

    #[test]
    fn once_needs_no_span() {
        let mut rounds = Rounds::new(Repeat::Times(1));
        rounds.observe(Some(5));
        assert_eq!((rounds.end_ns(7), rounds.offset_ns()), (Some(7), 0));
        assert!(!rounds.next_round());
    }

    #[test]
    fn forever_ends_only_if_there_is_nothing_to_play() {
        let mut rounds = Rounds::new(Repeat::Forever);
        for round in 0..1_000 {
            assert_eq!(rounds.round(), round);
            rounds.observe(None);
            assert!(rounds.next_round());
        }
        assert_eq!((rounds.offset_ns(), rounds.end_ns(7)), (0, None));
        assert!(!rounds.next_round(), "a round without records");
    }

    #[test]
    fn reads_how_often() {
        assert_eq!("3".parse(), Ok(Repeat::Times(3)));
        assert_eq!("forever".parse(), Ok(Repeat::Forever));
        for text in ["0", "-1", "", "often", "1.5"] {
            let error = text.parse::<Repeat>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` does not say how often to play; write")),
                "{error}"
            );
        }
        assert_eq!(
            (Repeat::Times(3).to_string(), Repeat::Forever.to_string()),
            ("3".into(), "forever".into())
        );
    }
}
