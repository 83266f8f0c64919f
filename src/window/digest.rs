//! What workers do of a window step: lines to what they add to each key and window.

use std::sync::Arc;

use ssectl_adapter::Lines;
use ssectl_window::aggregate::Aggregates;
use ssectl_window::{Digester as Events, Digesting};

use super::inputs::Inputs;
use super::plan::Plan;
use crate::engine::{Digest, Digester, Encoding};

/// Digests the lines of a plan.
pub(super) struct LineDigester {
    plan: Arc<Plan>,
    events: Events<Aggregates>,
}

impl LineDigester {
    /// `None` if the plan needs its records one after the other.
    pub(super) fn new(plan: &Arc<Plan>) -> Option<Self> {
        let programs = &plan.programs;
        // Lines have no time of their own, and who names partitions has more than one.
        let simple = programs.time.is_some() && programs.partition.is_none();
        let events = Events::new(&plan.spec, plan.aggregates.plan()).filter(|_| simple)?;
        Some(Self {
            plan: Arc::clone(plan),
            events,
        })
    }

    /// Adds lines of which only paths are wanted.
    fn find(
        mut inputs: Inputs,
        lines: &Lines,
        digesting: &mut Digesting<'_, Aggregates>,
    ) -> Option<()> {
        let text = std::str::from_utf8(lines.bytes()).ok()?;
        for (start, end) in lines.spans() {
            let add =
                |time, key: &[u8], arguments: &[Option<&[u8]>]| digesting.add(time, key, arguments);
            inputs.find(text.get(start..end)?, add)?.ok()?;
        }
        Some(())
    }

    /// Adds lines that programs have to be run on.
    fn run(
        mut inputs: Inputs,
        lines: &Lines,
        encoding: Encoding,
        digesting: &mut Digesting<'_, Aggregates>,
    ) -> Option<()> {
        for record in lines.records() {
            inputs.read(&record, encoding).ok()?;
            let time = inputs.time(&record).ok()?;
            digesting
                .add(time, inputs.key(), &inputs.arguments())
                .ok()?;
        }
        Some(())
    }
}

impl Digester for LineDigester {
    fn digest(&self, lines: &Lines, encoding: Encoding) -> Option<Digest> {
        let inputs = Inputs::new(&self.plan.programs, self.plan.aggregates.arguments());
        let mut digesting = self.events.begin();
        // Where something is wrong with a line, the operator says what, when its turn comes.
        match inputs.are_paths(encoding) {
            true => Self::find(inputs, lines, &mut digesting)?,
            false => Self::run(inputs, lines, encoding, &mut digesting)?,
        }
        Some(Box::new(digesting.finish()))
    }
}
