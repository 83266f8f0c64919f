//! The HTTP side of ssectl: things that clients read and write by REST, whatever stands behind them.
//!
//! What it knows of the world is a [`resource::Log`]; it knows no broker, scenario or terminal.

mod guard;
mod health;
mod problem;
pub mod resource;
mod server;

pub use guard::{Token, guard};
pub use health::{Health, health};
pub use problem::Problem;
pub use server::{Limits, serve};
