//! Configuration: targets and defaults, in layers that remember where each value comes from.
//!
//! From the weakest to the strongest: built-in defaults, `/etc/ssectl/config.yaml`, the user's
//! `config.yaml`, the project's `ssectl.yaml`, variables `SSECTL_*`, flags. Layers are merged name
//! by name. A target's values are interpolated only when the target is used, so that one may list
//! targets whose variables are not set here.

pub mod format;
mod layers;
mod load;
mod merge;
mod show;
mod target;
#[cfg(test)]
mod tests;

pub use layers::{EMULATOR_USERS, Files, Flag, GATEWAY_TOKEN};
pub use load::{Color, Config, OnError, load};
pub use show::Shown;
pub use target::{ResolvedTarget, schema};
