//! An operator over aggregates that a reader can follow: the inputs, one after the other.

use ssectl_state::{Corrupt, Space, Value};
use ssectl_window::{
    Aggregator, Amount, Digester, Event, Fate, InputError, Pane, PaneKind, Settings, Time,
    WindowError, WindowOperator,
};

pub(crate) const SECOND: Time = 1_000_000_000;

/// Keeps all inputs; in the order in which they came, or sorted.
#[derive(Clone, Copy)]
pub(crate) struct Log {
    pub(crate) ordered: bool,
}

#[derive(Clone, Default)]
pub(crate) struct Inputs(Vec<Vec<u8>>);

impl Aggregator for Log {
    type Accumulator = Inputs;

    fn accumulator(&self) -> Inputs {
        Inputs::default()
    }

    fn check(&self, inputs: &[Option<&[u8]>]) -> Result<(), InputError> {
        match inputs {
            [Some(b"bad")] => Err(InputError("bad input".to_owned())),
            _ => Ok(()),
        }
    }

    fn add(&self, state: &mut Inputs, _: Time, inputs: &[Option<&[u8]>]) -> Result<(), InputError> {
        state
            .0
            .extend(inputs.iter().flatten().map(|input| input.to_vec()));
        Ok(())
    }

    fn merge(&self, state: &mut Inputs, other: &Inputs) -> Result<(), InputError> {
        state.0.extend(other.0.iter().cloned());
        Ok(())
    }

    fn write(&self, state: &Inputs, out: &mut Vec<u8>) -> Result<(), InputError> {
        let mut inputs = state.0.clone();
        if !self.ordered {
            inputs.sort();
        }
        out.extend(inputs.join(&b' '));
        Ok(())
    }

    fn order_matters(&self) -> bool {
        self.ordered
    }
}

impl Value for Inputs {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.join(&b' '));
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        Ok(Self(
            bytes
                .split(|byte| *byte == b' ')
                .filter(|word| !word.is_empty())
                .map(<[u8]>::to_vec)
                .collect(),
        ))
    }

    fn size(&self) -> usize {
        self.0.iter().map(|input| input.len() + 24).sum()
    }
}

/// An operator and what it has said.
pub(crate) struct Run {
    operator: WindowOperator<Log>,
    pub(crate) panes: Vec<String>,
    said: usize,
}

impl Run {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::with(settings, Log { ordered: false })
    }

    pub(crate) fn with(settings: &Settings, log: Log) -> Self {
        Self::over(settings, log, &Space::default())
    }

    /// An operator that goes on where the state ends.
    pub(crate) fn over(settings: &Settings, log: Log, space: &Space) -> Self {
        let spec = settings.spec().expect("the settings are right");
        let operator = WindowOperator::open(&spec, log, space).expect("an empty state is readable");
        Self {
            operator,
            panes: Vec::new(),
            said: 0,
        }
    }

    pub(crate) fn partitions(mut self, ids: &[u32]) -> Self {
        self.operator.partitions(ids).expect("the state holds");
        self
    }

    /// An event at so many nanoseconds.
    pub(crate) fn try_at(
        &mut self,
        partition: u32,
        key: &str,
        time: Time,
        input: &str,
    ) -> Result<Fate, WindowError> {
        let inputs = [Some(input.as_bytes())];
        let event = Event {
            time,
            partition,
            key: key.as_bytes(),
            inputs: &inputs,
        };
        self.operator
            .event(event, &mut |pane| self.panes.push(line(&pane)))
    }

    /// Events of partition 0, as (time, key, input): by a digest if there is one, and it is taken.
    pub(crate) fn digest(
        &mut self,
        digester: Option<&Digester<Log>>,
        events: &[(Time, &str, &str)],
    ) -> bool {
        let Some(digester) = digester else {
            return false;
        };
        let mut digesting = digester.begin();
        for (time, key, input) in events {
            digesting
                .add(*time, key.as_bytes(), &[Some(input.as_bytes())])
                .expect("the event is right");
        }
        self.operator
            .digest(0, digesting.finish(), &mut |pane| {
                self.panes.push(line(&pane));
            })
            .expect("the state holds")
    }

    /// An event of partition 0 and key `k`.
    pub(crate) fn at(&mut self, time: Time, input: &str) -> Fate {
        self.try_at(0, "k", time, input)
            .expect("the event is right")
    }

    /// An event of key `k`.
    pub(crate) fn from(&mut self, partition: u32, time: Time, input: &str) -> Fate {
        self.try_at(partition, "k", time, input)
            .expect("the event is right")
    }

    pub(crate) fn punctuate(&mut self, partition: u32, time: Time) {
        self.operator
            .punctuate(partition, time, &mut |pane| self.panes.push(line(&pane)))
            .expect("the state holds");
    }

    pub(crate) fn save(&mut self) {
        self.operator.save().expect("the state holds");
    }

    pub(crate) fn end_partition(&mut self, partition: u32) {
        self.operator
            .end_partition(partition, &mut |pane| self.panes.push(line(&pane)))
            .expect("the state holds");
    }

    pub(crate) fn rest_partition(&mut self, partition: u32) {
        self.operator
            .rest_partition(partition, &mut |pane| self.panes.push(line(&pane)))
            .expect("the state holds");
    }

    pub(crate) fn end(&mut self) {
        self.operator
            .end(&mut |pane| self.panes.push(line(&pane)))
            .expect("the state holds");
    }

    /// What came since the last time.
    #[track_caller]
    pub(crate) fn says(&mut self, expected: &[&str]) {
        assert_eq!(self.panes[self.said..], *expected);
        self.said = self.panes.len();
    }
}

/// A pane in short: key, window, kind and revision, inputs; a minus before what is taken back.
pub(crate) fn line(pane: &Pane) -> String {
    let kind = match pane.kind {
        PaneKind::Early => "early",
        PaneKind::OnTime => "on-time",
        PaneKind::Late => "late",
    };
    format!(
        "{}{}[{},{}) {kind}{}: {}",
        if pane.retraction { "-" } else { "" },
        String::from_utf8_lossy(&pane.key),
        pane.start,
        pane.end,
        pane.revision,
        String::from_utf8_lossy(&pane.aggregates),
    )
}

/// Tumbling windows of so many nanoseconds.
pub(crate) fn tumbling(size: Time) -> Settings {
    Settings {
        size: Some(Amount::Time(size)),
        ..Settings::default()
    }
}
