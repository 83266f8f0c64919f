//! The flags that say which windows there are and when they close.

use std::str::FromStr;

use clap::Args;
use ssectl_window::Time;

use crate::cli::error::CliError;
use crate::window::{
    Accumulation, Amount, Late, SettingError, Settings, Type, WatermarkKind, words,
};

/// Which windows there are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Windows")]
pub(super) struct ShapeArgs {
    /// tumbling, sliding (or hopping), session, count, cumulate or global
    #[arg(long = "type", default_value = "tumbling", value_name = "TYPE", value_parser = words::kind)]
    kind: Type,
    /// How long a window is (1m), or of how many records with --type count
    #[arg(long, value_name = "DURATION|N", value_parser = words::amount)]
    size: Option<Amount>,
    /// From the start of one sliding window to the next
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    slide: Option<Time>,
    /// How much longer one cumulate window is than the one before
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    step: Option<Time>,
    /// The pause that ends a session
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    gap: Option<Time>,
    /// A count window that is not full ends so long after its first record, in event time
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    window_timeout: Option<Time>,
    /// Windows begin so long after the full multiples of their size
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    window_offset: Option<Time>,
    /// Windows of whole days begin at midnight in this time zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
}

/// When a window is complete, and what comes after that.
#[derive(Debug, Args)]
#[command(next_help_heading = "Watermark and late records")]
pub(super) struct CompletenessArgs {
    /// bounded, monotonic or punctuated=JQ
    #[arg(long, default_value = "bounded", value_name = "KIND")]
    pub(super) watermark: WatermarkArg,
    /// How far the watermark stays behind the greatest event time [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    delay: Option<Time>,
    /// Keep watermarks per result of this jq program instead of per partition of the stream
    #[arg(long, value_name = "JQ")]
    pub(super) partition_by: Option<String>,
    /// A partition so far behind the others, in event time, holds no window open
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    idle: Option<Time>,
    /// A partition silent for so long, by the clock, holds no window open; results then depend on when records arrive
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    idle_wall: Option<Time>,
    /// A record so far ahead of its partition is a bad one; see --on-error
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    max_future: Option<Time>,
    /// So long after its end a window still takes records [default: 0s]
    #[arg(long, value_name = "DURATION", value_parser = words::duration)]
    lateness: Option<Time>,
    /// Records that come too late: drop, side=ADDRESS or refire; they are counted
    #[arg(long, default_value = "drop", value_name = "POLICY")]
    pub(super) late: LateArg,
}

/// When results come beside the one at the end of a window.
#[derive(Debug, Args)]
#[command(next_help_heading = "Triggers")]
pub(super) struct TriggerArgs {
    /// early=10s, early=100 (records), late=5; of --type global 10s or 100; may be given again
    #[arg(long, value_name = "WHEN")]
    trigger: Vec<TriggerArg>,
    /// What a second result of a window holds: accumulating (the default), discarding or
    /// retracting
    #[arg(long, value_name = "MODE", value_parser = words::accumulation)]
    accumulation: Option<Accumulation>,
}

/// `--watermark`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WatermarkArg {
    /// The greatest event time, less the delay.
    Bounded,
    /// The greatest event time.
    Monotonic,
    /// What this program says.
    Punctuated(String),
}

impl FromStr for WatermarkArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "bounded" => Ok(Self::Bounded),
            None if text == "monotonic" => Ok(Self::Monotonic),
            Some(("punctuated", program)) if !program.is_empty() => {
                Ok(Self::Punctuated(program.to_owned()))
            }
            _ => Err("use bounded, monotonic or punctuated=JQ".to_owned()),
        }
    }
}

/// `--late`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LateArg {
    /// Leave out and count.
    Drop,
    /// Another result of the window.
    Refire,
    /// Keep elsewhere.
    Side(String),
}

impl FromStr for LateArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "drop" => Ok(Self::Drop),
            None if text == "refire" => Ok(Self::Refire),
            Some(("side", address)) if !address.is_empty() => Ok(Self::Side(address.to_owned())),
            _ => Err("use drop, side=ADDRESS or refire".to_owned()),
        }
    }
}

/// One `--trigger`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TriggerArg {
    /// Before the end.
    Early(Amount),
    /// After the end.
    Late(u64),
    /// Of the global window.
    Always(Amount),
}

impl FromStr for TriggerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None => words::amount(text).map(Self::Always),
            Some(("early", amount)) => words::amount(amount).map(Self::Early),
            Some(("late", count)) => count
                .parse()
                .map(Self::Late)
                .map_err(|_| "use late=N, a number of records".to_owned()),
            Some(_) => {
                Err("use early=10s, early=100, late=5, or with --type global 10s or 100".to_owned())
            }
        }
    }
}

/// What the flags say together.
pub(super) fn settings(
    shape: &ShapeArgs,
    completeness: &CompletenessArgs,
    trigger: &TriggerArgs,
) -> Settings {
    let mut settings = Settings {
        kind: shape.kind,
        size: shape.size,
        slide: shape.slide,
        step: shape.step,
        gap: shape.gap,
        timeout: shape.window_timeout,
        offset: shape.window_offset,
        zone: shape.zone.clone(),
        watermark: match completeness.watermark {
            WatermarkArg::Bounded => WatermarkKind::Bounded,
            WatermarkArg::Monotonic => WatermarkKind::Monotonic,
            WatermarkArg::Punctuated(_) => WatermarkKind::Punctuated,
        },
        delay: completeness.delay,
        idle: completeness.idle,
        idle_wall: completeness.idle_wall,
        max_future: completeness.max_future,
        lateness: completeness.lateness,
        late: match completeness.late {
            LateArg::Drop => Late::Drop,
            LateArg::Refire => Late::Refire,
            LateArg::Side(_) => Late::Side,
        },
        accumulation: trigger.accumulation,
        ..Settings::default()
    };
    for trigger in &trigger.trigger {
        match trigger {
            TriggerArg::Early(amount) => settings.early = Some(*amount),
            TriggerArg::Late(count) => settings.late_count = Some(*count),
            TriggerArg::Always(amount) => settings.trigger = Some(*amount),
        }
    }
    settings
}

/// What is wrong with the flags; settings have their names in scenarios, and some flags others.
pub(super) fn refused(errors: &[SettingError]) -> CliError {
    let flag = |setting: &str| match setting {
        "timeout" => "--window-timeout".to_owned(),
        "offset" => "--window-offset".to_owned(),
        "trigger.early" | "trigger.late" => "--trigger".to_owned(),
        other => format!("--{other}"),
    };
    let lines: Vec<String> = errors
        .iter()
        .map(|error| format!("{}: {}", flag(error.setting), error.message))
        .collect();
    let found = CliError::usage(lines.join("\n  "));
    errors
        .iter()
        .fold(found, |found, error| found.hint(error.hint.clone()))
}
