//! Errors of the YAML parser, in words that help.

use std::sync::Arc;

use granit_parser::{ErrorKind, ScanError};

use super::parse::DEEPEST;
use super::{Faults, Place, Text};

/// What was read when the error came up.
pub(super) struct Context {
    /// Where the innermost collection that is still open starts.
    pub(super) open: Option<usize>,
    /// The end of the last value or name.
    pub(super) read: usize,
}

/// Reports a syntax error; it is the last fault of a file, as nothing after it can be read.
pub(super) fn report(text: &Arc<Text>, error: &ScanError, context: &Context, faults: &mut Faults) {
    let at = error.marker().byte_offset().unwrap_or(0);
    let place = Place::new(text, at..at);
    if let Some(quote) = unclosed_quote(text, error.kind(), context.read, at) {
        let place = Place::new(text, quote..quote + 1);
        faults.error(&place, "a quote is never closed");
        return;
    }
    if is_bare_variable(text.content(), at) {
        let place = Place::new(text, at - 1..at + 1);
        faults
            .error(&place, "a `${` inside of `{}` or `[]` without quotes")
            .hint("put quotes around it; where a number is expected it still counts as one");
        return;
    }
    let (message, hint) = explain(error.kind());
    faults.error(&place, message).hint_with(|| match hint {
        Hint::Say(hint) => Some(hint.to_owned()),
        Hint::Open => {
            let open = text.content().get(context.open?..)?.chars().next()?;
            let line = text.position(context.open?).0;
            "{[".contains(open)
                .then(|| format!("the `{open}` in line {line} is still open"))
        }
        Hint::None => None,
    });
}

enum Hint {
    Say(&'static str),
    /// Where the bracket is that is not closed.
    Open,
    None,
}

/// Whether the parser stumbled over the brace of `${`, which in YAML starts a mapping there.
fn is_bare_variable(content: &str, at: usize) -> bool {
    let (before, after) = content.split_at(content.floor_char_boundary(at));
    before.ends_with('$') && after.starts_with('{')
}

/// Where the quote starts that an error in quoted text is about.
fn unclosed_quote(text: &Text, kind: &ErrorKind, read: usize, at: usize) -> Option<usize> {
    use ErrorKind as K;
    let in_quotes = matches!(
        kind,
        K::UnclosedQuotedScalar | K::InvalidQuotedScalarIndent | K::DocumentIndicatorInQuotedScalar
    );
    let behind = text.content().get(read..at).filter(|_| in_quotes)?;
    behind.find(['"', '\'']).map(|quote| read + quote)
}

fn explain(kind: &ErrorKind) -> (String, Hint) {
    use ErrorKind as K;
    let (message, hint) = match kind {
        K::RecursionLimitExceeded => {
            return (format!("nested deeper than {DEEPEST} levels"), Hint::None);
        }
        K::UnexpectedCharacter { character } => {
            let message = format!("text cannot start with `{character}`");
            return (message, Hint::Say("put quotes around it"));
        }
        K::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{open}` is closed by `{close}`"), Hint::None);
        }
        K::UnclosedFlowCollection { open } => {
            return (format!("`{open}` is never closed"), Hint::None);
        }
        K::TabNotAllowed
        | K::TabInBlockIndentation
        | K::TabInIndentation
        | K::TabInPlainScalar
        | K::TabAtBlockScalarStart => (
            "a tab where YAML wants spaces",
            Hint::Say("indent with spaces"),
        ),
        K::MappingValueNotAllowed | K::InvalidColonPlacement => (
            "a `:` where no name can be",
            Hint::Say("put quotes around text that has `: ` in it"),
        ),
        K::UnknownAnchor => (
            "an alias for an anchor that is not defined before it",
            Hint::Say("put quotes around text that starts with `*`"),
        ),
        K::ExpectedFlowMappingSeparator
        | K::UnexpectedEofFlowMapping
        | K::UnexpectedEofImplicitFlowMapping => ("expected `,` or `}`", Hint::Open),
        K::ExpectedFlowSequenceSeparator | K::UnexpectedEofFlowSequence => {
            ("expected `,` or `]`", Hint::Open)
        }
        K::MisplacedFlowCollectionEnd => ("a bracket that closes nothing", Hint::None),
        K::SimpleKeyExpected | K::InvalidSimpleKey => (
            "expected `NAME: VALUE`",
            Hint::Say("is a `:` missing, or a space after it?"),
        ),
        K::InvalidIndentation | K::ExpectedBlockMappingKey | K::ExpectedBlockSequenceEntry => (
            "indented unlike the lines around it",
            Hint::Say("give what belongs together the same indentation"),
        ),
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => (
            "text behind a closing quote",
            Hint::Say(
                "write `''` for a quote inside of single quotes, `\\\"` inside of double quotes",
            ),
        ),
        K::UnknownQuotedScalarEscape => (
            "no escape that YAML knows",
            Hint::Say("use single quotes: in them a `\\` is only a `\\`"),
        ),
        K::DirectiveDisallowed => ("YAML directives are not supported", Hint::None),
        kind => return (format!("not YAML: {kind}"), Hint::None),
    };
    (message.to_owned(), hint)
}
