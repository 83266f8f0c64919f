//! Answers and times laid out for people.

use std::fmt::Write;

use crate::answer::{Cause, End, Fate, Input, Made, Node, Output, Step, Why, WhyNot};
use crate::{PaneNote, Time};

/// Answer of `why`. Of more inputs than `most` only so many are shown; `width` is where values are cut off.
pub fn why(answer: &Why, most: usize, width: usize) -> String {
    let mut out = String::new();
    line(&mut out, 0, width, &headline(&answer.result));
    node(&mut out, &answer.of, 1, most, width);
    out
}

/// Answer of `why-not`; `width` is where values are cut off.
pub fn why_not(answer: &WhyNot, width: usize) -> String {
    let mut out = String::new();
    let text = format!("{}  {}", answer.input.at, value(&answer.input));
    line(&mut out, 0, width, &text);
    for fate in &answer.fates {
        self::fate(&mut out, fate, width);
    }
    out
}

fn headline(output: &Output) -> String {
    let value = output.value.as_deref().unwrap_or("(no value)");
    format!("{}:{}  {value}", output.to, output.nth)
}

fn value(input: &Input) -> &str {
    input.value.as_deref().unwrap_or("(no value)")
}

fn node(out: &mut String, node: &Node, depth: usize, most: usize, width: usize) {
    match node {
        Node::Made(made) => self::made(out, made, depth, most, width),
        Node::Read(input) => {
            let when = input
                .time
                .map_or_else(String::new, |time| format!("{}  ", moment(time)));
            let text = format!("{}  {when}{}", input.at, value(input));
            line(out, depth, width, &text);
            if let Some(of) = &input.of {
                self::node(out, of, depth + 1, most, width);
            }
        }
    }
}

fn made(out: &mut String, made: &Made, depth: usize, most: usize, width: usize) {
    line(
        out,
        depth,
        width,
        &format!("by         {}", step(&made.step)),
    );
    if let Some(pane) = &made.window {
        line(out, depth, width, &format!("window     {}", window(pane)));
        let by = made.moved_by.as_ref();
        let by = by.map_or_else(String::new, |at| format!(", with {at}"));
        let watermark = match made.watermark {
            Some(time) => format!("{}{by}", moment(time)),
            None => "the end of the input".to_owned(),
        };
        line(out, depth, width, &format!("watermark  {watermark}"));
    }
    let count = made.from.len();
    line(
        out,
        depth,
        width,
        &format!("from       {}", counted(count, "record")),
    );
    for from in made.from.iter().take(most) {
        node(out, from, depth + 1, most, width);
    }
    if count > most {
        let text = format!("and {} more; `--all` shows them", count - most);
        line(out, depth + 1, width, &text);
    }
}

fn window(pane: &PaneNote) -> String {
    let mut text = match (pane.start, pane.end) {
        (Some(start), Some(end)) => format!("{} to {}", moment(start), moment(end)),
        _ => "all times".to_owned(),
    };
    let _ = write!(
        text,
        ", key {}, {}, revision {}",
        pane.key, pane.kind, pane.revision
    );
    if pane.retraction {
        text += ", taken back";
    }
    text
}

fn step(step: &Step) -> String {
    let mut text = format!("`{}`", step.name);
    if let Some(place) = &step.place {
        let _ = write!(text, " at {place}");
    }
    if let Some(program) = step.text.as_ref().filter(|text| !text.is_empty()) {
        let _ = write!(text, ": {program}");
    }
    text
}

