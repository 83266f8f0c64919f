//! Tables of PostgreSQL as the engine asks them.

use async_trait::async_trait;
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind};
use ssectl_postgres::{AskError, Table, TableSpec};

use crate::engine::Ask;
use crate::scenario::Postgres;

/// The password of addresses that have none, as PostgreSQL's own programs take it.
const PASSWORD: &str = "PGPASSWORD";

/// Checks the address; the first question connects.
///
/// # Errors
/// It is no address of a server.
pub(super) fn open(postgres: &Postgres) -> Result<Box<dyn Ask>, AskError> {
    let spec = TableSpec {
        address: postgres.address.clone(),
        password: std::env::var(PASSWORD).ok(),
        table: postgres.table.clone(),
        column: postgres.column.clone(),
    };
    Ok(Box::new(Asked(Table::new(spec)?)))
}

struct Asked(Table);

#[async_trait]
impl Ask for Asked {
    async fn rows(&self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>, Error> {
        let rows = self.0.rows(keys).await.map_err(failed)?;
        Ok(rows.into_iter().map(|row| row.map(Bytes::from)).collect())
    }
}

fn failed(error: AskError) -> Error {
    let message = error.to_string();
    match error {
        AskError::Away { .. } => Error::new(ErrorKind::Unavailable, message).temporary(),
        AskError::Address(_) => Error::new(ErrorKind::Config, message),
        AskError::Missing(_) => Error::new(ErrorKind::NotFound, message),
        AskError::Ambiguous { .. } => Error::new(ErrorKind::Data, message).hint(
            "look up in a column whose values are unique, or in a view with one row for each",
        ),
        AskError::Refused { .. } => Error::new(ErrorKind::Other, message),
    }
}
