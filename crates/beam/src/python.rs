//! A pipeline as a program of Apache Beam's Python SDK.
//!
//! Python and not Beam's YAML: YAML has neither an allowed lateness nor triggers, and no combiner of one's own.

use std::fmt::Write;

use crate::literal::{python as quoted, seconds};
use crate::refusal::Refusal;
use crate::{Aggregate, Bad, Job, Kind, Late, Step, Unit, Window, jq};

/// What Beam's windows are counted in.
const MICROSECOND: i64 = 1_000;
/// The aggregates of `ssectl_aggregates.py`.
const FUNCTIONS: [&str; 9] = [
    "count", "sum", "avg", "min", "max", "first", "last", "collect", "distinct",
];

/// What the head of a program says of its input.
const READ: &str = "\
The input is read by the workers: files with a record per line, {key, headers, stream, partition, offset, time_ns, value},
files of bare values with --input_values, or a stream such as kafka://HOST:PORT/NAME, from its start to the end it has now.";
const PLAYED: &str = "\
The input is a file with a record per line, {key, headers, stream, partition, offset, time_ns, value}. It is played in its
order, which counts here, and has to fit into memory.";

/// The text of the program.
///
/// # Errors
/// Everything that Beam cannot do.
pub fn python(job: &Job) -> Result<String, Vec<Refusal>> {
    let mut compiler = Compiler {
        job,
        constants: String::new(),
        chain: Vec::new(),
        arrival: false,
        refusals: Vec::new(),
    };
    compiler.job();
    if compiler.refusals.is_empty() {
        Ok(compiler.text())
    } else {
        Err(compiler.refusals)
    }
}

struct Compiler<'a> {
    job: &'a Job,
    /// Programs of jq by name, before the pipeline.
    constants: String,
    /// The transforms, each with its label.
    chain: Vec<(String, String)>,
    /// Whether records are to be played in the order in which they came.
    arrival: bool,
    refusals: Vec<Refusal>,
}

