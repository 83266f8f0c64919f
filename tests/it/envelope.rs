//! What `tail` prints can be given back, bit for bit.

use crate::command::{run, run_in};

#[test]
fn envelopes_come_back_bit_for_bit() {
    let dir = tempfile::tempdir().expect("a folder");
    let envelopes = concat!(
        "{\"stream\":\"t\",\"partition\":\"1\",\"offset\":7,\"timestamp\":\"2024-05-09T11:33:23.007507001Z\",",
        "\"key\":{\"base64\":\"AP8=\"},\"value\":\"\",\"headers\":[[\"a\",\"1\"],[\"a\",null],[\"b\",\"\"]]}\n",
        "{\"key\":null,\"value\":null}\n",
        "{\"key\":\"\",\"value\":\"line\\nline\"}\n",
    );
    std::fs::write(dir.path().join("saved.ndjson"), envelopes).expect("a file");
    for verb in ["replay", "generate"] {
        let done = run_in(dir.path(), &[verb, "--from-envelope", "saved.ndjson"], "").ended(0);
        assert_eq!(done.out(), envelopes);
        let done = run_in(dir.path(), &[verb, "--from-envelope"], envelopes).ended(0);
        assert_eq!(done.out(), envelopes);
    }
}

#[test]
fn lines_refuse_what_they_cannot_hold() {
    let done = run(
        &["copy", "-", "-", "-I", "envelope"],
        "{\"key\":null,\"value\":null}\n",
    )
    .ended(1);
    assert!(done.err().contains("envelope"), "{}", done.err());
}

#[test]
fn templates_print_the_fields() {
    let line =
        "{\"stream\":\"t\",\"partition\":\"1\",\"offset\":7,\"key\":\"k\",\"value\":\"v\"}\n";
    let done = run(
        &["tail", "-", "-I", "envelope", "-F", "%t %p %o %k=%s\\n"],
        line,
    )
    .ended(0);
    assert_eq!(done.out(), "t 1 7 k=v\n");
}
