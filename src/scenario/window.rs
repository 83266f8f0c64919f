//! The step `window`: from YAML to what runs.

use std::sync::Arc;

use super::decode::{Decoder, text_only, unsigned};
use super::{Expr, TimeExpr, Window};
use crate::document::{Entry, Node};
use crate::expr::time::Unit;
use crate::expr::{Options, Origin, Program};
use crate::window::{
    AggregateError, Aggregates, Amount, Late, Piece, Plan, Programs, SettingError, Settings,
    WatermarkKind, words,
};

impl Decoder<'_> {
    pub(super) fn window(&mut self, node: &Node) -> Option<Window> {
        let unit = node.field("unit");
        let by = self.optional(node, "by", Self::expr);
        let time = self.optional(node, "time", |decoder, time| decoder.time(time, unit));
        let partition = self.optional(node, "partition", Self::expr);
        let watermark = node.field("watermark");
        let punctuation = watermark.map_or(Some(None), |node| {
            self.optional(node, "punctuated", |decoder, program| {
                decoder.time(program, unit)
            })
        });
        let late = node.field("late");
        let late = late.map_or(Some(None), |node| {
            self.optional(node, "side", Self::address)
        });
        let aggregates = node.field("agg").and_then(|node| self.aggregates(node));
        let settings = self.settings(node);
        let checked = settings
            .clone()
            .map(|settings| self.checked(node, settings));
        let (by, time, partition, punctuation) = (by?, time?, partition?, punctuation?);
        let programs = programs(
            by.as_ref(),
            time.as_ref(),
            partition.as_ref(),
            punctuation.as_ref(),
            unit,
        );
        checked?.then_some(())?;
        let plan = Plan::new(programs?, aggregates?, settings?).ok()?;
        Some(Window {
            plan: Arc::new(plan),
            by,
            time,
            partition,
            punctuation,
            late: late?,
            aggregates: texts(node.field("agg")),
            place: node.place.clone(),
        })
    }

    /// Whether the settings fit together; what does not is reported where it stands.
    fn checked(&mut self, node: &Node, settings: Settings) -> bool {
        let Err(errors) = settings.spec() else {
            return true;
        };
        for SettingError {
            setting,
            message,
            hint,
        } in errors
        {
            let inner = |found: Option<_>, name| found.and_then(|node: &Node| node.get(name));
            let found = setting.split('.').fold(Some(node), inner);
            // What is missing is missing for this type of windows.
            let found = found.or_else(|| node.get("type")).unwrap_or(node);
            self.faults.error(&found.place, message).hint(hint);
        }
        false
    }

    fn settings(&mut self, node: &Node) -> Option<Settings> {
        let mut duration = |name| self.optional(node, name, Self::nanoseconds);
        let (slide, step, gap) = (duration("slide"), duration("step"), duration("gap"));
        let (timeout, offset) = (duration("timeout"), duration("offset"));
        let (delay, idle, idle_wall) = (duration("delay"), duration("idle"), duration("idle-wall"));
        let (max_future, lateness) = (duration("max-future"), duration("lateness"));
        let size = self.optional(node, "size", Self::amount);
        let trigger = node.field("trigger");
        let early = trigger.map_or(Some(None), |node| self.optional(node, "early", Self::pace));
        let always = trigger.map_or(Some(None), |node| self.pace_if_any(node));
        let late_count = trigger.and_then(|node| node.field("late")?.field("count"));
        Some(Settings {
            kind: word(node.field("type"), words::kind)?.unwrap_or_default(),
            size: size?,
            slide: slide?,
            step: step?,
            gap: gap?,
            timeout: timeout?,
            offset: offset?,
            zone: node.field("zone").and_then(text_only).map(str::to_owned),
            watermark: watermark(node.field("watermark")),
            delay: delay?,
            idle: idle?,
            idle_wall: idle_wall?,
            max_future: max_future?,
            lateness: lateness?,
            late: late(node.field("late")),
            early: early?,
            late_count: late_count.and_then(unsigned),
            trigger: always?,
            accumulation: word(node.field("accumulation"), words::accumulation)?,
            unit: None,
        })
    }

    /// A duration in nanoseconds.
    pub(super) fn nanoseconds(&mut self, node: &Node) -> Option<i64> {
        self.said(node, words::duration)
    }

    /// A duration or a number of records.
    fn amount(&mut self, node: &Node) -> Option<Amount> {
        self.said(node, words::amount)
    }

    fn said<T>(&mut self, node: &Node, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match parse(node.text()?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.faults.error(&node.place, message);
                None
            }
        }
    }

    /// `every` or `count`.
    fn pace(&mut self, node: &Node) -> Option<Amount> {
        let pace = self.pace_if_any(node)?;
        if pace.is_none() {
            self.faults
                .error(&node.place, "how often is missing")
                .hint("say `every: 10s` or `count: 100`");
        }
        pace
    }

    #[expect(
        clippy::option_option,
        reason = "faulty, absent and present are three things"
    )]
    fn pace_if_any(&mut self, node: &Node) -> Option<Option<Amount>> {
        let every = self
            .optional(node, "every", Self::nanoseconds)?
            .map(Amount::Time);
        let count = node.field("count").and_then(unsigned).map(Amount::Records);
        if let (Some(_), Some(_), Some(second)) = (every, count, node.entry("count")) {
            self.faults
                .error(&second.key.place, "`every` and `count` exclude each other")
                .hint("keep one of them here");
            return None;
        }
        Some(every.or(count))
    }

    /// A program that is a part of an aggregate.
    fn piece(&mut self, node: &Node, piece: &Piece) -> Option<Program> {
        if !self.admits_program(node) {
            return None;
        }
        let compiled = Program::compile(origin(node, piece), &piece.program, &Options::default());
        let error = match compiled {
            Ok(program) => return Some(program),
            Err(error) => error,
        };
        for fault in error.faults() {
            let place = node.place_in_text(piece.place(fault.offset));
            self.faults.error(&place, format!("jq: {}", fault.message));
        }
        None
    }

    fn aggregates(&mut self, node: &Node) -> Option<Aggregates> {
        let mut aggregates = Aggregates::default();
        let mut good = true;
        for Entry { key, node } in node.entries() {
            let Some(text) = node.text() else {
                good = false;
                continue;
            };
            if let Err(error) = aggregates.add(&key.name, text, |piece| self.piece(node, piece)) {
                good = false;
                if let Some(AggregateError { offset, message }) = error {
                    self.faults.error(&node.place_in_text(offset), message);
                }
            }
        }
        if node.entries().is_empty() {
            self.faults
                .error(&node.place, "nothing is calculated")
                .hint("name an aggregate, such as `n: count`");
        }
        (good && !node.entries().is_empty()).then_some(aggregates)
    }
}

