//! The step `enrich`.

use std::time::Duration;

use crate::document::{Node, Typed};
use crate::duration::HumanDuration;
use crate::engine::{CacheSpec, Missing};
use crate::scenario::decode::{Decoder, unsigned};
use crate::scenario::{Address, Enrich, Expr, Format, Postgres, Step, Table};

/// What is kept of a table that is asked, unless the file says something else.
const CACHE: CacheSpec = CacheSpec {
    rows: 10_000,
    ttl: Some(Duration::from_secs(60)),
};

impl Decoder<'_> {
    pub(super) fn enrich(&mut self, node: &Node) -> Option<Step> {
        let by = node.field("by").and_then(|by| self.expr(by));
        let with = node.field("with").and_then(|with| self.rows(node, with));
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
        if let (None, Table::Read(read)) = (node.field("key"), &with)
            && matches!(&read.from, Address::Uri(uri) if uri.scheme == "file")
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

    /// The table of `enrich`: a stream, or one that is asked.
    fn rows(&mut self, node: &Node, with: &Node) -> Option<Table> {
        let Some(address) = with.field("postgres") else {
            if let Some(cache) = node.field("cache") {
                self.faults
                    .error(&cache.place, "a `cache` for a table that is read")
                    .hint("all of it is in memory; a `cache` is for `with: {postgres: ...}`");
            }
            return self.table(with).map(Table::Read);
        };
        for (name, hint) in [
            ("key", "say with `column` of `with` what a row is found by"),
            (
                "follow",
                "say with `for` of `cache` how long a row is believed",
            ),
        ] {
            if let Some(field) = node.field(name) {
                let message = format!("`{name}` for a table that is asked");
                self.faults.error(&field.place, message).hint(hint);
            }
        }
        Some(Table::Postgres(Postgres {
            address: address.text()?.to_owned(),
            table: with.field("table")?.text()?.to_owned(),
            column: with.field("column")?.text()?.to_owned(),
            cache: self.cache(node.field("cache"))?,
        }))
    }

    fn cache(&mut self, node: Option<&Node>) -> Option<CacheSpec> {
        let Some(node) = node else {
            return Some(CACHE);
        };
        let rows = match node.field("rows") {
            Some(rows) => usize::try_from(unsigned(rows)?).ok()?,
            None => CACHE.rows,
        };
        let ttl = match node.field("for") {
            Some(ttl) => Some(ttl.text()?.parse::<HumanDuration>().ok()?.0),
            None => CACHE.ttl,
        };
        Some(CacheSpec { rows, ttl })
    }

    /// A batch asks for its rows at once, and behind a step that remembers there are no batches.
    pub(super) fn refuse_later_lookups(&mut self, steps: &[Option<Step>]) {
        let steps = steps.iter().flatten();
        for step in steps.skip_while(|step| !step.remembers()) {
            if let Step::Enrich(enrich) = step
                && matches!(enrich.with, Table::Postgres(_))
            {
                self.faults
                    .error(
                        &enrich.place,
                        "a table that is asked, behind a step that remembers",
                    )
                    .hint("let it begin a pipeline of its own that reads what this one writes");
            }
        }
    }

    /// A stream or a part of one.
    pub(super) fn table(&mut self, node: &Node) -> Option<crate::scenario::Read> {
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
    pub(super) fn program_or(&mut self, node: &Node, name: &str, usual: &str) -> Option<Expr> {
        match node.field(name) {
            Some(node) => self.expr(node),
            None => self.expr(&Node::plain(node.place.clone(), usual)),
        }
    }
}
