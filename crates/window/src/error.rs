//! What can go wrong with an event.

use ssectl_state::StateError;

use crate::{InputError, Time};

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum WindowError {
    /// Its window does not fit between the years 1677 and 2262. Nothing was changed.
    #[error(
        "the window of the time {0} ns does not lie between the years 1677 and 2262; check `unit`"
    )]
    Time(Time),
    /// An aggregate cannot take it. Nothing was changed, unless a program failed because of what it had made of the
    /// events before.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}
