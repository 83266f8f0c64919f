//! A file's text, within bounds.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{Faults, Place, Text};

/// The largest file that is read, in bytes. Scenarios and configurations have a few thousand.
pub const MAX_BYTES: usize = 1 << 20;

/// Reads a UTF-8 file; a byte-order mark at its start is dropped.
///
/// # Errors
/// One fault if it cannot be read, is larger than [`MAX_BYTES`], or is no text.
pub fn read(path: &Path) -> Result<Arc<Text>, Faults> {
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let outcome = File::open(path).and_then(|file| {
        let limit = MAX_BYTES as u64 + 1;
        file.take(limit).read_to_end(&mut bytes)
    });
    if let Err(error) = outcome {
        return Err(refuse(&name, format!("cannot be read: {error}"), None));
    }
    if bytes.len() > MAX_BYTES {
        return Err(refuse(
            &name,
            format!("is larger than {MAX_BYTES} bytes"),
            Some("this is the place for a description; put data into files of its own"),
        ));
    }
    decode(&name, bytes)
}

fn decode(name: &str, bytes: Vec<u8>) -> Result<Arc<Text>, Faults> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = "is UTF-16 text".to_owned();
        return Err(refuse(name, message, Some("save it as UTF-8")));
    }
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        let message = "is a binary file, not YAML: a zero byte".to_owned();
        return Err(at_byte(name, &bytes[..at], message, None));
    }
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
            Ok(Text::file(name, text))
        }
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let byte = error.as_bytes()[valid];
            let message = format!("byte 0x{byte:02x} is not UTF-8");
            let hint = Some("save the file as UTF-8");
            Err(at_byte(name, &error.as_bytes()[..valid], message, hint))
        }
    }
}

/// A fault of the byte that comes after these.
fn at_byte(name: &str, before: &[u8], message: String, hint: Option<&str>) -> Faults {
    let text = Text::file(name, String::from_utf8_lossy(before).into_owned());
    let end = text.content().len();
    let mut faults = Faults::default();
    faults
        .error(&Place::new(&text, end..end), message)
        .hint_with(|| hint.map(str::to_owned));
    faults
}

fn refuse(name: &str, message: String, hint: Option<&str>) -> Faults {
    let mut faults = Faults::default();
    faults
        .error(&Place::start_of(&Text::value(name, "")), message)
        .hint_with(|| hint.map(str::to_owned));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> String {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), bytes).expect("written");
        let faults = read(file.path()).expect_err("refused").to_string();
        faults.replace(&file.path().display().to_string(), "FILE")
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let text = decode("f", b"\xef\xbb\xbfa: 1".to_vec()).expect("text");
        assert_eq!(text.content(), "a: 1");
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read_on() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.as_file().set_len(100 << 20).expect("a sparse file");
        let faults = read(file.path()).expect_err("refused").to_string();
        assert!(faults.contains("is larger than 1048576 bytes"), "{faults}");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(
            refused(b"a: 1\nb: \0"),
            "FILE:2:4: is a binary file, not YAML: a zero byte\n  2 | b:\n    |    ^"
        );
        assert_eq!(
            refused(b"\xff\xfea\0"),
            "FILE: is UTF-16 text\n  hint: save it as UTF-8"
        );
        assert_eq!(
            refused(
                "name: x\nsummary: gr\u{fc}n \u{e9}"
                    .as_bytes()
                    .strip_suffix(b"\xa9")
                    .expect("cut")
            ),
            "FILE:2:15: byte 0xc3 is not UTF-8\n  2 | summary: grün\n    |               ^\n  hint: save the file as UTF-8"
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let faults = read(Path::new("no/such.yaml")).expect_err("refused");
        assert_eq!(
            faults.to_string(),
            "no/such.yaml: cannot be read: No such file or directory (os error 2)"
        );
    }
}
