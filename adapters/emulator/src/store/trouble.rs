//! A disk that takes nothing: said once, not with each of the writes that it refuses.

use std::sync::Mutex;

use super::{LockExt, StoreError};

/// The trouble is over when it was asked for so often without a refused write in between.
const CALM: u32 = 30;

/// Remembers whether writes are refused, until somebody tells the person who runs the emulator.
#[derive(Debug, Default)]
pub(crate) struct Trouble(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What is to be told.
    untold: Option<String>,
    /// Whether the trouble goes on, told or not.
    goes_on: bool,
    /// How often it was asked for since the last refused write.
    quiet: u32,
}

impl Trouble {
    /// Takes note of a write that was refused by the system; other refusals are none of the disk's.
    pub(crate) fn note(&self, error: &StoreError) {
        let StoreError::Io { action, .. } = error else {
            return;
        };
        let mut state = self.0.locked();
        state.quiet = 0;
        if !std::mem::replace(&mut state.goes_on, true) {
            let means = match *action {
                "sync" => {
                    "what was accepted last may be lost if this machine goes down, and no more is accepted there"
                }
                _ => {
                    "what needs the disk is refused, and clients are told so, until there is room and leave to write; \
                     nothing that was accepted is lost"
                }
            };
            state.untold = Some(format!("{error}: {means}"));
        }
    }

    /// What to tell, once for as long as the trouble lasts. To be asked now and then, such as every second.
    pub(crate) fn take(&self) -> Option<String> {
        let mut state = self.0.locked();
        state.quiet += 1;
        if state.quiet > CALM {
            state.goes_on = false;
        }
        state.untold.take()
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::*;

    #[test]
    fn it_is_told_once_until_it_was_over_for_a_while() {
        let trouble = Trouble::default();
        let full =
            || StoreError::io("append to", Path::new("log"))(io::ErrorKind::StorageFull.into());
        trouble.note(&StoreError::TooLarge);
        assert_eq!(trouble.take(), None);
        trouble.note(&full());
        let told = trouble.take().unwrap();
        assert!(told.starts_with("cannot append to `log`: "), "{told}");
        for _ in 0..CALM * 2 {
            trouble.note(&full());
            assert_eq!(trouble.take(), None);
        }
        for _ in 0..CALM {
            assert_eq!(trouble.take(), None);
        }
        trouble.note(&full());
        assert!(trouble.take().is_some());
    }
}
