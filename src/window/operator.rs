//! The operator that the engine runs: records in, results out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ssectl_adapter::Record;
use ssectl_state::{Space, StateError};
use ssectl_window::aggregate::Aggregates;
use ssectl_window::{Event, Fate as Became, Pane, Time, WindowError, WindowOperator};

use super::digest::LineDigester;
use super::inputs::Inputs;
use super::numbers::Numbers;
use super::plan::Plan;
use super::silence::Silence;
use super::{lineage, results};
use crate::engine::{
    Arrival, Digest, Digester, Emitter, Fate, Known, Notes, Operator, OperatorError, RecordError,
};
use ssectl_trace::Timed;

/// Opens the operator of a plan. What comes too late goes to the side stream `late`, if there is one.
pub(super) fn open(
    plan: Arc<Plan>,
    late: Option<String>,
    traced: bool,
    space: &Space,
) -> Result<Box<dyn Operator>, StateError> {
    let aggregates = match traced {
        true => plan.aggregates.traced_plan(),
        false => plan.aggregates.plan(),
    };
    let operator = WindowOperator::open(&plan.spec, aggregates, space);
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
    let idle = plan.spec.idle_wall.map(i64::unsigned_abs);
    Ok(Box::new(Windows {
        silence: idle.map(|idle| Silence::new(Duration::from_nanos(idle))),
        inputs: Inputs::new(&plan.programs, plan.aggregates.arguments()),
        operator,
        numbers,
        late,
        traced,
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
    /// Whether results come with the numbers of their records.
    traced: bool,
    /// Which partitions are silent, if that counts by the clock.
    silence: Option<Silence>,
}

impl Windows {
    /// A partition has an event, or is there from now on.
    fn heard(&mut self, partition: u32) {
        if let Some(silence) = &mut self.silence {
            silence.heard(partition, tokio::time::Instant::now().into_std());
        }
    }
}

impl Operator for Windows {
    fn partitions(&mut self, known: &[Known], _: &mut Emitter) -> Result<(), OperatorError> {
        if self.numbers.is_none() {
            let numbers: Vec<u32> = known.iter().map(|known| known.number).collect();
            self.operator.partitions(&numbers).map_err(refused)?;
            if let Some(silence) = &mut self.silence {
                silence.only(&numbers, tokio::time::Instant::now().into_std());
            }
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
        self.heard(partition);
        let number = out
            .notes()
            .filter(|_| self.traced)
            .map(|notes| notes.id().to_string());
        let mut arguments = self.inputs.arguments();
        arguments.extend(number.as_ref().map(|number| Some(number.as_bytes())));
        let event = Event {
            time,
            partition,
            key: self.inputs.key(),
            inputs: &arguments,
        };
        let (unit, traced) = (self.plan.unit, self.traced);
        let mut give = |pane: Pane| give(pane, unit, traced, out);
        let became = self.operator.event(event, &mut give).map_err(refused)?;
        if let (Some(time), Became::Used | Became::Late) = (punctuation, became) {
            self.operator
                .punctuate(partition, time, &mut give)
                .map_err(refused)?;
        }
        if let Some(notes) = out.notes().filter(|_| self.traced) {
            self.note(notes, record, partition, time, became);
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

    fn digester(&self) -> Option<Arc<dyn Digester>> {
        if self.silence.is_some() {
            return None;
        }
        let digester = LineDigester::new(&self.plan)?;
        Some(Arc::new(digester))
    }

    fn digest(
        &mut self,
        digest: Digest,
        arrival: Arrival,
        out: &mut Emitter,
    ) -> Result<bool, OperatorError> {
        let Ok(digest) = digest.downcast() else {
            return Ok(false);
        };
        let unit = self.plan.unit;
        let mut give = |pane: Pane| out.push(results::record(&pane, unit));
        let taken = self.operator.digest(arrival.partition, *digest, &mut give);
        taken.map_err(refused)
    }

    fn wake(&mut self, now: Instant, out: &mut Emitter) -> Result<Option<Instant>, OperatorError> {
        let Some(silence) = &mut self.silence else {
            return Ok(None);
        };
        let (unit, traced) = (self.plan.unit, self.traced);
        let mut give = |pane: Pane| give(pane, unit, traced, out);
        for partition in silence.fallen(now) {
            let rested = self.operator.rest_partition(partition, &mut give);
            rested.map_err(refused)?;
        }
        let due = silence.due(now);
        if let Some(notes) = out.notes() {
            notes.fired(self.operator.watermark());
        }
        Ok(Some(due))
    }

    fn ended(&mut self, partition: u32, out: &mut Emitter) -> Result<(), OperatorError> {
        if self.numbers.is_some() {
            return Ok(());
        }
        let (unit, traced) = (self.plan.unit, self.traced);
        self.operator
            .end_partition(partition, &mut |pane| give(pane, unit, traced, out))
            .map_err(refused)?;
        if let Some(notes) = out.notes() {
            notes.fired(self.operator.watermark());
        }
        Ok(())
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
        let (unit, traced) = (self.plan.unit, self.traced);
        self.operator
            .end(&mut |pane| give(pane, unit, traced, out))
            .map_err(refused)?;
        if let Some(notes) = out.notes() {
            notes.fired(None);
        }
        Ok(())
    }
}

impl Windows {
    /// Tells a trace when a record happened, and how far time has come.
    fn note(&self, notes: &mut Notes, record: &Record, number: u32, time: Time, became: Became) {
        if became == Became::Ahead {
            return;
        }
        let partition = match self.inputs.partition() {
            Some(name) => String::from_utf8_lossy(name).into_owned(),
            None => record.origin.partition.to_string(),
        };
        let mut watermarks = self.operator.watermarks();
        let all = self.operator.watermark();
        notes.timed(Timed {
            time,
            partition,
            key: String::from_utf8_lossy(self.inputs.key()).into_owned(),
            watermark: watermarks
                .find(|(id, _)| *id == number)
                .map(|(_, time)| time),
            all,
            windows: ssectl_window::windows_of(&self.plan.spec.windows, time),
            lateness: self.plan.spec.lateness,
            late: became == Became::Late,
            ..Timed::default()
        });
        notes.fired(all);
    }
}

/// Gives a result to the next step, and to a trace what it was made of.
fn give(mut pane: Pane, unit: Time, traced: bool, out: &mut Emitter) {
    if !traced {
        return out.push(results::record(&pane, unit));
    }
    let from = lineage::take(&mut pane.aggregates);
    let note = lineage::note(&pane);
    out.push_made(results::record(&pane, unit), from, Some(note));
}

/// A bad record, or state that fails.
fn refused(error: WindowError) -> OperatorError {
    match error {
        WindowError::State(error) => OperatorError::State(error),
        other => OperatorError::Record(RecordError::Refused(other.to_string())),
    }
}
