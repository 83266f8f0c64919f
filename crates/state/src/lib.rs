//! State of steps that remember: tables that live in memory.

mod table;

pub use table::{Corrupt, Group, Keep, Space, StateError, Table, Value};
