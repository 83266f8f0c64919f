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
                let (service, name) = (self.service.clone(), self.name.clone());
                let ask = async move { subscription::get(&service, &name).await.map(|_| ()) };
                self.question.insert(tokio::spawn(ask))
            }
        };
        let answer = question.await;
        self.question = None;
        match answer {
            // Who may only consume cannot ask, but is answered.
            Ok(Err(error)) if error.kind() != ErrorKind::Permission => Err(error),
            _ => {
                self.silence.answered();
                Ok(())
            }
        }
    }
}
