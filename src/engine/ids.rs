//! Ids of results: a result that is made again after a crash has the id that it had.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use ssectl_adapter::{Error, ErrorKind, ID_HEADER, Position, Record};

use super::error::{PipelineError, RecordError};
use super::steps::{Encoding, eval};
use crate::expr::{Outputs, Program};

/// Bytes of a hash that make an id: as many as those of a UUID, so that no two of any number of records are the same.
const BYTES: usize = 16;

/// Gives results their ids, in the header [`ID_HEADER`].
pub struct Ids {
    from: From,
}

/// What an id is made of.
enum From {
    /// The record that the result came from: who made it, where the record stands, and which of its results it is.
    Origin,
    /// The first result of a program.
    Program {
        program: Program,
        encoding: Encoding,
        outputs: Outputs,
    },
}

impl Ids {
    /// By where the records stand that the results come from.
    pub fn of_origins() -> Self {
        Self { from: From::Origin }
    }

    /// By the first result of a program on the result, whose bytes are `encoding`. Where that is nothing or `null`, there
    /// is no id.
    pub fn of_program(program: Program, encoding: Encoding) -> Self {
        Self {
            from: From::Program {
                program,
                encoding,
                outputs: Outputs::default(),
            },
        }
    }

    /// Gives each result its id instead of one that its record had. `sources` says which records they came from; results
    /// of one record are neighbours.
    pub(super) fn give(
        &mut self,
        pipeline: &str,
        sources: &[Option<usize>],
        results: &mut [Record],
    ) -> Result<(), PipelineError> {
        let mut before: Option<usize> = None;
        let mut index = 0_u64;
        for (source, result) in sources.iter().zip(results) {
            index = match source.is_some() && *source == before {
                true => index + 1,
                false => 0,
            };
            before = *source;
            let id = match &mut self.from {
                From::Origin => of_origin(pipeline, result, index).map(Some),
                From::Program {
                    program,
                    encoding,
                    outputs,
                } => of_program(program, *encoding, outputs, result),
            };
            let id = id.map_err(|error| PipelineError::Record {
                origin: Box::new(result.origin.clone()),
                error,
            })?;
            result.headers.retain(|(name, _)| name != ID_HEADER);
            let header = id.map(|id| (ID_HEADER.to_owned(), Some(id)));
            result.headers.extend(header);
        }
        Ok(())
    }
}

fn of_origin(pipeline: &str, result: &Record, index: u64) -> Result<Bytes, RecordError> {
    let origin = &result.origin;
    if origin.position == Position::None {
        let message =
            "the record stands nowhere, so its results have no id that they would have again";
        return Err(Error::new(ErrorKind::Unsupported, message)
            .hint("give the stream that is written an `id`")
            .into());
    }
    let position = origin.position.to_string();
    let index = index.to_string();
    let place = [
        pipeline,
        &*origin.stream,
        origin.partition.as_str(),
        &position,
        &index,
    ];
    Ok(hashed(place.map(str::as_bytes)))
}

fn of_program(
    program: &Program,
    encoding: Encoding,
    outputs: &mut Outputs,
    result: &Record,
) -> Result<Option<Bytes>, RecordError> {
    outputs.clear();
    eval(result, encoding, |input| program.eval(input, outputs))?;
    let id = outputs.get(0).filter(|output| !output.is_null());
    Ok(id.map(|id| hashed([id.json()])))
}

/// The first bytes of the SHA-256 of the parts, each behind its length, in hexadecimal digits.
fn hashed<const N: usize>(parts: [&[u8]; N]) -> Bytes {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = String::with_capacity(2 * BYTES);
    for byte in &hash.finalize()[..BYTES] {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use ssectl_adapter::{Origin, Partition};

    use super::*;
    use crate::expr::Options;

    fn record(partition: &str, offset: i64) -> Record {
        Record {
            origin: Origin {
                stream: "orders".into(),
                partition: Partition::from(partition),
                position: Position::Offset(offset),
            },
            ..Record::from_value(r#"{"n":1}"#)
        }
    }

    fn given(ids: &mut Ids, pipeline: &str, results: &[(usize, Record)]) -> Vec<String> {
        let sources: Vec<_> = results.iter().map(|(source, _)| Some(*source)).collect();
        let mut records: Vec<_> = results.iter().map(|(_, record)| record.clone()).collect();
        ids.give(pipeline, &sources, &mut records).unwrap();
        let id = |record: &Record| {
            assert_eq!(record.headers.len(), 1, "{record:?}");
            let id = record.headers[0].1.clone().unwrap();
            String::from_utf8(id.to_vec()).unwrap()
        };
        records.iter().map(id).collect()
    }

    #[test]
    fn an_id_is_of_the_place_and_the_result_whatever_the_batch() {
        let mut ids = Ids::of_origins();
        let (one, other) = (record("0", 7), record("1", 7));
        let mut old = record("0", 8);
        old.headers = vec![(ID_HEADER.to_owned(), Some("of another".into()))];
        let all = [
            (0, one.clone()),
            (0, one.clone()),
            (1, other.clone()),
            (2, old.clone()),
        ];
        let first = given(&mut ids, "p", &all);
        let distinct: BTreeSet<_> = first.iter().collect();
        assert_eq!(distinct.len(), 4, "{first:?}");
        assert!(first.iter().all(|id| id.len() == 32));
        let again = given(
            &mut ids,
            "p",
            &[(3, other), (4, old), (5, one.clone()), (5, one.clone())],
        );
        assert_eq!([&first[2..], &first[..2]].concat(), again);
        assert_ne!(given(&mut ids, "q", &[(0, one)])[0], first[0]);
    }

    #[test]
    fn an_id_never_changes_between_versions() {
        let ids = given(&mut Ids::of_origins(), "shout", &[(0, record("0", 7))]);
        assert_eq!(ids, ["784afa8a06b5a0e5fb5a68e6fd7e3f55"]);
    }

    #[test]
    fn a_program_tells_the_id_from_the_result_alone() {
        let program = |text: &str| Program::compile("id", text, &Options::default()).unwrap();
        let mut ids = Ids::of_program(program(".n"), Encoding::Json);
        let found = given(&mut ids, "p", &[(0, record("0", 1)), (1, record("1", 9))]);
        assert_eq!(found[0], found[1]);
        let mut none = [record("0", 1)];
        let mut ids = Ids::of_program(program(".missing"), Encoding::Json);
        ids.give("p", &[Some(0)], &mut none).unwrap();
        assert!(none[0].headers.is_empty());
    }

    #[test]
    fn what_stands_nowhere_has_no_id() {
        let mut results = [Record::from_value("1")];
        let refused = Ids::of_origins().give("p", &[Some(0)], &mut results);
        assert!(refused.is_err());
    }
}
