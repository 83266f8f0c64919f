//! What phones report is shaped like a recording and plausible.

use serde_json::Value;

use super::*;

fn messages(count: u64) -> Vec<(i128, Value)> {
    let generator = Generator::new(&Spec {
        seed: 7,
        ..Spec::new(Kind::Phone)
    })
    .unwrap();
    (0..count)
        .map(|i| {
            let mut out = Vec::new();
            let event = generator.write(i, &mut out);
            (event.time_ns, serde_json::from_slice(&out).unwrap())
        })
        .collect()
}

fn readings(message: &Value) -> &Vec<Value> {
    message["payload"].as_array().unwrap()
}

fn names(object: &Value) -> Vec<&str> {
    object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// The shape of the messages that the phone app records: names and JSON types (names in the order
/// of the alphabet).
#[test]
fn messages_have_the_shape_of_recorded_ones() {
    let axes = vec!["x", "y", "z"];
    for (_, message) in messages(2_000) {
        assert_eq!(
            names(&message),
            ["deviceId", "messageId", "payload", "sessionId"]
        );
        assert!(message["messageId"].is_u64() && (8..=12).contains(&readings(&message).len()));
        for reading in readings(&message) {
            assert_eq!(names(reading), ["name", "time", "values"]);
            let values = &reading["values"];
            match reading["name"].as_str().unwrap() {
                "accelerometer" | "accelerometeruncalibrated" => {
                    assert_eq!(names(values), axes)
                }
                "battery" => {
                    assert_eq!(
                        names(values),
                        ["batteryLevel", "batteryState", "lowPowerMode"]
                    );
                    assert!((0.1..=1.0).contains(&values["batteryLevel"].as_f64().unwrap()));
                    assert!(
                        values["batteryState"].is_string() && values["lowPowerMode"].is_string()
                    );
                }
                "location" => {
                    assert_eq!(names(values).len(), 10);
                    assert!((50.0..50.2).contains(&values["latitude"].as_f64().unwrap()));
                    assert!((14.3..14.5).contains(&values["longitude"].as_f64().unwrap()));
                }
                other => panic!("a reading of {other}"),
            }
        }
    }
}

#[test]
fn the_first_reading_is_at_the_time_of_the_event() {
    for (time_ns, message) in messages(500) {
        let first = readings(&message)
            .iter()
            .map(|reading| reading["time"].as_i64().unwrap())
            .min();
        assert_eq!(i128::from(first.unwrap()), time_ns);
    }
}

#[test]
fn a_few_percent_of_the_readings_are_shakes() {
    let all = messages(4_000);
    let totals: Vec<f64> = all
        .iter()
        .flat_map(|(_, message)| readings(message))
        .filter(|reading| reading["name"] == "accelerometer")
        .map(|reading| {
            ["x", "y", "z"]
                .iter()
                .map(|axis| reading["values"][axis].as_f64().unwrap().abs())
                .sum()
        })
        .collect();
    let shakes = totals.iter().filter(|&&total| total > 50.0).count();
    let early = totals[..900].iter().filter(|&&total| total > 50.0).count();
    assert!(early > 0, "no shake in the first 200 messages");
    let share = shakes as f64 / totals.len() as f64;
    assert!((0.02..0.08).contains(&share), "{share}");
    assert!(totals.iter().any(|total| *total < 1.0));
}

#[test]
fn each_phone_reports_in_turn_with_location_and_battery_once_a_second() {
    let all = messages(4_000);
    let of_one: Vec<_> = all
        .iter()
        .filter(|(_, message)| message["deviceId"] == all[0].1["deviceId"])
        .collect();
    assert_eq!(of_one.len(), 1_000, "one of four phones");
    let seconds = (of_one[999].0 - of_one[0].0) as f64 / 1e9;
    for name in ["location", "battery"] {
        let count = of_one
            .iter()
            .flat_map(|(_, m)| readings(m))
            .filter(|reading| reading["name"] == name)
            .count();
        assert!(
            (count as f64 - seconds).abs() < seconds * 0.05,
            "{count} times {name} in {seconds} s"
        );
    }
}

#[test]
fn a_walk_is_continuous() {
    let (mut last, mut longest) = (None, 0.0f64);
    for (_, message) in messages(4_000).iter().step_by(4) {
        for place in readings(message)
            .iter()
            .filter(|reading| reading["name"] == "location")
        {
            let here =
                ["latitude", "longitude"].map(|axis| place["values"][axis].as_f64().unwrap());
            if let Some([north, east]) = last.replace(here) {
                longest = longest.max((here[0] - north).abs().max((here[1] - east).abs()));
            }
        }
    }
    assert!(
        longest > 0.0 && longest < 0.0003,
        "{longest} degrees in a second"
    );
}

#[test]
fn with_a_skew_some_phones_report_more_often() {
    let keys = Keys {
        count: Some(3),
        skew: 1.5,
        field: None,
    };
    let generator = Generator::new(&Spec {
        keys: Some(keys),
        ..Spec::new(Kind::Phone)
    })
    .unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for i in 0..3_000 {
        let mut out = Vec::new();
        let key = generator
            .write(i, &mut out)
            .key
            .unwrap()
            .bytes(&out)
            .to_vec();
        *counts.entry(key).or_insert(0) += 1;
    }
    let mut counts: Vec<i32> = counts.into_values().collect();
    counts.sort_unstable();
    // 1 : 2^-1.5 : 3^-1.5 of 3,000 are 1,940, 686 and 373.
    assert!(
        (1_840..2_040).contains(&counts[2]) && counts[0] < 470,
        "{counts:?}"
    );
}
