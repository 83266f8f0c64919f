//! A thread for Microsoft's client.
//!
//! The AMQP library under the client writes a delivery first and notes afterwards that it waits for its
//! outcome. When another thread reads an outcome between the two, it is lost, and the one who sent waits
//! for ever. There is no point between the two at which a task gives way, so on a single thread nothing
//! can come between. Therefore whatever talks to the service runs here. Requests have an end all the same.

use ssectl_adapter::{Error, ErrorKind, Result};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A runtime of a single thread. When it is dropped its tasks are dropped with it, and their connections
/// are closed.
pub(crate) struct Worker {
    handle: Handle,
    _stop: oneshot::Sender<()>,
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start() -> Result<Self> {
        let failed = |error| Error::from_io("cannot start a thread for Event Hubs", error);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let run = move || {
            // It ends by being dropped, which is no answer.
            runtime.block_on(stopped).ok();
        };
        let thread = std::thread::Builder::new().name("eventhubs".to_owned());
        thread.spawn(run).map_err(failed)?;
        Ok(Self {
            handle,
            _stop: stop,
        })
    }

    /// Does something there, and waits for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let broken = |_| Error::new(ErrorKind::Other, "the client of Event Hubs broke off");
        self.spawn(work).await.map_err(broken)?
    }

    /// Starts something there.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.handle.spawn(work)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everything_runs_on_one_thread_that_ends_with_it() {
        let worker = Worker::start().expect("a thread");
        let thread = || async { Ok(std::thread::current().id()) };
        let first = worker.run(thread()).await.expect("an id");
        assert_eq!(worker.run(thread()).await.expect("an id"), first);
        let endless = worker.spawn(std::future::pending::<()>());
        drop(worker);
        assert!(endless.await.is_err_and(|error| error.is_cancelled()));
    }

    #[tokio::test]
    async fn a_panic_is_an_error() {
        let worker = Worker::start().expect("a thread");
        let error = worker
            .run(async { panic!("on purpose") as Result<()> })
            .await;
        assert_eq!(error.expect_err("it broke off").kind(), ErrorKind::Other);
    }
}
