//! Places, excerpts, secrets and bounds, across the steps of reading a file.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parsed(content: &str) -> (Option<Node>, String) {
    let mut faults = Faults::default();
    let node = parse(&Text::file("f", content), &mut faults);
    (node, faults.to_string())
}

fn root(content: &str) -> Node {
    let (node, faults) = parsed(content);
    node.unwrap_or_else(|| panic!("{faults}"))
}

/// Line and column of every byte of the text under `x` that starts a character.
fn places(content: &str) -> Vec<(char, (usize, usize))> {
    let root = root(content);
    let node = root.get("x").expect("x");
    let text = node.text().expect("text").to_owned();
    text.char_indices()
        .map(|(at, c)| (c, node.place_in_text(at).position()))
        .collect()
}

#[test]
fn scalars_have_the_types_of_the_core_schema() {
    let yaml = "[null, ~, true, False, 1, -2, +3, 0x1f, 0o17, 1.5, .5, 1e3, 1_000, 0b1, yes, on, \
                .inf, 1.2.3, '1', 18446744073709551615, 1-2, --1, +, ., !!str 1, abc]";
    assert_eq!(
        root(yaml).to_json(),
        json!([
            null,
            null,
            true,
            false,
            1,
            -2,
            3,
            31,
            15,
            1.5,
            0.5,
            1000.0,
            "1_000",
            "0b1",
            "yes",
            "on",
            ".inf",
            "1.2.3",
            "1",
            18446744073709551615_u64,
            "1-2",
            "--1",
            "+",
            ".",
            "1",
            "abc"
        ])
    );
}

