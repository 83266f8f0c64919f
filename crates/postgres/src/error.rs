//! Why a table does not answer.

use tokio_postgres::error::SqlState;

/// Why a table does not answer. The server's own words are in the message.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The address is no address of a PostgreSQL server.
    #[error("no address of a PostgreSQL server: {0}")]
    Address(String),
    /// The server cannot be reached, or it is starting, stopping or full.
    #[error("PostgreSQL at {server} is away: {message}")]
    Away {
        /// Host and port.
        server: String,
        /// What happened.
        message: String,
    },
    /// The server has answered, and says no.
    #[error("PostgreSQL at {server} refuses: {message}")]
    Refused {
        /// Host and port.
        server: String,
        /// What it says.
        message: String,
    },
    /// There is no such table or column.
    #[error("{0}")]
    Missing(String),
    /// Several rows have the same key.
    #[error("table `{table}` has several rows with the key {key}")]
    Ambiguous {
        /// The table, as it is called in the server.
        table: String,
        /// The key as JSON.
        key: String,
    },
}

impl AskError {
    /// Whether the same question may be answered later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Away { .. })
    }

    /// Sorts what the client says.
    pub(crate) fn of(server: &str, error: &tokio_postgres::Error) -> Self {
        let server = server.to_owned();
        match error.as_db_error() {
            Some(said) => {
                let detail = said.detail().map(|detail| format!(" ({detail})"));
                let message = format!("{}{}", said.message(), detail.unwrap_or_default());
                match passes(said.code()) {
                    true => Self::Away { server, message },
                    false => Self::Refused { server, message },
                }
            }
            None => {
                let message = chain(error);
                match is_of_the_network(error) {
                    true => Self::Away { server, message },
                    false => Self::Refused { server, message },
                }
            }
        }
    }
}

/// Whether an error of the server is one that passes by itself (PostgreSQL, appendix A: classes 08, 40, 53 and 57P).
fn passes(code: &SqlState) -> bool {
    let code = code.code();
    code.starts_with("08")
        || code.starts_with("40")
        || code.starts_with("53")
        || code.starts_with("57P")
}

/// Whether the connection is the cause, and not what was said over it.
fn is_of_the_network(error: &tokio_postgres::Error) -> bool {
    if error.is_closed() {
        return true;
    }
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            // TLS that fails comes as an error of this kind: it fails the next time, too.
            return error.kind() != std::io::ErrorKind::InvalidData;
        }
        source = error.source();
    }
    false
}

fn chain(error: &tokio_postgres::Error) -> String {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let next = error.to_string();
        if !message.contains(&next) {
            message += &format!(": {next}");
        }
        source = error.source();
    }
    message
}