/// What a part of a text is called, and where its bytes stand in the file.
fn origin(node: &Node, piece: &Piece) -> Origin {
    let name = node.place.to_string();
    let (node, piece) = (node.clone(), piece.clone());
    Origin::within(&name, move |at| {
        node.place_in_text(piece.place(at)).to_string()
    })
}

/// A word that the schema has checked.
#[expect(
    clippy::option_option,
    reason = "faulty, absent and present are three things"
)]
fn word<T>(node: Option<&Node>, parse: impl Fn(&str) -> Result<T, String>) -> Option<Option<T>> {
    match node {
        Some(node) => parse(node.text()?).ok().map(Some),
        None => Some(None),
    }
}

fn watermark(node: Option<&Node>) -> WatermarkKind {
    match node {
        Some(node) if node.get("punctuated").is_some() => WatermarkKind::Punctuated,
        Some(node) if node.text() == Some("monotonic") => WatermarkKind::Monotonic,
        _ => WatermarkKind::Bounded,
    }
}

fn late(node: Option<&Node>) -> Late {
    match node {
        Some(node) if node.get("side").is_some() => Late::Side,
        Some(node) if node.text() == Some("refire") => Late::Refire,
        _ => Late::Drop,
    }
}

fn programs(
    by: Option<&Expr>,
    time: Option<&TimeExpr>,
    partition: Option<&Expr>,
    punctuation: Option<&TimeExpr>,
    unit: Option<&Node>,
) -> Option<Programs> {
    let program = |expr: Option<&Expr>| expr.map(|expr| expr.program.clone());
    let event_time = |time: Option<&TimeExpr>| time.map(|time| time.program.clone());
    Some(Programs {
        by: program(by),
        time: event_time(time),
        partition: program(partition),
        punctuation: event_time(punctuation),
        unit: match unit {
            Some(unit) => unit.text()?.parse().ok()?,
            None => Unit::Ms,
        },
    })
}

fn texts(node: Option<&Node>) -> Vec<String> {
    let entries = node.map_or(&[] as &[Entry], Node::entries);
    entries
        .iter()
        .filter_map(|entry| entry.node.text())
        .map(str::to_owned)
        .collect()
}
