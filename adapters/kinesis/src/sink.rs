//! Writing a stream: one lane per shard, requests packed to the limits, keys in their order.

mod pace;
mod pack;
mod route;

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry as Entry;
use futures::{StreamExt, stream};
use ssectl_adapter::{Error, ErrorKind, Record, Rejected, Result, Sink, Written};

use crate::client::Stream;
use crate::config::KinesisConfig;
use crate::envelope::Encoder;
use crate::error::{entry, is_throttling, request};
use pace::Pace;
use pack::{Outgoing, pack};
use route::Routes;

/// An open write to one stream.
pub(crate) struct KinesisSink {
    stream: Stream,
    requests: usize,
    strict_order: bool,
    encoder: Encoder,
    routes: Routes,
}

impl KinesisSink {
    pub(crate) async fn open(stream: Stream, config: &KinesisConfig) -> Result<Self> {
        Ok(Self {
            routes: Routes::find(&stream).await?,
            stream,
            requests: config.requests.into(),
            strict_order: config.strict_order,
            encoder: Encoder::new(config),
        })
    }

    /// What is to be put for a record, or why the stream will never take it.
    fn outgoing(&mut self, index: usize, record: &Record) -> Result<Outgoing, Rejected> {
        let encoded = match self.encoder.encode(record) {
            Ok(encoded) => encoded,
            Err(error) => {
                return Err(Rejected {
                    index,
                    error: error.with("stream", &self.stream.name),
                });
            }
        };
        if encoded.size() > self.stream.largest {
            let message = format!(
                "the record has {} bytes with its partition key, the stream takes {}",
                encoded.size(),
                self.stream.largest
            );
            let error = Error::new(ErrorKind::TooLarge, message).with("stream", &self.stream.name);
            return Err(Rejected { index, error });
        }
        let ordered = record.key.as_ref().is_some_and(|key| !key.is_empty());
        Ok(Outgoing {
            index,
            encoded,
            ordered,
        })
    }
}

/// How the requests of one shard went.
#[derive(Default)]
struct Lane {
    rejected: Vec<Rejected>,
    taken: usize,
    /// The request that failed as a whole, which ends the lane.
    failed: Option<Error>,
    /// A record went to another shard than the one that was expected.
    moved: bool,
    /// Keys of which a record was refused for now: what follows would overtake it.
    stopped: HashSet<String>,
}

impl Lane {
    /// Sends requests one after another.
    async fn send(
        stream: &Stream,
        shard: &str,
        pace: &mut Pace,
        requests: Vec<Vec<Outgoing>>,
    ) -> Self {
        let mut lane = Self::default();
        for batch in requests {
            let batch = lane.hold_back(batch);
            if batch.is_empty() {
                continue;
            }
            if lane.failed.is_some() {
                lane.refuse(&batch, || waits("the request before it failed"));
                continue;
            }
            pace.admit(batch.len(), batch.iter().map(|o| o.encoded.size()).sum())
                .await;
            match put(stream, &batch).await {
                Ok(answer) => lane.take(shard, pace, &batch, &answer),
                Err(error) => {
                    lane.refuse(&batch, || {
                        Error::new(error.kind(), error.to_string()).temporary()
                    });
                    lane.failed = Some(error);
                }
            }
        }
        lane
    }

    /// Refuses what must not overtake; gives the rest back.
    fn hold_back(&mut self, batch: Vec<Outgoing>) -> Vec<Outgoing> {
        let waiting = |outgoing: &Outgoing| {
            outgoing.ordered && self.stopped.contains(&outgoing.encoded.partition_key)
        };
        let (held, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(waiting);
        self.refuse(&held, || {
            waits("an earlier record of its key was refused for now")
        });
        batch
    }

    fn refuse(&mut self, batch: &[Outgoing], error: impl Fn() -> Error) {
        self.rejected.extend(batch.iter().map(|outgoing| Rejected {
            index: outgoing.index,
            error: error(),
        }));
    }

    /// Notes which records of a request were refused.
    fn take(
        &mut self,
        shard: &str,
        pace: &mut Pace,
        batch: &[Outgoing],
        answer: &PutRecordsOutput,
    ) {
        for (outgoing, result) in batch.iter().zip(answer.records()) {
            let Some(code) = result.error_code() else {
                self.taken += 1;
                self.moved |= !shard.is_empty() && result.shard_id().is_some_and(|id| id != shard);
                continue;
            };
            if is_throttling(code) {
                pace.throttled();
            }
            let error = entry(code, result.error_message()).with("shard", shard);
            if error.is_temporary() && outgoing.ordered {
                self.stopped.insert(outgoing.encoded.partition_key.clone());
            }
            self.rejected.push(Rejected {
                index: outgoing.index,
                error,
            });
        }
    }
}

fn waits(why: &str) -> Error {
    Error::new(ErrorKind::Unavailable, why).temporary()
}

/// One request.
async fn put(stream: &Stream, batch: &[Outgoing]) -> Result<PutRecordsOutput> {
    let entries = batch.iter().map(|Outgoing { encoded, .. }| {
        Entry::builder()
            .partition_key(&encoded.partition_key)
            .set_explicit_hash_key(encoded.explicit_hash_key.map(|number| number.to_string()))
            .data(Blob::new(&encoded.data[..]))
            .build()
            .expect("key and data are there, and nothing else is required")
    });
    let (name, arn) = stream.names();
    let asked = stream
        .client
        .put_records()
        .set_stream_name(name)
        .set_stream_arn(arn);
    let answer = asked.set_records(Some(entries.collect())).send().await;
    let answer =
        answer.map_err(|error| request("putting records", error).with("stream", &stream.name))?;
    if answer.records().len() != batch.len() {
        let message = format!(
            "{} records were put and {} answered",
            batch.len(),
            answer.records().len()
        );
        return Err(Error::new(ErrorKind::Other, message).with("stream", &stream.name));
    }
    Ok(answer)
}

#[async_trait]
impl Sink for KinesisSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut rejected = Vec::new();
        let mut outgoing = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            match self.outgoing(index, record) {
                Ok(message) => outgoing.push(message),
                Err(refused) => rejected.push(refused),
            }
        }
        self.routes.refresh(&self.stream).await?;
        let (to, strict) = (&self.stream, self.strict_order);
        let lanes = self.routes.divide(outgoing);
        let lanes = lanes
            .map(|(shard, pace, outgoing)| Lane::send(to, shard, pace, pack(outgoing, strict)));
        let lanes = stream::iter(lanes.collect::<Vec<_>>()).buffer_unordered(self.requests);
        let lanes: Vec<Lane> = lanes.collect().await;
        let taken: usize = lanes.iter().map(|lane| lane.taken).sum();
        let moved = lanes.iter().any(|lane| lane.moved);
        for lane in lanes {
            match lane.failed {
                Some(error) if !error.is_temporary() || taken == 0 => return Err(error),
                _ => rejected.extend(lane.rejected),
            }
        }
        if moved {
            self.routes.forget();
        }
        rejected.sort_unstable_by_key(|refused| refused.index);
        Ok(Written { rejected })
    }

    /// A write that was answered is in the stream.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
