//! The operator that the engine runs: records in, records out.

use std::sync::Arc;

use ssectl_adapter::{Record, Timestamp};
use ssectl_state::{Corrupt, Space, StateError};
use ssectl_window::WindowError;
use ssectl_window::relate::{Found, Item, Outcome, Relate, Relation};

use super::payload;
use super::plan::{Kind, Plan};
use crate::engine::{
    Arrival, Emitter, Fate, Known, Members, Operator, OperatorError, RecordError, eval,
};
use crate::expr::Outputs;
use crate::window::Inputs;
use ssectl_trace::{Id, Timed};

/// Opens the operator of a plan; of its sources the first `lefts` are left ones.
pub(super) fn open<R: Relation + 'static>(
    plan: Arc<Plan>,
    lefts: usize,
    relation: R,
    space: &Space,
) -> Result<Box<dyn Operator>, StateError> {
    let partner = plan.partner.as_ref();
    let partner = partner.map(|partner| Inputs::new(&partner.programs, &[]));
    Ok(Box::new(Related {
        left: Inputs::new(&plan.programs, &[]),
        right: partner,
        relate: Relate::open(relation, plan.timing, space)?,
        payload: Vec::new(),
        outputs: Outputs::default(),
        lefts,
        plan,
    }))
}

struct Related<R> {
    plan: Arc<Plan>,
    /// How many sources are left ones; the right one is behind them.
    lefts: usize,
    left: Inputs,
    right: Option<Inputs>,
    relate: Relate<R>,
    payload: Vec<u8>,
    outputs: Outputs,
}

impl<R> Related<R> {
    /// What of a record waits until it is given out: of a partner the member that it becomes.
    /// A traced record leaves its number behind it.
    fn remember(
        &mut self,
        record: &Record,
        arrival: Arrival,
        id: Option<Id>,
    ) -> Result<(), RecordError> {
        self.payload.clear();
        match &self.plan.partner {
            Some(partner) if arrival.source >= self.lefts => {
                self.outputs.clear();
                let outputs = &mut self.outputs;
                eval(record, arrival.encoding, |input| {
                    partner.value.eval(input, outputs)
                })?;
                let row = self.outputs.get(0);
                self.payload
                    .extend_from_slice(row.map_or(b"null", |row| row.json()));
            }
            Some(_) => {
                Members::of(record.value.as_deref().unwrap_or_default()).map_err(|()| {
                    let refused = "a join puts a member into an object, and the record is none";
                    RecordError::Refused(refused.to_owned())
                })?;
                payload::write(record, &mut self.payload);
            }
            None => payload::write(record, &mut self.payload),
        }
        self.payload
            .extend(id.map(Id::to_le_bytes).into_iter().flatten());
        Ok(())
    }
}

impl<R: Relation> Operator for Related<R> {
    fn partitions(&mut self, known: &[Known], out: &mut Emitter) -> Result<(), OperatorError> {
        let numbers: Vec<u32> = known.iter().map(|known| known.number).collect();
        let plan = &self.plan;
        give(out, |give| self.relate.partitions(&numbers, give), plan)
    }

    fn record(
        &mut self,
        record: &Record,
        arrival: Arrival,
        out: &mut Emitter,
    ) -> Result<Fate, OperatorError> {
        let id = out.notes().map(|notes| notes.id());
        self.remember(record, arrival, id)?;
        let inputs = match &mut self.right {
            Some(right) if arrival.source >= self.lefts => right,
            _ => &mut self.left,
        };
        inputs.read(record, arrival.encoding)?;
        let item = Item {
            time: inputs.time(record)?,
            source: u8::from(arrival.source >= self.lefts),
            key: inputs.key(),
            payload: &self.payload,
        };
        if item.key == b"null" {
            let fate = match (&self.plan.kind, item.source) {
                // As SQL has it: null is equal to nothing.
                (Kind::Dedupe(_), _) => {
                    out.push(record.clone());
                    Fate::Used
                }
                _ => {
                    return Err(RecordError::Refused("the key of a join is null".to_owned()).into());
                }
            };
            return Ok(fate);
        }
        if let Some(notes) = out.notes() {
            notes.timed(Timed {
                time: item.time,
                partition: record.origin.partition.to_string(),
                key: String::from_utf8_lossy(item.key).into_owned(),
                ..Timed::default()
            });
        }
        let mut taken = true;
        let relate = &mut self.relate;
        let take = |give: &mut dyn FnMut(Found<'_>)| {
            taken = relate.event(arrival.partition, item, give)?;
            Ok(())
        };
        give(out, take, &self.plan)?;
        match taken {
            true => Ok(Fate::Held),
            false => Err(RecordError::Refused(
                "the event time is further ahead of its partition than `max-future` allows"
                    .to_owned(),
            )
            .into()),
        }
    }

    fn ended(&mut self, partition: u32, out: &mut Emitter) -> Result<(), OperatorError> {
        let relate = &mut self.relate;
        give(
            out,
            |give| relate.end_partition(partition, give),
            &self.plan,
        )
    }

    fn end(&mut self, out: &mut Emitter) -> Result<(), OperatorError> {
        give(out, |give| self.relate.end(give), &self.plan)
    }

    fn save(&mut self) -> Result<(), StateError> {
        self.relate.save()
    }
}

/// Does something with the relation, and makes records of what it finds.
fn give(
    out: &mut Emitter,
    call: impl FnOnce(&mut dyn FnMut(Found<'_>)) -> Result<(), WindowError>,
    plan: &Plan,
) -> Result<(), OperatorError> {
    let mut corrupt = false;
    let traced = out.notes().is_some();
    let called = call(&mut |found| match found {
        Found::Result { time, left, right } => {
            let (left, id) = parted(left, traced);
            let partner = right.map(|right| parted(right, traced));
            match result(plan, time, left, partner.map(|(payload, _)| payload)) {
                Some(record) => match partner {
                    None => out.push_again(record, id),
                    Some((_, other)) => out.push_made(record, vec![id, other], None),
                },
                None => corrupt = true,
            }
        }
        Found::Settled(outcome, payload) => {
            let fate = match outcome {
                Outcome::Used => Fate::Used,
                Outcome::Unmatched => Fate::Filtered,
                Outcome::Repeated => Fate::Dropped,
                Outcome::Late => Fate::Late,
            };
            out.settle_traced(parted(payload, traced).1, fate);
        }
    });
    match called {
        Ok(()) if corrupt => Err(StateError::from(Corrupt("a record")).into()),
        Ok(()) => Ok(()),
        Err(WindowError::State(error)) => Err(error.into()),
        Err(other) => Err(RecordError::Refused(other.to_string()).into()),
    }
}

/// What waited, and the number that a trace knows it by; 0 without a trace.
fn parted(payload: &[u8], traced: bool) -> (&[u8], Id) {
    match payload.split_last_chunk() {
        Some((payload, id)) if traced => (payload, Id::from_le_bytes(*id)),
        _ => (payload, 0),
    }
}

/// The record of a result; `None` if the state makes no sense.
fn result(plan: &Plan, time: i64, left: &[u8], right: Option<&[u8]>) -> Option<Record> {
    let mut record = payload::read(left)?;
    if let Some(partner) = &plan.partner {
        let value = record.value.take()?;
        let members = Members::of(&value).ok()?;
        record.value = Some(members.with(&partner.member, right.unwrap_or(b"null")));
        record.timestamp = Some(Timestamp::from_nanos(time.into()));
    }
    Some(record)
}
