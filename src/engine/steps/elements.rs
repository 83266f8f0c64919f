//! Arrays spread: each of their elements is a result of its own.

use serde_json::value::RawValue;

use super::RecordError;
use crate::expr::Outputs;

/// The elements of all results, in order.
///
/// # Errors
/// A result is no array.
pub(super) fn of(results: &Outputs, elements: &mut Outputs) -> Result<(), RecordError> {
    for result in results.iter() {
        let array: Vec<&RawValue> = serde_json::from_slice(result.json()).map_err(|_| {
            let shown: String = String::from_utf8_lossy(result.json())
                .chars()
                .take(40)
                .collect();
            RecordError::Refused(format!(
                "`flat-map` needs an array, and the program gave {shown}"
            ))
        })?;
        for element in array {
            elements.push_json(element.get().as_bytes());
        }
    }
    Ok(())
}
