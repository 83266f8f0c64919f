//! What a timeline keeps of a run.

use std::collections::BTreeMap;

use crate::{Event, Made, Time, Timed};

/// Stretches of time that a partition has at most.
const BUCKETS: usize = 1024;

/// Watermarks that are kept at most.
const SAMPLES: usize = 256;

/// Partitions with a row of their own; the others share one.
const ROWS: usize = 32;

/// Windows that are told apart at most.
const WINDOWS: usize = 256;

/// All that is drawn, by pipeline and step.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) steps: Vec<StepTime>,
    names: BTreeMap<u32, String>,
    partitions: BTreeMap<u32, Vec<String>>,
}

/// Event time as one step saw it.
#[derive(Debug)]
pub(super) struct StepTime {
    pipeline: u32,
    /// Pipeline and step.
    pub(super) title: String,
    step: String,
    pub(super) rows: Vec<Row>,
    /// The length of a stretch in ns, a power of two.
    width: Time,
    pub(super) records: u64,
    pub(super) late: u64,
    /// After how many records the watermark of all partitions was where.
    pub(super) samples: Vec<(u64, Time)>,
    /// Of so many records one is a sample.
    every: u64,
    watermark: Option<Time>,
    pub(super) windows: BTreeMap<(Time, Time), Window>,
    /// Results of windows that were too many to be told apart.
    pub(super) others: u64,
}

/// The records of a partition.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) records: u64,
    pub(super) late: u64,
    pub(super) watermark: Option<Time>,
    /// By the number of the stretch: records, and those of them that were late.
    buckets: BTreeMap<Time, (u64, u64)>,
}

/// A window, with all its keys.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Records, where they are known before a result, else those of results.
    pub(super) records: u64,
    pub(super) results: u64,
    pub(super) closed: bool,
}

impl Gathered {
    pub(super) fn see(&mut self, event: &Event) {
        match event {
            Event::Pipeline(flow) => {
                self.names.insert(flow.number, flow.name.clone());
            }
            Event::Partitions { pipeline, names } => {
                self.partitions.insert(*pipeline, names.clone());
            }
            Event::Timed(timed) => self.step(timed.pipeline, &timed.step).record(timed),
            Event::Made(made) if made.pane.is_some() => {
                self.step(made.pipeline, &made.step).result(made);
            }
            _ => {}
        }
    }

    fn step(&mut self, pipeline: u32, step: &str) -> &mut StepTime {
        let is = |known: &StepTime| known.pipeline == pipeline && known.step == step;
        if let Some(at) = self.steps.iter().position(is) {
            return &mut self.steps[at];
        }
        let name = self.names.get(&pipeline).map_or("", String::as_str);
        let title = match name == step {
            true => name.to_owned(),
            false => format!("{name}, {step}"),
        };
        let first = !self.steps.iter().any(|known| known.pipeline == pipeline);
        let names = self.partitions.get(&pipeline).filter(|_| first);
        let row = |name: &String| Row {
            name: name.clone(),
            ..Row::default()
        };
        self.steps.push(StepTime {
            pipeline,
            title,
            step: step.to_owned(),
            rows: names.into_iter().flatten().take(ROWS).map(row).collect(),
            width: 1,
            records: 0,
            late: 0,
            samples: Vec::new(),
            every: 1,
            watermark: None,
            windows: BTreeMap::new(),
            others: 0,
        });
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }
}

impl StepTime {
    fn record(&mut self, timed: &Timed) {
        self.records += 1;
        self.late += u64::from(timed.late);
        let width = self.width;
        let row = self.row(&timed.partition);
        row.records += 1;
        row.late += u64::from(timed.late);
        row.watermark = row.watermark.max(timed.watermark);
        let bucket = row.buckets.entry(timed.time.div_euclid(width)).or_default();
        bucket.0 += 1;
        bucket.1 += u64::from(timed.late);
        if row.buckets.len() > BUCKETS {
            self.widen();
        }
        if !timed.late {
            for window in &timed.windows {
                if let Some(window) = self.window(*window) {
                    window.records += 1;
                }
            }
        }
        self.watermark = self.watermark.max(timed.all);
        self.sample();
    }

    fn result(&mut self, made: &Made) {
        let Some(pane) = &made.pane else { return };
        let span = (
            pane.start.unwrap_or(Time::MIN),
            pane.end.unwrap_or(Time::MAX),
        );
        let Some(window) = self.window(span) else {
            self.others += 1;
            return;
        };
        if window.results == 0 && window.records == 0 {
            window.records = made.from.len() as u64;
        }
        window.results += 1;
        window.closed |= pane.kind != "early";
    }

    fn window(&mut self, span: (Time, Time)) -> Option<&mut Window> {
        if self.windows.len() >= WINDOWS && !self.windows.contains_key(&span) {
            return None;
        }
        Some(self.windows.entry(span).or_default())
    }

    fn row(&mut self, name: &str) -> &mut Row {
        let named = self.rows.iter().position(|row| row.name == name);
        let at = named.unwrap_or_else(|| {
            // A step that keeps watermarks by a program does not know the partitions of the source.
            self.rows
                .retain(|row| row.records > 0 || !row.name.is_empty());
            let full = self.rows.len() >= ROWS;
            let name = if full { "others" } else { name };
            let there = self.rows.iter().position(|row| full && row.name == name);
            there.unwrap_or_else(|| {
                self.rows.push(Row {
                    name: name.to_owned(),
                    ..Row::default()
                });
                self.rows.len() - 1
            })
        });
        &mut self.rows[at]
    }

    /// Twice as long stretches, and half as many.
    fn widen(&mut self) {
        self.width *= 2;
        for row in &mut self.rows {
            for (at, (records, late)) in std::mem::take(&mut row.buckets) {
                let bucket = row.buckets.entry(at.div_euclid(2)).or_default();
                bucket.0 += records;
                bucket.1 += late;
            }
        }
        if self.rows.iter().any(|row| row.buckets.len() > BUCKETS) {
            self.widen();
        }
    }

    fn sample(&mut self) {
        let Some(watermark) = self.watermark else {
            return;
        };
        if !self.records.is_multiple_of(self.every) {
            return;
        }
        self.samples.push((self.records, watermark));
        if self.samples.len() > SAMPLES {
            self.every *= 2;
            let every = self.every;
            self.samples
                .retain(|(records, _)| records.is_multiple_of(every));
        }
    }

    /// First and last moment of all records and windows.
    pub(super) fn span(&self) -> Option<(Time, Time)> {
        let records = self.rows.iter().flat_map(|row| row.counts(self.width));
        let records = records.map(|(time, _, _)| (time, time.saturating_add(self.width)));
        let windows = self.windows.keys().copied();
        let finite = windows.filter(|(start, end)| *start != Time::MIN && *end != Time::MAX);
        records
            .chain(finite)
            .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// Start of a stretch, records and late ones.
    pub(super) fn counts<'a>(
        &'a self,
        row: &'a Row,
    ) -> impl Iterator<Item = (Time, u64, u64)> + 'a {
        row.counts(self.width)
    }
}

impl Row {
    fn counts(&self, width: Time) -> impl Iterator<Item = (Time, u64, u64)> {
        let all = self.buckets.iter();
        all.map(move |(at, (records, late))| (at.saturating_mul(width), *records, *late))
    }
}
