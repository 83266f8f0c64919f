//! Settings of windows as words: what flags and scenarios write.

use ssectl_window::{Accumulation, Amount, Time, Type};

use crate::duration::HumanDuration;

/// The type of windows of that name.
///
/// # Errors
/// There is none.
pub fn kind(word: &str) -> Result<Type, String> {
    Ok(match word {
        "tumbling" => Type::Tumbling,
        "sliding" | "hopping" => Type::Sliding,
        "session" => Type::Session,
        "count" => Type::Count,
        "cumulate" => Type::Cumulate,
        "global" => Type::Global,
        _ => {
            return Err(
                "use tumbling, sliding, hopping, session, count, cumulate or global".to_owned(),
            );
        }
    })
}

/// The mode of accumulation of that name.
///
/// # Errors
/// There is none.
pub fn accumulation(word: &str) -> Result<Accumulation, String> {
    Ok(match word {
        "accumulating" => Accumulation::Accumulating,
        "discarding" => Accumulation::Discarding,
        "retracting" => Accumulation::Retracting,
        _ => return Err("use accumulating, discarding or retracting".to_owned()),
    })
}

/// A duration in nanoseconds.
///
/// # Errors
/// It is none, or longer than 292 years.
pub fn duration(text: &str) -> Result<Time, String> {
    let duration: HumanDuration = text
        .parse()
        .map_err(|error: crate::duration::DurationError| error.to_string())?;
    Time::try_from(duration.as_nanos()).map_err(|_| format!("`{text}` is longer than 292 years"))
}

/// A duration, or a number of records.
///
/// # Errors
/// It is neither.
pub fn amount(text: &str) -> Result<Amount, String> {
    match text.parse() {
        Ok(number) => Ok(Amount::Records(number)),
        Err(_) => duration(text).map(Amount::Time),
    }
}
