//! From what somebody asks for to what can run, or to everything that is wrong with it.

use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::{Amount, SettingError, Settings, Type};
use crate::{Late, Spec, Time, Trigger, WatermarkKind, Windows};

/// Nanoseconds of a day of 24 hours.
const DAY: Time = 24 * 3600 * 1_000_000_000;

/// Windows that one event may belong to: each costs as much as an event of its own.
const MOST_WINDOWS: Time = 10_000;

impl Settings {
    /// What runs.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the settings.
    pub fn spec(&self) -> Result<Spec, Vec<SettingError>> {
        let mut check = Check::default();
        check.strangers(self);
        check.lengths(self);
        let windows = check.windows(self);
        check.watermark(self);
        let trigger = check.trigger(self);
        let lateness = match (self.lateness, self.late) {
            (Some(lateness), _) => lateness,
            (None, Late::Refire) => Time::MAX,
            (None, _) => 0,
        };
        match windows {
            Some(windows) if check.errors.is_empty() => Ok(Spec {
                windows,
                watermark: self.watermark,
                delay: self.delay.unwrap_or(0),
                idle: self.idle,
                idle_wall: self.idle_wall,
                max_future: self.max_future,
                lateness,
                late: self.late,
                trigger,
                accumulation: self.accumulation.unwrap_or_default(),
                unit: self.unit.unwrap_or(1_000_000),
            }),
            _ => Err(check.errors),
        }
    }
}

/// The errors so far.
#[derive(Default)]
struct Check {
    errors: Vec<SettingError>,
}

impl Check {
    fn error(
        &mut self,
        setting: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.errors.push(SettingError {
            setting,
            message: message.into(),
            hint: hint.into(),
        });
    }

