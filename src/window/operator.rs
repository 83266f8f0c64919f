//! The operator that the engine runs: records in, results out.

use std::sync::Arc;

use ssectl_adapter::Record;
use ssectl_state::{Space, StateError};
use ssectl_window::aggregate::Aggregates;
use ssectl_window::{Event, Fate as Became, Pane, WindowError, WindowOperator};

use super::inputs::Inputs;
use super::numbers::Numbers;
use super::plan::Plan;
use super::results;
use crate::engine::{Arrival, Emitter, Fate, Known, Operator, OperatorError, RecordError};

/// Opens the operator of a plan. What comes too late goes to the side stream `late`, if there is one.
pub(super) fn open(
    plan: Arc<Plan>,
    late: Option<String>,
    space: &Space,
) -> Result<Box<dyn Operator>, StateError> {
    let operator = WindowOperator::open(&plan.spec, plan.aggregates.plan(), space);
    let operator = operator.map_err(|error| match error {
        WindowError::State(error) => error,
        other => StateError::Store(other.to_string()),
    })?;
    let numbers = plan
        .programs
        .partition
        .is_some()
        .then(|| Numbers::open(space))
        .transpose()?;
    Ok(Box::new(Windows {
        inputs: Inputs::new(&plan.programs, plan.aggregates.arguments()),
        operator,
        numbers,
        late,
        plan,
    }))
}

struct Windows {
    plan: Arc<Plan>,
    inputs: Inputs,
    operator: WindowOperator<Aggregates>,
    /// Those of the partitions that a program names.
    numbers: Option<Numbers>,
    late: Option<String>,
}

impl Operator for Windows {
    fn partitions(&mut self, known: &[Known], _: &mut Emitter) -> Result<(), OperatorError> {
        if self.numbers.is_none() {
            let numbers: Vec<u32> = known.iter().map(|known| known.number).collect();
            self.operator.partitions(&numbers).map_err(refused)?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        record: &Record,
        arrival: Arrival,
        out: &mut Emitter,
    ) -> Result<Fate, OperatorError> {
        self.inputs.read(record, arrival.encoding)?;
        let time = self.inputs.time(record)?;
        let punctuation = self.inputs.punctuation()?;
        let partition = match (&mut self.numbers, self.inputs.partition()) {
            (Some(numbers), Some(name)) => numbers.of(name)?,
            _ => arrival.partition,
        };
        let arguments = self.inputs.arguments();
        let event = Event {
            time,
            partition,
            key: self.inputs.key(),
            inputs: &arguments,
        };
        let unit = self.plan.unit;
        let mut give = |pane: Pane| out.push(results::record(&pane, unit));
        let became = self.operator.event(event, &mut give).map_err(refused)?;
        if let (Some(time), Became::Used | Became::Late) = (punctuation, became) {
            self.operator
                .punctuate(partition, time, &mut give)
                .map_err(refused)?;
        }
        match became {
            Became::Used => Ok(Fate::Used),
            Became::Late => {
                if let Some(late) = &self.late {
                    out.side(late, record.clone());
                }
                Ok(Fate::Late)
            }
            Became::Ahead => Err(RecordError::Refused(
                "the event time is further ahead of its partition than `max-future` allows"
                    .to_owned(),
            )
            .into()),
        }
    }

    fn ended(&mut self, partition: u32, out: &mut Emitter) -> Result<(), OperatorError> {
        if self.numbers.is_some() {
            return Ok(());
        }
        let unit = self.plan.unit;
        let ended = self.operator.end_partition(partition, &mut |pane| {
            out.push(results::record(&pane, unit))
        });
        ended.map_err(refused)
    }

    fn save(&mut self) -> Result<(), StateError> {
        if let Some(numbers) = &mut self.numbers {
            numbers.save()?;
        }
        self.operator.save()
    }

    fn watermark(&self) -> Option<i64> {
        self.operator.watermark()
    }

    fn end(&mut self, out: &mut Emitter) -> Result<(), OperatorError> {
        let unit = self.plan.unit;
        let ended = self
            .operator
            .end(&mut |pane| out.push(results::record(&pane, unit)));
        ended.map_err(refused)
    }
}

/// A bad record, or state that fails.
fn refused(error: WindowError) -> OperatorError {
    match error {
        WindowError::State(error) => OperatorError::State(error),
        other => OperatorError::Record(RecordError::Refused(other.to_string())),
    }
}
