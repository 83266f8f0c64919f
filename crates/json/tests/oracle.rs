//! Paths, against a reader of JSON that we did not write.

use std::cmp::Ordering;

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;
use ssectl_json::{Extractor, Fields, Path, canonical, compare};

/// Few names, so that paths hit and keys come twice; one of them with an escape.
const KEYS: &[&str] = &["a", "b", "\\u0061", "x y"];
const PATHS: &[&str] = &[".", ".a", ".a.b", ".\"x y\"", ".b[0]", ".b[1].a", ".a.a.b"];

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["", "", " ", "\n\t "][..])
}

/// JSON as texts, with all the freedom that there is in writing it.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(
            &[
                "null",
                "true",
                "false",
                "0",
                "-0",
                "12.10",
                "1E5",
                "-1.5e-7",
                "\"\"",
                "\"é\"",
                "\"\\u00e9\\n\\/\"",
                "\"\\ud83d\\ude00\"",
                "\"\u{7f}\"",
                "12345678901234567890",
            ][..]
        )
        .prop_map(str::to_owned),
        any::<i32>().prop_map(|int| int.to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let item = (space(), inner, space())
            .prop_map(|(a, json, b)| format!("{a}{json}{b}"))
            .boxed();
        let entry = (prop::sample::select(KEYS), space(), item.clone());
        let entry = entry.prop_map(|(key, space, item)| format!("{space}\"{key}\"{space}:{item}"));
        prop_oneof![
            prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(entry, 0..5)
                .prop_map(|entries| format!("{{{}}}", entries.join(","))),
        ]
    })
}

/// JSON, of which a byte may have been lost, doubled or changed.
fn damaged() -> impl Strategy<Value = String> {
    let damage = (
        any::<prop::sample::Index>(),
        0..3,
        any::<prop::sample::Index>(),
    );
    (json(), damage).prop_map(|(json, (at, how, with))| {
        let mut chars: Vec<char> = json.chars().collect();
        let at = at.index(chars.len());
        let odd: Vec<char> = "{}[]\",:\\u0-+.eE\u{1}\u{feff}tn 9".chars().collect();
        match how {
            0 => drop(chars.remove(at)),
            1 => chars.insert(at, odd[with.index(odd.len())]),
            _ => chars[at] = odd[with.index(odd.len())],
        }
        chars.into_iter().collect()
    })
}

/// What a path leads to; nothing where jq fails.
fn walk<'a>(path: &str, record: &'a Value) -> Option<&'a Value> {
    const NULL: &Value = &Value::Null;
    let steps: &[&str] = match path {
        "." => &[],
        ".a" => &["a"],
        ".a.b" => &["a", "b"],
        ".\"x y\"" => &["x y"],
        ".b[0]" => &["b", "0"],
        ".b[1].a" => &["b", "1", "a"],
        _ => &["a", "a", "b"],
    };
    steps
        .iter()
        .try_fold(record, |value, step| match (value, step.parse::<usize>()) {
            (Value::Null, _) => Some(NULL),
            (Value::Object(object), Err(_)) => Some(object.get(*step).unwrap_or(NULL)),
            (Value::Array(array), Ok(index)) => Some(array.get(index).unwrap_or(NULL)),
            _ => None,
        })
}

fn extractor(paths: &[&str]) -> Extractor {
    let paths: Vec<Path> = paths
        .iter()
        .map(|path| Path::parse(path).unwrap())
        .collect();
    Extractor::new(&paths)
}

#[test]
fn two_strings_in_a_row_are_no_json() {
    for json in [
        r#"""""#,
        r#""a"b""#,
        r#""","#,
        "\"\n\"",
        "\"a\u{1}\"",
        r#"" "#,
    ] {
        assert!(!canonical(json.as_bytes(), &mut Vec::new()), "{json}");
        assert_eq!(compare(json.as_bytes(), b"{}"), Ordering::Greater, "{json}");
    }
    assert!(!canonical(b"\"\xff\"", &mut Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn paths_lead_where_they_should(json in json()) {
        let record: Value = serde_json::from_str(&json).unwrap();
        for path in PATHS {
            let mut fields = Fields::default();
            let found = extractor(&[path]).read(json.as_bytes(), &mut fields);
            let found = found.then(|| {
                let text = fields.get(0, json.as_bytes());
                serde_json::from_slice::<Value>(text).unwrap()
            });
            prop_assert_eq!(found.as_ref(), walk(path, &record), "{} of {}", path, json);
        }
        // All at once, as each alone.
        let mut fields = Fields::default();
        let all = extractor(PATHS).read(json.as_bytes(), &mut fields);
        prop_assert_eq!(all, PATHS.iter().all(|path| walk(path, &record).is_some()));
        if all {
            for (at, path) in PATHS.iter().enumerate() {
                let found: Value = serde_json::from_slice(fields.get(at, json.as_bytes())).unwrap();
                prop_assert_eq!(Some(&found), walk(path, &record));
            }
        }
    }

    #[test]
    fn what_is_no_json_is_not_taken(json in damaged()) {
        let valid = serde_json::from_str::<IgnoredAny>(&json).is_ok();
        let taken = extractor(&[]).read(json.as_bytes(), &mut Fields::default());
        prop_assert_eq!(taken, valid, "{}", json);
        prop_assert_eq!(canonical(json.as_bytes(), &mut Vec::new()), valid);
    }

    #[test]
    fn canonical_values_are_equal_to_what_they_were(json in json()) {
        let mut text = Vec::new();
        prop_assert!(canonical(json.as_bytes(), &mut text));
        let (before, after): (Value, Value) =
            (serde_json::from_str(&json).unwrap(), serde_json::from_slice(&text).unwrap());
        let as_floats = |value: &Value| serde_json::to_string(&floats(value)).unwrap();
        prop_assert_eq!(as_floats(&before), as_floats(&after));
        let mut again = Vec::new();
        canonical(&text, &mut again);
        prop_assert_eq!(text, again);
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        extractor(PATHS).read(&bytes, &mut Fields::default());
        canonical(&bytes, &mut Vec::new());
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let _ = Path::parse(text);
        }
    }
}

/// The value with all numbers as doubles, zero without a sign.
fn floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => Value::from(number.as_f64().unwrap() + 0.0),
        Value::Array(items) => items.iter().map(floats).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), floats(value)))
            .collect(),
        other => other.clone(),
    }
}
