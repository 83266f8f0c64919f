//! What a pipeline reads: a source, and the steps that its records go through in parallel.

use ssectl_adapter::Source;
use tokio::sync::watch;

use super::repeats::Repeats;
use super::steps::Steps;

/// One of the sources of a pipeline.
pub struct Input {
    /// What it is called in checkpoints, such as its address; empty if no other input of the pipeline has no name.
    pub name: String,
    /// Where records come from.
    pub source: Box<dyn Source>,
    /// Leaves out records that come again.
    pub repeats: Option<Repeats>,
    /// What happens to them first, several batches at a time.
    pub steps: Steps,
    /// Becomes true when nothing will be written to the source's stream any more: the read ends at what the stream
    /// holds then.
    pub bound: watch::Receiver<bool>,
}

impl Input {
    /// A source that ends by itself, or not at all.
    pub fn new(source: Box<dyn Source>, steps: Steps) -> Self {
        Self {
            name: String::new(),
            source,
            repeats: None,
            steps,
            bound: watch::channel(false).1,
        }
    }
}
