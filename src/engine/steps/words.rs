//! Text divided into words.
//!
//! A word is as long a sequence of letters, digits, `_` and `'` as there is: `[\w']+`, as Beam's word count has it.
//! Letters and digits are those of Unicode.

use super::RecordError;
use crate::expr::Outputs;

/// How words are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// As they stand in the text.
    #[default]
    Keep,
    /// In small letters.
    Lower,
    /// In capitals.
    Upper,
}

/// The words of all results, in order, as strings.
///
/// # Errors
/// A result is no text.
pub(super) fn of(results: &Outputs, case: Case, words: &mut Outputs) -> Result<(), RecordError> {
    for result in results.iter() {
        if !result.is_string() {
            let shown: String = String::from_utf8_lossy(result.json())
                .chars()
                .take(40)
                .collect();
            return Err(RecordError::Refused(format!(
                "`words` needs text, and the program gave {shown}"
            )));
        }
        let text = result.raw();
        for word in split(&String::from_utf8_lossy(&text)) {
            match case {
                Case::Keep => push(word, words),
                Case::Lower => push(&word.to_lowercase(), words),
                Case::Upper => push(&word.to_uppercase(), words),
            }
        }
    }
    Ok(())
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    let within = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
    text.split(move |c| !within(c))
        .filter(|word| !word.is_empty())
}

/// Nothing in a word needs an escape in JSON.
fn push(word: &str, words: &mut Outputs) {
    words.push_json(format!("\"{word}\"").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str, case: Case) -> Result<Vec<String>, RecordError> {
        let (mut results, mut words) = (Outputs::default(), Outputs::default());
        results.push_json(text.as_bytes());
        of(&results, case, &mut words)?;
        let raw = |word: crate::expr::Output<'_>| String::from_utf8_lossy(&word.raw()).into_owned();
        Ok(words.iter().map(raw).collect())
    }

    #[test]
    fn words_are_letters_digits_and_apostrophes_of_any_script() {
        let text = r#""Don't panic: 42\n\"Ünïcode\" – слова, 言葉 snake_case --""#;
        assert_eq!(
            words(text, Case::Keep).unwrap(),
            [
                "Don't",
                "panic",
                "42",
                "Ünïcode",
                "слова",
                "言葉",
                "snake_case"
            ]
        );
        assert_eq!(
            words(r#""Über ICH""#, Case::Lower).unwrap(),
            ["über", "ich"]
        );
        assert_eq!(words(r#""straße""#, Case::Upper).unwrap(), ["STRASSE"]);
        assert!(words(r#"" .,! ""#, Case::Keep).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let error = words("[1]", Case::Keep).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`words` needs text, and the program gave [1]"
        );
    }
}
