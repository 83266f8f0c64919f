//! How two states of a pipeline differ.

use std::cmp::Ordering;
use std::iter::Peekable;

use serde_json::json;
use ssectl_state::{Contents, Entries, StateError, Stored, TableName};

use super::show::{object, place};
use super::{Format, kinds};
use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::ui::Ui;

/// One of two states, read from the front.
struct Side {
    tables: Vec<TableName>,
    entries: Peekable<Entries>,
}

impl Side {
    /// Where its next value stands.
    fn next_place(&mut self) -> Option<(&str, &str, &Stored)> {
        let entry = self.entries.peek()?.as_ref().ok()?;
        let table = &self.tables[entry.table];
        Some((&table.step, &table.table, entry))
    }

    fn take(&mut self) -> Result<Option<(TableName, Stored)>, StateError> {
        let entry = self.entries.next().transpose()?;
        Ok(entry.map(|entry| (self.tables[entry.table].clone(), entry)))
    }

    /// An error is taken before anything else: what comes behind it is not known.
    fn check(&mut self) -> Result<(), StateError> {
        match self.entries.peek() {
            Some(Err(_)) => self.take().map(|_| ()),
            _ => Ok(()),
        }
    }
}

/// Prints the differences; an error if there are any.
pub(super) fn run(before: Contents, after: Contents, format: Format, ui: &Ui) -> CliResult {
    let mut differences = u64::from(marks(&before, &after, format, ui)?);
    let side = |contents: Contents| Side {
        tables: contents.summary.tables,
        entries: contents.entries.peekable(),
    };
    let (mut before, mut after) = (side(before), side(after));
    loop {
        before.check()?;
        after.check()?;
        let (old, new) = match order(&mut before, &mut after) {
            None => break,
            Some(Ordering::Less) => (before.take()?, None),
            Some(Ordering::Greater) => (None, after.take()?),
            Some(Ordering::Equal) => (before.take()?, after.take()?),
        };
        differences += u64::from(print(old, new, format, ui)?);
    }
    match differences {
        0 => Ok(()),
        _ => Err(CliError::new(
            Exit::Check,
            format!("the states differ in {differences} places"),
        )),
    }
}

/// Which of two states has the value that comes first.
fn order(before: &mut Side, after: &mut Side) -> Option<Ordering> {
    let key = |(step, table, entry): (&str, &str, &Stored)| {
        (
            step.to_owned(),
            table.to_owned(),
            entry.group,
            entry.key.clone(),
        )
    };
    match (before.next_place().map(key), after.next_place().map(key)) {
        (None, None) => None,
        (Some(_), None) => Some(Ordering::Less),
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(before), Some(after)) => Some(before.cmp(&after)),
    }
}

/// Prints where the pipeline stood if that differs.
fn marks(before: &Contents, after: &Contents, format: Format, ui: &Ui) -> CliResult<bool> {
    let [old, new] = [before, after].map(|side| {
        let checkpoint = side.summary.checkpoint.as_ref();
        json!(checkpoint.map(|checkpoint| &checkpoint.marks))
    });
    if old == new {
        return Ok(false);
    }
    ui.data(match format {
        Format::Text => format!("~ checkpoint {old} -> {new}\n"),
        Format::Json => format!(
            "{}\n",
            json!({"change": "checkpoint", "before": old, "after": new})
        ),
    })?;
    Ok(true)
}

/// Prints a value that is not the same on both sides.
fn print(
    old: Option<(TableName, Stored)>,
    new: Option<(TableName, Stored)>,
    format: Format,
    ui: &Ui,
) -> CliResult<bool> {
    let (sign, word) = match (&old, &new) {
        (Some(_), None) => ('-', "removed"),
        (None, Some(_)) => ('+', "added"),
        (Some((_, old)), Some((_, new))) if old.value != new.value => ('~', "changed"),
        _ => return Ok(false),
    };
    let kinds = kinds();
    let shown = |side: &Option<(TableName, Stored)>| {
        let (table, entry) = side.as_ref()?;
        Some(kinds.describe(&table.kind, &entry.value))
    };
    let value = |side| -> CliResult<Option<String>> {
        let shown = shown(side).transpose();
        shown.map_err(|error| CliError::new(Exit::Failed, error.to_string()))
    };
    let (was, is) = (value(&old)?, value(&new)?);
    let Some((table, entry)) = new.as_ref().or(old.as_ref()) else {
        return Ok(false);
    };
    ui.data(match format {
        Format::Text => {
            let values: Vec<String> = was.into_iter().chain(is).collect();
            format!("{sign} {} = {}\n", place(table, entry), values.join(" -> "))
        }
        Format::Json => {
            let null = || "null".to_owned();
            let values = [
                ("before", was.unwrap_or_else(null)),
                ("after", is.unwrap_or_else(null)),
            ];
            let object = object(table, entry, &values)?;
            format!("{{\"change\":\"{word}\",{object}}}\n")
        }
    })?;
    Ok(true)
}
