//! The HTTP side of ssectl: things that clients read and write by REST, whatever stands behind them.
//!
//! What it knows of the world is a [`resource::Log`]; it knows no broker, scenario or terminal.

mod problem;
pub mod resource;

pub use problem::Problem;
