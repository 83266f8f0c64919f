//! Where the changes of states go, and states that are made from them.

use std::path::Path;

use ssectl_adapter::{
    Admin, Bound, Capabilities, ErrorKind, Range, Sink, SinkSpec, Source, SourceSpec, StreamSpec,
};
use ssectl_state::Rebuild;

use super::error::RunError;
use super::notice;
use super::pipelines::Opener;
use crate::engine::{Changelog, Found, Patience, State};
use crate::places::Place;

/// What another process left unfinished must not be compacted before the next one takes it back: a day.
const COMPACTION: [(&str, &str); 2] = [
    ("cleanup.policy", "compact"),
    ("min.compaction.lag.ms", "86400000"),
];

impl Opener<'_> {
    /// The changelog of the pipeline's state and what it says, if there is to be one. A state in the directory that is
    /// older than that is made again.
    pub(super) async fn changelog(
        &self,
        dir: &Path,
    ) -> Result<Option<(Changelog, Found)>, RunError> {
        let Some(stream) = &self.runner.state.changelog else {
            return Ok(None);
        };
        let place = self.place(stream)?;
        self.refuse_unfit(&place)?;
        let blame = RunError::stream;
        self.make(&place).await.map_err(blame(stream))?;
        let (name, spec) = (&self.pipeline.name, self.spec_of_state());
        let read = async || read(&place).await.map_err(blame(stream));
        let found = Found::markers(read().await?, name).await;
        let mut found = found.map_err(|error| self.fault(error))?;
        let behind = State::is_behind(dir, &spec, found.number());
        let rebuild = match behind.map_err(|error| self.fault(error))? {
            true => Some(Rebuild::begin(dir, &spec).map_err(|error| self.fault(error))?),
            false => None,
        };
        if rebuild.is_some() {
            let number = found.number();
            let line = format!("{name}: takes checkpoint {number} from the changelog `{stream}`");
            notice(&self.runner.control, &self.scenario.name, line);
        }
        let taken = found.values(read().await?, name, rebuild).await;
        taken.map_err(|error| self.fault(error))?;
        let sink = write(&place).await.map_err(blame(stream))?;
        let patience = Patience::new(name, &self.runner.control);
        Ok(Some((Changelog::new(sink, patience, name), found)))
    }

    fn place(&self, stream: &str) -> Result<Place, RunError> {
        if stream.contains(':') {
            let found = self.runner.places.find(stream, &Default::default());
            return found.map_err(RunError::stream(stream));
        }
        Ok(Place {
            adapter: self.home.adapter.clone(),
            target: self.home.target.clone(),
            stream: stream.to_owned(),
            address: stream.to_owned(),
        })
    }

    /// Changes are told apart by key and header, and one that is gone is a tombstone.
    fn refuse_unfit(&self, place: &Place) -> Result<(), RunError> {
        let Capabilities {
            keys,
            headers,
            tombstones,
            binary,
            leases,
            ..
        } = place.adapter.capabilities();
        let why = match () {
            () if leases => "what was read of a queue cannot be read again",
            () if !(keys && headers && binary) => {
                "its records have no keys and headers of any bytes"
            }
            () if !tombstones => {
                "it has no compacted streams, and forgets what is older than its retention"
            }
            () => return Ok(()),
        };
        let name = place.adapter.name();
        Err(self.fault(format!(
            "a changelog cannot be kept at `{name}`: {why}; use a Kafka topic"
        )))
    }

    async fn make(&self, place: &Place) -> ssectl_adapter::Result<()> {
        let kafka = place.adapter.name() == "kafka";
        let config = COMPACTION.iter().filter(|_| kafka);
        let spec = StreamSpec {
            name: place.stream.clone(),
            config: config
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..StreamSpec::default()
        };
        let admin: Box<dyn Admin> = place.admin()?;
        match admin.create(&spec).await {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }
}

/// All that the stream holds now.
async fn read(place: &Place) -> ssectl_adapter::Result<Box<dyn Source>> {
    let spec = SourceSpec {
        stream: place.stream.clone(),
        range: Range {
            from: Bound::Start,
            to: Some(Bound::End),
        },
        ..SourceSpec::default()
    };
    place.target.source(&spec).await
}

async fn write(place: &Place) -> ssectl_adapter::Result<Box<dyn Sink>> {
    let stream = place.stream.clone();
    let spec = SinkSpec {
        stream,
        ..SinkSpec::default()
    };
    place.target.sink(&spec).await
}
