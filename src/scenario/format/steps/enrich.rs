//! The step `enrich`, as it is written.

use schemars::JsonSchema;

use crate::duration::HumanDuration;
use crate::scenario::format::{Jq, Read, StreamAddress};

/// Each record gets the row of a table that belongs to it, as a member of its object.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EnrichStep {
    /// Which table, and what of it goes where.
    pub enrich: Enrich,
}

/// Which table, and what of it goes where.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Enrich {
    /// What is looked up, such as `.country`.
    pub by: Jq,
    /// The table: a file or a stream, which is read to its end before the first record, or a table of PostgreSQL, which
    /// is asked.
    pub with: EnrichTable,
    /// What a row of the table is found by, such as `.code`; default `$key`. Of rows with the same key the last one
    /// counts, and one without a value removes it.
    pub key: Option<Jq>,
    /// What of a row is taken, such as `{name, population}`; default `.`, all of it.
    pub value: Option<Jq>,
    /// The member of the record that it becomes, such as `country`; one that is there already is replaced.
    #[schemars(rename = "as")]
    pub member: String,
    /// What happens to a record that no row belongs to; default `keep`.
    pub missing: Option<Missing>,
    /// Whether the table is read on while records are enriched, so that later changes count. When they do depends on
    /// the clock on the wall; default `false`.
    pub follow: Option<bool>,
    /// What is kept of a table that is asked.
    pub cache: Option<Cache>,
}

/// What is kept of a table that is asked.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cache {
    /// So many keys, those without a row included; default 10000; 0 asks for each.
    pub rows: Option<u32>,
    /// How long a row is believed; default `1m`.
    #[schemars(rename = "for")]
    pub ttl: Option<HumanDuration>,
}

/// A table: the name or address of a stream, a mapping with `stream`, or one with `postgres`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum EnrichTable {
    /// A stream or file by name or address.
    Address(StreamAddress),
    /// A part of a stream.
    Stream(Read),
    /// A table that is asked.
    Postgres(Postgres),
}

/// A table of a PostgreSQL server.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Postgres {
    /// The server and its database, such as `${SHOP_DB}` for `postgresql://ann@db.example/shop`. Where it has no password,
    /// `PGPASSWORD` of the environment is used.
    pub postgres: String,
    /// The table or view, as one writes it in SQL.
    pub table: String,
    /// The column that `by` is looked up in; its values are unique.
    pub column: String,
}

/// A table: the name or address of a stream, or a mapping with `stream`.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Table {
    /// A stream or file by name or address.
    Address(StreamAddress),
    /// A part of a stream.
    Stream(Read),
}

/// What happens to a record that no row belongs to.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum Missing {
    /// It goes on with `null` (a left join).
    Keep,
    /// It is left out (an inner join).
    Filter,
    /// It is a bad record, see `on-error`.
    Fail,
}
