//! Expressions from the outside: what programs give, what they may not do, and how they fail.

mod docs;
mod errors;
mod event_time;
mod jq;
mod language;
mod limits;
mod numbers;
mod paths;
mod records;

use ssectl::expr::{EvalError, Input, Meta, Options, Outputs, Payload, Program};

fn compile(source: &str) -> Program {
    Program::compile("--map", source, &Options::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn json(text: &str) -> Input<'_> {
    Input {
        payload: Payload::Json(text.as_bytes()),
        meta: Meta::default(),
    }
}

fn eval(program: &Program, input: &Input<'_>) -> Result<Vec<String>, EvalError> {
    let mut out = Outputs::default();
    program.eval(input, &mut out)?;
    Ok(out
        .iter()
        .map(|output| String::from_utf8(output.json().to_vec()).unwrap())
        .collect())
}

/// The results of a program that succeeds.
fn run(source: &str, input: &str) -> Vec<String> {
    eval(&compile(source), &json(input)).unwrap_or_else(|error| panic!("{error}"))
}

/// The error of a program that fails.
fn fail(source: &str, input: &str) -> EvalError {
    eval(&compile(source), &json(input)).expect_err(source)
}
