//! Event time without input or output: watermarks, windows, triggers and aggregates.
//!
//! Results are a pure function of the sequence of each partition and of the specification: never of the clock on the
//! wall, the size of batches, or how partitions were interleaved. The one exception is `idle`, see [`Settings::idle`].
//!
//! [`Settings`] is what somebody asks for; [`Settings::spec`] checks it; [`WindowOperator`] runs it.
//!
//! # Rules and where they come from
//! - A window holds the times from its start up to, and without, its end (Flink's `TimeWindow`, Beam's
//!   `IntervalWindow`). It is complete when the watermark reaches its end: as in Beam, where the watermark passes
//!   the window's greatest time, `end - 1`.
//! - A watermark per partition, and the least of them for all (Akidau et al., "The Dataflow Model", VLDB 2015, section 3;
//!   Flink, "Generating Watermarks", on partitions of Kafka).
//! - An event is late when its window's end plus the allowed lateness is not after the watermark (Flink, "Allowed
//!   Lateness"; Beam, `withAllowedLateness`). For sessions its own window counts, before it is merged (Beam).
//! - Panes are early, on time or late; they accumulate, discard or retract (Dataflow paper, section 2.3; Beam, "Triggers").
//!   At the end of a window there is always a pane (Beam's default `FIRE_ALWAYS`), also if an early one said all.
//! - The end of the input is a watermark after all times (Flink, `Watermark.MAX_WATERMARK`).

pub mod aggregate;
mod aggregator;
mod cell;
mod codec;
mod digest;
mod error;
mod event;
mod operator;
mod panes;
mod queue;
pub mod relate;
mod settings;
mod spec;
mod watermark;
mod windows;

pub use aggregator::{Aggregator, InputError};
pub use digest::{Digest, Digester, Digesting};
pub use error::WindowError;
pub use event::{Event, Fate, Pane, PaneKind, Time};
pub use operator::{WindowOperator, kinds};
pub use settings::{Amount, SettingError, Settings, Type};
pub use spec::{Accumulation, Late, Spec, Trigger, WatermarkKind, Windows};
pub use windows::windows_of;
