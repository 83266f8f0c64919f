//! State of steps that remember.
//!
//! A [`Table`] holds values by group and key, in memory as long as they fit and on disk beyond that. A [`Store`] keeps the
//! tables of one pipeline: a checkpoint writes all that changed since the last one and the positions of the sources in one
//! atomic step, so that a pipeline that was killed begins again exactly where its last checkpoint was taken.
//!
//! The way of a checkpoint: every table hands over what changed ([`Table::save`]), the store seals it together with the
//! positions ([`Store::seal`]), and the seal is written ([`Sealed::write`]), on another thread if one likes.

mod contents;
mod disk;
mod error;
mod place;
mod scratch;
mod space;
mod store;
mod table;
mod value;

pub use contents::{Contents, Entries, Stored, Summary, TableName, pipelines, restore};
pub use error::{Corrupt, StateError};
pub use space::Space;
pub use store::{Checkpoint, Marks, Rebuild, Sealed, Store, StoreSpec};
pub use table::{Group, Keep, Table};
pub use value::{Describe, Kinds, Value, readable};