    /// Settings that the type of the windows does not have.
    fn strangers(&mut self, set: &Settings) {
        use Type::{Count, Cumulate, Global, Session, Sliding, Tumbling};
        let late = set.lateness.is_some() || set.late == Late::Refire;
        let uses: [(&'static str, bool, &[Type]); 11] = [
            (
                "size",
                set.size.is_some(),
                &[Tumbling, Sliding, Cumulate, Count],
            ),
            ("slide", set.slide.is_some(), &[Sliding]),
            ("step", set.step.is_some(), &[Cumulate]),
            ("gap", set.gap.is_some(), &[Session]),
            ("timeout", set.timeout.is_some(), &[Count]),
            (
                "offset",
                set.offset.is_some(),
                &[Tumbling, Sliding, Cumulate],
            ),
            ("zone", set.zone.is_some(), &[Tumbling, Sliding, Cumulate]),
            ("lateness", late, &[Tumbling, Sliding, Cumulate, Session]),
            (
                "trigger.early",
                set.early.is_some(),
                &[Tumbling, Sliding, Cumulate, Session],
            ),
            ("trigger", set.trigger.is_some(), &[Global]),
            (
                "accumulation",
                set.accumulation.is_some(),
                &[Tumbling, Sliding, Cumulate, Session, Global],
            ),
        ];
        for (setting, is_set, types) in uses {
            if is_set && !types.contains(&set.kind) {
                let names: Vec<_> = types
                    .iter()
                    .map(|kind| format!("`{}`", kind.name()))
                    .collect();
                self.error(
                    setting,
                    format!("`{}` windows have no `{setting}`", set.kind.name()),
                    format!("leave it out, or use another `type`: {}", names.join(", ")),
                );
            }
        }
    }

    /// Lengths that cannot be.
    fn lengths(&mut self, set: &Settings) {
        for (setting, length) in [
            ("size", length(set.size)),
            ("slide", set.slide),
            ("step", set.step),
            ("gap", set.gap),
            ("timeout", set.timeout),
            ("idle", set.idle),
            ("idle-wall", set.idle_wall),
            ("trigger.early", length(set.early)),
            ("trigger", length(set.trigger)),
        ] {
            if length.is_some_and(|length| length <= 0) {
                self.error(
                    setting,
                    format!("`{setting}` must be greater than zero"),
                    "use a duration such as `1m`",
                );
            }
        }
        for (setting, length) in [
            ("delay", set.delay),
            ("max-future", set.max_future),
            ("lateness", set.lateness),
        ] {
            if length.is_some_and(|length| length < 0) {
                self.error(
                    setting,
                    format!("`{setting}` must not be negative"),
                    "use a duration such as `5s`",
                );
            }
        }
    }

    fn windows(&mut self, set: &Settings) -> Option<Windows> {
        let offset = set.offset.unwrap_or(0);
        Some(match set.kind {
            Type::Tumbling => {
                let size = self.duration_of_window(set)?;
                let zone = self.zone(set, &[("size", size)])?;
                Windows::Sliding {
                    size,
                    slide: size,
                    offset,
                    zone,
                }
            }
            Type::Sliding => {
                let size = self.duration_of_window(set);
                let slide = self.needed(
                    "slide",
                    set.slide,
                    "how far apart windows begin, such as `10s`",
                );
                let (size, slide) = (size?, slide?);
                self.parts("slide", size, slide)?;
                let zone = self.zone(set, &[("size", size), ("slide", slide)])?;
                Windows::Sliding {
                    size,
                    slide,
                    offset,
                    zone,
                }
            }
            Type::Cumulate => {
                let size = self.duration_of_window(set);
                let step = self.needed(
                    "step",
                    set.step,
                    "how much longer each window is, such as `10m`",
                );
                let (size, step) = (size?, step?);
                self.parts("step", size, step)?;
                if size % step != 0 {
                    self.error(
                        "step",
                        "`size` is no multiple of `step`",
                        "use a `step` that divides `size`",
                    );
                }
                let zone = self.zone(set, &[("size", size), ("step", step)])?;
                Windows::Cumulate {
                    size,
                    step,
                    offset,
                    zone,
                }
            }
            Type::Session => {
                let gap = self.needed(
                    "gap",
                    set.gap,
                    "the pause that ends a session, such as `30s`",
                )?;
                Windows::Session { gap }
            }
            Type::Count => Windows::Count {
                size: self.number_of_window(set)?,
                timeout: set.timeout,
            },
            Type::Global => Windows::Global,
        })
    }

    fn needed(&mut self, setting: &'static str, value: Option<Time>, hint: &str) -> Option<Time> {
        if value.is_none() {
            self.error(
                setting,
                format!("`{setting}` is missing"),
                format!("set `{setting}`: {hint}"),
            );
        }
        value.filter(|value| *value > 0)
    }

    fn duration_of_window(&mut self, set: &Settings) -> Option<Time> {
        if let Some(Amount::Records(number)) = set.size {
            self.error(
                "size",
                format!("the size `{number}` has no unit of time"),
                format!("write `{number}s` or another duration, or use `type: count`"),
            );
            return None;
        }
        self.needed(
            "size",
            length(set.size),
            "how long a window is, such as `1m`",
        )
    }

    fn number_of_window(&mut self, set: &Settings) -> Option<u64> {
        match set.size {
            Some(Amount::Records(number)) if number > 0 => return Some(number),
            Some(Amount::Records(_)) => {
                self.error(
                    "size",
                    "`size` must be greater than zero",
                    "set how many records make a window",
                );
            }
            Some(Amount::Time(_)) => self.error(
                "size",
                "the size of a `count` window is a number of records",
                "set a number such as `100`; `timeout` takes a duration",
            ),
            None => self.error(
                "size",
                "`size` is missing",
                "set `size`: how many records make a window, such as `100`",
            ),
        }
        None
    }

    /// The part of a window by which windows move must fit into it, and not too often.
    fn parts(&mut self, setting: &'static str, size: Time, part: Time) -> Option<()> {
        if part > size {
            self.error(
                setting,
                format!("`{setting}` is greater than `size`"),
                "make it smaller: records between two windows would belong to none",
            );
            return None;
        }
        if size / part > MOST_WINDOWS {
            let count = size / part;
            self.error(
                setting,
                format!(
                    "each record would belong to {count} windows, and {MOST_WINDOWS} is the most"
                ),
                format!("make `{setting}` greater"),
            );
            return None;
        }
        Some(())
    }

    /// The zone, if one is set; `None` if it is not right.
    #[expect(
        clippy::option_option,
        reason = "a zone may be wrong, and may be absent"
    )]
    fn zone(
        &mut self,
        set: &Settings,
        lengths: &[(&'static str, Time)],
    ) -> Option<Option<TimeZone>> {
        let Some(name) = &set.zone else {
            return Some(None);
        };
        for (setting, length) in lengths {
            if length % DAY != 0 {
                self.error(
                    setting,
                    format!("with `zone`, `{setting}` counts days of the calendar"),
                    "use whole days, such as `1d` or `7d`, or leave `zone` out",
                );
            }
        }
        let zone = TimeZoneDatabase::bundled().get(name);
        if zone.is_err() {
            self.error(
                "zone",
                format!("there is no time zone `{name}`"),
                "use a name of the IANA database, such as `Europe/Berlin` or `UTC`",
            );
        }
        zone.ok().map(Some)
    }

    fn watermark(&mut self, set: &Settings) {
        let name = match set.watermark {
            WatermarkKind::Bounded => return,
            WatermarkKind::Monotonic => "monotonic",
            WatermarkKind::Punctuated => "punctuated",
        };
        if set.delay.is_some_and(|delay| delay != 0) {
            self.error(
                "delay",
                format!("a `{name}` watermark has no `delay`"),
                "leave `delay` out, or use `watermark: bounded`",
            );
        }
    }

    fn trigger(&mut self, set: &Settings) -> Trigger {
        let early = set.early.or(set.trigger);
        for (setting, amount) in [
            ("trigger.early", early),
            ("trigger.late", set.late_count.map(Amount::Records)),
        ] {
            if amount == Some(Amount::Records(0)) {
                self.error(
                    setting,
                    "a result after no record at all",
                    "use a `count` of at least 1",
                );
            }
        }
        let lasts = set.lateness.is_some_and(|lateness| lateness > 0) || set.late == Late::Refire;
        if set.late_count.is_some() && !lasts {
            self.error(
                "trigger.late",
                "no window takes late records",
                "set `lateness`, such as `1m`: how long a window stays after its end",
            );
        }
        Trigger {
            early_every: length(early),
            early_count: match early {
                Some(Amount::Records(count)) => Some(count),
                _ => None,
            },
            late_count: set.late_count,
        }
    }
}

fn length(amount: Option<Amount>) -> Option<Time> {
    match amount {
        Some(Amount::Time(time)) => Some(time),
        _ => None,
    }
}
