//! From a pane to the record that is written.

use std::io::Write;

use bytes::Bytes;
use ssectl_adapter::{Record, Timestamp};
use ssectl_window::{Pane, PaneKind, Time};

use crate::expr::Output;
use crate::expr::time::Unit;

/// Nanoseconds in one of the unit that results count in. A time as text is a number of milliseconds in a result.
pub(super) fn nanoseconds(unit: Unit) -> Time {
    match unit {
        Unit::S => 1_000_000_000,
        Unit::Ms | Unit::Rfc3339 => 1_000_000,
        Unit::Us => 1_000,
        Unit::Ns => 1,
    }
}

/// The result as a record: its value is one JSON object, its key the key of the group, its time the end of the window.
///
/// Times are whole numbers of the unit, the start rounded down and the end rounded up, so that all records of the
/// window lie between them. A window without an end has nulls there, and its record no time.
pub(super) fn record(pane: &Pane, unit: Time) -> Record {
    let timestamp = (pane.end != Time::MAX).then(|| Timestamp::from_nanos(pane.end.into()));
    Record {
        key: key(&pane.key),
        value: Some(Bytes::from(value(pane, unit))),
        timestamp,
        ..Record::default()
    }
}

/// A string as its bytes, null as no key, anything else as JSON: as the step `key` does.
fn key(json: &[u8]) -> Option<Bytes> {
    let output = Output::of(json);
    (!output.is_null()).then(|| Bytes::from(output.raw().into_owned()))
}

fn value(pane: &Pane, unit: Time) -> Vec<u8> {
    let mut out = Vec::with_capacity(pane.key.len() + pane.aggregates.len() + 96);
    out.extend_from_slice(b"{\"key\":");
    out.extend_from_slice(&pane.key);
    out.extend_from_slice(b",\"start\":");
    time(
        (pane.start != Time::MIN).then(|| pane.start.div_euclid(unit)),
        &mut out,
    );
    out.extend_from_slice(b",\"end\":");
    let up = |end: Time| end.div_euclid(unit) + Time::from(end.rem_euclid(unit) != 0);
    time((pane.end != Time::MAX).then(|| up(pane.end)), &mut out);
    let kind = match pane.kind {
        PaneKind::Early => "early",
        PaneKind::OnTime => "on-time",
        PaneKind::Late => "late",
    };
    // Writing to memory does not fail.
    let _ = write!(out, ",\"pane\":\"{kind}\",\"revision\":{}", pane.revision);
    if pane.retraction {
        out.extend_from_slice(b",\"retract\":true");
    }
    if !pane.aggregates.is_empty() {
        out.push(b',');
        out.extend_from_slice(&pane.aggregates);
    }
    out.push(b'}');
    out
}

fn time(time: Option<Time>, out: &mut Vec<u8>) {
    match time {
        Some(time) => out.extend_from_slice(itoa::Buffer::new().format(time).as_bytes()),
        None => out.extend_from_slice(b"null"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pane() -> Pane {
        Pane {
            key: (*b"\"a\\\"b\"").into(),
            start: -1_500_000,
            end: 1_500_000,
            kind: PaneKind::OnTime,
            revision: 0,
            retraction: false,
            aggregates: b"\"n\":3".to_vec(),
        }
    }

    fn text(pane: &Pane, unit: Unit) -> String {
        String::from_utf8(record(pane, nanoseconds(unit)).value.unwrap().to_vec()).unwrap()
    }

    #[test]
    fn times_are_rounded_away_from_the_window() {
        for (unit, times) in [
            (Unit::Ns, r#""start":-1500000,"end":1500000"#),
            (Unit::Us, r#""start":-1500,"end":1500"#),
            (Unit::Ms, r#""start":-2,"end":2"#),
            (Unit::Rfc3339, r#""start":-2,"end":2"#),
            (Unit::S, r#""start":-1,"end":1"#),
        ] {
            let expected =
                format!(r#"{{"key":"a\"b",{times},"pane":"on-time","revision":0,"n":3}}"#);
            assert_eq!(text(&pane(), unit), expected);
        }
    }

    #[test]
    fn the_record_has_the_key_as_bytes_and_the_end_as_its_time() {
        let made = record(&pane(), 1);
        assert_eq!(made.key.unwrap(), "a\"b");
        assert_eq!(made.timestamp, Some(Timestamp::from_nanos(1_500_000)));
        let none = Pane {
            key: (*b"null").into(),
            ..pane()
        };
        assert_eq!(record(&none, 1).key, None);
    }

    #[test]
    fn a_window_without_an_end_has_none() {
        let global = Pane {
            start: Time::MIN,
            end: Time::MAX,
            kind: PaneKind::Early,
            revision: 2,
            retraction: true,
            aggregates: Vec::new(),
            ..pane()
        };
        let expected =
            r#"{"key":"a\"b","start":null,"end":null,"pane":"early","revision":2,"retract":true}"#;
        assert_eq!(text(&global, Unit::Ms), expected);
        assert_eq!(record(&global, 1).timestamp, None);
    }
}
