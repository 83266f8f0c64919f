//! The ends of a pipeline whose commits are one, so that they can be opened again after a rollback.

use std::collections::BTreeMap;
use std::sync::Arc;

use ssectl_adapter::{
    Error, ErrorKind, Result, Sink, SinkSpec, Source, SourceSpec, Target, Transactional,
};

use super::pipeline::OnError;

/// What is opened in one go; see [`Target::transactional`].
#[derive(Clone)]
pub struct Together {
    /// Where all of it is.
    pub target: Arc<dyn Target>,
    /// What is read.
    pub source: SourceSpec,
    /// What is written: the results, and the dead letters if they are kept.
    pub sinks: Vec<SinkSpec>,
    /// Whether bad records are left out, where they are not kept.
    pub skips: bool,
}

/// The open ends.
pub struct Ends {
    /// What is read.
    pub source: Box<dyn Source>,
    /// Where the results go.
    pub sink: Box<dyn Sink>,
    /// Where bad records go.
    pub on_error: OnError,
}

impl Together {
    /// Opens source and sinks where the last commit left them.
    ///
    /// # Errors
    /// Those of [`Target::transactional`].
    pub async fn open(&self) -> Result<Ends> {
        let (source, sinks) = self.ready().await?.open(&BTreeMap::new()).await?;
        self.ends(source, sinks)
    }

    /// Fences whoever had them open before.
    ///
    /// # Errors
    /// Those of [`Target::transactional`].
    pub async fn ready(&self) -> Result<Box<dyn Transactional>> {
        self.target.transactional(&self.source, &self.sinks).await
    }

    /// What was opened, by what it is for.
    ///
    /// # Errors
    /// There is no sink.
    pub fn ends(&self, source: Box<dyn Source>, sinks: Vec<Box<dyn Sink>>) -> Result<Ends> {
        let mut sinks = sinks.into_iter();
        let missing = || Error::new(ErrorKind::Other, "the target opened no sink");
        Ok(Ends {
            source,
            sink: sinks.next().ok_or_else(missing)?,
            on_error: match (sinks.next(), self.skips) {
                (Some(letters), _) => OnError::DeadLetter(letters),
                (None, true) => OnError::Skip,
                (None, false) => OnError::Fail,
            },
        })
    }
}
