//! The things in memory, and the way of a command to them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::oneshot;

use super::command::{Act, Command};
use super::declaration::{Declared, Resource};
use super::state::{Outcome, State};

/// Where commands are kept in one order for all replicas. Who reads it hands every command to [`Resources::obey`], from
/// the first one on.
#[async_trait]
pub trait Log: Send + Sync {
    /// Appends a command; it is safe when this returns.
    ///
    /// # Errors
    /// It may not have been kept.
    async fn append(&self, command: Bytes) -> Result<(), LogError>;
}

/// The log is not to be had.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct LogError(pub String);

/// Resources, and who waits for changes of them.
pub struct Resources {
    state: RwLock<State>,
    log: Option<Arc<dyn Log>>,
    /// Requests whose commands are in the log.
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    /// Who appends: part of the ids of commands, so that those of two replicas differ.
    replica: String,
    commands: AtomicU64,
    patience: Duration,
}

impl Resources {
    /// Resources in the memory of this process alone, or those of a log; `replica` tells this reader of the log from others.
    ///
    /// # Errors
    /// What is declared makes no sense.
    pub fn new(
        resources: Vec<Resource>,
        log: Option<Arc<dyn Log>>,
        replica: String,
    ) -> Result<Self, Declared> {
        Ok(Self {
            state: RwLock::new(State::new(resources)?),
            log,
            waiting: Mutex::default(),
            replica,
            commands: AtomicU64::new(0),
            patience: Duration::from_secs(10),
        })
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<String, oneshot::Sender<Outcome>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a command obeyed, once it is in the log if there is one.
    pub(super) async fn submit(&self, resource: &str, act: Act) -> Result<Outcome, LogError> {
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let command = Command {
            id: format!("{}-{number}", self.replica),
            resource: resource.to_owned(),
            act,
        };
        let Some(log) = &self.log else {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            return Ok(state.apply(&command));
        };
        let (tell, told) = oneshot::channel();
        self.waiting().insert(command.id.clone(), tell);
        let text = serde_json::to_vec(&command).map_err(|error| LogError(error.to_string()))?;
        let appended = async {
            log.append(text.into()).await?;
            told.await
                .map_err(|_| LogError("nobody reads the log".to_owned()))
        };
        let result = tokio::time::timeout(self.patience, appended).await;
        self.waiting().remove(&command.id);
        let late = |_| LogError(format!("no answer within {} s", self.patience.as_secs()));
        result.map_err(late)?
    }

    /// Obeys a command from the log, and tells the request that waits for it. Answers whether it was a command.
    pub fn obey(&self, text: &[u8]) -> bool {
        let Ok(command) = serde_json::from_slice::<Command>(text) else {
            return false;
        };
        let outcome = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.apply(&command)
        };
        if let Some(tell) = self.waiting().remove(&command.id) {
            // A request that has gone away needs no answer.
            let _ = tell.send(outcome);
        }
        true
    }
}
