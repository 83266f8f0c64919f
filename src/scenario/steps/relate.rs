//! The steps `dedupe`, `join` and `as-of`.

use std::sync::Arc;

use crate::document::{Node, Place};
use crate::expr::time::Unit;
use crate::relate::{AsOfSpec, DedupeSpec, IntervalSpec, Kind, Partner, Plan, Timing};
use crate::scenario::decode::Decoder;
use crate::scenario::{Expr, Related, Step, TimeExpr};
use crate::window::Programs;

impl Decoder<'_> {
    pub(super) fn dedupe(&mut self, node: &Node) -> Option<Step> {
        let by = node.field("by").and_then(|by| self.expr(by));
        let time = self.event_time(node, "time");
        let horizon = self.optional(node, "within", Self::nanoseconds);
        let timing = self.timing(node);
        let (by, time) = (by?, time?);
        let plan = Plan {
            programs: programs(&by, time.as_ref()),
            partner: None,
            timing: timing?,
            kind: Kind::Dedupe(DedupeSpec {
                horizon: horizon?.unwrap_or(i64::MAX),
            }),
        };
        Some(Step::Related(Box::new(Related {
            name: "dedupe",
            plan: Arc::new(plan),
            with: None,
            programs: texts(&by, time.as_ref()),
            partner_programs: Vec::new(),
            place: node.place.clone(),
        })))
    }

    pub(super) fn join(&mut self, node: &Node) -> Option<Step> {
        let before = self.optional(node, "before", Self::nanoseconds);
        let after = self.optional(node, "after", Self::nanoseconds);
        let spec = (|| {
            Some(Kind::Interval(IntervalSpec {
                before: before?.unwrap_or_default(),
                after: after?.unwrap_or_default(),
                left: is_left(node),
            }))
        })();
        self.joined("join", node, spec)
    }

    pub(super) fn as_of(&mut self, node: &Node) -> Option<Step> {
        let tolerance = self.optional(node, "tolerance", Self::nanoseconds);
        let spec = tolerance.map(|tolerance| {
            Kind::AsOf(AsOfSpec {
                tolerance: tolerance.unwrap_or(i64::MAX),
                left: is_left(node),
            })
        });
        self.joined("as-of", node, spec)
    }

    /// What both joins have.
    fn joined(&mut self, name: &'static str, node: &Node, kind: Option<Kind>) -> Option<Step> {
        let with = node.field("with").and_then(|with| self.table(with));
        let by = node.field("by").and_then(|by| self.expr(by));
        let key = self.program_or(node, "key", "$key");
        let value = self.program_or(node, "value", ".");
        let time = self.event_time(node, "time");
        let with_time = match node.field("with-time") {
            Some(_) => self.event_time(node, "with-time"),
            None => time.clone(),
        };
        let timing = self.timing(node);
        let (by, key, value, time, with_time) = (by?, key?, value?, time?, with_time?);
        let plan = Plan {
            programs: programs(&by, time.as_ref()),
            partner: Some(Partner {
                programs: programs(&key, with_time.as_ref()),
                value: value.program.clone(),
                member: node.field("as")?.text()?.to_owned(),
            }),
            timing: timing?,
            kind: kind?,
        };
        let mut partner_programs = texts(&key, with_time.as_ref());
        partner_programs.push((value.source, value.place));
        Some(Step::Related(Box::new(Related {
            name,
            plan: Arc::new(plan),
            with: Some(with?),
            programs: texts(&by, time.as_ref()),
            partner_programs,
            place: node.field("with")?.place.clone(),
        })))
    }

    #[expect(
        clippy::option_option,
        reason = "faulty, absent and present are three things"
    )]
    fn event_time(&mut self, node: &Node, name: &str) -> Option<Option<TimeExpr>> {
        let unit = node.field("unit");
        self.optional(node, name, |decoder, time| decoder.time(time, unit))
    }

    fn timing(&mut self, node: &Node) -> Option<Timing> {
        let delay = self.optional(node, "delay", Self::nanoseconds);
        let idle = self.optional(node, "idle", Self::nanoseconds);
        let max_future = self.optional(node, "max-future", Self::nanoseconds);
        Some(Timing {
            delay: delay?.unwrap_or_default(),
            idle: idle?,
            max_future: max_future?,
        })
    }

    /// The records of two sources meet in the first step that remembers, and only there.
    pub(super) fn refuse_later_joins(&mut self, steps: &[Option<Step>]) {
        let mut remembers = false;
        for step in steps.iter().flatten() {
            if let Step::Related(related) = step
                && related.with.is_some()
                && remembers
            {
                let message = format!("`{}` behind a step that remembers", related.name);
                self.faults
                    .error(&related.place, message)
                    .hint("let it begin a pipeline of its own that reads what this one writes");
            }
            remembers |= step.remembers();
        }
    }
}

fn is_left(node: &Node) -> bool {
    node.field("type").and_then(Node::text) == Some("left")
}

fn programs(by: &Expr, time: Option<&TimeExpr>) -> Programs {
    Programs {
        by: Some(by.program.clone()),
        time: time.map(|time| time.program.clone()),
        partition: None,
        punctuation: None,
        unit: time.map_or(Unit::Ms, |time| time.unit),
    }
}

fn texts(by: &Expr, time: Option<&TimeExpr>) -> Vec<(String, Place)> {
    let mut texts = vec![(by.source.clone(), by.place.clone())];
    texts.extend(time.map(|time| (time.source.clone(), time.place.clone())));
    texts
}
