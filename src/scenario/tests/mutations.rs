//! Damaged files: whatever is wrong with them, they end in faults or in a scenario, never in a panic.

use proptest::prelude::*;

use super::Case;
use super::model::WHOLE;

/// What people type, and what makes parsers stumble.
const PIECES: [&str; 24] = [
    "",
    " ",
    "\n",
    "\n  ",
    ":",
    "{",
    "}",
    "[",
    "]",
    "'",
    "\"",
    "- ",
    "null",
    "~",
    "5",
    "-1",
    "true",
    "x",
    "${X}",
    "${param.x}",
    "*a",
    "&a ",
    "!!str ",
    "<<: ",
];

/// Cuts `length` characters out at `at` and puts a piece there.
fn damage(text: &str, at: usize, length: usize, piece: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let at = at % chars.len();
    let end = (at + length).min(chars.len());
    let (before, after) = (&chars[..at], &chars[end..]);
    before.iter().collect::<String>() + piece + &after.iter().collect::<String>()
}

fn survives(text: &str) {
    let case = Case::new(text).file("data.ndjson", "{}\n").env("X", "1");
    match case.load() {
        Ok(loaded) => {
            let _ = loaded.scenario.needs();
        }
        Err(faults) => assert!(faults.has_errors() && !faults.to_string().is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_scenario_is_never_a_panic(
        damages in proptest::collection::vec((0usize..2000, 0usize..12, 0..PIECES.len()), 1..4),
    ) {
        let mut text = WHOLE.to_owned();
        for (at, length, piece) in damages {
            text = damage(&text, at, length, PIECES[piece]);
        }
        survives(&text);
    }
}

/// Every value of a sound file, replaced by each kind of value in turn.
#[test]
fn every_value_may_be_of_any_kind() {
    let colons: Vec<usize> = WHOLE.match_indices(": ").map(|(at, _)| at + 2).collect();
    for start in colons {
        let rest = &WHOLE[start..];
        let end = rest
            .find([',', '}', '\n'])
            .map_or(WHOLE.len(), |end| start + end);
        for value in ["", "5", "word", "[a]", "{}", "{a: b}", "'${NOPE}'"] {
            survives(&format!("{}{value}{}", &WHOLE[..start], &WHOLE[end..]));
        }
    }
}

#[test]
fn programs_are_bounded() {
    let steps = "{map: .x}, ".repeat(502);
    let body = format!(
        "streams: {{a: , b: }}\npipelines: {{p: {{source: a, sink: b, steps: [{steps}]}}}}\n"
    );
    let faults = Case::new(&body).faults();
    assert!(
        faults.contains("more than 500 programs in one file"),
        "{faults}"
    );
    assert_eq!(faults.matches("scenario.yaml:").count(), 1);
}
