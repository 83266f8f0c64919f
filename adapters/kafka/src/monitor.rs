//! What librdkafka says aside: errors of connections, log lines, and its asking for tokens.

use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use ssectl_adapter::{Error, ErrorKind};

use crate::config::{KafkaConfig, TokenSource};
use crate::token;

/// Listens to one client. Nothing of it reaches stderr; it becomes the cause of our errors.
pub(crate) struct Monitor {
    cluster: String,
    tokens: Option<TokenSource>,
    /// Whether the client has something to log in with.
    logs_in: bool,
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    last: Option<String>,
    refusal: Option<(ErrorKind, String)>,
    /// Whether a broker has answered more than which versions it speaks.
    answered: bool,
    /// The id of the only topic that the client reads, once known.
    topic_id: Option<String>,
    made_anew: bool,
}

impl Monitor {
    pub(crate) fn new(config: &KafkaConfig) -> Self {
        Self {
            cluster: format!("kafka://{}", config.brokers.joined()),
            tokens: config.sasl.as_ref().and_then(|sasl| sasl.token.clone()),
            logs_in: config.sasl.is_some(),
            heard: Mutex::default(),
        }
    }

    /// The cluster's address, as it is shown.
    pub(crate) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// An error about not reaching the cluster, with the last words of the connection as its cause.
    pub(crate) fn unreachable(&self) -> Error {
        let error = Error::new(
            ErrorKind::Unavailable,
            format!("cannot reach `{}`", self.cluster),
        )
        .temporary();
        match self.heard().last.clone() {
            Some(reason) => with_hint(error, &reason).caused_by(brief(&reason)),
            None => error.hint("check the address, and that a broker listens there"),
        }
    }

    /// Takes note that a broker answers.
    pub(crate) fn answered(&self) {
        self.heard().answered = true;
    }

    /// The same as [`unreachable`](Self::unreachable) for a client that has asked something for the first time; but who is
    /// always cut off after the greeting, and has no login, is expected to have one: a broker has no answer for that.
    pub(crate) fn unanswered(&self) -> Error {
        let heard = self.heard();
        let last = heard.last.clone().filter(|last| last.contains(CUT_OFF));
        let known = self.logs_in || heard.answered;
        drop(heard);
        match last {
            Some(reason) if !known => {
                let message = format!("`{}` does not let us in", self.cluster);
                with_hint(Error::new(ErrorKind::Authentication, message), &reason)
                    .caused_by(brief(&reason))
            }
            _ => self.unreachable(),
        }
    }

    /// Forgets what the connection said, because that is over.
    pub(crate) fn forget(&self) {
        self.heard().last = None;
    }

    /// What the connection said last, in brackets after a space; nothing if it said nothing.
    pub(crate) fn last_words(&self) -> String {
        let last = self.heard().last.clone();
        last.map_or_else(String::new, |words| format!(" ({})", brief(&words)))
    }

    /// The broker's refusal to let us in, if there was one since the last call.
    pub(crate) fn refusal(&self) -> Option<Error> {
        let (kind, reason) = self.heard().refusal.take()?;
        let error = Error::new(kind, format!("`{}` does not let us in", self.cluster));
        Some(with_hint(error, &reason).caused_by(brief(&reason)))
    }

    /// Whether the topic that is read is another one by now, of the same name.
    pub(crate) fn topic_was_made_anew(&self) -> bool {
        self.heard().made_anew
    }

    /// Takes note of a topic's id; the log is the only place where librdkafka tells it.
    fn hear_of_topic(&self, message: &str) {
        let Some(id) = topic_id(message) else {
            return;
        };
        let mut heard = self.heard();
        let known = heard.topic_id.replace(id.to_owned());
        heard.made_anew |= known.is_some_and(|known| known != id);
    }

