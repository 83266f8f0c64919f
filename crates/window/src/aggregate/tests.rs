//! Aggregates as a whole, against what they mean.

use std::sync::Arc;

use proptest::prelude::*;
use ssectl_state::Value as _;

use super::*;
use crate::{Aggregator, Time};

/// All aggregates of one argument, but `reduce`.
fn all() -> Aggregates {
    let texts = [
        "count: count(.)",
        "sum: sum(.)",
        "avg: avg(.)",
        "min: min(.)",
        "max: max(.)",
        "first: first(.)",
        "last: last(.)",
        "collect: collect(.)",
        "distinct: distinct(.)",
        "approx: approx_distinct(.)",
        "p99: percentile(.; 0.99)",
        "top: top(.; 3)",
    ];
    plan(&texts)
}

fn plan(texts: &[&str]) -> Aggregates {
    let aggregates: Vec<_> = texts
        .iter()
        .map(|text| Aggregate::parse_named(text).unwrap())
        .collect();
    Aggregates::new(&aggregates, |_| -> Result<_, String> {
        Err("no reduce".to_owned())
    })
    .unwrap()
}

fn of(plan: &Aggregates, events: &[(Time, String)]) -> Accumulator {
    let mut accumulator = plan.accumulator();
    for (time, json) in events {
        let inputs = vec![Some(json.as_bytes()); plan_len(plan)];
        plan.add(&mut accumulator, *time, &inputs).unwrap();
    }
    accumulator
}

fn plan_len(plan: &Aggregates) -> usize {
    plan.accumulator().0.len()
}

