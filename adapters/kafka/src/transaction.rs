//! Results and the positions of what they were made from, committed together (KIP-98, KIP-447).
//!
//! One producer with a transactional id writes all topics of a pipeline; its source hands over its
//! positions. The id comes from the group and the topic that is read, so whoever does the same
//! again fences the one before, and finds its unfinished transaction aborted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::Producer;
use ssectl_adapter::{Error, ErrorKind, Result, SourceSpec};

use crate::config::{Acks, Isolation, KafkaConfig};
use crate::error::{classify, from_client};
use crate::sink::Link;

/// How long giving up a transaction may take before it is left to the broker, which aborts it when
/// its successor begins or its time is over.
const GIVING_UP: Duration = Duration::from_secs(5);

/// The transactions of one pipeline, one after the other.
pub(crate) struct Transactions {
    link: Link,
    id: String,
    patience: Duration,
    stage: Mutex<Stage>,
}

/// How far the transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// None was begun.
    Idle,
    /// Records may be written.
    Open,
    /// It has the positions, and was asked to commit: only that can be tried again.
    Committing,
    /// Something went wrong for good.
    Over,
}

/// How a rollback went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Abort {
    /// As far as it could be done here; the broker does the rest when a successor begins.
    Done,
    /// There is a successor.
    Fenced,
}

impl Transactions {
    /// Fences whoever had the id before. Blocks.
    pub(crate) fn start(link: Link, id: String, patience: Duration) -> Result<Self> {
        let transactions = Self {
            link,
            id,
            patience,
            stage: Mutex::new(Stage::Idle),
        };
        let outcome = transactions.link.producer.init_transactions(patience);
        outcome.map_err(|error| transactions.explain("cannot begin transactions", &error))?;
        Ok(transactions)
    }

    /// Begins a transaction unless one is open. Does not block.
    pub(crate) fn ensure(&self) -> Result<()> {
        let mut stage = self.stage();
        match *stage {
            Stage::Open => Ok(()),
            Stage::Idle => {
                let begun = self.link.producer.begin_transaction();
                begun.map_err(|error| self.explain("cannot begin a transaction", &error))?;
                *stage = Stage::Open;
                Ok(())
            }
            Stage::Committing | Stage::Over => {
                Err(self.undone("its transaction was not committed"))
            }
        }
    }

    /// Commits what was written, and the positions if there are any; after a temporary error the
    /// same may be tried again. Blocks.
    pub(crate) fn commit(
        &self,
        positions: Option<(&TopicPartitionList, &ConsumerGroupMetadata)>,
    ) -> Result<()> {
        if positions.is_some() {
            let idle = *self.stage() == Stage::Idle;
            // All records were filtered out: that is to be remembered as well.
            idle.then(|| self.ensure()).transpose()?;
        }
        let mut stage = self.stage();
        if *stage == Stage::Open {
            if let Some((list, member)) = positions {
                let producer = &self.link.producer;
                let sent = producer.send_offsets_to_transaction(list, member, self.patience);
                sent.map_err(|error| self.failed(&mut stage, &error))?;
            }
            *stage = Stage::Committing;
        }
        match *stage {
            Stage::Idle => Ok(()),
            Stage::Over => Err(self.undone("its transaction was not committed")),
            Stage::Open | Stage::Committing => {
                let done = self.link.producer.commit_transaction(self.patience);
                done.map_err(|error| self.failed(&mut stage, &error))?;
                *stage = Stage::Idle;
                Ok(())
            }
        }
    }

    /// Undoes what was written since the last commit, and says why. Blocks.
    pub(crate) fn undo(&self, why: &str) -> Error {
        match self.abort() {
            Abort::Fenced => self.fenced(),
            Abort::Done => self.undone(why),
        }
    }

    /// Undoes what was written since the last commit, as far as the broker can be told. Blocks.
    pub(crate) fn abort(&self) -> Abort {
        let mut stage = self.stage();
        match *stage {
            Stage::Open | Stage::Committing => self.give_up(&mut stage),
            Stage::Idle | Stage::Over => Abort::Done,
        }
    }

