//! One layer over another.

use crate::document::{Entry, Node, Value};

/// Puts `over` on top of `under`: mappings name by name, anything else as a whole.
///
/// A target of another adapter replaces the one below it, because their options have nothing to do
/// with each other.
pub(super) fn merge(under: &mut Node, over: Node) {
    merge_at(under, over, 0);
}

/// `targets` is at depth 1, a target at depth 2.
const TARGET: usize = 2;

fn merge_at(under: &mut Node, over: Node, depth: usize) {
    let place = over.place.clone();
    match (&mut under.value, over.value) {
        (Value::Map(below), Value::Map(above)) => {
            for entry in above {
                merge_entry(below, entry, depth + 1);
            }
        }
        // Nothing under a name says nothing about it.
        (_, Value::Scalar(scalar)) if is_null(&scalar) => {}
        (value, above) => {
            *value = above;
            under.place = place;
        }
    }
}

fn merge_entry(below: &mut Vec<Entry>, above: Entry, depth: usize) {
    match below
        .iter_mut()
        .find(|entry| entry.key.name == above.key.name)
    {
        Some(entry) if depth == TARGET && other_adapter(&entry.node, &above.node) => *entry = above,
        Some(entry) => merge_at(&mut entry.node, above.node, depth),
        None => below.push(above),
    }
}

fn other_adapter(below: &Node, above: &Node) -> bool {
    let adapter = |node: &Node| node.get("adapter").and_then(Node::text).map(str::to_owned);
    adapter(above).is_some_and(|above| adapter(below) != Some(above))
}

fn is_null(scalar: &crate::document::Scalar) -> bool {
    scalar.typed() == crate::document::Typed::Null
}