impl Compiler<'_> {
    fn job(&mut self) {
        if self.job.bad == Bad::DeadLetter {
            self.refuse(
                "`on-error: {dead-letter}`",
                "ssectl's worker does not hand bad records back to Beam: take `skip` or `fail`",
            );
        }
        let at = self
            .job
            .steps
            .iter()
            .position(|step| matches!(step, Step::Window(_)));
        let (before, from) = self.job.steps.split_at(at.unwrap_or(self.job.steps.len()));
        let before = self.programs(before);
        match from {
            [Step::Window(window), after @ ..] => self.windowed(before, window, after),
            _ => {
                self.push("read", "Read(source)");
                self.stateless("STEPS", "steps", before);
            }
        }
        self.push("write", "Write(output)");
    }

    fn windowed(&mut self, before: Option<String>, window: &Window, after: &[Step]) {
        let event = jq::event(window);
        let program = before.map_or(event.clone(), |before| format!("{before}\n| {event}"));
        let _ = writeln!(self.constants, "EVENTS = {}\n", quoted(&program));
        let unit = window.time.as_ref().map_or(Unit::Ns, |(_, unit)| *unit);
        let delay = window.delay;
        let on_error = self.on_error();
        let from = if in_order(window) {
            self.arrival = true;
            "Events"
        } else {
            "ReadEvents"
        };
        self.push(
            "events",
            &format!(
                "{from}(source, EVENTS, unit=\"{}\", delay={delay}{on_error})",
                unit.name()
            ),
        );
        let into = self.into(window);
        self.push("windows", &into);
        if !self.arrival {
            self.push("in time", "InTime()");
        }
        let aggregates: Vec<String> = window
            .aggregates
            .iter()
            .map(|aggregate| format!("{}: {}", quoted(&aggregate.name), self.kind(aggregate)))
            .collect();
        self.push(
            "aggregates",
            &format!(
                "beam.CombinePerKey(Aggregates({{{}}}))",
                aggregates.join(", ")
            ),
        );
        self.push(
            "results",
            &format!("Results(unit=\"{}\")", window.unit.name()),
        );
        if after.iter().any(|step| matches!(step, Step::Window(_))) {
            self.refuse(
                "a second `window` in one pipeline",
                "the stream between them has no event times here: make it two pipelines",
            );
            return;
        }
        let after = self.programs(after);
        self.stateless("THEN", "then", after);
    }

    /// Windows, trigger and lateness.
    fn into(&mut self, window: &Window) -> String {
        for name in &window.others {
            self.refuse(&format!("`{name}`"), "Beam has no such setting");
        }
        if window.late == Late::Side {
            self.refuse(
                "`late: {side}`",
                "Beam drops what is too late without a word (its GroupByKey has no side output)",
            );
        }
        let windows = self.windows(&window.kind);
        let trigger = match window.kind {
            Kind::Global { count: Some(count) } => {
                format!("trigger.Repeatedly(trigger.AfterCount({count}))")
            }
            _ => end_of_window(window),
        };
        let mode = if window.discarding {
            "DISCARDING"
        } else {
            "ACCUMULATING"
        };
        let lateness = window.lateness.map_or("FOR_EVER".to_owned(), seconds);
        format!(
            "beam.WindowInto(\n            {windows},\n            trigger={trigger},\n            \
             accumulation_mode=trigger.AccumulationMode.{mode},\n            allowed_lateness={lateness},\n        )"
        )
    }

    fn windows(&mut self, kind: &Kind) -> String {
        if let Kind::Sliding {
            size,
            slide,
            offset,
        } = kind
            && [size, slide, offset]
                .into_iter()
                .any(|time| time % MICROSECOND != 0)
        {
            self.refuse("a window of nanoseconds", "Beam's times are microseconds");
        }
        match kind {
            Kind::Sliding {
                size,
                slide,
                offset,
            } if size == slide => {
                format!(
                    "window.FixedWindows({}, offset={})",
                    seconds(*size),
                    seconds(*offset)
                )
            }
            Kind::Sliding {
                size,
                slide,
                offset,
            } => {
                format!(
                    "window.SlidingWindows({}, period={}, offset={})",
                    seconds(*size),
                    seconds(*slide),
                    seconds(*offset)
                )
            }
            Kind::Session { gap } => format!("window.Sessions({})", seconds(*gap)),
            Kind::Global { .. } => "window.GlobalWindows()".to_owned(),
            Kind::Cumulate { .. } => {
                self.refuse(
                    "`type: cumulate`",
                    "Beam's Python SDK has no cumulating windows",
                );
                String::new()
            }
            Kind::Other(name) => {
                self.refuse(&format!("`{name}`"), "Beam has no such windows");
                String::new()
            }
        }
    }

    fn kind(&mut self, aggregate: &Aggregate) -> String {
        let name = aggregate.function.as_str();
        if !FUNCTIONS.contains(&name) {
            let there = FUNCTIONS.join(", ");
            self.refuse(
                &format!("the aggregate `{name}`"),
                &format!("has no counterpart in Python: there are {there}"),
            );
        }
        match (name, &aggregate.argument) {
            ("count", Some(_)) => "\"count_of\"".to_owned(),
            _ => format!("\"{name}\""),
        }
    }

    /// Stateless steps as one program; `None` if there are none.
    fn programs(&mut self, steps: &[Step]) -> Option<String> {
        if steps.is_empty() {
            return None;
        }
        let steps: Vec<&Step> = steps.iter().collect();
        jq::steps(&steps)
            .map_err(|refusals| self.refusals.extend(refusals))
            .ok()
    }

    fn stateless(&mut self, constant: &str, label: &str, program: Option<String>) {
        let Some(program) = program else { return };
        let _ = writeln!(self.constants, "{constant} = {}\n", quoted(&program));
        let on_error = self.on_error();
        self.push(label, &format!("Jq({constant}{on_error})"));
    }

    fn on_error(&self) -> &'static str {
        if self.job.bad == Bad::Skip {
            ", on_error=\"skip\""
        } else {
            ""
        }
    }

    fn push(&mut self, label: &str, transform: &str) {
        self.chain.push((label.to_owned(), transform.to_owned()));
    }

    fn refuse(&mut self, what: &str, why: &str) {
        self.refusals.push(Refusal::new(what, why));
    }

    fn text(&self) -> String {
        let Job {
            scenario,
            name,
            from,
            to,
            ..
        } = self.job;
        let (reads, arrival) = if self.arrival {
            (PLAYED, ", arrival=True")
        } else {
            (READ, "")
        };
        let mut text = format!(
            "\"\"\"Pipeline `{name}` of the scenario `{scenario}` on Apache Beam: from `{from}` to `{to}`.\n\n    \
             python {name}.py --input {from}.ndjson --output {to} --runner DirectRunner\n\n\
             {reads}\nIt writes a folder, or a stream. `ssectl` is in PATH, or the variable SSECTL names it. Made by\n\
             `ssectl export beam`.\n\"\"\"\n\n\
             import apache_beam as beam\nfrom apache_beam.transforms import trigger, window\n\n\
             from ssectl_beam import FOR_EVER, Aggregates, Events, Jq, Results, Write, main\n\
             from ssectl_source import InTime, Read, ReadEvents\n\n{}\n\
             def build(begin, source, output):\n    return (\n        begin\n",
            self.constants
        );
        for (label, transform) in &self.chain {
            let _ = writeln!(text, "        | \"{label}\" >> {transform}");
        }
        let _ = write!(
            text,
            "    )\n\n\nif __name__ == \"__main__\":\n    main(build{arrival})\n"
        );
        text
    }
}

/// The trigger of windows that end: with the watermark, before it and after it.
fn end_of_window(window: &Window) -> String {
    let early = window
        .early_count
        .map(|count| format!("early=trigger.AfterCount({count})"));
    let late = (window.lateness != Some(0))
        .then(|| format!("late=trigger.AfterCount({})", window.late_count));
    let arguments: Vec<String> = early.into_iter().chain(late).collect();
    format!("trigger.AfterWatermark({})", arguments.join(", "))
}

/// Whether results depend on the order in which records come by more than what is too late: on results that come before the
/// end of a window, or after it.
fn in_order(window: &Window) -> bool {
    window.lateness != Some(0) || window.early_count.is_some()
}
