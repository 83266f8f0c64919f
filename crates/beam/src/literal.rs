//! Literals of Python and SQL.

/// A string of Python: raw between triple quotes where that is the same text, as programs read best so.
pub(crate) fn python(text: &str) -> String {
    let raw = !text.contains("'''") && !text.ends_with(['\\', '\'']) && !text.contains('\r');
    if raw && (text.contains('\n') || text.contains(['\\', '"', '\''])) {
        return format!("r'''{text}'''");
    }
    // JSON's escapes are Python's, too.
    serde_json::Value::from(text).to_string()
}

/// Nanoseconds as seconds of Python, exact.
pub(crate) fn seconds(nanos: i64) -> String {
    let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    match rest {
        0 => whole.to_string(),
        _ => {
            let sign = if nanos < 0 { "-" } else { "" };
            let text = format!("{sign}{}.{:09}", whole.abs(), rest.abs());
            text.trim_end_matches('0').to_owned()
        }
    }
}

/// A name of SQL.
pub(crate) fn name(text: &str) -> String {
    format!("`{}`", text.replace('`', "``"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_python_hold_the_same_text() {
        assert_eq!(python(".a"), "\".a\"");
        assert_eq!(python("\"a\\n\""), "r'''\"a\\n\"'''");
        assert_eq!(python("'''"), "\"'''\"");
        assert_eq!(python(".a\n| '"), "\".a\\n| '\"");
    }

    #[test]
    fn seconds_are_exact() {
        assert_eq!(seconds(60_000_000_000), "60");
        assert_eq!(seconds(1_500_000_000), "1.5");
        assert_eq!(seconds(-1), "-0.000000001");
    }
}