fn text(plan: &Aggregates, accumulator: &Accumulator) -> String {
    let mut out = Vec::new();
    plan.write(accumulator, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn bytes(accumulator: &Accumulator) -> Vec<u8> {
    let mut out = Vec::new();
    accumulator.encode(&mut out);
    out
}

/// The result of one aggregate over values at times 1, 2, 3, …
fn result(aggregate: &str, values: &[&str]) -> String {
    let plan = plan(&[&format!("n: {aggregate}")]);
    let events: Vec<_> = (1..)
        .zip(values.iter().map(|&json| json.to_owned()))
        .collect();
    text(&plan, &of(&plan, &events))
        .split_once(':')
        .unwrap()
        .1
        .to_owned()
}

#[test]
fn each_aggregate_says_what_it_means() {
    for (aggregate, values, expected) in [
        ("count", &["null", "1", "\"x\""][..], "3"),
        ("count(.)", &["null", "1", "\"x\""], "2"),
        ("sum(.)", &["1", "null", "2"], "3"),
        ("sum(.)", &["0.1", "0.2"], "0.3"),
        ("sum(.)", &["12.10", "0.20", "1e1"], "22.3"),
        (
            "sum(.)",
            &["9223372036854775807", "9223372036854775807"],
            "18446744073709551614",
        ),
        ("sum(.)", &["1e300", "1", "-1e300"], "1"),
        (
            "sum(.)",
            &["170141183460469231731687303715884105727", "1"],
            "170141183460469231731687303715884105728",
        ),
        ("sum(.)", &["1e400", "1"], "1.7976931348623157e+308"),
        ("sum(.)", &["1e400", "-1e400"], "null"),
        ("sum(.)", &["1.5", "1.5"], "3"),
        ("sum(.)", &["-0"], "0"),
        ("avg(.)", &["1", "2"], "1.5"),
        ("avg(.)", &["1", "3"], "2"),
        ("avg(.)", &["0.1", "0.1", "0.1"], "0.1"),
        ("avg(.)", &["1", "0", "0"], "0.3333333333333333"),
        (
            "avg(.)",
            &["9007199254740993", "9007199254740995"],
            "9007199254740994",
        ),
        ("min(.)", &["\"a\"", "2", "10", "null"], "2"),
        ("max(.)", &["\"a\"", "\"\\u00e9\"", "10"], "\"\\u00e9\""),
        (
            "max(.)",
            &["9007199254740993", "9007199254740992.0"],
            "9007199254740993",
        ),
        ("min(.)", &["1.0", "1"], "1"),
        ("max(.)", &["1.0", "1"], "1.0"),
        ("first(.)", &["null", "\"b\"", "\"a\""], "\"b\""),
        ("last(.)", &["\"b\"", "\"a\"", "null"], "\"a\""),
        (
            "collect(.)",
            &["2", "null", "{\"a\":1}"],
            "[2,null,{\"a\":1}]",
        ),
        (
            "distinct(.)",
            &["1", "1.0", "\"1\"", "null", "[1]", "[1.0]"],
            "3",
        ),
        ("approx_distinct(.)", &["1", "1.0", "2"], "2"),
        ("median(.)", &["3", "1", "2"], "2"),
        ("percentile(.; 1)", &["3", "1.50", "2"], "3"),
        (
            "top(.; 2)",
            &["\"b\"", "\"c\"", "\"a\"", "\"c\"", "\"b\"", "null"],
            r#"[{"value":"b","count":2},{"value":"c","count":2}]"#,
        ),
    ] {
        assert_eq!(
            result(aggregate, values),
            expected,
            "{aggregate} of {values:?}"
        );
    }
}

#[test]
fn of_nothing_there_is_no_result() {
    let plan = all();
    assert_eq!(
        text(&plan, &plan.accumulator()),
        r#""count":0,"sum":null,"avg":null,"min":null,"max":null,"first":null,"last":null,"collect":[],"distinct":0,"approx":0,"p99":null,"top":[]"#
    );
}

#[test]
fn names_are_written_as_json() {
    let plan = plan(&["a \"b\": count"]);
    assert_eq!(text(&plan, &plan.accumulator()), r#""a \"b\"":0"#);
}

#[test]
fn a_value_that_is_no_number_is_refused_and_nothing_is_changed() {
    let plan = plan(&["n: count", "total: sum(.)"]);
    let mut accumulator = plan.accumulator();
    let before = bytes(&accumulator);
    let error = plan
        .add(&mut accumulator, 0, &[None, Some(b"\"12\"")])
        .unwrap_err();
    assert!(
        error
            .0
            .starts_with("aggregate `total`: `\"12\"` is not a number"),
        "{error}"
    );
    assert_eq!(bytes(&accumulator), before);
    let deep = "[".repeat(600) + &"]".repeat(600);
    let plan = self::plan(&["n: distinct(.)"]);
    assert!(plan.check(&[Some(deep.as_bytes())]).is_err());
}

#[test]
fn bytes_of_another_version_or_plan_are_told_apart() {
    let plan = all();
    let mut encoded = bytes(&plan.accumulator());
    assert!(plan.fits(&Accumulator::decode(&encoded).unwrap()));
    assert!(!self::plan(&["n: count"]).fits(&plan.accumulator()));
    encoded[0] = 9;
    assert!(Accumulator::decode(&encoded).is_err());
    assert!(Accumulator::decode(&[]).is_err());
}

#[test]
fn an_accumulator_describes_itself() {
    let plan = all();
    let events = [(2, "2"), (1, "1.50"), (3, "2")].map(|(time, json)| (time, json.to_owned()));
    assert_eq!(
        of(&plan, &events).describe(),
        r#"[3,5.5,5.5,1.50,2,1.50,2,[1.50,2,2],[{"value":2,"count":2},{"value":1.5,"count":1}],2,{"values":3,"median":2},[{"value":2,"count":2},{"value":1.5,"count":1}]]"#
    );
}

/// Joins texts, in place of programs in jq: a state is a JSON string.
struct Join;

impl Join {
    fn joined(state: &[u8], more: &str, out: &mut Vec<u8>) -> Result<(), String> {
        let text = std::str::from_utf8(state).unwrap().trim_matches('"');
        out.extend_from_slice(format!("\"{text}{more}\"").as_bytes());
        Ok(())
    }
}

impl Fold for Join {
    fn start(&self, out: &mut Vec<u8>) -> Result<(), String> {
        out.extend_from_slice(b"\"\"");
        Ok(())
    }

    fn update(&self, state: &[u8], value: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        match std::str::from_utf8(value).unwrap() {
            "0" => Err("division by zero".to_owned()),
            value => Self::joined(state, value, out),
        }
    }

    fn merge(&self, state: &[u8], other: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
        let other = std::str::from_utf8(other).unwrap().trim_matches('"');
        Self::joined(state, &format!("+{other}"), out)
    }
}

#[test]
fn reduce_runs_its_programs_event_by_event() {
    let reduce = |text| {
        let aggregate = Aggregate::parse("r", text).unwrap();
        let compile = |_: &Reduce| -> Result<Arc<dyn Fold>, String> { Ok(Arc::new(Join)) };
        Aggregates::new(&[aggregate], compile).unwrap()
    };
    let plan = reduce("reduce(\"\"; . + $value; . + $value)");
    assert!(plan.order_matters() && plan.can_merge());
    assert!(!reduce("reduce(\"\"; .)").can_merge());
    let events = |json: &[&str]| {
        json.iter()
            .map(|json| (0, (*json).to_owned()))
            .collect::<Vec<_>>()
    };
    let mut one = of(&plan, &events(&["1", "2", "null"]));
    assert_eq!(text(&plan, &one), r#""r":"12null""#);
    let error = plan.add(&mut one, 0, &[Some(b"0")]).unwrap_err();
    assert_eq!(error.0, "aggregate `r`: division by zero");
    let none = plan.accumulator();
    plan.merge(&mut one, &of(&plan, &events(&["3"]))).unwrap();
    plan.merge(&mut one, &none).unwrap();
    let one = Accumulator::decode(&bytes(&one)).unwrap();
    assert_eq!(text(&plan, &one), r#""r":"12null+3""#);
    let mut empty = plan.accumulator();
    assert_eq!(text(&plan, &empty), r#""r":"""#);
    plan.merge(&mut empty, &one).unwrap();
    assert_eq!(text(&plan, &empty), r#""r":"12null+3""#);
}

/// Numbers as JSON may write them.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,4})",
        "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,9})?",
        "-?[1-9](\\.[0-9]{1,3})?[eE][+-]?[0-9]{1,2}",
        any::<f64>()
            .prop_filter("JSON has no infinity", |float| float.is_finite())
            .prop_map(|float| format!("{float:e}")),
        any::<i64>().prop_map(|int| int.to_string()),
    ]
}

/// Few times, so that many are equal.
fn events(
    values: impl Strategy<Value = String>,
    most: usize,
) -> impl Strategy<Value = Vec<(Time, String)>> {
    proptest::collection::vec((-3_i64..3, values), 0..most)
}

/// Three parts in another order, each of which begins an accumulator of its own.
fn merged(plan: &Aggregates, mut events: Vec<(Time, String)>, seed: u64) -> Accumulator {
    let mut state = seed | 1;
    for at in (1..events.len()).rev() {
        // A linear congruential generator is random enough for a shuffle.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        events.swap(at, (state >> 33) as usize % (at + 1));
    }
    let mut whole = plan.accumulator();
    for part in events.chunks((seed % 700) as usize + 1) {
        let part = Accumulator::decode(&bytes(&of(plan, part))).unwrap();
        plan.merge(&mut whole, &part).unwrap();
    }
    whole
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_any_split_give_the_same_bytes(events in events(number(), 60), seed: u64) {
        let plan = all();
        let (straight, other) = (of(&plan, &events), merged(&plan, events, seed));
        prop_assert_eq!(text(&plan, &straight), text(&plan, &other));
        prop_assert_eq!(bytes(&straight), bytes(&other));
    }

    #[test]
    fn sums_are_those_of_exact_arithmetic(numbers in proptest::collection::vec(number(), 1..30)) {
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        prop_assert_eq!(result("sum(.)", &numbers), oracle::sum(&numbers, 1));
        prop_assert_eq!(result("avg(.)", &numbers), oracle::sum(&numbers, numbers.len()));
    }

    #[test]
    fn parsing_never_panics(text in "\\PC{0,40}") {
        let _ = Aggregate::parse_named(&format!("n: {text}"));
        let _ = Aggregate::parse("n", &text);
    }

    #[test]
    fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let mut versioned = vec![1, 3];
        versioned.extend(bytes);
        let _ = Accumulator::decode(&versioned);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sketches_do_not_depend_on_order_either(
        numbers in proptest::collection::vec(-20_000_i32..20_000, 1_500..3_000),
        seed: u64,
    ) {
        let plan = all();
        let events: Vec<_> = numbers.iter().map(|number| (0, number.to_string())).collect();
        let (straight, other) = (of(&plan, &events), merged(&plan, events, seed));
        prop_assert_eq!(text(&plan, &straight), text(&plan, &other));
        prop_assert_eq!(bytes(&straight), bytes(&other));
    }
}

/// Sums by integers of any size, and doubles found by trying.
mod oracle {
    use num_bigint::BigInt;
    use num_traits::Signed;

    /// Enough for all decimals that the tests use.
    const PLACES: i32 = 420;

    pub(super) fn sum(numbers: &[&str], count: usize) -> String {
        let sum: BigInt = numbers.iter().map(|number| scaled(number)).sum();
        let integers = numbers
            .iter()
            .all(|number| !number.contains(['.', 'e', 'E']) && *number != "-0");
        let divisor = power(PLACES) * BigInt::from(count);
        let even = (&sum % &divisor) == BigInt::ZERO;
        if integers && even {
            return (sum / divisor).to_string();
        }
        let mut out = Vec::new();
        super::super::total::write_double(nearest(&sum, &divisor), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn power(exponent: i32) -> BigInt {
        BigInt::from(10).pow(exponent.unsigned_abs())
    }

    /// The number times ten to the number of places.
    fn scaled(number: &str) -> BigInt {
        let lower = number.to_ascii_lowercase();
        let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
        let decimals = mantissa
            .split_once('.')
            .map_or(0, |(_, decimals)| decimals.len() as i32);
        let digits: BigInt = mantissa.replace('.', "").parse().unwrap();
        digits * power(PLACES + exponent.parse::<i32>().unwrap() - decimals)
    }

    /// The double nearest to a fraction, by bisection over all of them; of two, the one with an even last bit.
    fn nearest(sum: &BigInt, divisor: &BigInt) -> f64 {
        // Twice the fraction, in units of 2^-1075, compares with middles between doubles.
        let wanted: BigInt = sum.abs() << 1075;
        let units = |bits: u64| {
            let exponent = (bits >> 52).max(1);
            let hidden = u64::from(bits >> 52 > 0) << 52;
            BigInt::from(bits & ((1 << 52) - 1) | hidden) << exponent
        };
        let (mut below, mut above) = (0, f64::INFINITY.to_bits());
        while below < above {
            let middle = (below + above) / 2;
            let bound: BigInt = (units(middle) + units(middle + 1)) * divisor / 2;
            let exact =
                ((units(middle) + units(middle + 1)) * divisor) % BigInt::from(2) == BigInt::ZERO;
            let low_enough = wanted < bound || (wanted == bound && (!exact || middle % 2 == 0));
            if low_enough {
                above = middle;
            } else {
                below = middle + 1;
            }
        }
        let double = f64::from_bits(below);
        if sum.is_negative() { -double } else { double }
    }
}