fn fate(out: &mut String, fate: &Fate, width: usize) {
    let at = fate
        .step
        .as_ref()
        .map_or_else(String::new, |at| format!(" {}", step(at)));
    let mut say = |depth, text: &str| line(out, depth, width, text);
    match &fate.end {
        End::Results { results } => {
            say(1, &format!("in {}:", counted(results.len(), "result")));
            for result in results {
                say(2, &headline(result));
            }
        }
        End::Filtered => say(1, &format!("filtered by{at}")),
        End::Late(cause) => {
            say(1, &format!("late for{at}"));
            for text in late(cause) {
                say(2, &text);
            }
        }
        End::Duplicate { of } => {
            let of = of
                .as_ref()
                .map_or_else(String::new, |of| format!(" of {of}"));
            say(1, &format!("left out as a duplicate{of} by{at}"));
        }
        End::Bad { error, policy } => {
            let went = match policy.as_str() {
                "fail" => "bad, and the end of the run".to_owned(),
                "skip" => "bad, and skipped".to_owned(),
                to => format!("bad, and put aside to {to}"),
            };
            let at = if at.is_empty() {
                at
            } else {
                format!(", at{at}")
            };
            say(1, &format!("{went}{at}"));
            say(2, error);
        }
        End::Open { windows } => {
            say(1, &format!("in windows without a result yet, of{at}"));
            for (start, end) in windows {
                say(2, &format!("{} to {}", moment(*start), moment(*end)));
            }
        }
        End::Unfinished => say(1, "no step had it: the run ended before"),
    }
}

fn late(cause: &Cause) -> Vec<String> {
    let mut lines = vec![format!("event time  {}", moment(cause.time))];
    if let Some((start, end)) = cause.window {
        let lateness = match cause.lateness {
            0 => String::new(),
            Time::MAX => ", and longer".to_owned(),
            lateness => format!(", and {} longer for late ones", duration(lateness)),
        };
        lines.push(format!(
            "window      {} to {}{lateness}",
            moment(start),
            moment(end)
        ));
    }
    if let Some(watermark) = cause.watermark {
        let by = cause
            .late_by
            .map_or_else(String::new, |by| match cause.window {
                Some(_) => format!(", {} after the window closed", duration(by)),
                None => format!(", {} after it", duration(by)),
            });
        lines.push(format!("watermark   {}{by}", moment(watermark)));
    }
    let partition = match cause.partition.as_str() {
        "" => String::new(),
        partition => format!(" of partition {partition}"),
    };
    if let Some(by) = &cause.moved_by {
        lines.push(format!("moved by    {by}{partition}"));
    }
    lines
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// One line, cut off at the width.
fn line(out: &mut String, depth: usize, width: usize, text: &str) {
    let room = width.saturating_sub(2 * depth).max(20);
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let long = text.chars().nth(room).is_some();
    let shown: String = shown.take(if long { room - 3 } else { room }).collect();
    let rest = if long { "..." } else { "" };
    let _ = writeln!(out, "{:depth$}{shown}{rest}", "", depth = 2 * depth);
}

/// `2024-05-09T11:33:23.0075Z`.
pub(crate) fn moment(time: Time) -> String {
    let timestamp = jiff::Timestamp::from_nanosecond(time.into());
    timestamp.map_or_else(|_| format!("{time} ns"), |time| time.to_string())
}

/// `1h 2m 3.5s`.
pub(crate) fn duration(nanos: Time) -> String {
    let (sign, all) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let (seconds, rest) = (all / 1_000_000_000, all % 1_000_000_000);
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3600 % 24, "h"),
        (seconds / 60 % 60, "m"),
    ];
    let mut text: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    let fraction = format!("{rest:09}");
    let fraction = fraction.trim_end_matches('0');
    let whole = seconds % 60;
    if !fraction.is_empty() {
        text.push(format!("{whole}.{fraction}s"));
    } else if whole > 0 || text.is_empty() {
        text.push(format!("{whole}s"));
    }
    format!("{sign}{}", text.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_short() {
        for (nanos, text) in [
            (0, "0s"),
            (1_500_000_000, "1.5s"),
            (60_000_000_000, "1m"),
            (90_061_000_000_000, "1d 1h 1m 1s"),
            (-1_000_000, "-0.001s"),
        ] {
            assert_eq!(duration(nanos), text);
        }
    }

    #[test]
    fn lines_are_cut_at_the_width() {
        let mut out = String::new();
        line(&mut out, 1, 22, &"x".repeat(21));
        line(&mut out, 1, 22, &"x".repeat(20));
        assert_eq!(
            out,
            format!("  {}...\n  {}\n", "x".repeat(17), "x".repeat(20))
        );
    }
}
