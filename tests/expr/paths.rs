//! Paths that are found without the engine, against the engine.

use proptest::prelude::*;
use ssectl::expr::{Input, Meta, Options, Outputs, Payload, Program};
use ssectl_json::{Extractor, Fields, Path};

const PATHS: &[&str] = &[
    ".", ".a", ".a.b", ".\"x y\"", ".[\"b\"]", ".b[0]", ".b[1].a", ".[0]", ".a.a.b", ".c[12]",
];

/// What the engine makes of a record; nothing where it fails.
fn engine(path: &str, record: &[u8]) -> Option<Vec<u8>> {
    let program = Program::compile("--by", path, &Options::default()).unwrap();
    let input = Input {
        payload: Payload::Json(record),
        meta: Meta::default(),
    };
    let mut outputs = Outputs::default();
    program.eval(&input, &mut outputs).ok()?;
    outputs.get(0).map(|output| output.json().to_vec())
}

/// What is found without it; nothing where it has to be asked.
fn found(path: &str, record: &[u8]) -> Option<Vec<u8>> {
    let extractor = Extractor::new(&[Path::parse(path).unwrap()]);
    let mut fields = Fields::default();
    let found = extractor.read(record, &mut fields);
    found.then(|| fields.get(0, record).to_vec())
}

#[test]
fn odd_records_mean_the_same() {
    for record in [
        r#"{"a":1,"a":{"b":2}}"#,
        r#"{"a":{"b":1},"a":null}"#,
        r#"{"a":{"b":1},"a":7}"#,
        r#"{ "a" : { "b" : [ 1 , { "x" : 2.50 } ] } }"#,
        r#"{"\u0061":"\u0041\ud83d\ude00\ud83d\/"}"#,
        "{\"a\":\"\u{7f}\"}",
        r#"{"a":-0,"b":[1E5,{"a":1e1000}]}"#,
        r#"{"a":{"z":1,"b":2,"z":3}}"#,
        r#"[[1],2]"#,
        "null",
        "\"text\"",
        " 12 ",
        "01",
        "",
        "{\"a\":\"\u{1}\"}",
        r#"{"a":1}x"#,
        r#"{"a":tru}"#,
    ] {
        for path in PATHS {
            let (engine, found) = (
                engine(path, record.as_bytes()),
                found(path, record.as_bytes()),
            );
            assert_eq!(engine, found, "{path} of {record}");
        }
    }
    let invalid = b"{\"a\":\"\xff\"}";
    assert_eq!(found(".a", invalid), None);
    assert_eq!(engine(".a", invalid), None);
}

/// Pieces of JSON in any order: now and then they make a record.
fn pieces() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b\"",
        "\"x y\"",
        "\"\\u0061\"",
        "null",
        "true",
        "1",
        "-0.50",
        " ",
        "{\"a\":",
        "{\"b\":[",
        "{\"a\":1},",
        "\"a\":{\"b\":",
        "[1,2]",
        "\"\\",
        "e5",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12)
        .prop_map(|pieces| pieces.concat())
}

/// Records of few keys, nested.
fn records() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "null",
        "1",
        "-0.50",
        "\"x\"",
        "\"\\u0062\\t\"",
        "[]",
        "{}",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 20, 4, |inner| {
            let key = prop::sample::select(vec!["a", "b", "c", "x y", "\\u0061"]);
            let entry = (key, inner.clone()).prop_map(|(key, value)| format!("\"{key}\": {value}"));
            prop_oneof![
                prop::collection::vec(inner, 0..3)
                    .prop_map(|items| format!("[{}]", items.join(" ,"))),
                prop::collection::vec(entry, 0..4)
                    .prop_map(|entries| format!("{{{}}}", entries.join(","))),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_means_the_same(record in prop_oneof![records(), pieces()]) {
        for path in PATHS {
            let (engine, found) = (engine(path, record.as_bytes()), found(path, record.as_bytes()));
            prop_assert_eq!(engine, found, "{} of {}", path, record);
        }
    }
}
