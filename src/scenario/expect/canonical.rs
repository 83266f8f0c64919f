//! Two JSON texts with the same canonical form are equal in the sense of jq's `==`.
//!
//! White space, the order of names, and the way strings and numbers are written do not count.
//! Integers are compared exactly, however long they are; other numbers as the doubles that jq
//! calculates with. So `1`, `1.0` and `10e-1` are equal, and so are the 17 digits one tool prints
//! and the 16 another does.

use hifijson::token::Lex;
use hifijson::value::{Value, parse_bounded};

/// Nesting of arrays and objects.
const DEEPEST: usize = 512;

/// The canonical form of exactly one JSON value.
pub(crate) fn canonical(json: &[u8]) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(json)
        .map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let mut lexer = hifijson::SliceLexer::new(text.as_bytes());
    let value = lexer
        .exactly_one(Lex::ws_peek, |next, lexer| {
            parse_bounded(DEEPEST, next, lexer)
        })
        .map_err(|error| format!("not JSON: {error}"))?;
    let mut out = Vec::with_capacity(json.len());
    write(&value, &mut out);
    Ok(out)
}

fn write<N: AsRef<str>, S: AsRef<str>>(value: &Value<N, S>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number((number, _)) => out.extend(canonical_number(number.as_ref()).as_bytes()),
        Value::String(text) => write_text(text.as_ref(), out),
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                write(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            // Of a name that is there twice, jq takes the last value.
            let fields: std::collections::BTreeMap<&str, &Value<N, S>> = fields
                .iter()
                .map(|(name, value)| (name.as_ref(), value))
                .collect();
            out.push(b'{');
            for (name, value) in fields {
                write_text(name, out);
                write(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
    }
}

/// The length in front keeps any two texts apart without escapes.
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.extend(text.len().to_string().as_bytes());
    out.push(b'"');
    out.extend(text.as_bytes());
}

/// `digits e exponent` without zeros at either end of the digits.
fn canonical_number(number: &str) -> String {
    match decimal(number) {
        Some((_, digits, _)) if digits.is_empty() => "0".to_owned(),
        Some((sign, digits, exponent)) if exponent >= 0 => format!("{sign}{digits}e{exponent}"),
        _ => match number.parse::<f64>() {
            Ok(double) => canonical_double(double),
            Err(_) => number.to_owned(),
        },
    }
}

/// A number that is no integer as it is written; its double may be one.
fn canonical_double(double: f64) -> String {
    let shortest = format!("{double:e}");
    match decimal(&shortest) {
        Some((_, digits, _)) if digits.is_empty() => "0".to_owned(),
        Some((sign, digits, exponent)) => format!("{sign}{digits}e{exponent}"),
        None => shortest,
    }
}

/// Sign, digits, exponent: the number is `digits * 10^exponent`. `None` if the exponent is absurd.
fn decimal(number: &str) -> Option<(&'static str, String, i64)> {
    let (sign, number) = match number.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", number),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0').trim_end_matches('0');
    let trailing = all.len() - all.trim_end_matches('0').len();
    let exponent = exponent.parse::<i64>().ok()?;
    let shift = i64::try_from(trailing).ok()? - i64::try_from(fraction.len()).ok()?;
    Some((sign, digits.to_owned(), exponent.checked_add(shift)?))
}

#[cfg(test)]
mod tests {
    use super::canonical;

    fn same(a: &str, b: &str) -> bool {
        canonical(a.as_bytes()).expect(a) == canonical(b.as_bytes()).expect(b)
    }

    #[test]
    fn the_way_it_is_written_does_not_count() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "1e0"),
            ("1", "10e-1"),
            ("100", "1E+2"),
            ("0", "-0.0"),
            ("0", "0e99"),
            ("1e400", &format!("1{}", "0".repeat(400))),
            ("92.003473633989688", "92.00347363398969"),
            ("0.99999999999999999999", "1"),
            ("1e-400", "0"),
            (r#"{"a":1,"b":[2]}"#, " { \"b\" : [ 2.0 ] , \"a\" : 1 } "),
            (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
            (r#""é\/\ud83d\ude00""#, r#""\u00e9/😀""#),
        ] {
            assert!(same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn what_it_means_counts() {
        for (a, b) in [
            ("1", "2"),
            ("1", "-1"),
            ("1", "\"1\""),
            ("9007199254740993", "9007199254740992"),
            ("1715254403007507001", "1715254403007507000"),
            ("0.1", "0.2"),
            ("null", "false"),
            ("[1,2]", "[2,1]"),
            ("[[1],2]", "[[1,2]]"),
            (r#"["a","b"]"#, r#"["a\",1\"b"]"#),
            (r#"{"a":null}"#, "{}"),
            ("[]", "{}"),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }

    #[test]
    fn anything_else_is_no_json() {
        for text in ["", "{", "[1,]", "01", "nul", "1 2", "\"\\ud800\"", "NaN"] {
            assert!(canonical(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(
            canonical(b"\"\xff\"").expect_err("bytes"),
            "not UTF-8 at byte 1"
        );
        assert!(canonical("[".repeat(100_000).as_bytes()).is_err());
    }
}
