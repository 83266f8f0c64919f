//! The same programs on the same records through the `jq` that is installed.

#![expect(
    clippy::print_stderr,
    reason = "a check that does not run has to say so"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{compile, eval, json};

/// Recorded phone sensors.
const PHONE: &str = include_str!("phone.ndjson");

/// Small records of all types. Numbers are such that doubles hold and print them as written.
const SMALL: &str = r#"null
true
false
0
-1
12.5
1715254403
"text with \"quotes\", é and 😀"
""
[]
[3,1,2,1]
["b","a","c"]
[1,[2,[3,[4]]],null,"x",{"a":1}]
{}
{"b":2,"a":1,"c":[1,{"d":null}]}
{"name":"x","key":"k","value":5,"tags":["a","b"],"time":"2024-05-09T11:33:23Z"}
[{"name":"a","value":1},{"name":"b","value":2},{"name":"a","value":3}]
"#;

/// Programs that jq 1.6 and later agree on.
const PROGRAMS: &str = include_str!("programs.jq");

fn jq(program: &str, records: &str) -> Vec<String> {
    let mut jq = Command::new("jq");
    jq.args(["-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = jq.spawn().expect("jq starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let records = records.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(records.as_bytes()));
    let output = child.wait_with_output().expect("jq ends");
    // jq may stop reading early; what it printed is what counts.
    let _ = writer.join().expect("the writer does not panic");
    String::from_utf8(output.stdout)
        .expect("jq prints UTF-8")
        .lines()
        .map(str::to_owned)
        .collect()
}

fn is_installed() -> bool {
    Command::new("jq")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn the_output_is_that_of_jq_byte_for_byte() {
    if !is_installed() {
        eprintln!("SKIPPED: `jq` is not installed, so nothing was compared with it");
        return;
    }
    let mut compared = 0;
    for source in PROGRAMS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        // One line for each record, also if the program fails.
        let source = format!("try [{source}] catch \"failed\"");
        let program = compile(&source);
        for records in [SMALL, PHONE] {
            let theirs = jq(&source, records);
            let ours: Vec<String> = records
                .lines()
                .flat_map(|record| eval(&program, &json(record)).expect("errors are caught"))
                .collect();
            assert_eq!(ours.len(), records.lines().count());
            for ((ours, theirs), record) in ours.iter().zip(&theirs).zip(records.lines()) {
                assert_eq!(ours, theirs, "{source} on {record}");
            }
            assert_eq!(ours.len(), theirs.len(), "{source}");
            compared += ours.len();
        }
    }
    assert!(compared > 1000, "only {compared} results were compared");
}
