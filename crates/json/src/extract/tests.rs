//! What an extractor finds, and what it leaves to jq.

use super::*;

fn read(paths: &[&str], record: &str) -> Option<Vec<String>> {
    let paths: Vec<Path> = paths
        .iter()
        .map(|path| Path::parse(path).unwrap())
        .collect();
    let mut fields = Fields::default();
    let found = Extractor::new(&paths).read(record.as_bytes(), &mut fields);
    let text = |at| String::from_utf8(fields.get(at, record.as_bytes()).to_vec()).unwrap();
    found.then(|| (0..paths.len()).map(text).collect())
}

fn found(paths: &[&str], record: &str, values: &[&str]) {
    assert_eq!(
        read(paths, record).as_deref(),
        Some(&*strings(values)),
        "{record}"
    );
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

#[test]
fn values_are_found_in_one_pass() {
    let record = r#" {"a":{"b":[1, {"c":"x"}],"n":12.10},"t":true,"u":"\u0061\/"} "#;
    found(
        &[
            ".a.b[1].c",
            ".a.n",
            ".u",
            ".a.b",
            ".none.at.all",
            ".t",
            ".a.b[7]",
        ],
        record,
        &[
            r#""x""#,
            "12.10",
            r#""a/""#,
            r#"[1,{"c":"x"}]"#,
            "null",
            "true",
            "null",
        ],
    );
    found(&[".", ".a"], r#"{"a": 1}"#, &[r#"{"a":1}"#, "1"]);
    found(&[".a", ".a"], r#"{"\u0061":1}"#, &["1", "1"]);
    found(&[".[0]"], "[ \"x\u{7f}\" ]", &[r#""x\u007f""#]);
}

#[test]
fn what_is_known_of_one_record_does_not_mislead_in_the_next() {
    let extractors = [&[".a", ".b"][..], &[".b", ".c.d"]].map(|paths| {
        let path = |path: &&str| Path::parse(path).unwrap();
        Extractor::new(&paths.iter().map(path).collect::<Vec<_>>())
    });
    let mut kept = Fields::default();
    for record in [
        r#"{"a":1,"b":2}"#,
        r#"{"b":1,"a":2}"#,
        r#"{"a" : 3,"b": 4}"#,
        r#"{"a" : 5,"b":6,"c":{"d":7,"a":8}}"#,
        r#"{"aa":1,"b":9}"#,
        r#"{"a":1}"#,
        r#"{"\u0061":1,"b":2,"a":3}"#,
        r#"{"\u0061":2,"b":{"a":1}}"#,
        "{}",
        r#"{"a":1,"#,
        r#"{"a":"#,
        r#"{"a"1}"#,
        "[1]",
    ] {
        for extractor in &extractors {
            let mut fresh = Fields::default();
            let found = extractor.read(record.as_bytes(), &mut fresh);
            assert_eq!(
                extractor.read(record.as_bytes(), &mut kept),
                found,
                "{record}"
            );
            for path in (0..2).filter(|_| found) {
                let record = record.as_bytes();
                assert_eq!(kept.get(path, record), fresh.get(path, record));
            }
        }
    }
}

#[test]
fn of_a_key_that_comes_twice_the_last_value_counts() {
    found(
        &[".a.b", ".a"],
        r#"{"a":{"b":1},"a":{"c":2}}"#,
        &["null", r#"{"c":2}"#],
    );
    found(&[".a.b"], r#"{"a":5,"a":{"b":1}}"#, &["1"]);
    found(&[".a.b"], r#"{"a":{"b":1},"a":null}"#, &["null"]);
    assert_eq!(read(&[".a.b"], r#"{"a":{"b":1},"a":5}"#), None);
}

#[test]
fn what_fails_in_jq_is_left_to_it() {
    for (path, record) in [
        (".a", "5"),
        (".a", "[1]"),
        (".[0]", r#"{"a":1}"#),
        (".a.b", r#"{"a":"x"}"#),
        (".a", ""),
        (".a", r#"{"a":1"#),
        (".a", r#"{"a":1}}"#),
        (".a", r#"{"a":1,}"#),
        (".a", r#"{"b":01,"a":1}"#),
        (".a", r#"{"a":1} {"a":2}"#),
        (".a", "{\"a\":\"\u{1}\"}"),
        (".a", "\u{feff}{\"a\":1}"),
        (".a", r#"{"b":"\x","a":1}"#),
        (".a", r#"{"b":"\u12g4","a":1}"#),
    ] {
        assert_eq!(read(&[path], record), None, "{record}");
    }
    assert!(!Extractor::new(&[]).read(b"{\"a\":\"\xff\"}", &mut Fields::default()));
    assert_eq!(read(&[".a"], &"[".repeat(100_000)), None);
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(&[], &nested(512)).is_some());
    assert_eq!(read(&[], &nested(513)), None);
}
