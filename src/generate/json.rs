//! Writing JSON objects straight into a byte buffer, remembering where the key is.

use super::Key;
use super::timeline::Instant;

/// Writes one record: a JSON object field by field, or plain text.
///
/// Field names and the texts given to [`Record::text`] come from this crate and need no escapes.
pub(super) struct Record<'a> {
    pub(super) out: &'a mut Vec<u8>,
    start: usize,
    key_field: Option<&'a str>,
    key: Option<Key>,
}

impl<'a> Record<'a> {
    /// A record that begins at the end of `out`; the value of `key_field` becomes its key.
    pub(super) fn new(out: &'a mut Vec<u8>, key_field: Option<&'a str>) -> Self {
        let start = out.len();
        Self {
            out,
            start,
            key_field,
            key: None,
        }
    }

    /// The key, if the record has one.
    pub(super) fn key(self) -> Option<Key> {
        self.key
    }

    /// Makes what `write` appends the key, if the key is made of `field`.
    #[inline]
    pub(super) fn value(&mut self, field: &str, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.out.len() - self.start;
        write(self.out);
        if self.key_field == Some(field) && self.key.is_none() {
            self.key = Some(Key::Within(from..self.out.len() - self.start));
        }
    }

    /// Makes what `write` appends the key without writing it into the record, if the key is made of
    /// `field`.
    pub(super) fn key_apart(&mut self, field: &str, write: impl FnOnce(&mut Vec<u8>)) {
        if self.key_field == Some(field) {
            let mut key = Vec::new();
            write(&mut key);
            self.key = Some(Key::Apart(key.into()));
        }
    }

    /// Begins an object.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.out.push(b'{');
    }

    /// Ends the object.
    #[inline]
    pub(super) fn end(&mut self) {
        self.out.push(b'}');
    }

    /// A string whose characters `write` appends.
    #[inline]
    pub(super) fn string(&mut self, field: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(field);
        self.out.push(b'"');
        self.value(field, write);
        self.out.push(b'"');
    }

    /// A number, true, false, null, array or object that `write` appends.
    #[inline]
    pub(super) fn raw(&mut self, field: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(field);
        self.value(field, write);
    }

    /// A string that needs no escapes.
    #[inline]
    pub(super) fn text(&mut self, field: &'static str, text: &str) {
        debug_assert!(
            !text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\'),
            "needs escapes: {text}"
        );
        self.string(field, |out| out.extend_from_slice(text.as_bytes()));
    }

    /// A string made of a prefix and a number, such as `customer-17`.
    #[inline]
    pub(super) fn numbered(&mut self, field: &'static str, prefix: &str, number: u64) {
        self.string(field, |out| {
            out.extend_from_slice(prefix.as_bytes());
            push_int(out, number);
        });
    }

    /// A whole number.
    #[inline]
    pub(super) fn int(&mut self, field: &'static str, number: impl itoa::Integer) {
        self.raw(field, |out| push_int(out, number));
    }

    /// A number given in units of 10^-decimals, such as 1250 with 2 decimals for 12.5.
    #[inline]
    pub(super) fn fixed(&mut self, field: &'static str, units: i64, decimals: u32) {
        self.raw(field, |out| push_fixed(out, units, decimals));
    }

    /// True or false.
    #[inline]
    pub(super) fn bool(&mut self, field: &'static str, yes: bool) {
        self.raw(field, |out| {
            out.extend_from_slice(if yes { b"true" } else { b"false" })
        });
    }

    /// A time as RFC 3339 text.
    #[inline]
    pub(super) fn time(&mut self, field: &'static str, at: Instant) {
        self.string(field, |out| at.push_rfc3339(out));
    }

    #[inline]
    fn name(&mut self, field: &'static str) {
        let first = self.out.last() == Some(&b'{');
        self.out
            .extend_from_slice(if first { b"\"" } else { b",\"" });
        self.out.extend_from_slice(field.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

/// Appends a whole number.
#[inline]
pub(super) fn push_int(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends `number` with leading zeros up to `width` digits.
#[inline]
pub(super) fn push_padded(out: &mut Vec<u8>, number: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut rest = number;
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    debug_assert_eq!(rest, 0, "{number} has more than {width} digits");
    out.extend_from_slice(&digits[..width]);
}

/// Appends `units` / 10^decimals without trailing zeros.
#[inline]
pub(super) fn push_fixed(out: &mut Vec<u8>, units: i64, decimals: u32) {
    let scale = 10u64.pow(decimals);
    if units < 0 {
        out.push(b'-');
    }
    let (whole, mut fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    push_int(out, whole);
    if fraction > 0 {
        let mut width = decimals as usize;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            width -= 1;
        }
        out.push(b'.');
        push_padded(out, fraction, width);
    }
}

/// Appends a finite number in the shortest form that reads back the same; whole numbers without
/// `.0`.
#[inline]
pub(super) fn push_float(out: &mut Vec<u8>, number: f64) {
    if number == number.trunc() && number.abs() < 1e15 {
        push_int(out, number as i64);
    } else {
        out.extend_from_slice(zmij::Buffer::new().format(number).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_are_short_and_exact() {
        for (units, decimals, text) in [
            (1250, 2, "12.5"),
            (1205, 2, "12.05"),
            (1200, 2, "12"),
            (-5, 3, "-0.005"),
            (0, 2, "0"),
            (7, 0, "7"),
        ] {
            assert_eq!(written(|out| push_fixed(out, units, decimals)), text);
        }
        for (number, text) in [
            (1.0, "1"),
            (-1.0, "-1"),
            (0.1, "0.1"),
            (1e-7, "1e-7"),
            (0.0, "0"),
            (1e300, "1e300"),
        ] {
            assert_eq!(
                written(|out| push_float(out, number)).replace("e+", "e"),
                text
            );
        }
        assert_eq!(written(|out| push_padded(out, 42, 5)), "00042");
    }

    #[test]
    fn records_are_json_and_know_their_key() {
        let mut out = b"before ".to_vec();
        let mut record = Record::new(&mut out, Some("b"));
        record.begin();
        record.int("a", 1);
        record.text("b", "two");
        record.bool("c", false);
        record.numbered("d", "x-", 4);
        record.end();
        let key = record.key().unwrap();
        let value = &out[7..];
        assert_eq!(value, br#"{"a":1,"b":"two","c":false,"d":"x-4"}"#);
        assert_eq!(key.bytes(value), b"two");
    }
}
