//! States as text and as JSON.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::value::RawValue;
use serde_json::{Value, json};
use ssectl_state::{Contents, Group, Stored, Summary, TableName};

use super::{Format, kinds};
use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::ui::Ui;

/// Bytes of output that are written at once.
const CHUNK: usize = 64 << 10;

/// What is printed of a state.
pub(super) struct Only<'a> {
    pub(super) step: Option<&'a str>,
    pub(super) table: Option<&'a str>,
}

/// How much a table holds.
#[derive(Default, Clone)]
struct Sizes {
    groups: u64,
    values: u64,
    bytes: u64,
    first: Option<Group>,
    last: Option<Group>,
}

/// Prints what there is of pipelines.
pub(super) fn list(pipelines: &[PathBuf], format: Format, ui: &Ui) -> CliResult {
    let mut documents = Vec::new();
    let mut text = String::new();
    for path in pipelines {
        let Contents { summary, entries } = Contents::open(path)?;
        let mut sizes = vec![Sizes::default(); summary.tables.len()];
        for entry in entries {
            let entry = entry?;
            sizes[entry.table].add(&entry);
        }
        match format {
            Format::Text => describe(&mut text, &summary, &sizes),
            Format::Json => documents.push(document(&summary, &sizes)?),
        }
    }
    match format {
        Format::Text => ui.data(text),
        Format::Json => ui.data(format!("{:#}\n", json!({"pipelines": documents}))),
    }
}

impl Sizes {
    fn add(&mut self, entry: &Stored) {
        if self.last != Some(entry.group) {
            self.groups += 1;
            self.last = Some(entry.group);
        }
        self.first = self.first.or(self.last);
        self.values += 1;
        self.bytes += (entry.key.len() + entry.value.len()) as u64;
    }
}

fn describe(text: &mut String, summary: &Summary, sizes: &[Sizes]) {
    let _ = writeln!(text, "{}", summary.pipeline);
    let Some(checkpoint) = &summary.checkpoint else {
        text.push_str("  no checkpoint yet\n");
        return;
    };
    let marks = &checkpoint.marks;
    let _ = write!(text, "  checkpoint {}", checkpoint.number);
    if let Some(watermark) = marks.watermark {
        let _ = write!(text, ", watermark {}", moment(watermark));
    }
    if !marks.target.is_empty() {
        let _ = write!(text, ", positions at {}", marks.target);
    }
    text.push('\n');
    for (stream, partitions) in &marks.positions {
        let places = partitions
            .iter()
            .map(|(partition, position)| format!("{partition}:{position}"));
        let places: Vec<_> = places.collect();
        let _ = writeln!(text, "  {stream} read to {}", places.join(" "));
    }
    for (table, sizes) in summary.tables.iter().zip(sizes) {
        let TableName { step, table, .. } = table;
        let Sizes {
            groups,
            values,
            bytes,
            ..
        } = sizes;
        let _ = write!(
            text,
            "  {step}/{table}  groups {groups}, values {values}, bytes {bytes}"
        );
        if let (Some(first), Some(last)) = (sizes.first, sizes.last) {
            let _ = write!(text, ", ends {} to {}", moment(first.0), moment(last.0));
        }
        text.push('\n');
    }
}

fn document(summary: &Summary, sizes: &[Sizes]) -> CliResult<Value> {
    let tables = summary.tables.iter().zip(sizes).map(|(table, sizes)| {
        json!({
            "step": table.step,
            "table": table.table,
            "kind": table.kind,
            "groups": sizes.groups,
            "values": sizes.values,
            "bytes": sizes.bytes,
            "first_end": sizes.first.map(|group| group.0),
            "last_end": sizes.last.map(|group| group.0),
        })
    });
    let checkpoint = serde_json::to_value(&summary.checkpoint).map_err(unprintable)?;
    Ok(json!({
        "pipeline": summary.pipeline,
        "format": summary.format,
        "fingerprint": summary.fingerprint,
        "checkpoint": checkpoint,
        "tables": tables.collect::<Vec<_>>(),
    }))
}

/// Prints every value.
pub(super) fn dump(contents: Contents, only: &Only<'_>, format: Format, ui: &Ui) -> CliResult {
    let kinds = kinds();
    let Summary {
        pipeline, tables, ..
    } = contents.summary;
    let wanted = |table: &TableName| {
        only.step.is_none_or(|step| step == table.step)
            && only.table.is_none_or(|name| name == table.table)
    };
    let mut text = String::new();
    for entry in contents.entries {
        let entry = entry?;
        let table = &tables[entry.table];
        if !wanted(table) {
            continue;
        }
        let value = kinds
            .describe(&table.kind, &entry.value)
            .map_err(|error| CliError::new(Exit::Failed, error.to_string()))?;
        match format {
            Format::Text => {
                let name = place(table, &entry);
                let _ = writeln!(text, "{pipeline} {name} = {value}");
            }
            Format::Json => {
                let object = object(table, &entry, &[("value", value)])?;
                let _ = writeln!(
                    text,
                    "{{\"pipeline\":{},{object}}}",
                    Value::from(&*pipeline)
                );
            }
        }
        if text.len() >= CHUNK {
            ui.data(&text)?;
            text.clear();
        }
    }
    ui.data(text)
}

/// Where a value stands, for people.
pub(super) fn place(table: &TableName, entry: &Stored) -> String {
    let TableName { step, table, .. } = table;
    let (end, start) = entry.group;
    let key = ssectl_state::readable(&entry.key);
    format!("{step}/{table} [{}, {}) {key}", moment(start), moment(end))
}

/// The members of a JSON object that says where a value stands, with more behind them.
pub(super) fn object(
    table: &TableName,
    entry: &Stored,
    more: &[(&str, String)],
) -> CliResult<String> {
    let (end, start) = entry.group;
    let head = json!({"step": table.step, "table": table.table, "start": start, "end": end});
    let head = head.to_string();
    let mut text = head.trim_matches(['{', '}']).to_owned();
    let key = ssectl_state::readable(&entry.key);
    for (name, json) in [("key", &key)]
        .into_iter()
        .chain(more.iter().map(|(n, j)| (*n, j)))
    {
        let valid = serde_json::from_str::<&RawValue>(json).map_err(unprintable)?;
        let _ = write!(text, ",\"{name}\":{valid}");
    }
    Ok(text)
}

/// Nanoseconds since 1970 as people read them; what is no time of this world as the number it is.
fn moment(nanos: i64) -> String {
    match jiff::Timestamp::from_nanosecond(nanos.into()) {
        _ if nanos == i64::MIN || nanos == i64::MAX => "-".to_owned(),
        // Groups that are no times are small numbers.
        Ok(time) if nanos.unsigned_abs() > 1_000_000_000_000 => time.to_string(),
        _ => nanos.to_string(),
    }
}

fn unprintable(error: serde_json::Error) -> CliError {
    CliError::new(Exit::Failed, format!("a value is no JSON: {error}"))
}
