//! The steps of a pipeline in segments: up to the first step that remembers they run in parallel.

use std::sync::Arc;

use super::pipelines::encoding;
use crate::engine::{self, Encoding, Rows, Segment, Stats, Steps, Table, Way};
use crate::scenario::{Address, Expr, Format, Otherwise, Pipeline, Route, Step};

/// What happens to the records of a pipeline.
pub(super) struct Segments {
    /// In parallel.
    pub(super) first: Steps,
    /// One record after the other.
    pub(super) then: Vec<Segment>,
}

/// `format` is what the source's records are, `rows` are the tables of the steps that have some, in their order; `stats`
/// counts what steps have to count, and `traced` is whether they are to say what becomes of each record.
pub(super) fn segments(
    pipeline: &Pipeline,
    format: Format,
    rows: Vec<Table>,
    stats: &Stats,
    traced: bool,
) -> Segments {
    let mut rows = rows.into_iter();
    let mut first = None;
    let mut then = Vec::new();
    let mut run = Run::new(encoding(format));
    for (index, step) in pipeline.steps.iter().enumerate() {
        let (open, output) = match step {
            Step::Window(window) => {
                let late = window.late.as_ref().map(ToString::to_string);
                (window.plan.open(late, traced), Encoding::Json)
            }
            // What goes on is the record as it came, or an object.
            Step::Related(related) => {
                let lefts = 1 + pipeline.merged.len();
                (related.plan.open(lefts), run.output)
            }
            Step::Route(way) => {
                let name = format!("{}-route", index + 1);
                run.steps.push(route(pipeline, way, &name, stats));
                continue;
            }
            _ => {
                run.push(step_name(index, step), step, &mut rows);
                continue;
            }
        };
        run.close(&mut first, &mut then);
        let name = step_name(index, step);
        then.push(Segment::Keyed { name, open });
        run = Run::new(output);
    }
    run.output = encoding(pipeline.sink.format);
    run.close(&mut first, &mut then);
    let first = first.unwrap_or_default();
    Segments { first, then }
}

/// The streams that the steps of a pipeline send records to, each once: side sinks go by their place here.
pub(super) fn sides(pipeline: &Pipeline) -> Vec<&Address> {
    let mut sides: Vec<&Address> = Vec::new();
    for (address, _) in pipeline.sides() {
        if !sides.contains(&address) {
            sides.push(address);
        }
    }
    sides
}

/// A route that counts by name which ways records take.
fn route(pipeline: &Pipeline, route: &Route, name: &str, stats: &Stats) -> engine::Step {
    let sides = sides(pipeline);
    let aside = |to: &Address| sides.iter().position(|side| *side == to);
    let way = |to: Option<&Address>| to.and_then(aside).map_or(Way::Next, Way::Aside);
    let cases = route.cases.iter().enumerate().map(|(index, case)| {
        let to = case.to.as_ref().map(|(address, _)| address);
        let what = to.map_or("next".to_owned(), ToString::to_string);
        engine::Branch {
            when: case.when.program.clone(),
            way: way(to),
            taken: stats.tally(name, &format!("case {} ({what})", index + 1)),
        }
    });
    let cases = cases.collect();
    let (otherwise, what) = match &route.otherwise {
        Otherwise::Next => (Way::Next, "next".to_owned()),
        Otherwise::Filter => (Way::Nowhere, "filtered".to_owned()),
        Otherwise::Fail => (Way::Bad, "bad".to_owned()),
        Otherwise::To(address, _) => (way(Some(address)), address.to_string()),
    };
    engine::Step::Route(engine::Route {
        cases,
        otherwise: (otherwise, stats.tally(name, &format!("else ({what})"))),
        aside: encoding(pipeline.sink.format),
    })
}

/// What a step is called in the state and in traces.
pub(super) fn step_name(index: usize, step: &Step) -> String {
    format!("{}-{}", index + 1, step.name())
}

/// Steps that do not remember, one after the other.
struct Run {
    steps: Vec<engine::Step>,
    names: Vec<Arc<str>>,
    input: Encoding,
    output: Encoding,
}

impl Run {
    fn new(input: Encoding) -> Self {
        Self {
            steps: Vec::new(),
            names: Vec::new(),
            input,
            output: input,
        }
    }

    fn push(&mut self, name: String, step: &Step, rows: &mut impl Iterator<Item = Table>) {
        let program = |expr: &Expr| expr.program.clone();
        self.steps.push(match step {
            Step::Map(expr) => engine::Step::Map(program(expr)),
            Step::FlatMap(expr) => engine::Step::FlatMap(program(expr)),
            Step::Words(words) => engine::Step::Words(program(&words.text), words.case),
            Step::Filter(expr) => engine::Step::Filter(program(expr)),
            Step::Sample(sample) => {
                let by = sample.by.as_ref().map(program);
                engine::Step::Sample(engine::Sample::new(sample.share, sample.seed, by))
            }
            Step::Key(expr) => engine::Step::Key(program(expr)),
            Step::KeyBy(expr) => engine::Step::KeyBy(program(expr)),
            Step::Time(expr) => engine::Step::Time(expr.program.clone()),
            Step::Enrich(enrich) => engine::Step::Enrich(engine::Enrich {
                by: program(&enrich.by),
                table: rows.next().unwrap_or(Table::Read(Rows::default())),
                member: enrich.member.clone(),
                missing: enrich.missing,
            }),
            // Source and sink keep the rate.
            Step::Rate(_) | Step::Route(_) | Step::Window(_) | Step::Related(_) => return,
        });
        self.names.push(name.into());
        if matches!(
            step,
            Step::Map(_) | Step::FlatMap(_) | Step::Words(_) | Step::Enrich(_)
        ) {
            self.output = Encoding::Json;
        }
    }

    /// The first run becomes the parallel part; a later one without steps changes nothing and is left out.
    fn close(self, first: &mut Option<Steps>, then: &mut Vec<Segment>) {
        let empty = self.steps.is_empty();
        let steps = Steps::new(self.steps, self.input, self.output).named(self.names);
        match first {
            None => *first = Some(steps),
            Some(_) if empty => {}
            Some(_) => then.push(Segment::Stateless(steps)),
        }
    }
}
