//! A window as Flink SQL: a window table-valued function over a table of events.

use std::fmt::Write;

use crate::literal::name as quoted;
use crate::refusal::Refusal;
use crate::{Aggregate, Job, Kind, Late, Step, Unit, Window, jq};

/// The statements: a table of events, a table of results, and the query between them.
///
/// # Errors
/// Everything that Flink SQL cannot say.
pub fn flink_sql(job: &Job) -> Result<String, Vec<Refusal>> {
    let mut refusals = Vec::new();
    let (before, window) = match job.steps.as_slice() {
        [before @ .., Step::Window(window)]
            if !before.iter().any(|step| matches!(step, Step::Window(_))) =>
        {
            (before, window)
        }
        _ => {
            return Err(vec![Refusal::new(
                format!("`{}`", job.name),
                "Flink SQL has no jq: only a pipeline that ends in its one `window` can be said",
            )]);
        }
    };
    let before: Vec<&Step> = before.iter().collect();
    let programs = jq::steps(&before)
        .map_err(|more| refusals.extend(more))
        .unwrap_or_default();
    refuse(window, &mut refusals);
    let table = table(&window.kind, &mut refusals);
    let columns: Vec<String> = window
        .aggregates
        .iter()
        .map(|aggregate| column(aggregate, &mut refusals))
        .collect();
    if refusals.is_empty() {
        Ok(text(job, window, &programs, &table, &columns))
    } else {
        Err(refusals)
    }
}

/// What Flink SQL has no words for.
fn refuse(window: &Window, refusals: &mut Vec<Refusal>) {
    let mut refuse = |what: &str, why: &str| refusals.push(Refusal::new(what, why));
    if window.lateness != Some(0) {
        refuse(
            "`lateness`",
            "Flink's window functions drop what is late; only its DataStream API has an allowed lateness",
        );
    }
    if window.late == Late::Side {
        refuse(
            "`late: {side}`",
            "Flink SQL has no side outputs; its DataStream API has",
        );
    }
    if window.early_count.is_some() {
        refuse(
            "`trigger: {early}`",
            "Flink's window functions give a result once, at the end",
        );
    }
    if window.partition.is_some() {
        refuse(
            "`partition`",
            "Flink SQL keeps watermarks per partition of its source",
        );
    }
    for name in &window.others {
        refuse(&format!("`{name}`"), "Flink SQL has no such setting");
    }
}

fn table(kind: &Kind, refusals: &mut Vec<Refusal>) -> String {
    let at = "TABLE events, DESCRIPTOR(ts)";
    let offset = |offset: &i64| {
        if *offset == 0 {
            String::new()
        } else {
            format!(", {}", interval(*offset))
        }
    };
    match kind {
        Kind::Sliding {
            size,
            slide,
            offset: by,
        } if size == slide => format!("TUMBLE({at}, {}{})", interval(*size), offset(by)),
        Kind::Sliding {
            size,
            slide,
            offset: by,
        } => {
            if size % slide != 0 {
                refusals.push(Refusal::new(
                    "a `size` that is no multiple of `slide`",
                    "Flink's HOP needs one",
                ));
            }
            format!(
                "HOP({at}, {}, {}{})",
                interval(*slide),
                interval(*size),
                offset(by)
            )
        }
        Kind::Cumulate {
            size,
            step,
            offset: by,
        } => format!(
            "CUMULATE({at}, {}, {}{})",
            interval(*step),
            interval(*size),
            offset(by)
        ),
        Kind::Session { gap } => {
            format!(
                "SESSION(TABLE events PARTITION BY `key`, DESCRIPTOR(ts), {})",
                interval(*gap)
            )
        }
        Kind::Global { .. } | Kind::Other(_) => {
            refusals.push(Refusal::new(
                "this type of windows",
                "Flink SQL has TUMBLE, HOP, CUMULATE and SESSION",
            ));
            String::new()
        }
    }
}

/// An aggregate over its column of the events.
fn column(aggregate: &Aggregate, refusals: &mut Vec<Refusal>) -> String {
    let (function, distinct) = match aggregate.function.as_str() {
        "count" | "sum" | "min" | "max" | "avg" => (aggregate.function.to_uppercase(), ""),
        "distinct" => ("COUNT".to_owned(), "DISTINCT "),
        other => {
            refusals.push(Refusal::new(
                format!("the aggregate `{other}`"),
                "Flink SQL has COUNT, SUM, MIN, MAX, AVG and COUNT(DISTINCT)",
            ));
            return String::new();
        }
    };
    let argument = aggregate
        .argument
        .as_ref()
        .map_or("*".to_owned(), |_| quoted(&aggregate.name));
    format!(
        "{function}({distinct}{argument}) AS {}",
        quoted(&aggregate.name)
    )
}

fn text(job: &Job, window: &Window, programs: &str, table: &str, columns: &[String]) -> String {
    let event = jq::event(window);
    let event = if programs.is_empty() {
        event
    } else {
        format!("{programs}\n| {event}")
    };
    let event = format!("{event}\n| {{key, time}} + .inputs");
    let unit = window.time.as_ref().map_or(Unit::Ns, |(_, unit)| *unit);
    let mut text = format!(
        "-- Pipeline `{}` of the scenario `{}` as Flink SQL. Made by `ssectl export flink-sql`.\n--\n\
         -- The events are what this program of jq makes of the records, with `time` in ms (here it is in {}):\n",
        job.name,
        job.scenario,
        unit.name()
    );
    for line in event.lines() {
        let _ = writeln!(text, "--   {line}");
    }
    let inputs: String = window
        .aggregates
        .iter()
        .filter(|aggregate| aggregate.argument.is_some())
        .map(|aggregate| format!("  {} DOUBLE,\n", quoted(&aggregate.name)))
        .collect();
    let _ = write!(
        text,
        "\nSET 'execution.runtime-mode' = 'streaming';\n\n\
         CREATE TABLE events (\n  `key` STRING,\n  `time` BIGINT,\n{inputs}  ts AS TO_TIMESTAMP_LTZ(`time`, 3),\n  \
         -- Flink's watermark is the last time that may still come, ours the first that may not: 1 ms less.\n  \
         WATERMARK FOR ts AS ts - {}\n) WITH ('connector' = 'filesystem', 'path' = 'events.ndjson', 'format' = 'json');\n\n\
         SELECT\n  `key`,\n  window_start AS `start`,\n  window_end AS `end`,\n  {}\nFROM {table}\nGROUP BY `key`, window_start, window_end;\n",
        interval(window.delay + 1_000_000),
        columns.join(",\n  ")
    );
    // The functions stand behind TABLE( ... ).
    text.replace(&format!("FROM {table}"), &format!("FROM TABLE({table})"))
}

/// An interval of SQL; less than 1,000 days, and in milliseconds, which is what Flink keeps.
fn interval(nanos: i64) -> String {
    let millis = nanos / 1_000_000;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    let (days, hours) = (hours / 24, hours % 24);
    format!(
        "INTERVAL '{days} {hours:02}:{minutes:02}:{seconds:02}.{millis:03}' DAY(3) TO SECOND(3)"
    )
}
