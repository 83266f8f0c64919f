//! Where the records of a pipeline end.

use ssectl_adapter::{Options, Sink, SinkSpec};

use super::{Opener, format_option, framed, framing};
use crate::engine::{self, Delivery, Side};
use crate::runner::RunError;
use crate::runner::copies::Copying;
use crate::scenario::{Address, Format, OnError};

impl Opener<'_> {
    /// A sink of the results, which carry ids if they are to be there effectively once.
    pub(super) async fn results(&self) -> Result<Box<dyn Sink>, RunError> {
        let sink = &self.pipeline.sink;
        let identified = self.pipeline.delivery == Delivery::EffectivelyOnce;
        self.open_sink(&sink.to, sink.format, identified).await
    }

    async fn sink(&self, to: &Address, format: Format) -> Result<Box<dyn Sink>, RunError> {
        self.open_sink(to, format, false).await
    }

    async fn open_sink(
        &self,
        to: &Address,
        format: Format,
        identified: bool,
    ) -> Result<Box<dyn Sink>, RunError> {
        let name = to.to_string();
        let opened = match to {
            Address::Declared(stream) => self.declared_sink(stream, identified).await,
            Address::Uri(uri) => match self.runner.place(uri, &framing(uri, format)) {
                Ok(place) if identified => place.identified_sink().await,
                Ok(place) => place.sink().await,
                Err(error) => Err(error),
            },
        };
        opened.map_err(RunError::stream(&name))
    }

    /// The streams that steps send records to.
    pub(super) async fn sides(&self) -> Result<Vec<Side>, RunError> {
        let mut sides: Vec<Side> = Vec::new();
        for address in self.pipeline.sides() {
            let stream = address.to_string();
            if sides.iter().all(|side| side.stream != stream) {
                let sink = self.sink(address, self.pipeline.sink.format).await?;
                sides.push(Side { stream, sink });
            }
        }
        Ok(sides)
    }

    /// A sink of a declared stream, and of its copies.
    async fn declared_sink(
        &self,
        stream: &str,
        identified: bool,
    ) -> ssectl_adapter::Result<Box<dyn Sink>> {
        let open = async |stream: &str| {
            let stream = stream.to_owned();
            let spec = SinkSpec { stream, identified };
            self.home.target.sink(&spec).await
        };
        let sink = open(stream).await?;
        let copies = self.copies.of(stream);
        if copies.is_empty() {
            return Ok(sink);
        }
        let mut sinks = vec![sink];
        for copy in copies {
            sinks.push(open(copy).await?);
        }
        Ok(Box::new(Copying::new(sinks)))
    }

    pub(super) async fn on_error(&self) -> Result<engine::OnError, RunError> {
        Ok(match &self.pipeline.on_error {
            OnError::Fail => engine::OnError::Fail,
            OnError::Skip => engine::OnError::Skip,
            OnError::DeadLetter { to: address, .. } => {
                let sink = match address {
                    Address::Declared(_) => self.sink(address, Format::Raw).await?,
                    Address::Uri(uri) => {
                        // Only the envelope holds any bytes and the reason beside them.
                        let envelope = if framed(uri) {
                            format_option("envelope")
                        } else {
                            Options::new()
                        };
                        let place = self.runner.place(uri, &envelope);
                        let place = place.map_err(RunError::stream(&address.to_string()))?;
                        place
                            .sink()
                            .await
                            .map_err(RunError::stream(&address.to_string()))?
                    }
                };
                engine::OnError::DeadLetter(sink)
            }
        })
    }
}
