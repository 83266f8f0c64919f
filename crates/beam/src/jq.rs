//! Steps as programs over whole records, for a worker that runs them outside of the engine.
//!
//! A record is `{key, headers, stream, partition, offset, time_ns, value}`. What a step sees as `$key` and so on is bound
//! from it, so the same program means the same.

use crate::refusal::Refusal;
use crate::{Step, Unit, Window};

/// Each variable of a step and where it comes from.
const VARIABLES: [(&str, &str); 7] = [
    ("$key", ".key"),
    ("$headers", ".headers"),
    ("$stream", ".stream"),
    ("$partition", ".partition"),
    ("$offset", ".offset"),
    ("$time_ns", ".time_ns"),
    (
        "$time",
        "(.time_ns | if . == null then . else . / 1000000 | floor end)",
    ),
];

/// Steps in a row as one program.
pub(crate) fn steps(steps: &[&Step]) -> Result<String, Vec<Refusal>> {
    let mut programs = Vec::new();
    let mut refusals = Vec::new();
    for step in steps {
        match one(step) {
            Ok(program) => programs.push(program),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if refusals.is_empty() {
        Ok(programs.join("\n| "))
    } else {
        Err(refusals)
    }
}

fn one(step: &Step) -> Result<String, Refusal> {
    Ok(match step {
        Step::Map(program) => format!(
            "{}. + {{value: (.value | ({program}\n))}}",
            bound(&[program])
        ),
        Step::Filter(program) => format!("{}select({})", bound(&[program]), first(program)),
        Step::Key(program) => format!(
            "{}. + {{key: ({} | if . == null or type == \"string\" then . else tojson end)}}",
            bound(&[program]),
            first(program)
        ),
        Step::Time(_, Unit::Rfc3339) => {
            return Err(Refusal::new(
                "`time` with `unit: rfc3339`",
                "jq has no times that are exact: let a `map` give a number",
            ));
        }
        Step::Time(program, unit) => format!(
            "{}. + {{time_ns: ({} * {} | floor)}}",
            bound(&[program]),
            first(program),
            unit.nanoseconds()
        ),
        Step::Window(_) => unreachable!("windows stand between the programs"),
        Step::Other(name) => {
            return Err(Refusal::new(format!("`{name}`"), "has no counterpart here"));
        }
    })
}

/// What makes an event of a record: `{partition, time, key, inputs}`.
pub(crate) fn event(window: &Window) -> String {
    let time = window
        .time
        .as_ref()
        .map_or("$time_ns", |(program, _)| program);
    let by = window.by.as_deref().unwrap_or("null");
    let partition = window.partition.as_deref().unwrap_or("$partition");
    let inputs: Vec<(&str, &str)> = window
        .aggregates
        .iter()
        .filter_map(|aggregate| Some((aggregate.name.as_str(), aggregate.argument.as_deref()?)))
        .collect();
    let programs: Vec<&str> = [time, by, partition]
        .into_iter()
        .chain(inputs.iter().map(|(_, program)| *program))
        .collect();
    let members: Vec<String> = inputs
        .iter()
        .map(|(name, program)| format!("{}: {}", serde_json::Value::from(*name), first(program)))
        .collect();
    format!(
        "{}{{partition: {}, time: {}, key: {}, inputs: {{{}}}}}",
        bound(&programs),
        first(partition),
        first(time),
        first(by),
        members.join(", ")
    )
}

/// The first result of a program on the value; null if there is none.
fn first(program: &str) -> String {
    format!("([limit(1; .value | ({program}\n))][0])")
}

/// What binds the variables that programs name.
fn bound(programs: &[&str]) -> String {
    VARIABLES
        .iter()
        .filter(|(variable, _)| programs.iter().any(|program| program.contains(variable)))
        .map(|(variable, from)| format!("{from} as {variable} | "))
        .collect()
}
