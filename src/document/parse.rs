//! From YAML text to nodes: bounded in depth and size, anchors included.

use std::sync::Arc;

use granit_parser::Parser;

use super::build::{Builder, MOST_VALUES, Stop};
use super::secret::mark_secrets;
use super::{Faults, Node, Place, Text, syntax};

/// Levels of nesting.
pub(super) const DEEPEST: usize = 64;

/// Parses one document. `None` if it is empty, or not YAML at all.
///
/// Secrets are marked, and hidden from the excerpts of every fault that is reported after.
pub fn parse(text: &Arc<Text>, faults: &mut Faults) -> Option<Node> {
    let options = granit_parser::options! {
        emit_comments: false,
        disallow_directives: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let mut builder = Builder::new(text);
    let mut failed = None;
    for event in Parser::new_from_str_with_options(text.content(), options) {
        let stop = match event {
            Ok((event, span)) => builder.event(event, span.byte_range().unwrap_or(0..0)),
            Err(error) => Err(Stop::Syntax(error)),
        };
        if let Err(stop) = stop {
            failed = Some(stop);
            break;
        }
    }
    let mut root = builder.root.take();
    let mut hidden = Vec::new();
    if let Some(root) = &mut root {
        mark_secrets(root, &mut Vec::new(), false, &mut hidden);
    }
    if failed.is_some() {
        builder.hide_unfinished(&mut hidden);
    }
    text.hide(hidden);
    let context = builder.context();
    for (place, message, hint) in builder.faults {
        faults.error(&place, message).hint_with(|| hint);
    }
    match failed {
        Some(Stop::Syntax(error)) => syntax::report(text, &error, &context, faults),
        Some(Stop::TooMuch(span)) => faults
            .error(
                &Place::new(text, span),
                format!("the file has more than {MOST_VALUES} values, aliases included"),
            )
            .hint("repeat less with anchors and aliases"),
        None => return root.filter(|root| !root.is_null()),
    }
    None
}
