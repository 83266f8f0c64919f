//! The step `enrich`.

use crate::document::{Node, Typed};
use crate::engine::Missing;
use crate::scenario::decode::Decoder;
use crate::scenario::{Address, Enrich, Expr, Format, Step};

impl Decoder<'_> {
    pub(super) fn enrich(&mut self, node: &Node) -> Option<Step> {
        let by = node.field("by").and_then(|by| self.expr(by));
        let with = node.field("with").and_then(|with| self.table(with));
        let key = self.program_or(node, "key", "$key");
        let value = self.program_or(node, "value", ".");
        let missing = match node.field("missing").map(Node::text) {
            None | Some(Some("keep")) => Some(Missing::Keep),
            Some(Some("filter")) => Some(Missing::Filter),
            Some(Some("fail")) => Some(Missing::Fail),
            Some(_) => None,
        };
        let follow = node.field("follow").and_then(Node::scalar);
        let with = with?;
        if let (None, Address::Uri(uri)) = (node.field("key"), &with.from)
            && uri.scheme == "file"
        {
            self.faults
                .error(&node.place, "rows of a file have no keys of their own")
                .hint("say with `key` what a row is found by, such as `key: .id`");
        }
        Some(Step::Enrich(Box::new(Enrich {
            by: by?,
            with,
            key: key?,
            value: value?,
            member: node.field("as")?.text()?.to_owned(),
            missing: missing?,
            follow: follow.is_some_and(|follow| follow.typed() == Typed::Bool(true)),
            place: node.field("with")?.place.clone(),
        })))
    }

    /// A stream or a part of one.
    fn table(&mut self, node: &Node) -> Option<crate::scenario::Read> {
        let table = self.stream_or_part(node)?;
        if table.format == Format::Raw {
            self.faults
                .error(&node.place, "a table of `raw` records")
                .hint("programs read JSON, text or CSV; give it that `format`");
            return None;
        }
        Some(table)
    }

    /// A program, or what stands for it if it is not there.
    fn program_or(&mut self, node: &Node, name: &str, usual: &str) -> Option<Expr> {
        match node.field(name) {
            Some(node) => self.expr(node),
            None => self.expr(&Node::plain(node.place.clone(), usual)),
        }
    }
}
