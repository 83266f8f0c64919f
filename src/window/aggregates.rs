//! Aggregates with their programs compiled.

use std::sync::Arc;

use ssectl_window::aggregate::{self, Aggregate, Fold, Reduce, Source};

use super::fold::Reduction;
use crate::expr::Program;

/// What is calculated in a window, in the order in which it was added.
#[derive(Default)]
pub struct Aggregates {
    parsed: Vec<Aggregate>,
    arguments: Vec<Option<Program>>,
    folds: Vec<Arc<dyn Fold>>,
}

/// A program that is a part of an aggregate, for [`Program::compile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The program.
    pub program: String,
    /// How many of its bytes come before what is written in the aggregate.
    pub before: usize,
    /// Where that is in the text of the aggregate: bytes from its start.
    pub offset: usize,
}

/// What is wrong with an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregateError {
    /// Where in its text: bytes from the start.
    pub offset: usize,
    /// A lower-case fragment that also says what would be right.
    pub message: String,
}

impl Aggregates {
    /// Adds an aggregate such as `sum(.amount)`, called `name` in results. `compile` compiles its programs; it says
    /// itself why it could not, and gives nothing then.
    ///
    /// # Errors
    /// The name is taken, or the text is no aggregate. `None` if `compile` gave nothing.
    pub fn add(
        &mut self,
        name: &str,
        text: &str,
        mut compile: impl FnMut(&Piece) -> Option<Program>,
    ) -> Result<(), Option<AggregateError>> {
        let at = |column| offset(text, column);
        let aggregate = Aggregate::parse(name, text).map_err(|error| {
            Some(AggregateError {
                offset: at(error.column),
                message: error.message,
            })
        })?;
        if self.parsed.iter().any(|other| other.name == name) {
            let message = format!("two aggregates are called `{name}`");
            return Err(Some(AggregateError { offset: 0, message }));
        }
        let mut whole = |source: &Source| compile(&Piece::of(source, at(source.column)));
        let argument = aggregate.argument.as_ref().map(&mut whole);
        let fold = aggregate
            .reduce
            .as_ref()
            .map(|reduce| reduction(reduce, &at, &mut compile));
        if matches!(argument, Some(None)) || matches!(fold, Some(None)) {
            return Err(None);
        }
        self.arguments.push(argument.flatten());
        self.folds
            .extend(fold.flatten().map(|fold| Arc::new(fold) as Arc<dyn Fold>));
        self.parsed.push(aggregate);
        Ok(())
    }

    /// As [`Aggregates::plan`], with one more that keeps the numbers of the events; for traces.
    pub(super) fn traced_plan(&self) -> aggregate::Aggregates {
        let events = Aggregate::parse(super::lineage::NAME, "collect(.)");
        let mut parsed = self.parsed.clone();
        parsed.extend(events);
        self.compile(&parsed)
    }

    /// The programs of the arguments; one per aggregate.
    pub(super) fn arguments(&self) -> &[Option<Program>] {
        &self.arguments
    }

    /// What they are, in order.
    pub(super) fn parsed(&self) -> &[Aggregate] {
        &self.parsed
    }

    /// Without the programs of the arguments: what the operator runs.
    pub(super) fn plan(&self) -> aggregate::Aggregates {
        self.compile(&self.parsed)
    }

    fn compile(&self, parsed: &[Aggregate]) -> aggregate::Aggregates {
        let mut folds = self.folds.iter();
        let next = |_: &Reduce| folds.next().cloned().ok_or(());
        aggregate::Aggregates::new(parsed, next)
            .expect("each `reduce` was compiled when it was added")
    }
}

fn reduction(
    reduce: &Reduce,
    at: &impl Fn(usize) -> usize,
    compile: &mut impl FnMut(&Piece) -> Option<Program>,
) -> Option<Reduction> {
    let offset = |source: &Source| at(source.column);
    // All of them, so that all that is wrong is said.
    let init = compile(&Piece::of(&reduce.init, offset(&reduce.init)));
    let update = compile(&Piece::of_two(&reduce.update, offset(&reduce.update)));
    let merge = reduce
        .merge
        .as_ref()
        .map(|merge| compile(&Piece::of_two(merge, offset(merge))));
    Some(Reduction {
        init: init?,
        update: update?,
        merge: match merge {
            Some(merge) => Some(merge?),
            None => None,
        },
    })
}

impl Piece {
    fn of(source: &Source, offset: usize) -> Self {
        Self {
            program: source.text.clone(),
            before: 0,
            offset,
        }
    }

    /// A program that gets two values: `.` and `$value`.
    fn of_two(source: &Source, offset: usize) -> Self {
        const BEFORE: &str = ".[1] as $value | .[0] | (";
        // A comment at its end must not hide the bracket.
        Self {
            program: format!("{BEFORE}{}\n)", source.text),
            before: BEFORE.len(),
            offset,
        }
    }

    /// The byte of the aggregate's text that byte `at` of the program stands for.
    pub fn place(&self, at: usize) -> usize {
        self.offset + at.saturating_sub(self.before)
    }
}

/// The byte at a column of a text, counted in characters from 1.
fn offset(text: &str, column: usize) -> usize {
    text.char_indices()
        .nth(column.saturating_sub(1))
        .map_or(text.len(), |(at, _)| at)
}
