//! `iot`: climate readings of sensors in buildings.

use std::f64::consts::TAU;

use super::{Body, Moment};
use crate::generate::json::Record;
use crate::generate::rng::{Draws, Purpose, Seed};

static SITES: &[&str] = &[
    "atrium",
    "cellar",
    "greenhouse",
    "laboratory",
    "office",
    "roof",
    "server-room",
    "workshop",
];

const DAY_NS: i128 = 86_400_000_000_000;

#[derive(Debug)]
pub(super) struct Sensors {
    pub(super) seed: Seed,
}

impl Body for Sensors {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        let mut device = self.seed.draws(Purpose::Entity, moment.entity);
        let site = device.pick(SITES);
        let usual = 16.0 + 8.0 * device.unit();
        let swing = 1.0 + 4.0 * device.unit();
        // Coldest at midnight, warmest at noon (UTC).
        let hour = moment.at.ns.rem_euclid(DAY_NS) as f64 / DAY_NS as f64;
        let warmth = -libm::cos(TAU * hour);
        let outlier = if draws.chance(0.002) { 25.0 } else { 0.0 };
        let celsius = usual + swing * warmth + 0.3 * draws.bell() + outlier;
        let humidity = 50.0 - 2.0 * swing * warmth + 2.0 * draws.bell();
        // A battery lasts fifty days and is then changed; each device has its own day for that.
        let age = (moment.at.ns / (DAY_NS / 2) + i128::from(device.below(100))).rem_euclid(100);
        record.begin();
        record.int("seq", moment.seq);
        record.time("time", moment.at);
        record.numbered("device", "sensor-", moment.entity);
        record.text("site", site);
        record.fixed("temperature", libm::round(celsius * 100.0) as i64, 2);
        record.fixed("humidity", libm::round(humidity * 10.0) as i64, 1);
        record.int("battery", 100 - age as i64);
        record.text("status", if celsius > 40.0 { "alarm" } else { "ok" });
        record.end();
    }
}
