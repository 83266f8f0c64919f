//! From a pipeline of a scenario to what the compilers take.

use ssectl_beam::{Aggregate, Bad, Job, Kind, Late, Step, Unit, Window};
use ssectl_window::aggregate::Kind as Function;
use ssectl_window::{Accumulation, Late as Policy, Spec, Time, WatermarkKind, Windows};

use crate::expr::time;
use crate::scenario::{self, OnError, Pipeline, Scenario, SourceKind};

/// Whether a pipeline is one that another engine is to run: it reads a stream and does something, or has a window.
/// The others feed the streams.
pub fn runs_on_beam(pipeline: &Pipeline) -> bool {
    let windowed = pipeline
        .steps
        .iter()
        .any(|step| matches!(step, scenario::Step::Window(_)));
    let reads = matches!(pipeline.source.kind, SourceKind::Read(_));
    windowed || (reads && !pipeline.steps.is_empty())
}

/// A pipeline as the compilers see it.
pub fn job(scenario: &Scenario, pipeline: &Pipeline) -> Job {
    Job {
        scenario: scenario.name.clone(),
        name: pipeline.name.clone(),
        from: match &pipeline.source.kind {
            SourceKind::Read(read) => read.from.to_string(),
            SourceKind::Generate(_) | SourceKind::Replay(_) => "input".to_owned(),
        },
        to: pipeline.sink.to.to_string(),
        steps: pipeline.steps.iter().map(step).collect(),
        bad: match pipeline.on_error {
            OnError::Fail => Bad::Fail,
            OnError::Skip => Bad::Skip,
            OnError::DeadLetter { .. } => Bad::DeadLetter,
        },
    }
}

fn step(step: &scenario::Step) -> Step {
    match step {
        scenario::Step::Map(expr) => Step::Map(expr.source.clone()),
        scenario::Step::FlatMap(expr) => Step::Map(format!("({}\n) | .[]", expr.source)),
        scenario::Step::Filter(expr) => Step::Filter(expr.source.clone()),
        scenario::Step::Key(expr) => Step::Key(expr.source.clone()),
        scenario::Step::Time(time) => Step::Time(time.source.clone(), unit(time.program.unit())),
        scenario::Step::Window(window) => Step::Window(Box::new(windowed(window))),
        other => Step::Other(other.name().to_owned()),
    }
}

fn windowed(window: &scenario::Window) -> Window {
    let spec = window.plan.spec();
    let unit = unit(window.plan.unit());
    Window {
        by: window.by.as_ref().map(|by| by.source.clone()),
        time: window.time.as_ref().map(|time| (time.source.clone(), unit)),
        unit,
        partition: window
            .partition
            .as_ref()
            .map(|partition| partition.source.clone()),
        kind: kind(spec),
        aggregates: window.plan.aggregates().iter().map(aggregate).collect(),
        delay: spec.delay,
        lateness: (spec.lateness != Time::MAX).then_some(spec.lateness),
        late: match spec.late {
            Policy::Side => Late::Side,
            Policy::Drop | Policy::Refire => Late::Drop,
        },
        early_count: spec.trigger.early_count,
        late_count: spec.trigger.late_count.unwrap_or(1),
        discarding: spec.accumulation == Accumulation::Discarding,
        others: others(spec),
    }
}

fn kind(spec: &Spec) -> Kind {
    match &spec.windows {
        Windows::Sliding { zone: Some(_), .. } | Windows::Cumulate { zone: Some(_), .. } => {
            Kind::Other("zone".to_owned())
        }
        &Windows::Sliding {
            size,
            slide,
            offset,
            ..
        } => Kind::Sliding {
            size,
            slide,
            offset,
        },
        &Windows::Cumulate {
            size, step, offset, ..
        } => Kind::Cumulate { size, step, offset },
        &Windows::Session { gap } => Kind::Session { gap },
        Windows::Count { .. } => Kind::Other("type: count".to_owned()),
        Windows::Global => Kind::Global {
            count: spec.trigger.early_count,
        },
    }
}

/// Settings that no other engine has.
fn others(spec: &Spec) -> Vec<String> {
    let settings = [
        ("idle", spec.idle.is_some()),
        ("idle-wall", spec.idle_wall.is_some()),
        ("max-future", spec.max_future.is_some()),
        (
            "watermark: punctuated",
            spec.watermark == WatermarkKind::Punctuated,
        ),
        (
            "trigger: {early: {every}}",
            spec.trigger.early_every.is_some(),
        ),
        (
            "accumulation: retracting",
            spec.accumulation == Accumulation::Retracting,
        ),
    ];
    settings
        .into_iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn aggregate(aggregate: &ssectl_window::aggregate::Aggregate) -> Aggregate {
    Aggregate {
        name: aggregate.name.clone(),
        function: function(aggregate.kind).to_owned(),
        argument: aggregate
            .argument
            .as_ref()
            .map(|argument| argument.text.clone()),
    }
}

fn function(kind: Function) -> &'static str {
    match kind {
        Function::Count => "count",
        Function::Sum => "sum",
        Function::Min => "min",
        Function::Max => "max",
        Function::Average => "avg",
        Function::First => "first",
        Function::Last => "last",
        Function::Collect => "collect",
        Function::Distinct => "distinct",
        Function::ApproxDistinct => "approx_distinct",
        Function::Percentile(_) => "percentile",
        Function::Top(_) => "top",
        Function::Reduce => "reduce",
    }
}

fn unit(unit: time::Unit) -> Unit {
    match unit {
        time::Unit::S => Unit::S,
        time::Unit::Ms => Unit::Ms,
        time::Unit::Us => Unit::Us,
        time::Unit::Ns => Unit::Ns,
        time::Unit::Rfc3339 => Unit::Rfc3339,
    }
}
