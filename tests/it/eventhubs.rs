//! Verbs and scenarios on the emulator of Event Hubs.

use crate::command::{Done, run};

fn on_eventhubs(scenario: &str, params: &[&str]) -> Done {
    let arguments = ["run", scenario, "--target", "local-eventhubs"];
    run(&[&arguments, params].concat(), "")
}

fn agrees_with_kafka(scenario: &str, params: &[&str]) {
    let arguments = ["verify", scenario, "-t", "local-kafka,local-eventhubs"];
    let done = run(&[&arguments, params].concat(), "").ended(0);
    assert!(done.err().contains("the results agree"), "{}", done.err());
}

const NO_TABLE: [&str; 2] = ["--set", "table=/dev/null"];

#[test]
fn upper_case_passes_on_event_hubs() {
    on_eventhubs("scenarios/01-kafka-uppercase", &[]).ended(0);
}

#[test]
fn results_agree_with_those_of_kafka() {
    agrees_with_kafka("scenarios/01-kafka-uppercase", &[]);
    agrees_with_kafka("scenarios/08-phone-normalise", &NO_TABLE);
}
