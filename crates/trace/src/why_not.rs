//! Where an input went.

use crate::answer::{Cause, End, Fate, Output, Step, WhyNot};
use crate::lineage::names;
use crate::why::list;
use crate::{Ended, Gone, Id, Lineage, Place, Read, Timed, Unknown};

impl Lineage {
    /// What became of the input at a place. Several pipelines may have read it.
    ///
    /// # Errors
    /// There is none.
    pub fn why_not(&self, place: &Place) -> Result<Vec<WhyNot>, Unknown> {
        let here: Vec<&Read> = self
            .reads
            .iter()
            .filter(|read| {
                names(&place.stream, &read.stream) || names(&place.stream, self.input_name(read))
            })
            .collect();
        if here.is_empty() {
            let known = self.flows.iter().flat_map(|flow| &flow.inputs);
            return Err(Unknown(format!(
                "the run read no record of `{}`; it read {}",
                place.stream,
                list(known.map(String::as_str))
            )));
        }
        let found: Vec<&Read> = here
            .iter()
            .copied()
            .filter(|read| is_at(read, place))
            .collect();
        let mut partitions: Vec<&str> = found.iter().map(|read| &*read.partition).collect();
        partitions.sort_unstable();
        partitions.dedup();
        if partitions.len() > 1 {
            return Err(Unknown(format!(
                "several partitions have a record {0}; say which, such as `{1}:{2}/{0}`",
                place.position, here[0].stream, partitions[0]
            )));
        }
        if found.is_empty() {
            return Err(Unknown(format!(
                "the run read no record {} there; it read {} of them",
                place.position,
                here.len()
            )));
        }
        Ok(found.iter().map(|read| self.went(read)).collect())
    }

    /// What became of the inputs for which this is so of their value.
    pub fn why_not_where(&self, mut so: impl FnMut(Option<&str>) -> bool) -> Vec<WhyNot> {
        let wanted = self.reads.iter().filter(|read| so(read.value.as_deref()));
        wanted.map(|read| self.went(read)).collect()
    }

    fn went(&self, read: &Read) -> WhyNot {
        let mut fates: Vec<Fate> = Vec::new();
        let mut results: Vec<Output> = Vec::new();
        self.follow(read.id, read.pipeline, &mut fates, &mut results);
        results.sort_by(|a, b| (&a.to, a.nth).cmp(&(&b.to, b.nth)));
        results.dedup();
        if !results.is_empty() {
            let end = End::Results { results };
            fates.insert(0, Fate { step: None, end });
        }
        if fates.is_empty() {
            let end = End::Unfinished;
            fates.push(Fate { step: None, end });
        }
        WhyNot {
            input: self.input(read),
            pipeline: self.pipeline(read.pipeline),
            fates,
        }
    }

    /// Goes along with a record to where it ends.
    fn follow(&self, id: Id, pipeline: u32, fates: &mut Vec<Fate>, results: &mut Vec<Output>) {
        results.extend(self.wrote_of(id).map(|wrote| self.output(wrote)));
        for gone in self.gone_of(id) {
            let fate = Fate {
                step: gone.step.as_deref().map(|step| self.step(pipeline, step)),
                end: self.end(gone, pipeline),
            };
            if !fates.contains(&fate) {
                fates.push(fate);
            }
        }
        for timed in self.timed_of(id).filter(|timed| !timed.late) {
            fates.extend(self.still_open(timed));
        }
        for made in self.part_of(id) {
            self.follow(*made, pipeline, fates, results);
        }
    }

    fn end(&self, gone: &Gone, pipeline: u32) -> End {
        match gone.why {
            Ended::Filtered => End::Filtered,
            Ended::Late => self.late(gone),
            Ended::Dropped | Ended::Repeated => End::Duplicate {
                of: self.first_like(gone),
            },
            Ended::Bad => End::Bad {
                error: gone.error.clone().unwrap_or_default(),
                policy: self
                    .flow(pipeline)
                    .map_or_else(String::new, |flow| flow.bad.clone()),
            },
        }
    }

