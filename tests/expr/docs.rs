//! Every example of the page on expressions is true.

use std::time::Duration;

use super::{Payload, compile, eval};
use ssectl::expr::{Input, Limits, Meta, Options, Program};
use ssectl_adapter::Position;

const PAGE: &str = include_str!("../../docs/expressions.md");

/// An example of the page:
///
/// ```text
/// in   the record, as JSON; `null` if the line is missing
/// jq   the program
/// out  a result; the line may be there any number of times
/// err  the first line of the error instead
/// ```
#[derive(Debug, Default)]
struct Example {
    input: String,
    program: String,
    results: Vec<String>,
    error: Option<String>,
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for block in PAGE.split("```example\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let mut example = Example {
            input: "null".to_owned(),
            ..Example::default()
        };
        for line in block.lines() {
            let (label, text) = line.split_at(5);
            match label {
                "in   " => example.input = text.to_owned(),
                "jq   " => example.program = text.to_owned(),
                "out  " => example.results.push(text.to_owned()),
                "err  " => example.error = Some(text.to_owned()),
                _ => panic!("what is `{line}`?"),
            }
        }
        examples.push(example);
    }
    examples
}

#[test]
fn every_example_is_true() {
    let examples = examples();
    assert!(examples.len() > 15, "{} examples", examples.len());
    // The examples are about other limits than that of time.
    let options = Options {
        limits: Limits {
            time: Duration::from_secs(120),
            ..Limits::default()
        },
    };
    let position = Position::Offset(42);
    for example in examples {
        let input = Input {
            payload: Payload::Json(example.input.as_bytes()),
            meta: Meta {
                key: Some(b"device-7"),
                stream: "orders",
                partition: "0",
                position: Some(&position),
                timestamp_ns: Some(1_715_254_403_007_507_001),
                ..Meta::default()
            },
        };
        let outcome = match Program::compile("PROGRAM", &example.program, &options) {
            Ok(program) => eval(&program, &input).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match (&outcome, &example.error) {
            (Ok(results), None) => assert_eq!(results, &example.results, "{example:?}"),
            (Err(message), Some(expected)) => {
                assert_eq!(message.lines().next(), Some(&expected[..]), "{example:?}")
            }
            _ => panic!("{example:?} gives {outcome:?}"),
        }
    }
}

#[test]
fn the_page_names_every_builtin() {
    let listed = PAGE.split("<!-- builtins -->").nth(1).unwrap();
    let results = eval(
        &compile("builtins | map(split(\"/\")[0]) | unique[]"),
        &super::json("null"),
    )
    .unwrap();
    for name in results {
        let name = name.trim_matches('"');
        assert!(
            listed
                .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '@')
                .any(|word| word == name),
            "`{name}` is not on the page"
        );
    }
}
