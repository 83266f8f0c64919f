//! What a result of a window consists of. A trace has windows keep the numbers of their events as one more aggregate: so
//! they are merged, discarded and taken back just as the others are.

use ssectl_window::{Pane, PaneKind, Time};

use ssectl_trace::{Id, PaneNote};

/// What the aggregate is called. No other can be: names of one's own do not begin with a NUL.
pub(super) const NAME: &str = "\0events";

/// How it is written in a result; it is the last, and holds only numbers.
const LABEL: &[u8] = br#""\u0000events":["#;

/// Takes the numbers of the events out of the aggregates of a result.
pub(super) fn take(aggregates: &mut Vec<u8>) -> Vec<Id> {
    let found = aggregates
        .windows(LABEL.len())
        .rposition(|part| part == LABEL);
    let Some(at) = found else {
        return Vec::new();
    };
    let numbers = aggregates.split_off(at);
    // The comma before it.
    aggregates.truncate(at.saturating_sub(1));
    numbers[LABEL.len()..]
        .split(|byte| !byte.is_ascii_digit())
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .collect()
}

/// What a trace is to know of a window.
pub(super) fn note(pane: &Pane) -> PaneNote {
    let kind = match pane.kind {
        PaneKind::Early => "early",
        PaneKind::OnTime => "on-time",
        PaneKind::Late => "late",
    };
    PaneNote {
        key: String::from_utf8_lossy(&pane.key).into_owned(),
        start: Some(pane.start).filter(|start| *start != Time::MIN),
        end: Some(pane.end).filter(|end| *end != Time::MAX),
        kind: kind.to_owned(),
        revision: pane.revision,
        retraction: pane.retraction,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_off_the_end() {
        for (text, left, numbers) in [
            (r#""n":2,"\u0000events":[3,17]"#, r#""n":2"#, vec![3, 17]),
            (r#""\u0000events":[]"#, "", vec![]),
            (
                r#""a":["\u0000events":[1"],"\u0000events":[2]"#,
                r#""a":["\u0000events":[1"]"#,
                vec![2],
            ),
        ] {
            let mut aggregates = text.as_bytes().to_vec();
            assert_eq!(take(&mut aggregates), numbers);
            assert_eq!(aggregates, left.as_bytes());
        }
    }
}