    fn late(&self, gone: &Gone) -> End {
        let mut seen = self.timed_of(gone.id);
        let Some(timed) = seen.find(|timed| Some(&timed.step) == gone.step.as_ref()) else {
            return End::Filtered;
        };
        let watermark = timed.watermark.max(timed.all);
        let window = timed.windows.iter().copied().max_by_key(|(_, end)| *end);
        let closed = window.map_or(timed.time, |(_, end)| end.saturating_add(timed.lateness));
        End::Late(Cause {
            time: timed.time,
            partition: timed.partition.clone(),
            window,
            lateness: timed.lateness,
            watermark,
            late_by: watermark.map(|watermark| watermark.saturating_sub(closed)),
            moved_by: self.mover(timed),
        })
    }

    /// The record that moved the watermark to where it was for a late one.
    fn mover(&self, late: &Timed) -> Option<String> {
        let mark = late.watermark.max(late.all)?;
        let before = self.timed.iter().take_while(|timed| timed.id != late.id);
        let same =
            before.filter(|timed| (timed.pipeline, &timed.step) == (late.pipeline, &late.step));
        let mut movers = same.filter(|timed| match late.watermark == Some(mark) {
            true => timed.partition == late.partition && timed.watermark == Some(mark),
            false => timed.all == Some(mark),
        });
        self.at(movers.next()?.id)
    }

    /// The record that a duplicate repeats: of those of its key that went on, the nearest in time.
    fn first_like(&self, gone: &Gone) -> Option<String> {
        let of = |timed: &&Timed| Some(&timed.step) == gone.step.as_ref();
        let mine = self.timed_of(gone.id).find(of)?;
        let like = self.timed.iter().filter(|other| {
            (other.pipeline, &other.step, &other.key) == (mine.pipeline, &mine.step, &mine.key)
                && other.id != mine.id
                && !self
                    .gone_of(other.id)
                    .iter()
                    .any(|gone| gone.step.as_ref() == Some(&mine.step))
        });
        let nearest = like.min_by_key(|other| other.time.abs_diff(mine.time))?;
        self.at(nearest.id)
    }

    /// Windows that a record is in and that have given no result with it.
    fn still_open(&self, timed: &Timed) -> Option<Fate> {
        let panes = self
            .part_of(timed.id)
            .iter()
            .filter_map(|id| self.made(*id));
        let panes = panes.filter(|made| made.step == timed.step);
        let given: Vec<_> = panes.filter_map(|made| made.pane.as_ref()).collect();
        let has = |(start, end): &(i64, i64)| {
            let span = |pane: &&&crate::PaneNote| {
                (pane.start.unwrap_or(i64::MIN), pane.end.unwrap_or(i64::MAX)) == (*start, *end)
            };
            given.iter().any(|pane| span(&pane))
        };
        let known = !timed.windows.is_empty();
        // It may have come in time for only some of its windows.
        let mark = timed.watermark.max(timed.all).unwrap_or(i64::MIN);
        let closed = |end: i64| end.saturating_add(timed.lateness) <= mark;
        let windows = timed.windows.iter().copied();
        let windows: Vec<_> = windows
            .filter(|window| !has(window) && !closed(window.1))
            .collect();
        let remembers = timed.watermark.is_some() || timed.all.is_some() || known;
        let is_open = remembers
            && if known {
                !windows.is_empty()
            } else {
                given.is_empty()
            };
        is_open.then(|| Fate {
            step: Some(self.step_of(timed)),
            end: End::Open { windows },
        })
    }

    fn step_of(&self, timed: &Timed) -> Step {
        self.step(timed.pipeline, &timed.step)
    }
}

fn is_at(read: &Read, place: &Place) -> bool {
    let position = match read.position.is_empty() {
        true => read.nth.to_string(),
        false => read.position.clone(),
    };
    position == place.position
        && place
            .partition
            .as_ref()
            .is_none_or(|partition| *partition == read.partition)
}
