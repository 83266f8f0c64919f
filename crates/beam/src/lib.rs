//! Pipelines compiled for other engines: Apache Beam's Python SDK, and Flink SQL. Text in, text out; nothing is run here.
//!
//! What the other engine cannot say is refused with a reason, never left out.

mod job;
mod jq;
mod literal;
mod python;
mod refusal;
mod runtime;
mod sql;

pub use job::{Aggregate, Bad, Job, Kind, Late, Step, Unit, Window};
pub use python::python;
pub use refusal::Refusal;
pub use runtime::RUNTIME;
pub use sql::flink_sql;
