//! SASL PLAIN.

use std::io::Write;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::{
    ApiVersionsRequest, MetadataRequest, SaslAuthenticateRequest, SaslHandshakeRequest,
};
use ssectl_emulator::kafka::{Config, Emulator};

use super::client::*;

fn start_with_users() -> Emulator {
    let users = [
        ("$ConnectionString", "Endpoint=sb://x;Key=y"),
        ("alice", "secret"),
    ];
    let users = users.map(|(user, password)| (user.to_owned(), password.to_owned()));
    Emulator::start(Config {
        sasl_plain: Some(users.into()),
        ..Config::default()
    })
    .unwrap()
}

fn shake_hands(client: &mut Client, version: i16) {
    let response = client.call(
        version,
        &SaslHandshakeRequest::default().with_mechanism(text("PLAIN")),
    );
    assert_eq!(response.error_code, 0);
}

fn authenticate(client: &mut Client, token: &'static str) -> i16 {
    let request =
        SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from_static(token.as_bytes()));
    client.call(2, &request).error_code
}

fn is_served(client: &mut Client) -> bool {
    client.call(12, &MetadataRequest::default()).brokers.len() == 1
}

#[test]
fn users_with_their_password_are_served() {
    let emulator = start_with_users();
    for token in [
        "\0alice\0secret",
        "alice\0alice\0secret",
        "\0$ConnectionString\0Endpoint=sb://x;Key=y",
    ] {
        let mut client = Client::of(&emulator);
        client.call(0, &ApiVersionsRequest::default());
        shake_hands(&mut client, 1);
        assert_eq!(authenticate(&mut client, token), 0);
        assert!(is_served(&mut client));
    }
}

#[test]
fn a_bare_token_follows_the_oldest_handshake() {
    let emulator = start_with_users();
    let mut client = Client::of(&emulator);
    shake_hands(&mut client, 0);
    client
        .stream
        .write_all(b"\0\0\0\x0d\0alice\0secret")
        .unwrap();
    assert_eq!(client.receive_bytes().unwrap().len(), 0);
    assert!(is_served(&mut client));
}

#[test]
fn others_are_told_why_and_disconnected() {
    let emulator = start_with_users();
    for token in [
        "\0alice\0wrong",
        "\0bob\0secret",
        "alice",
        "",
        "\0alice\0secret\0",
    ] {
        let mut client = Client::of(&emulator);
        shake_hands(&mut client, 1);
        let code = authenticate(&mut client, token);
        assert_eq!(
            error(code),
            Some(ResponseError::SaslAuthenticationFailed),
            "{token:?}"
        );
        assert!(client.receive_bytes().is_none());
    }
}

#[test]
fn nothing_is_served_before_authentication() {
    let emulator = start_with_users();
    let mut client = Client::of(&emulator);
    client.send(12, &MetadataRequest::default());
    assert!(client.receive_bytes().is_none());
    let mut client = Client::of(&emulator);
    assert_eq!(
        error(authenticate(&mut client, "\0alice\0secret")),
        Some(ResponseError::IllegalSaslState)
    );
    let other = client.call(
        1,
        &SaslHandshakeRequest::default().with_mechanism(text("SCRAM-SHA-256")),
    );
    assert_eq!(
        error(other.error_code),
        Some(ResponseError::UnsupportedSaslMechanism)
    );
    assert_eq!(other.mechanisms, [text("PLAIN")]);
}

#[test]
fn without_users_there_is_nothing_to_shake_hands_for() {
    let emulator = start();
    let response = Client::of(&emulator).call(
        1,
        &SaslHandshakeRequest::default().with_mechanism(text("PLAIN")),
    );
    assert_eq!(
        error(response.error_code),
        Some(ResponseError::IllegalSaslState)
    );
}
