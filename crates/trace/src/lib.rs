//! Lineage: what became of every record of a run, and what each result came of.
//!
//! A run that is traced tells its [`Event`]s to observers: a [`TraceFile`], which [`Lineage`] reads again to answer
//! questions, and a [`Timeline`], which draws them. Both see the same events, so they cannot disagree. A run that is not
//! traced does none of this.

mod answer;
mod event;
mod file;
mod lineage;
mod text;
mod timeline;
mod tracer;
mod why;
mod why_not;

pub use answer::{Cause, End, Fate, Input, Made as MadeBy, Node, Output, Step, Why, WhyNot};
pub use event::{
    Event, Flow, Gone, Id, Made, PaneNote, Read, StepNote, Time, Timed, VERSION, Why as Ended,
    Wrote,
};
pub use file::{TraceError, TraceFile, read};
pub use lineage::{Lineage, Place, Unknown};
pub use text::{why as why_text, why_not as why_not_text};
pub use timeline::{Timeline, Width};
pub use tracer::{Observer, PipelineTrace, Tracer};
