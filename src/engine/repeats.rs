//! Records that come again, known by their ids.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use ssectl_adapter::{Batch, Error, ErrorKind, Fault, ID_HEADER, Record};

use super::steps::{Encoding, eval};
use crate::expr::{Outputs, Program};

/// So many ids are remembered; a record that comes again later than that is not recognised. At 16 bytes each and their
/// index that is about 60 MB at most.
const REMEMBERED: usize = 1_000_000;

/// Tells records that were read before from new ones by an id: the first result of a program, or a header. A record
/// without an id, where the program gives nothing or `null`, is always new.
///
/// The ids live as long as the process: what comes again after a crash is not recognised.
pub struct Repeats {
    by: By,
    seen: Seen,
}

/// Where the id of a record is.
enum By {
    Program {
        id: Program,
        encoding: Encoding,
        outputs: Outputs,
    },
    /// In [`ID_HEADER`].
    Header,
}

impl Repeats {
    /// `encoding` is what the bytes of the records are.
    pub fn new(id: Program, encoding: Encoding) -> Self {
        Self {
            by: By::Program {
                id,
                encoding,
                outputs: Outputs::default(),
            },
            seen: Seen::default(),
        }
    }

    /// By the ids that pipelines give to their results; see [`Ids`](super::Ids).
    pub fn by_header() -> Self {
        Self {
            by: By::Header,
            seen: Seen::default(),
        }
    }

    /// The same without what it has seen: for a read that goes back.
    pub(super) fn renewed(&self) -> Self {
        let by = match &self.by {
            By::Program { id, encoding, .. } => By::Program {
                id: id.clone(),
                encoding: *encoding,
                outputs: Outputs::default(),
            },
            By::Header => By::Header,
        };
        Self {
            by,
            seen: Seen::default(),
        }
    }

    /// Whether a record with the same id came before.
    ///
    /// # Errors
    /// The program fails on the record.
    pub fn is_repeated(&mut self, record: &Record) -> Result<bool, Error> {
        let (id, encoding, outputs) = match &mut self.by {
            By::Program {
                id,
                encoding,
                outputs,
            } => (id, *encoding, outputs),
            By::Header => {
                let header = record.headers.iter().find(|(name, _)| name == ID_HEADER);
                let id = header.and_then(|(_, value)| value.as_deref());
                return Ok(id.is_some_and(|id| !self.seen.insert(id)));
            }
        };
        outputs.clear();
        eval(record, encoding, |input| id.eval(input, outputs))
            .map_err(|error| Error::new(ErrorKind::Data, format!("the id of a record: {error}")))?;
        let id = outputs.get(0).filter(|output| !output.is_null());
        Ok(id.is_some_and(|id| !self.seen.insert(id.json())))
    }

    /// Takes repeated records out of a batch and returns how many; one whose id cannot be told becomes a fault.
    pub(super) fn take_out(&mut self, batch: &mut Batch) -> usize {
        let count = batch.records.len();
        let mut faults = std::mem::take(&mut batch.faults).into_iter().peekable();
        let mut kept = Vec::with_capacity(count);
        let mut repeated = 0;
        for (index, record) in std::mem::take(&mut batch.records).into_iter().enumerate() {
            while let Some(fault) = faults.next_if(|fault| fault.index <= index) {
                batch.faults.push(at(kept.len(), fault));
            }
            match self.is_repeated(&record) {
                Ok(true) => repeated += 1,
                Ok(false) => kept.push(record),
                Err(error) => batch.faults.push(Fault {
                    origin: record.origin,
                    index: kept.len(),
                    raw: record.value,
                    cut_from: None,
                    error,
                }),
            }
        }
        batch
            .faults
            .extend(faults.map(|fault| at(kept.len(), fault)));
        batch.records = kept;
        repeated
    }
}

fn at(index: usize, fault: Fault) -> Fault {
    Fault { index, ..fault }
}

/// The last ids, as hashes of 128 bits.
#[derive(Default)]
struct Seen {
    hashers: (RandomState, RandomState),
    ids: HashSet<u128>,
    /// The same in the order they came.
    order: VecDeque<u128>,
}

impl Seen {
    /// Adds an id; false if it is there.
    fn insert(&mut self, id: &[u8]) -> bool {
        let (high, low) = (self.hashers.0.hash_one(id), self.hashers.1.hash_one(id));
        let hash = u128::from(high) << 64 | u128::from(low);
        if !self.ids.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use ssectl_adapter::Origin;

    use super::*;
    use crate::expr::Options;

    fn repeats(program: &str) -> Repeats {
        let program = Program::compile("id", program, &Options::default()).unwrap();
        Repeats::new(program, Encoding::Json)
    }

    fn batch(values: &[&'static str]) -> Batch {
        Batch {
            records: values
                .iter()
                .map(|value| Record::from_value(*value))
                .collect(),
            ..Batch::default()
        }
    }

    fn values(batch: &Batch) -> Vec<String> {
        let text =
            |record: &Record| String::from_utf8_lossy(record.value.as_deref().unwrap()).into();
        batch.records.iter().map(text).collect()
    }

    #[test]
    fn what_comes_again_is_taken_out_across_batches() {
        let mut repeats = repeats(".id");
        let mut first = batch(&[r#"{"id":1}"#, r#"{"id":2}"#, r#"{"id":1,"x":0}"#]);
        assert_eq!(repeats.take_out(&mut first), 1);
        assert_eq!(values(&first), [r#"{"id":1}"#, r#"{"id":2}"#]);
        let mut second = batch(&[r#"{"id":"1"}"#, r#"{"id":2}"#]);
        assert_eq!(repeats.take_out(&mut second), 1);
        assert_eq!(values(&second), [r#"{"id":"1"}"#]);
    }

    #[test]
    fn without_an_id_every_record_is_new() {
        let mut repeats = repeats(".id");
        let mut batch = batch(&["{}", "{}", r#"{"id":null}"#]);
        assert_eq!(repeats.take_out(&mut batch), 0);
        assert_eq!(batch.records.len(), 3);
    }

    #[test]
    fn a_header_tells_as_well() {
        let identified = |id: &'static str, value: &'static str| Record {
            headers: vec![(ID_HEADER.to_owned(), Some(id.into()))],
            ..Record::from_value(value)
        };
        let mut batch = Batch {
            records: vec![
                identified("1", "one"),
                Record::from_value("none"),
                identified("1", "torn {"),
                Record::from_value("none"),
                identified("2", "two"),
            ],
            ..Batch::default()
        };
        assert_eq!(Repeats::by_header().take_out(&mut batch), 1);
        assert_eq!(values(&batch), ["one", "none", "none", "two"]);
    }

    #[test]
    fn faults_keep_their_places_and_new_ones_stand_where_the_record_was() {
        let mut repeats = repeats(".id");
        let mut batch = batch(&[r#"{"id":1}"#, r#"{"id":1}"#, "torn", r#"{"id":2}"#]);
        let fault = |index| Fault {
            origin: Origin::default(),
            index,
            raw: None,
            cut_from: None,
            error: Error::new(ErrorKind::Data, "x"),
        };
        batch.faults = vec![fault(2), fault(4)];
        assert_eq!(repeats.take_out(&mut batch), 1);
        assert_eq!(values(&batch), [r#"{"id":1}"#, r#"{"id":2}"#]);
        let at: Vec<_> = batch.faults.iter().map(|fault| fault.index).collect();
        assert_eq!(at, [1, 1, 2]);
        assert!(
            batch.faults[1]
                .error
                .to_string()
                .contains("the id of a record")
        );
    }
}