#[test]
fn bytes_of_a_text_are_found_in_the_file() {
    assert_eq!(places("x: ab")[1], ('b', (1, 5)));
    assert_eq!(
        places("x: 'a''b'"),
        [('a', (1, 5)), ('\'', (1, 6)), ('b', (1, 8))]
    );
    assert_eq!(
        places(r#"x: "a\u00e9\tz""#),
        [
            ('a', (1, 5)),
            ('é', (1, 6)),
            ('\t', (1, 12)),
            ('z', (1, 14))
        ]
    );
    assert_eq!(
        places("x: |\n  a\n\n   b\n"),
        [
            ('a', (2, 3)),
            ('\n', (2, 4)),
            ('\n', (3, 1)),
            (' ', (4, 3)),
            ('b', (4, 4)),
            ('\n', (4, 5))
        ]
    );
    assert_eq!(
        places("x: a\n  b"),
        [('a', (1, 4)), (' ', (1, 5)), ('b', (2, 3))]
    );
    assert_eq!(
        places("x: >-\n  a\n  b"),
        [('a', (2, 3)), (' ', (2, 4)), ('b', (3, 3))]
    );
    assert_eq!(places("x: |\r\n  a\r\n  b\r\n")[2], ('b', (3, 3)));
    assert_eq!(places("é: 1\nx: é您b")[2], ('b', (2, 6)));
}

#[test]
fn bytes_of_an_interpolated_text_are_found_in_the_file() {
    let mut root = root("x: 'a${V}b${W:-c}d$${e'");
    let env = Env::from([("V".to_owned(), "vvv".to_owned())]);
    interpolate(&mut root, &env, &mut Faults::default());
    let node = root.get("x").expect("x");
    assert_eq!(node.text(), Some("avvvbcd${e"));
    let columns: Vec<usize> = (0..10)
        .map(|at| node.place_in_text(at).position().1)
        .collect();
    assert_eq!(columns, [5, 6, 6, 6, 10, 11, 18, 19, 20, 22]);
}

#[test]
fn secrets_are_hidden_in_excerpts() {
    let text = Text::file(
        "f",
        "targets: {x: {password: 'hun\tter2', brokers: 5, n: &a [b]}}\n",
    );
    let mut faults = Faults::default();
    let root = parse(&text, &mut faults).expect("YAML");
    let target = root.get("targets").and_then(|t| t.get("x")).expect("x");
    faults.error(&target.get("brokers").expect("brokers").place, "wrong");
    faults.error(&target.get("password").expect("password").place, "wrong");
    assert_eq!(
        target.get("password").map(Node::describe).as_deref(),
        Some("a secret (not shown)")
    );
    assert_eq!(
        faults.to_string(),
        "f:1:46: wrong\n  1 | targets: {x: {password: ***, brokers: 5, n: &a [b]}}\n    |                                       ^\n\
         f:1:25: wrong\n  1 | targets: {x: {password: ***, brokers: 5, n: &a [b]}}\n    |                         ^^^"
    );
}

#[test]
fn secrets_are_hidden_after_a_syntax_error_too() {
    for content in [
        "targets: {x: {password: 'hunter2', brokers: }}}",
        "targets: {x: {password: 'hunter2' hunter2, b: 1}}",
        "targets:\n  x:\n    password: \"hunter2\n  y: 1\n",
        "targets:\n  x:\n    password: a: hunter2\n",
        "targets:\n  x:\n    password: @hunter2\n",
        "targets:\n  x:\n    token: |\n    hunter2: [\n",
        "targets: {x: {uri: 'kafka://me:hunter2@h/t', b: ]}}",
    ] {
        let (_, faults) = parsed(content);
        assert!(
            !faults.is_empty() && !faults.contains("hunter2"),
            "{faults}"
        );
    }
}

#[test]
fn excerpts_measure_columns_as_a_terminal_does() {
    let mut faults = Faults::default();
    let text = Text::file("f", "你好\tx");
    faults.error(&Place::new(&text, 7..8), "here");
    assert_eq!(
        faults.to_string(),
        "f:1:4: here\n  1 | 你好 x\n    |      ^"
    );
}

#[test]
fn values_without_lines_have_neither_numbers_nor_excerpts() {
    let mut faults = Faults::default();
    let text = Text::value("$SSECTL_COLOR", "blue");
    faults
        .error(&Place::start_of(&text), "no colour")
        .hint("try `auto`");
    assert_eq!(
        faults.to_string(),
        "$SSECTL_COLOR: no colour\n  hint: try `auto`"
    );
}

#[test]
fn huge_and_deep_files_end_with_a_fault() {
    let (_, faults) = parsed(&format!("[{}", "a,".repeat(200_000)));
    assert!(
        faults.starts_with("f:1:") && faults.contains("more than 100000 values"),
        "{faults}"
    );
    let (_, faults) = parsed(&"- ".repeat(100_000));
    assert!(faults.contains("nested deeper than 64 levels"), "{faults}");
    let deep: String = (0..1000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    assert!(parsed(&deep).1.contains("nested deeper than 64 levels"));
    let anchors: String = (0..60).map(|n| format!("&a{n} [")).collect();
    let nested = format!("{anchors}{}{}", "1,".repeat(50_000), "]".repeat(60));
    assert!(parsed(&nested).1.contains("more than 100000 values"));
    let (node, _) = parsed(&format!("x: {}1{}", "[".repeat(60), "]".repeat(60)));
    assert!(node.is_some());
}

#[test]
fn huge_and_deep_interpolations_end_with_a_fault() {
    for text in [
        "${A:-".repeat(100_000),
        "${".repeat(100_000),
        format!("{}{}", "${".repeat(100_000), "}".repeat(100_000)),
        format!("{}{}", "${A:-".repeat(100_000), "}".repeat(100_000)),
        "${NOPE}".repeat(100_000),
    ] {
        let mut faults = Faults::default();
        let mut root = root(&format!("x: '{text}'"));
        interpolate(&mut root, &Env::new(), &mut faults);
        assert!(faults.has_errors() && faults.iter().count() <= 100);
    }
}

#[test]
fn a_fault_in_every_line_is_reported_in_no_time() {
    let mut faults = Faults::default();
    let text = Text::file("f", "x\n".repeat(500_000));
    for line in 0..500_000 {
        faults
            .error(&Place::new(&text, 2 * line..2 * line + 1), "bad")
            .hint("good");
    }
    assert_eq!((faults.iter().count(), faults.left_out()), (100, 499_900));
    assert_eq!(faults.iter().last().map(|fault| fault.line), Some(100));
}

/// Text that YAML can hold in every style: no white space at the ends of lines.
fn words() -> impl Strategy<Value = String> {
    proptest::collection::vec("[a-zé您.|'\"]{1,4}", 1..8).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn every_byte_of_quoted_and_literal_text_is_found(text in words(), pad in "[ ]{0,3}") {
        let single = format!("x:{pad} '{}'", text.replace('\'', "''"));
        let double = format!("x:{pad} \"{}\"", text.replace('"', "\\\""));
        let literal = format!("x: |-\n {pad}{text}\n {pad}{text}");
        for content in [single, double, literal] {
            let lines: Vec<Vec<char>> = content.lines().map(|line| line.chars().collect()).collect();
            for (c, (line, column)) in places(&content) {
                let written = lines[line - 1].get(column - 1).copied();
                let escaped = c == '"' && written == Some('\\');
                let line_end = c == '\n' && written.is_none();
                prop_assert!(escaped || line_end || written == Some(c), "{c:?} {line}:{column} in {content:?}");
            }
        }
    }

    #[test]
    fn no_text_at_all_breaks_the_reading(content in "[-a-c:{}\\[\\]\"'|>&*!#%@ \n\t\\\\$é]{0,60}") {
        let mut faults = Faults::default();
        if let Some(mut node) = parse(&Text::file("f", content), &mut faults) {
            interpolate(&mut node, &Env::new(), &mut faults);
            every_scalar(&node);
        }
        let _ = faults.to_string();
    }
}

fn every_scalar(node: &Node) {
    match &node.value {
        Value::List(nodes) => nodes.iter().for_each(every_scalar),
        Value::Map(entries) => entries.iter().for_each(|entry| every_scalar(&entry.node)),
        Value::Scalar(scalar) => {
            for at in 0..=scalar.text.len() {
                let place = node.place_in_text(at);
                assert!(place.span().start <= place.text().content().len());
            }
        }
        Value::Faulty => {}
    }
}
