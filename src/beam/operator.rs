//! A pipeline's records out to Beam and its results back, as the step that remembers in their place.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use ssectl_adapter::{Record, Timestamp};

use super::runner::Call;
use crate::engine::{Arrival, Emitter, Fate, Operator, OperatorError, RecordError};

/// Keeps all records in a file; at the end of the input the program reads it, and what it wrote comes out.
pub(super) struct Outside {
    records: BufWriter<File>,
    call: Call,
}

/// A result as `ssectl_beam.py` writes it.
#[derive(Deserialize)]
struct Line<'a> {
    key: Option<String>,
    time_ns: Option<i128>,
    #[serde(borrow)]
    value: &'a RawValue,
}

impl Outside {
    pub(super) fn new(call: Call) -> io::Result<Self> {
        let records = BufWriter::new(File::create(&call.input)?);
        Ok(Self { records, call })
    }

    fn results(&self, out: &mut Emitter) -> io::Result<()> {
        let mut files: Vec<PathBuf> = fs::read_dir(&self.call.output)?
            .map(|file| Ok(file?.path()))
            .collect::<io::Result<_>>()?;
        files.sort();
        for file in files {
            for line in BufReader::new(File::open(file)?).lines() {
                out.push(record(&line?)?);
            }
        }
        Ok(())
    }
}

impl Operator for Outside {
    fn record(
        &mut self,
        record: &Record,
        _: Arrival,
        _: &mut Emitter,
    ) -> Result<Fate, OperatorError> {
        let line = record.value.as_deref().unwrap_or(b"null");
        self.records
            .write_all(line)
            .and_then(|()| self.records.write_all(b"\n"))
            .map_err(refused)?;
        Ok(Fate::Used)
    }

    fn end(&mut self, out: &mut Emitter) -> Result<(), OperatorError> {
        self.records.flush().map_err(refused)?;
        // It takes seconds, and the emulator may live in this process.
        tokio::task::block_in_place(|| self.call.run()).map_err(refused)?;
        self.results(out).map_err(refused)
    }
}

fn record(line: &str) -> io::Result<Record> {
    let line: Line<'_> = serde_json::from_str(line)?;
    Ok(Record {
        key: line.key.map(Bytes::from),
        value: Some(Bytes::copy_from_slice(line.value.get().as_bytes())),
        timestamp: line.time_ns.map(Timestamp::from_nanos),
        ..Record::default()
    })
}

fn refused(error: impl std::fmt::Display) -> OperatorError {
    OperatorError::Record(RecordError::Refused(error.to_string()))
}
