//! Numbers come out as they went in, and integers calculate exactly.

use num_bigint::BigInt;
use proptest::prelude::*;

use super::{eval, json, run};

#[test]
fn numbers_that_are_only_moved_stay_as_they_were_written() {
    let numbers = "1715254403007507001 9007199254740993 123456789012345678901234567890 1.0 1.50 0.10 1E5 1e1000 -0 -0.0 1e-400 3.14159265358979323846264338327950288";
    for number in numbers.split(' ') {
        let input = format!(r#"{{"time":{number},"s":"a"}}"#);
        assert_eq!(run(".", &input)[0], input);
        assert_eq!(run(".time", &input), [number]);
        assert_eq!(run("{t: .time}", &input), [format!(r#"{{"t":{number}}}"#)]);
        assert_eq!(
            run(".s |= ascii_upcase", &input),
            [input.replace("\"a\"", "\"A\"")]
        );
        assert_eq!(
            run("[.time, {a: .time}] | tojson", &input),
            [format!(r#""[{number},{{\"a\":{number}}}]""#)]
        );
        assert_eq!(run("\"\\(.time)\" | tonumber", &input), [number]);
    }
}

#[test]
fn calculated_numbers_print_as_in_jq() {
    let cases = [
        ("6 / 2, 1 / 3, 7 / 2", "3 0.3333333333333333 3.5"),
        (
            "1.0 + 1, 0.1 + 0.2, 1e3, 1e1000",
            "2 0.30000000000000004 1000 1.7976931348623157e+308",
        ),
        (
            "nan, [nan], infinite, -infinite",
            "null [null] 1.7976931348623157e+308 -1.7976931348623157e+308",
        ),
        ("0 * -1, -5 % 5, (-0.5 | round)", "-0 -0 -1"),
        ("5.9 % 2.9, -5 % 3, 5 % -3", "1 -2 2"),
        (
            "1e17 + 1, 1e-5 + 0, 123456.789e3 + 0",
            "1e+17 1e-05 123456789",
        ),
        (
            "nan < nan, nan == nan, ([nan, 1] | sort), ([nan] | unique | length)",
            "true false [null,1] 1",
        ),
        (
            "1.0 == 1, 1 == 1.0, 100 == 1e2, ([1, 1.0] | unique)",
            "true true true [1]",
        ),
        (
            "9007199254740993 == 9007199254740992, 9007199254740993 > 9007199254740992",
            "false true",
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(run(source, "null").join(" "), expected, "{source}");
    }
}

#[test]
fn nanosecond_times_calculate_exactly() {
    let input = r#"{"time":1715254403007507001}"#;
    assert_eq!(
        run(
            ".time + 1, .time - 1, .time * 2, .time % 1000, (.time / 1000000 | floor)",
            input
        ),
        [
            "1715254403007507002",
            "1715254403007507000",
            "3430508806015014002",
            "1",
            "1715254403007"
        ]
    );
}

/// A value as the test knows it.
#[derive(Clone, Debug)]
enum Tree {
    Word(&'static str),
    Number(String),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false"]).prop_map(Tree::Word),
        "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?".prop_map(Tree::Number),
        ".*".prop_map(Tree::Text),
        "[\\x00-\\x1f\"\\\\\\x7f]{0,8}".prop_map(Tree::Text),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let entries = prop::collection::hash_map(".{0,12}", inner.clone(), 0..20);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Tree::Array),
            entries.prop_map(|entries| Tree::Object(entries.into_iter().collect())),
        ]
    })
}

/// JSON with `space` between all tokens; `escape` writes all characters of strings as `\u`.
fn write(tree: &Tree, space: &str, escape: bool, out: &mut String) {
    match tree {
        Tree::Word(word) => out.push_str(word),
        Tree::Number(number) => out.push_str(number),
        Tree::Text(text) => write_text(text, escape, out),
        Tree::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(space);
                write(item, space, escape, out);
                out.push_str(space);
            }
            out.push(']');
        }
        Tree::Object(entries) => {
            out.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(space);
                write_text(key, escape, out);
                out.push_str(space);
                out.push(':');
                out.push_str(space);
                write(value, space, escape, out);
                out.push_str(space);
            }
            out.push('}');
        }
    }
}

fn write_text(text: &str, escape: bool, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            _ if escape => char
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| out.push_str(&format!("\\u{unit:04X}"))),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(char))),
            _ => out.push(char),
        }
    }
    out.push('"');
}

proptest! {
    #[test]
    fn the_identity_changes_nothing_but_spaces_and_escapes(tree in tree(), escape: bool) {
        let (mut input, mut expected) = (String::new(), String::new());
        write(&tree, " \t\r\n", escape, &mut input);
        write(&tree, "", false, &mut expected);
        prop_assert_eq!(run(".", &input), [expected.clone()]);
        prop_assert_eq!(run("tojson | fromjson", &expected), [expected.clone()]);
        prop_assert_eq!(run("[.] | map(.)[0]", &expected), [expected]);
    }

    #[test]
    fn integers_calculate_as_integers(a in "-?[1-9][0-9]{0,60}", b in "-?[1-9][0-9]{0,60}") {
        let (x, y): (BigInt, BigInt) = (a.parse().unwrap(), b.parse().unwrap());
        let results = run("[.[0] + .[1], .[0] - .[1], .[0] * .[1], .[0] < .[1], .[0] == .[1]]", &format!("[{a},{b}]"));
        prop_assert_eq!(results, [format!("[{},{},{},{},{}]", &x + &y, &x - &y, &x * &y, x < y, x == y)]);
    }

    #[test]
    fn doubles_read_back_as_the_same_double(float in prop::num::f64::NORMAL) {
        let printed = run(". * 1", &format!("{float:e}"));
        prop_assert_eq!(printed[0].parse::<f64>().unwrap(), float);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), near in "[\\[\\]{}\",:0-9eE+.\\\\u \\-truefalsn]{0,40}") {
        let program = super::compile(".");
        for payload in [&bytes[..], near.as_bytes()] {
            let input = super::Input { payload: super::Payload::Json(payload), meta: super::Meta::default() };
            if let Ok(results) = eval(&program, &input) {
                prop_assert_eq!(eval(&program, &json(&results[0])).unwrap(), results);
            }
        }
    }
}
