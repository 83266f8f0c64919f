//! `clicks`: page views of a web shop, by user and session.

use super::orders::COUNTRIES;
use super::{Body, Moment};
use crate::generate::json::{Record, push_int};
use crate::generate::rng::{Draws, Purpose, Seed};
use crate::generate::zipf::Zipf;

/// A user who comes back after this long is in another session, which may well begin before
/// midnight and end after it.
const SESSION_NS: i128 = 30 * 60 * 1_000_000_000;

static DEVICES: &[&str] = &["desktop", "mobile", "tablet"];
static REFERRERS: &[&str] = &["direct", "search", "newsletter", "friend"];

#[derive(Debug)]
pub(super) struct Clicks {
    seed: Seed,
    products: Zipf,
}

impl Clicks {
    pub(super) fn new(seed: Seed) -> Self {
        Self {
            seed,
            products: Zipf::new(500, 1.0),
        }
    }

    /// The page: wide at the top of the funnel, narrow at its end.
    fn push_page(&self, draws: &mut Draws, out: &mut Vec<u8>) {
        let page: &[u8] = match draws.below(100) {
            0..20 => b"/",
            20..35 => b"/search",
            35..80 => b"/products/",
            80..91 => b"/cart",
            91..97 => b"/checkout",
            _ => b"/thanks",
        };
        out.extend_from_slice(page);
        if page == b"/products/" {
            push_int(out, 1 + self.products.draw(draws));
        }
    }
}

impl Body for Clicks {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        let mut user = self.seed.draws(Purpose::Entity, moment.entity);
        let country = user.pick(COUNTRIES);
        // Users start their sessions at different times, so the half hours of one are not those of
        // another.
        let shift = i128::from(user.below(SESSION_NS as u64));
        let session = (moment.at.ns + shift).div_euclid(SESSION_NS);
        let mut visit = self
            .seed
            .pair(Purpose::Episode, moment.entity, session as u64);
        record.begin();
        record.int("seq", moment.seq);
        record.time("time", moment.at);
        record.numbered("user", "user-", moment.entity);
        record.string("session", |out| push_hex(out, visit.bits()));
        record.string("page", |out| self.push_page(draws, out));
        record.text("referrer", visit.pick(REFERRERS));
        record.text("device", visit.pick(DEVICES));
        record.text("country", country);
        record.int(
            "duration_ms",
            200 + draws.below(400) * (1 + draws.below(40)),
        );
        record.end();
    }
}

/// Appends 16 hexadecimal digits.
pub(in crate::generate) fn push_hex(out: &mut Vec<u8>, bits: u64) {
    out.extend(
        (0..16)
            .rev()
            .map(|digit| b"0123456789abcdef"[(bits >> (4 * digit)) as usize & 15]),
    );
}
