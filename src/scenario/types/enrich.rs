//! A table that records are enriched from.

use std::fmt;

use super::{Expr, Read};
use crate::document::Place;
use crate::engine::{CacheSpec, Missing};

/// Each record gets the row of a table that belongs to it.
#[derive(Clone, Debug)]
pub struct Enrich {
    /// What is looked up.
    pub by: Expr,
    /// The table.
    pub with: Table,
    /// What a row is found by; a table that is asked has a column for it.
    pub key: Expr,
    /// What of a row is taken.
    pub value: Expr,
    /// The member of the record that it becomes.
    pub member: String,
    /// What happens to a record that no row belongs to.
    pub missing: Missing,
    /// Whether the table is read on while records are enriched.
    pub follow: bool,
    /// Where the table is named.
    pub place: Place,
}

/// Where rows come from.
#[derive(Clone, Debug)]
pub enum Table {
    /// It is read to its end before the first record.
    Read(Read),
    /// It is asked for rows while records come.
    Postgres(Postgres),
}

/// A table of a PostgreSQL server.
#[derive(Clone)]
pub struct Postgres {
    /// The server and its database; may have a password in it.
    pub address: String,
    /// The table, as SQL has it.
    pub table: String,
    /// The column that rows are found by.
    pub column: String,
    /// What is kept of it.
    pub cache: CacheSpec,
}

/// Without the address, which may have a password in it.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table,
            column,
            cache,
            ..
        } = self;
        write!(f, "{table}.{column} {cache:?}")
    }
}
