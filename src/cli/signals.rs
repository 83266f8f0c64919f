//! Ctrl-C and SIGTERM: the first one drains, the second one quits.

use tokio_util::sync::CancellationToken;

use super::error::Exit;
use super::ui::Ui;

/// Listens until the process ends. The first signal cancels `stop` and is remembered in `seen`.
///
/// Signals count from the call on, not from when the future is first polled: whoever waits for `ready` may send one at
/// once.
pub(super) fn listen(
    stop: CancellationToken,
    seen: tokio::sync::watch::Sender<Option<Exit>>,
    ui: Ui,
) -> impl Future<Output = ()> + Send {
    let signals = Signals::new();
    async move {
        let Ok(mut signals) = signals else {
            ui.warn("cannot listen for signals: Ctrl-C quits at once");
            return;
        };
        let first = signals.next().await;
        ui.end_bars();
        seen.send_replace(Some(first));
        stop.cancel();
        ui.say("stopping in an orderly way; again to quit at once");
        let second = signals.next().await;
        std::process::exit(second as i32);
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Exit {
        let _ = tokio::signal::ctrl_c().await;
        Exit::Interrupted
    }
}
