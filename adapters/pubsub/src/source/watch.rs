//! Asking the service whether a silent subscription is still there, and what its silence means.

use std::sync::Arc;

use ssectl_adapter::{ErrorKind, Result};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::end::Silence;
use crate::service::Service;
use crate::subscription;

/// Watches over one subscription. The client's stream would wait for a lost service for ever, and say nothing.
pub(super) struct Watch {
    service: Arc<Service>,
    name: String,
    pub(super) silence: Silence,
    question: Option<JoinHandle<Result<()>>>,
}

impl Watch {
    pub(super) fn start(service: &Arc<Service>, name: &str) -> Self {
        Self {
            service: service.clone(),
            name: name.to_owned(),
            silence: Silence::since(Instant::now(), !service.config.data_only),
            question: None,
        }
    }

    /// Asks when it is time to, and takes the answer: an error when the subscription is gone or nobody answers. Cancel-safe,
    /// because the question is a task of its own.
    pub(super) async fn next(&mut self) -> Result<()> {
        let question = match &mut self.question {
            Some(question) => question,
            None => {
                match self.silence.asks_at() {
                    None => std::future::pending().await,
                    Some(at) => sleep_until(at).await,
                }
                self.silence.asking(Instant::now());
                let asked = ask(self.service.clone(), self.name.clone());
                self.question.insert(tokio::spawn(asked))
            }
        };
        let answer = question.await;
        self.question = None;
        // A question that was not asked to its end has no answer.
        answer.unwrap_or(Ok(()))?;
        self.silence.answered();
        Ok(())
    }

    /// Waits until the service answers; at once where it cannot be asked.
    pub(super) async fn answer(&mut self) -> Result<()> {
        self.question = None;
        match self.service.config.data_only {
            true => Ok(()),
            false => ask(self.service.clone(), self.name.clone()).await,
        }
    }
}

/// An error when the subscription is gone, or nobody answers.
async fn ask(service: Arc<Service>, name: String) -> Result<()> {
    match subscription::get(&service, &name).await {
        // Who may only consume cannot ask, but is answered.
        Err(error) if error.kind() != ErrorKind::Permission => Err(error),
        _ => Ok(()),
    }
}
