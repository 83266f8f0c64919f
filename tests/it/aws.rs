//! Where the adapters of AWS's services find their endpoint: as every AWS tool does.

use std::fs;

use ssectl_emulator::aws::{Config, Emulator};

use crate::command::{Done, run, ssectl};

/// Nobody listens there.
const ELSEWHERE: &str = "http://127.0.0.1:1";

/// Names the same emulator in each way there is, and lists its streams.
fn is_found(scheme: &str) {
    let emulator = Emulator::start(Config::default()).expect("the emulator starts");
    let here = format!("http://{}", emulator.address());
    let stream = format!("{scheme}://{}/orders", emulator.address());
    run(&["streams", "create", &stream], "").ended(0);
    let folder = tempfile::tempdir().expect("a folder");
    let profiles = folder.path().join("config");
    let profile = format!(
        "[default]\nregion = us-east-1\nservices = local\nendpoint_url = {ELSEWHERE}\n\
         [services local]\n{scheme} =\n  endpoint_url = {here}\n"
    );
    fs::write(&profiles, profile).expect("written");
    let profiles = profiles.to_str().expect("a path of text");
    let own = format!("AWS_ENDPOINT_URL_{}", scheme.to_uppercase());
    for variables in [
        &[("AWS_ENDPOINT_URL", here.as_str())][..],
        &[("AWS_ENDPOINT_URL", ELSEWHERE), (&own, &here)],
        &[
            ("AWS_CONFIG_FILE", profiles),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ],
    ] {
        let mut command = ssectl(&["streams", "list", &format!("{scheme}:")]);
        command.envs(variables.iter().copied());
        let done = Done(command.output().expect("the binary starts")).ended(0);
        assert!(done.out().contains("orders"), "{}", done.out());
    }
}

#[test]
#[cfg(feature = "kinesis")]
fn kinesis_is_found_by_environment_and_profile() {
    is_found("kinesis");
}

#[test]
#[cfg(feature = "sqs")]
fn sqs_is_found_by_environment_and_profile() {
    is_found("sqs");
}
