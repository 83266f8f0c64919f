//! `orders`: what the customers of a small shop buy.

use super::{Body, Moment};
use crate::generate::json::Record;
use crate::generate::rng::{Draws, Purpose, Seed};

/// Name, category and price in cents.
static PRODUCTS: &[(&str, &str, i64)] = &[
    ("notebook", "office", 349),
    ("pencil", "office", 95),
    ("stapler", "office", 1_190),
    ("desk lamp", "office", 4_250),
    ("kettle", "kitchen", 3_799),
    ("teapot", "kitchen", 2_480),
    ("mug", "kitchen", 890),
    ("bread knife", "kitchen", 2_195),
    ("tent", "outdoor", 18_900),
    ("compass", "outdoor", 2_475),
    ("sleeping bag", "outdoor", 9_950),
    ("torch", "outdoor", 1_699),
    ("chess set", "games", 3_999),
    ("puzzle", "games", 1_799),
    ("dice", "games", 299),
    ("card deck", "games", 650),
    ("headphones", "electronics", 7_990),
    ("keyboard", "electronics", 5_990),
    ("charger", "electronics", 2_490),
    ("camera", "electronics", 42_900),
    ("novel", "books", 1_299),
    ("atlas", "books", 3_450),
    ("cookbook", "books", 2_699),
    ("dictionary", "books", 1_950),
];

pub(in crate::generate) static COUNTRIES: &[&str] = &[
    "CZ", "DE", "FR", "GB", "GR", "IE", "IT", "KE", "NL", "PL", "PT", "US",
];

#[derive(Debug)]
pub(super) struct Orders {
    pub(super) seed: Seed,
}

impl Body for Orders {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        let (product, category, cents) = draws.pick(PRODUCTS);
        let quantity = 1 + draws.below(4).min(draws.below(4)) as i64;
        // A customer never moves: the country belongs to the entity.
        let country = self
            .seed
            .draws(Purpose::Entity, moment.entity)
            .pick(COUNTRIES);
        record.begin();
        record.int("seq", moment.seq);
        record.time("time", moment.at);
        record.numbered("order", "order-", moment.seq);
        record.numbered("customer", "customer-", moment.entity);
        record.text("country", country);
        record.text("product", product);
        record.text("category", category);
        record.int("quantity", quantity);
        record.fixed("price", cents, 2);
        record.fixed("amount", cents * quantity, 2);
        record.bool("paid", draws.chance(0.9));
        record.end();
    }
}
