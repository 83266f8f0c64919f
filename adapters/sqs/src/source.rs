//! Reading a queue: messages are leased while they are worked on, and deleted by `commit`.

mod end;
mod keeper;
mod leases;
mod receive;

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{
    Batch, Bound, Commit, Error, ErrorKind, Fault, Fetched, Limit, Range, Receipt, Record, Result,
    Source, SourceSpec,
};
use tokio::time::{Instant, timeout_at};

use crate::client::Queue;
use crate::config::SqsConfig;
use end::{Silence, Verdict};
use keeper::Keeper;
use receive::{Received, Receiver};

/// An open read of one queue.
pub(crate) struct SqsSource {
    queue: Queue,
    receiver: Receiver,
    keeper: Keeper,
    /// Received and not yet handed over.
    ready: VecDeque<Received>,
    /// Whether `commit` deletes.
    deletes: bool,
    /// What is known of the end, once the read is bounded.
    silence: Option<Silence>,
    patience: Duration,
    ended: bool,
}

impl SqsSource {
    pub(crate) async fn open(queue: Queue, config: &SqsConfig, spec: &SourceSpec) -> Result<Self> {
        if let Some(partition) = spec.partitions.iter().find(|name| !name.is_empty()) {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("a queue has no partitions, and so none named `{partition}`"),
            ));
        }
        let bounded = check(&queue, &spec.range).await?;
        let keeper = Keeper::start(queue.clone(), config);
        let receiver = Receiver::new(queue.clone(), keeper.leases(), config);
        let mut source = Self {
            queue,
            receiver,
            keeper,
            ready: VecDeque::new(),
            deletes: spec.group.is_some() || config.consume,
            silence: None,
            patience: config.visibility_timeout.as_duration() + Duration::from_secs(5),
            ended: false,
        };
        if bounded {
            source.bound_now();
        }
        Ok(source)
    }

    fn bound_now(&mut self) {
        if self.silence.is_none() {
            self.receiver.hurry();
            self.silence = Some(Silence::since(Instant::now()));
        }
    }

    /// Takes what a request brought.
    fn take(&mut self, messages: Vec<Received>, counts: bool) {
        if let Some(silence) = &mut self.silence
            && (counts || !messages.is_empty())
        {
            silence.heard(messages.len(), Instant::now());
        }
        self.ready.extend(messages);
    }

    /// Whether a silent read is at its end. Asks the queue how much it holds.
    async fn at_end(&mut self) -> Result<bool> {
        let Some(silence) = self
            .silence
            .as_mut()
            .filter(|silence| silence.wants_depth())
        else {
            return Ok(false);
        };
        let depth = self.queue.depth().await?;
        silence.has_depth();
        let ours = self.keeper.leases().len();
        match silence.verdict(depth, ours, Instant::now(), self.patience) {
            Verdict::GoesOn => Ok(false),
            Verdict::Empty => Ok(true),
            // The first messages of a group, while they are leased, hold back those behind them.
            Verdict::Withheld
                if self.queue.fifo && !self.deletes && ours > 0 && depth.visible > 0 =>
            {
                Err(self.held_back(depth.visible))
            }
            Verdict::Withheld => Ok(true),
        }
    }

    fn held_back(&self, count: u64) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("{count} messages wait behind those that were read, in the same message groups"),
        )
        .with("queue", &self.queue.name)
        .hint(
            "a FIFO queue gives the next messages of a group when the first ones are deleted: read as a \
             `--group`, or set the option `consume`",
        )
    }

    fn batch(&mut self, limit: Limit) -> Batch {
        let mut batch = Batch::default();
        let (mut bytes, mut receipts) = (0, Vec::new());
        while let Some(next) = self.ready.front() {
            let count = batch.records.len() + batch.faults.len();
            let size = next.record.as_ref().map_or(0, Record::size);
            if count > 0 && (count >= limit.records || bytes + size > limit.bytes) {
                break;
            }
            bytes += size;
            let Some(next) = self.ready.pop_front() else {
                break;
            };
            receipts.push(Receipt(next.receipt));
            match next.record {
                Ok(record) => batch.records.push(record),
                Err((origin, raw, error)) => batch.faults.push(Fault {
                    origin,
                    index: batch.records.len(),
                    raw: Some(raw),
                    cut_from: None,
                    error,
                }),
            }
        }
        if self.deletes {
            batch.commit = Commit::Receipts(receipts);
        }
        batch
    }
}

/// Whether the range has an end. A queue can be read from its start and to its end only.
async fn check(queue: &Queue, range: &Range) -> Result<bool> {
    let unsupported =
        |what: String| Err(Error::new(ErrorKind::Unsupported, what).with("queue", &queue.name));
    match &range.from {
        Bound::Start | Bound::Stored => {}
        // Nothing to skip: the same as from the start.
        Bound::End => {
            let depth = queue.depth().await?;
            let held = depth.visible + depth.in_flight + depth.delayed;
            if held > 0 {
                let what =
                    format!("it holds {held} messages, and a queue cannot be read from its end");
                return Err(Error::new(ErrorKind::Unsupported, what)
                    .with("queue", &queue.name)
                    .hint("empty it first (`aws sqs purge-queue`), or read from `start`"));
            }
        }
        other => {
            return unsupported(format!(
                "a queue cannot be read from `{other}`, only from `start`"
            ));
        }
    }
    match &range.to {
        None => Ok(false),
        Some(Bound::End) => Ok(true),
        Some(other) => unsupported(format!(
            "a queue cannot be read to `{other}`, only to `end`"
        )),
    }
}

#[async_trait]
impl Source for SqsSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let deadline = Instant::now() + limit.wait;
        loop {
            if self.ended {
                return Ok(Fetched::End);
            }
            while let Some(done) = self.receiver.finished() {
                let (messages, counts) = done?;
                self.take(messages, counts);
            }
            self.receiver.ask(self.ready.len());
            if !self.ready.is_empty() {
                return Ok(Fetched::Batch(self.batch(limit)));
            }
            if self.at_end().await? {
                self.ended = true;
                continue;
            }
            let Ok(done) = timeout_at(deadline, self.receiver.next()).await else {
                return Ok(Fetched::Idle);
            };
            let (messages, counts) = done?;
            self.take(messages, counts);
        }
    }

    /// Only silence shows the end of a queue; see `end.rs`.
    async fn bound(&mut self) -> Result<()> {
        self.bound_now();
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        match commit {
            Commit::Receipts(receipts) if self.deletes => self.keeper.delete(receipts).await,
            _ => Ok(()),
        }
    }

    async fn release(&mut self, receipts: &[Receipt]) -> Result<()> {
        let receipts = receipts.iter().map(|receipt| receipt.0.clone()).collect();
        self.keeper.release(receipts).await
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        self.receiver.finish().await;
        self.keeper.close().await
    }
}
