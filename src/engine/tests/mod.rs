//! Pipelines between scripted sources and sinks: what is written, in which order, and what is
//! committed after it.

mod checkpoints;
mod delivery;
mod digests;
mod keyed;
mod lookup;
mod policy;
mod route;
mod script;
mod steps;
