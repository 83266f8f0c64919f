//! The value and a newline.

use ssectl_adapter::{Error, ErrorKind, Record, Result};

use super::Encode;

/// Writes values as lines. What a line cannot hold is refused, not bent.
pub struct LineEncoder;

impl Encode for LineEncoder {
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        let Some(value) = &record.value else {
            return Err(refused("a null value"));
        };
        if memchr::memchr(b'\n', value).is_some() {
            return Err(refused("a value with a newline in it"));
        }
        out.extend_from_slice(value);
        out.push(b'\n');
        Ok(())
    }
}

fn refused(what: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("{what} does not fit on a line"),
    )
    .hint("use the format `envelope`, which holds any bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_not_come_back() {
        let mut out = Vec::new();
        LineEncoder
            .encode(&Record::from_value("a"), &mut out)
            .expect("a line");
        LineEncoder
            .encode(&Record::from_value("b\nc"), &mut out)
            .expect_err("two lines");
        LineEncoder
            .encode(&Record::default(), &mut out)
            .expect_err("null");
        LineEncoder
            .encode(&Record::from_value(""), &mut out)
            .expect("an empty line");
        assert_eq!(out, b"a\n\n");
    }
}
