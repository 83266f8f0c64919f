//! Times as text: milliseconds since 1970, with up to six decimals where a time is finer.

use ssectl_adapter::Timestamp;

pub(super) fn print(time: Timestamp) -> String {
    let nanos = time.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, part) = (
        nanos.unsigned_abs() / 1_000_000,
        nanos.unsigned_abs() % 1_000_000,
    );
    match part {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part:06}"),
    }
}

pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > 6 {
        return None;
    }
    let part: i128 = format!("{part:0<6}").parse().ok()?;
    let nanos = whole
        .parse::<i128>()
        .ok()?
        .checked_mul(1_000_000)?
        .checked_add(part)?;
    Some(Timestamp::from_nanos(if negative { -nanos } else { nanos }))
}
