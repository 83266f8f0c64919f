//! The constraints of the service's model, and what AWS says when one is not met.

use std::fmt::Display;

use super::error::kinesis;
use super::names::Arn;
use crate::aws::AwsError;

/// The pattern of names of streams, shards and consumers.
const NAME: &str = "[a-zA-Z0-9_.-]+";

/// The pattern of ARNs of streams.
const STREAM_ARN: &str = "arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+";

/// The pattern of ARNs of streams and consumers.
const RESOURCE_ARN: &str = "arn:aws.*:kinesis:.*:\\d{12}:.*stream/\\S+";

/// The pattern of ARNs of consumers.
const CONSUMER_ARN: &str = "^(arn):aws.*:kinesis:.*:\\d{12}:.*stream\\/[a-zA-Z0-9_.-]+\\/consumer\\/[a-zA-Z0-9_.-]+:[0-9]+";

/// The pattern of hash keys.
const HASH_KEY: &str = "0|([1-9]\\d{0,38})";

/// The pattern of sequence numbers.
const SEQUENCE: &str = "0|([1-9]\\d{0,128})";

/// Collects the constraints that a request violates.
#[derive(Debug, Default)]
pub(super) struct Checks(Vec<String>);

impl Checks {
    /// Adds a violation.
    pub(super) fn fail(&mut self, value: impl Display, at: impl Display, constraint: impl Display) {
        self.0.push(format!(
            "Value '{value}' at '{at}' failed to satisfy constraint: {constraint}"
        ));
    }

    /// The value has to be there.
    pub(super) fn required<T>(&mut self, at: &str, value: Option<&T>) {
        if value.is_none() {
            self.0.push(format!(
                "Value null at '{at}' failed to satisfy constraint: Member must not be null"
            ));
        }
    }

    /// The number of characters, or of members.
    pub(super) fn length(
        &mut self,
        value: impl Display,
        at: impl Display,
        length: usize,
        (least, most): (usize, usize),
    ) {
        if length < least {
            let constraint = format!("Member must have length greater than or equal to {least}");
            self.fail(&value, &at, constraint);
        }
        if length > most {
            let constraint = format!("Member must have length less than or equal to {most}");
            self.fail(&value, &at, constraint);
        }
    }

    /// The name of a stream, a shard or a consumer.
    pub(super) fn name(&mut self, at: &str, value: Option<&str>) {
        let Some(value) = value else { return };
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        if value.is_empty() || !value.chars().all(is_plain) {
            self.fail(value, at, pattern(NAME));
        }
        self.length(value, at, value.chars().count(), (1, 128));
    }

    /// A name that has to be there.
    pub(super) fn required_name(&mut self, at: &str, value: Option<&str>) {
        self.required(at, value.as_ref());
        self.name(at, value);
    }

    /// The ARN of a stream.
    pub(super) fn stream_arn(&mut self, at: &str, value: Option<&str>) {
        self.arn(at, value, STREAM_ARN, |arn| arn.consumer.is_none());
    }

    /// The ARN of a consumer.
    pub(super) fn consumer_arn(&mut self, at: &str, value: Option<&str>) {
        self.arn(at, value, CONSUMER_ARN, |arn| arn.consumer.is_some());
    }

    /// The ARN of a stream or a consumer, which has to be there.
    pub(super) fn resource_arn(&mut self, value: Option<&str>) {
        self.required("resourceARN", value.as_ref());
        self.arn("resourceARN", value, RESOURCE_ARN, |_| true);
    }

    fn arn(&mut self, at: &str, value: Option<&str>, regex: &str, suits: fn(&Arn<'_>) -> bool) {
        let Some(value) = value else { return };
        if !Arn::parse(value).is_some_and(|arn| suits(&arn)) {
            self.fail(value, at, pattern(regex));
        }
        self.length(value, at, value.chars().count(), (1, 2048));
    }

    /// A number.
    pub(super) fn range(&mut self, at: &str, value: Option<i64>, (least, most): (i64, i64)) {
        let Some(value) = value else { return };
        if value < least {
            let constraint = format!("Member must have value greater than or equal to {least}");
            self.fail(value, at, constraint);
        }
        if value > most {
            let constraint = format!("Member must have value less than or equal to {most}");
            self.fail(value, at, constraint);
        }
    }

    /// One of a few words.
    pub(super) fn one_of(&mut self, at: &str, value: Option<&str>, words: &[&str]) {
        if let Some(value) = value.filter(|value| !words.contains(value)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", words.join(", "));
            self.fail(value, at, constraint);
        }
    }

    /// A hash key.
    pub(super) fn hash_key(&mut self, at: impl Display, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !is_number(value, 39)) {
            self.fail(value, at, pattern(HASH_KEY));
        }
    }

    /// A sequence number.
    pub(super) fn sequence(&mut self, at: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !is_number(value, 129)) {
            self.fail(value, at, pattern(SEQUENCE));
        }
    }

    /// Ends the checks.
    ///
    /// # Errors
    /// A constraint was violated.
    pub(super) fn done(self) -> Result<(), AwsError> {
        let violations = match self.0.len() {
            0 => return Ok(()),
            1 => "1 validation error detected".to_owned(),
            count => format!("{count} validation errors detected"),
        };
        let message = format!("{violations}: {}", self.0.join("; "));
        Err(kinesis("ValidationException", message))
    }
}

fn pattern(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn is_number(text: &str, digits: usize) -> bool {
    let is_plain = text == "0" || !text.starts_with('0');
    (1..=digits).contains(&text.len()) && is_plain && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_are_told_as_aws_tells_them() {
        let mut checks = Checks::default();
        checks.required_name("streamName", None);
        checks.range("limit", Some(0), (1, 10_000));
        checks.one_of("type", Some("X"), &["A", "B"]);
        let error = checks.done().unwrap_err();
        assert_eq!(error.kind, "ValidationException");
        assert_eq!(
            error.message,
            "3 validation errors detected: Value null at 'streamName' failed to satisfy constraint: Member must not \
             be null; Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal \
             to 1; Value 'X' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [A, B]"
        );
    }

    #[test]
    fn names_and_numbers_follow_their_patterns() {
        for (name, count) in [("a_.-9", 0), ("a b", 1), ("", 2), (&*"a".repeat(129), 1)] {
            let mut checks = Checks::default();
            checks.name("x", Some(name));
            assert_eq!(checks.0.len(), count, "{name}");
        }
        for (number, fits) in [
            ("0", true),
            ("10", true),
            ("01", false),
            ("", false),
            ("1a", false),
        ] {
            assert_eq!(is_number(number, 39), fits, "{number}");
        }
    }
}
