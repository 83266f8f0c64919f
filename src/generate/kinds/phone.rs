//! `phone`: batches of sensor readings as phones send them, for exercises on nested records.
//!
//! A message holds the accelerometer readings of a quarter of a second, calibrated (m/s², without
//! gravity) and raw (in g, with gravity), and once a second the location and the battery. Where a
//! phone is and how it moves is a function of the phone and the time. Each phone is shaken once in
//! ten seconds.

use std::f64::consts::TAU;

use super::clicks::push_hex;
use super::{Body, Moment};
use crate::generate::json::{Record, push_float, push_int};
use crate::generate::rng::{Draws, Purpose, Seed};
use crate::generate::timeline::Timeline;

const SECOND: i128 = 1_000_000_000;
/// A phone's idea of 50 ms.
const READING_NS: i128 = 50_009_100;
/// The raw sensor answers this much after the calibrated one.
const RAW_DELAY_NS: i128 = 2_501_000;
const GRAVITY: f64 = 9.806_65;
const SHAKE_EVERY_NS: i128 = 10 * SECOND;
/// Metres in a degree of latitude.
const DEGREE_M: f64 = 111_320.0;

#[derive(Debug)]
pub(super) struct Phones {
    seed: Seed,
    /// The time from one message of a phone to its next.
    interval_ns: i128,
}

/// What never changes about a phone.
struct Phone {
    number: u64,
    id: [u64; 2],
    /// Where its walks centre: degrees north and east, metres above the ellipsoid.
    home: [f64; 3],
    /// The radius of its walk in metres, and the time for a round in seconds.
    radius: f64,
    round: f64,
    phase: f64,
    /// Gravity in g along z, y and x.
    tilt: [f64; 3],
}

impl Phones {
    pub(super) fn new(seed: Seed, count: u64, timeline: &Timeline) -> Self {
        Self {
            seed,
            interval_ns: i128::from(timeline.period_ns()).saturating_mul(i128::from(count)),
        }
    }

    fn phone(&self, number: u64) -> Phone {
        let mut draws = self.seed.draws(Purpose::Entity, number);
        let (tilt, turn) = (TAU * draws.unit(), TAU * draws.unit());
        Phone {
            number,
            id: [draws.bits(), draws.bits()],
            home: [
                50.08 + 0.1 * draws.unit(),
                14.38 + 0.1 * draws.unit(),
                230.0 + 60.0 * draws.unit(),
            ],
            radius: 50.0 + 150.0 * draws.unit(),
            round: 300.0 + 900.0 * draws.unit(),
            phase: TAU * draws.unit(),
            tilt: [
                -libm::cos(tilt),
                -libm::sin(tilt) * libm::cos(turn),
                -libm::sin(tilt) * libm::sin(turn),
            ],
        }
    }

    /// How hard a phone is shaken, in m/s²; 0 at most times.
    fn shake(&self, phone: &Phone, ns: i128) -> f64 {
        let slot = ns.div_euclid(SHAKE_EVERY_NS);
        let mut draws = self.seed.pair(Purpose::Episode, phone.number, slot as u64);
        let length = SECOND / 2 + i128::from(draws.below(SECOND as u64 / 2));
        let start =
            slot * SHAKE_EVERY_NS + i128::from(draws.below((SHAKE_EVERY_NS - length) as u64));
        if (start..start + length).contains(&ns) {
            25.0 + 20.0 * draws.unit()
        } else {
            0.0
        }
    }

    /// Whether a tick of a clock that strikes each second, shifted by `shift`, falls between this
    /// message and the one before.
    fn strikes(&self, ns: i128, shift: i128) -> bool {
        (ns - shift).div_euclid(SECOND) != (ns - shift - self.interval_ns).div_euclid(SECOND)
    }

    fn push_motion(&self, phone: &Phone, start_ns: i128, draws: &mut Draws, out: &mut Vec<u8>) {
        for reading in 0..4 + i128::from(draws.below(2)) {
            let wobble = if reading == 0 {
                0
            } else {
                100 * i128::from(draws.below(10))
            };
            let ns = start_ns + reading * READING_NS + wobble;
            let strength = 0.3 + self.shake(phone, ns);
            let force: [f64; 3] = std::array::from_fn(|_| strength * draws.bell());
            // The raw sensor counts in steps of 1/65536 g.
            let raw: [f64; 3] = std::array::from_fn(|axis| {
                let g = phone.tilt[axis] + force[axis] / GRAVITY + 0.01 * draws.bell();
                libm::round(g * 65_536.0) / 65_536.0
            });
            push_axes(out, b"accelerometeruncalibrated", ns + RAW_DELAY_NS, raw);
            push_axes(out, b"accelerometer", ns, force);
        }
    }

