//! The cases. Each is a function that panics when the adapter breaks the rule it is named after.

pub mod admin;
pub mod bytes;
pub mod cancel;
pub mod commit;
pub mod end;
pub mod group;
pub mod order;
pub mod range;
pub mod sink;
