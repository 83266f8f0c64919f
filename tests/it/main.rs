//! The binary as its users see it.

mod docs;
