//! What must hold for a stream: from YAML to the model.

use super::decode::{Decoder, format, text_only, unsigned};
use super::{Count, Equals, EqualsOrder, Expectation, Expr, KeyOrder};
use crate::document::{Entry, Node};

impl Decoder<'_> {
    pub(super) fn expectation(&mut self, entry: &Entry) -> Option<Expectation> {
        let Entry { key, node } = entry;
        let stream = self.declared(&key.name, &key.place);
        let count = self.optional(node, "count", Self::count);
        let every = self.programs(node.field("every"));
        let some = self.programs(node.field("some"));
        let equals = self.optional(node, "equals", Self::equals);
        let order = self.optional(node, "order", Self::key_order);
        if node.entries().is_empty() {
            self.faults
                .error(&key.place, "nothing is expected")
                .hint("say `count`, `every`, `some`, `equals` or `order`");
        }
        Some(Expectation {
            stream: stream?,
            format: format(node.field("format"))?,
            count: count?,
            every: every?,
            some: some?,
            equals: equals?,
            order: order?,
            place: key.place.clone(),
        })
    }

    /// `Some(None)` if the field is not there, `None` if it is faulty.
    #[expect(
        clippy::option_option,
        reason = "faulty, absent and present are three things"
    )]
    pub(super) fn optional<T>(
        &mut self,
        node: &Node,
        name: &str,
        decode: impl FnOnce(&mut Self, &Node) -> Option<T>,
    ) -> Option<Option<T>> {
        match node.field(name) {
            Some(node) => decode(self, node).map(Some),
            None => Some(None),
        }
    }

    fn programs(&mut self, node: Option<&Node>) -> Option<Vec<Expr>> {
        match node {
            Some(node) => self.one_or_more(node, Self::expr),
            None => Some(Vec::new()),
        }
    }

    fn count(&mut self, node: &Node) -> Option<Count> {
        if let Some(exactly) = unsigned(node) {
            return Some(Count {
                min: exactly,
                max: Some(exactly),
            });
        }
        let bound = |name| node.field(name).map(unsigned);
        let (min, max) = (bound("min"), bound("max"));
        if min.is_none() && max.is_none() && node.scalar().is_none() {
            self.faults
                .error(&node.place, "`count` needs `min`, `max` or both");
            return None;
        }
        let (min, max) = (
            min.unwrap_or(Some(0))?,
            max.map_or(Some(None), |max| max.map(Some))?,
        );
        if max.is_some_and(|max| max < min) {
            self.faults
                .error(&node.place, "`max` is below `min`")
                .hint("no number of records can be between them");
            return None;
        }
        Some(Count { min, max })
    }

    fn equals(&mut self, node: &Node) -> Option<Equals> {
        let file = if node.scalar().is_some() {
            Some(node)
        } else {
            node.field("file")
        };
        let order = match node.field("order").map(text_only) {
            None | Some(Some("any")) => Some(EqualsOrder::Any),
            Some(Some("exact")) => Some(EqualsOrder::Exact),
            Some(_) => None,
        };
        Some(Equals {
            file: file.and_then(|node| self.existing_file(node))?,
            order: order?,
            place: node.place.clone(),
        })
    }

    fn key_order(&mut self, node: &Node) -> Option<KeyOrder> {
        let key = node.field("key").and_then(|node| self.expr(node));
        let by = node.field("by").and_then(|node| self.expr(node));
        Some(KeyOrder { key: key?, by: by? })
    }
}
