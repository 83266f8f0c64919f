//! Where the events of a run go while it runs.

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::event::{Event, Flow, Id, VERSION};

/// Sees all events of a run, in the order in which they happened in each pipeline.
pub trait Observer: Send {
    /// Something happened.
    fn see(&mut self, event: &Event);
}

/// Numbers the records of a run, and tells its events to the observers.
pub struct Tracer {
    next: AtomicU64,
    pipelines: AtomicU32,
    observers: Mutex<Vec<Box<dyn Observer>>>,
}

impl Tracer {
    /// All of them see everything from the start.
    pub fn new(observers: Vec<Box<dyn Observer>>) -> Arc<Self> {
        let tracer = Self {
            next: AtomicU64::new(1),
            pipelines: AtomicU32::new(0),
            observers: Mutex::new(observers),
        };
        tracer.tell(&Event::Trace { version: VERSION });
        Arc::new(tracer)
    }

    /// Makes a pipeline known; its number is given here.
    pub fn pipeline(self: &Arc<Self>, flow: Flow) -> PipelineTrace {
        let number = self.pipelines.fetch_add(1, Relaxed);
        self.tell(&Event::Pipeline(Flow { number, ..flow }));
        PipelineTrace {
            tracer: self.clone(),
            number,
        }
    }

    fn tell(&self, event: &Event) {
        let mut observers = self
            .observers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for observer in observers.iter_mut() {
            observer.see(event);
        }
    }
}

/// The trace of one pipeline.
#[derive(Clone)]
pub struct PipelineTrace {
    tracer: Arc<Tracer>,
    number: u32,
}

impl PipelineTrace {
    /// The number of the pipeline.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// A number for a record.
    pub fn id(&self) -> Id {
        self.tracer.next.fetch_add(1, Relaxed)
    }

    /// Something happened.
    pub fn tell(&self, event: &Event) {
        self.tracer.tell(event);
    }
}

impl fmt::Debug for PipelineTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pipeline {}", self.number)
    }
}