    fn hear(&self, code: Code, reason: &str) {
        if code == Code::PartitionEOF {
            return;
        }
        let mut heard = self.heard();
        if is_refusal(code, reason) {
            heard.refusal = Some((ErrorKind::Authentication, reason.to_owned()));
        }
        if code != Code::AllBrokersDown {
            heard.last = Some(reason.to_owned());
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The new id in "Topic NAME changed id from ID to ID"; a topic without one has that of all zeros.
fn topic_id(message: &str) -> Option<&str> {
    let (_, ids) = message.split_once(" changed id from ")?;
    let (_, id) = ids.split_once(" to ")?;
    id.contains(|letter| letter != 'A' && letter != '=')
        .then_some(id)
}

/// In the words about a connection that was lost after both sides had told what they speak.
const CUT_OFF: &str = "in state UP";

/// The words without how fast and how often it failed.
fn brief(reason: &str) -> String {
    reason.split(" (after ").next().unwrap_or(reason).to_owned()
}

/// Whether one side does not trust the other. Certificates are refused in OpenSSL's words only.
fn is_refusal(code: Code, reason: &str) -> bool {
    let untrusted = reason.contains("certificate") || reason.contains("alert unknown ca");
    matches!(code, Code::Authentication | Code::SaslAuthenticationFailed)
        || (untrusted && reason.contains("SSL"))
}

/// What usually helps against a connection that breaks in this way.
fn with_hint(error: Error, reason: &str) -> Error {
    let hints = [
        (
            "certificate verify failed",
            "name the authority of the broker with `tls: {ca: FILE}`",
        ),
        (
            "alert",
            "the broker wants a certificate: set `tls: {certificate: FILE, key: FILE}`",
        ),
        (
            "in state APIVERSION_QUERY",
            "the broker may want TLS: set `tls: true`",
        ),
        (CUT_OFF, "the broker hangs up: it may want `sasl`"),
        (
            "in state SSL_HANDSHAKE",
            "the broker may not speak TLS there: leave `tls` out, or use another port",
        ),
        ("SASL", "check `sasl.mechanism`, user and password"),
        (
            "Connection refused",
            "check the address, and that a broker listens there",
        ),
        ("resolve", "check the host name"),
    ];
    match hints.iter().find(|(part, _)| reason.contains(part)) {
        Some((_, hint)) => error.hint(*hint),
        None => error,
    }
}

/// The context of a client: what it says aside, and what one kind of client needs besides.
pub(crate) struct Context<T> {
    pub(crate) monitor: Monitor,
    pub(crate) own: T,
}

impl<T: Send + Sync> ClientContext for Context<T> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if matches!(level, RDKafkaLogLevel::Debug) {
            log::trace!(target: "librdkafka", "{facility} {message}");
            self.monitor.hear_of_topic(message);
            return;
        }
        log::debug!(target: "librdkafka", "{facility} {message}");
        // Broken connections that librdkafka does not count as errors: ports of another protocol.
        if facility == "FAIL" {
            let words = message
                .split_once("]: ")
                .map_or(message, |(_, words)| words);
            self.monitor.heard().last = Some(words.to_owned());
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = error.rdkafka_error_code() {
            self.monitor.hear(code, reason);
        }
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn StdError>> {
        let source = self
            .monitor
            .tokens
            .as_ref()
            .ok_or("no `sasl.token` is set")?;
        Ok(token::obtain(source)?)
    }
}

impl ConsumerContext for Context<()> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_topic_is_read_from_the_log() {
        let line = |old: &str, new: &str| {
            format!("[thrd:main]: Topic a to b changed id from {old} to {new}")
        };
        let (zero, one) = ("AAAAAAAAAAAAAAAAAAAAAA", "2vRkLMS2Tqyn2DTBS0hCjQ");
        assert_eq!(topic_id(&line(zero, one)), Some(one));
        assert_eq!(topic_id(&line(one, zero)), None);
        assert_eq!(topic_id("Topic a [0] Leader 1 Epoch 0"), None);
    }
}
