//! State on disk: killed processes, damaged files, other processes that look, savepoints.

mod bound;
mod contents;
mod damage;
mod events;
mod kills;