    fn push_location(phone: &Phone, ns: i128, draws: &mut Draws, out: &mut Vec<u8>) {
        let angle =
            phone.phase + TAU * (ns.rem_euclid(1_000_000 * SECOND) as f64 / 1e9) / phone.round;
        let north = phone.radius * libm::sin(angle) + draws.bell();
        let east = phone.radius * libm::sin(2.0 * angle) + draws.bell();
        let (north_speed, east_speed) = (libm::cos(angle), 2.0 * libm::cos(2.0 * angle));
        let pace = TAU * phone.radius / phone.round;
        let altitude = phone.home[2] + 0.5 * draws.bell();
        // A phone that does not know its bearing says -1.
        let bearing = if draws.chance(0.5) {
            None
        } else {
            Some(
                libm::atan2(east_speed, north_speed)
                    .to_degrees()
                    .rem_euclid(360.0),
            )
        };
        let longitude_m = DEGREE_M * libm::cos(phone.home[0].to_radians());
        let values = [
            ("altitude", altitude),
            ("speedAccuracy", 0.3 + 2.0 * draws.unit()),
            (
                "bearingAccuracy",
                bearing.map_or(-1.0, |_| 5.0 + 175.0 * draws.unit()),
            ),
            ("latitude", phone.home[0] + north / DEGREE_M),
            ("altitudeAboveMeanSeaLevel", altitude - 43.686_6),
            ("bearing", bearing.unwrap_or(-1.0)),
            ("horizontalAccuracy", 4.7 + 0.2 * draws.unit()),
            ("verticalAccuracy", 3.2 + 0.3 * draws.unit()),
            ("longitude", phone.home[1] + east / longitude_m),
            (
                "speed",
                bearing.map_or(0.0, |_| pace * libm::hypot(north_speed, east_speed)),
            ),
        ];
        push_reading(out, b"location", ns);
        let mut lead: &[u8] = b"\"";
        for (name, value) in values {
            out.extend_from_slice(lead);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            push_float(out, value);
            lead = b",\"";
        }
        out.extend_from_slice(b"}}");
    }

    fn push_battery(phone: &Phone, ns: i128, out: &mut Vec<u8>) {
        // Ten hours down from full to a tenth, two hours up again; the phase keeps phones apart.
        let minute =
            (ns.div_euclid(60 * SECOND) + (phone.phase * 100.0) as i128).rem_euclid(720) as i64;
        let (percent, state) = if minute < 600 {
            (100 - minute * 90 / 600, "unplugged")
        } else {
            (10 + (minute - 600) * 90 / 120, "charging")
        };
        push_reading(out, b"battery", ns - ns.rem_euclid(1_000_000));
        out.extend_from_slice(b"\"batteryLevel\":");
        push_float(out, percent as f64 / 100.0);
        out.extend_from_slice(b",\"batteryState\":\"");
        out.extend_from_slice(state.as_bytes());
        out.extend_from_slice(if percent <= 20 {
            b"\",\"lowPowerMode\":\"True\"}}"
        } else {
            b"\",\"lowPowerMode\":\"False\"}}"
        });
    }
}

impl Body for Phones {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        let phone = self.phone(moment.entity);
        let ns = moment.at.ns;
        let day = ns.div_euclid(86_400 * SECOND);
        let mut session = self
            .seed
            .pair(Purpose::Episode, moment.entity, !(day as u64));
        record.begin();
        record.int("messageId", moment.seq);
        record.string("sessionId", |out| {
            push_uuid(out, [session.bits(), session.bits()])
        });
        record.string("deviceId", |out| push_uuid(out, phone.id));
        record.raw("payload", |out| {
            out.push(b'[');
            if self.strikes(ns, 0) {
                Self::push_location(
                    &phone,
                    ns + i128::from(draws.below(1_000)) * 1_000,
                    draws,
                    out,
                );
            }
            self.push_motion(&phone, ns, draws, out);
            if self.strikes(ns, SECOND / 2) {
                Self::push_battery(&phone, ns + 1_000_000, out);
            }
            out.push(b']');
        });
        record.end();
    }
}

fn push_reading(out: &mut Vec<u8>, name: &[u8], ns: i128) {
    if out.last() != Some(&b'[') {
        out.push(b',');
    }
    out.extend_from_slice(b"{\"name\":\"");
    out.extend_from_slice(name);
    out.extend_from_slice(b"\",\"time\":");
    push_int(out, ns);
    out.extend_from_slice(b",\"values\":{");
}

fn push_axes(out: &mut Vec<u8>, name: &[u8], ns: i128, [z, y, x]: [f64; 3]) {
    push_reading(out, name, ns);
    for (axis, value) in [(&b"\"z\":"[..], z), (b",\"y\":", y), (b",\"x\":", x)] {
        out.extend_from_slice(axis);
        push_float(out, value);
    }
    out.extend_from_slice(b"}}");
}

/// Appends a UUID of version 4 (RFC 9562) made of the bits given.
pub(in crate::generate) fn push_uuid(out: &mut Vec<u8>, [high, low]: [u64; 2]) {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | (0b10 << 62);
    let mut digits = Vec::with_capacity(32);
    push_hex(&mut digits, high);
    push_hex(&mut digits, low);
    for (part, range) in [0..8, 8..12, 12..16, 16..20, 20..32]
        .into_iter()
        .enumerate()
    {
        if part > 0 {
            out.push(b'-');
        }
        out.extend_from_slice(&digits[range]);
    }
}
