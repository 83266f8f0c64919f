//! Which texts SQS allows.

use super::error::{invalid, sqs};
use crate::aws::AwsError;

/// Checks that every character may be in the body of a message.
///
/// # Errors
/// `InvalidMessageContents`.
pub(super) fn check_characters(text: &str) -> Result<(), AwsError> {
    match find_forbidden(text) {
        None => Ok(()),
        Some(letter) => Err(sqs(
            "InvalidMessageContents",
            forbidden(letter, "message body"),
        )),
    }
}

/// The first character that may not be in a message.
pub(super) fn find_forbidden(text: &str) -> Option<char> {
    let is_allowed =
        |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..);
    // Nearly all texts have nothing but what is allowed, which bytes tell faster than characters.
    let is_suspect = |byte: &u8| *byte < b' ' || *byte == 0xef;
    if !text.as_bytes().iter().any(is_suspect) {
        return None;
    }
    text.chars().find(|letter| !is_allowed(*letter))
}

/// What is said of a character that may not be in `place`.
pub(super) fn forbidden(letter: char, place: &str) -> String {
    format!(
        "Invalid binary character '#x{:X}' was found in the {place}, the set of allowed characters is #x9 | #xA | #xD | \
         #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        u32::from(letter)
    )
}

/// Checks the name of a queue.
///
/// # Errors
/// It is too long, has other characters, or does not suit the kind of queue.
pub(super) fn check_queue_name(name: &str, is_fifo: bool) -> Result<(), AwsError> {
    let stem = if is_fifo {
        name.strip_suffix(".fifo")
    } else {
        Some(name)
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let suits = stem.is_some_and(|stem| !stem.is_empty() && stem.chars().all(is_plain));
    match (suits && name.len() <= 80, is_fifo) {
        (true, _) => Ok(()),
        (false, false) => Err(invalid(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )),
        (false, true) => Err(invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end \
             with .fifo suffix and be 1 to 80 in length.",
        )),
    }
}

/// Checks a message group id, a deduplication id or a receive request attempt id.
///
/// # Errors
/// It is longer than 128 characters or has others than letters, digits and ASCII punctuation.
pub(super) fn check_id(id: &str, parameter: &str) -> Result<(), AwsError> {
    let suits = (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    match suits {
        true => Ok(()),
        false => Err(invalid(format!(
            "Value {id} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric and \
             punctuation characters. 1 to 128 in length."
        ))),
    }
}

/// The MD5 digest in hexadecimal.
pub(super) fn md5(bytes: &[u8]) -> String {
    use md5::Digest;
    hex(&md5::Md5::digest(bytes))
}

/// The SHA-256 digest in hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_the_two_last_of_the_plane_are_refused() {
        for fine in [
            "plain",
            "\t\n\r",
            "\u{e000}\u{fffd}",
            "\u{10000}\u{10ffff}",
            "\u{7f}",
            "é",
        ] {
            assert_eq!(check_characters(fine), Ok(()), "{fine:?}");
        }
        for bad in ["\u{0}", "a\u{8}", "\u{1f}", "\u{fffe}", "\u{ffff}"] {
            assert_eq!(
                check_characters(bad).unwrap_err().code,
                "InvalidMessageContents",
                "{bad:?}"
            );
        }
    }

    #[test]
    fn names_suit_their_kind() {
        assert!(check_queue_name("orders-1_x", false).is_ok());
        assert!(check_queue_name(&"x".repeat(80), false).is_ok());
        assert!(check_queue_name("orders.fifo", true).is_ok());
        for (name, is_fifo) in [
            ("", false),
            ("a.fifo", false),
            ("a b", false),
            ("a", true),
            (".fifo", true),
        ] {
            assert!(check_queue_name(name, is_fifo).is_err(), "{name}");
        }
        assert!(check_queue_name(&"x".repeat(81), false).is_err());
    }

    #[test]
    fn digests_are_in_hexadecimal() {
        assert_eq!(md5(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert!(sha256(b"").starts_with("e3b0c44298fc1c14"));
    }
}