    fn give_up(&self, stage: &mut Stage) -> Abort {
        *stage = Stage::Over;
        let Err(error) = self.link.producer.abort_transaction(GIVING_UP) else {
            return Abort::Done;
        };
        log::debug!("giving up a transaction of `{}`: {error}", self.id);
        match error.rdkafka_error_code().is_some_and(is_fenced) {
            true => Abort::Fenced,
            false => Abort::Done,
        }
    }

    /// What an error of the transaction means; one that does not pass ends it.
    fn failed(&self, stage: &mut Stage, error: &KafkaError) -> Error {
        let explained = self.explain("cannot commit results and positions", error);
        if !explained.is_temporary() && self.give_up(stage) == Abort::Fenced {
            return self.fenced();
        }
        explained
    }

    fn explain(&self, what: &str, error: &KafkaError) -> Error {
        let code = error.rdkafka_error_code();
        if code.is_some_and(is_fenced) {
            return self.fenced();
        }
        let message = format!("{what} as `{}`", self.id);
        match error {
            KafkaError::Transaction(inner) if inner.txn_requires_abort() => self
                .undone("the broker refused its transaction")
                .caused_by(inner.string()),
            KafkaError::Transaction(inner) if inner.is_fatal() => {
                Error::new(ErrorKind::Other, message).caused_by(inner.string())
            }
            // The broker has not answered in time: it may have done it.
            KafkaError::Transaction(inner) if inner.is_retriable() => {
                let kind = code.map_or(ErrorKind::Timeout, |code| classify(code).0);
                Error::new(kind, message)
                    .caused_by(inner.string())
                    .temporary()
            }
            other => from_client(message, other),
        }
    }

    /// That somebody else has taken over.
    pub(crate) fn fenced(&self) -> Error {
        let message = format!("another process has taken over `{}`", self.id);
        Error::new(ErrorKind::Other, message).hint(
            "one process at a time may read this topic as this group exactly once; give each of several a `group-instance` of its own",
        )
    }

    fn undone(&self, why: &str) -> Error {
        Error::new(
            ErrorKind::Aborted,
            format!("`{}` was rolled back: {why}", self.id),
        )
        .hint("begun again, it goes on behind what was committed, and nothing shows twice")
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody else has the transactional id or the place in the group.
pub(crate) fn is_fenced(code: Code) -> bool {
    matches!(
        code,
        Code::Fenced
            | Code::ProducerFenced
            | Code::InvalidProducerEpoch
            | Code::FencedInstanceId
            | Code::TransactionCoordinatorFenced
    )
}

/// The transactional id of a read.
pub(crate) fn id(config: &KafkaConfig, spec: &SourceSpec) -> Result<String> {
    let group = spec.group.as_deref();
    let Some(group) = group.or(config.group.as_ref().map(|group| group.as_str())) else {
        return Err(Error::new(
            ErrorKind::Config,
            "exactly-once needs a group: its commits are part of the transaction",
        ));
    };
    let member = config.group_instance.as_ref();
    let member = member.map_or(String::new(), |member| format!("-{}", member.as_str()));
    Ok(format!("ssectl-{group}-{}{member}", spec.stream))
}

/// Options that do not go with transactions.
pub(crate) fn check(config: &KafkaConfig) -> Result<()> {
    let wrong = if config.isolation == Isolation::ReadUncommitted {
        "`isolation: read-uncommitted` shows what is rolled back later"
    } else if config.acks != Acks::All {
        "`acks: 1` may lose what is committed"
    } else if config.idempotence == Some(false) {
        "`idempotence: false` may write twice"
    } else {
        return Ok(());
    };
    let message = format!("exactly-once is not to be had so: {wrong}");
    Err(Error::new(ErrorKind::Config, message).hint("leave the option out"))
}
