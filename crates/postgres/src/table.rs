//! A table, and questions to it.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_postgres::{Client, Statement};

use crate::AskError;
use crate::connect::Server;
use crate::key::Kind;

/// An answer that takes longer is as good as none.
const ANSWER: Duration = Duration::from_secs(30);

/// Which table, and where.
#[derive(Clone)]
pub struct TableSpec {
    /// The server and its database: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, or `host=… dbname=…`.
    pub address: String,
    /// The password where the address has none.
    pub password: Option<String>,
    /// The table or view, as one writes it in SQL.
    pub table: String,
    /// The column that rows are found by; its values should be unique.
    pub column: String,
}

/// Without the address, which may have a password in it.
impl fmt::Debug for TableSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// A table that can be asked for rows.
pub struct Table {
    server: Server,
    spec: TableSpec,
    /// `None` before the first question and after the connection broke.
    session: Mutex<Option<Session>>,
}

struct Session {
    client: Client,
    query: Statement,
    kind: Kind,
    /// The table as the server writes it.
    table: String,
}

impl Table {
    /// Checks the address; connects later.
    ///
    /// # Errors
    /// It is no address of a server.
    pub fn new(spec: TableSpec) -> Result<Self, AskError> {
        Ok(Self {
            server: Server::parse(&spec.address, spec.password.as_deref())?,
            spec,
            session: Mutex::new(None),
        })
    }

    /// The rows of keys, each compact JSON: a JSON object, or `None` if there is no row; in the order of the keys. It is
    /// one query however many they are. Questions wait for each other.
    ///
    /// # Errors
    /// See [`AskError`]; after a temporary one the next question connects anew.
    pub async fn rows(&self, keys: &[&[u8]]) -> Result<Vec<Option<String>>, AskError> {
        let mut place = self.session.lock().await;
        let late = |_| self.away("no answer in time");
        // Put back only when it worked, so that whoever gives up in between leaves nothing half-way.
        let session = match place.take().filter(|session| !session.client.is_closed()) {
            Some(session) => session,
            None => tokio::time::timeout(ANSWER, self.open())
                .await
                .map_err(late)??,
        };
        let asked = tokio::time::timeout(ANSWER, self.ask(&session, keys)).await;
        let rows = asked.map_err(late)??;
        *place = Some(session);
        Ok(rows)
    }

    fn away(&self, message: &str) -> AskError {
        AskError::Away {
            server: self.server.name.clone(),
            message: message.to_owned(),
        }
    }

    async fn open(&self) -> Result<Session, AskError> {
        let client = self.server.connect().await?;
        let failed = |error| AskError::of(&self.server.name, &error);
        let TableSpec { table, column, .. } = &self.spec;
        let found = client.query_opt(COLUMN, &[table, column]).await;
        let Some(found) = found.map_err(failed)? else {
            return Err(AskError::Missing(format!(
                "there is no table `{table}` with a column `{column}` at {}",
                self.server.name
            )));
        };
        let part = |index: usize| found.get::<_, String>(index);
        let (table, column, class) = (part(0), part(1), part(2));
        let kind = Kind::of(&part(3), &part(4));
        // The keys come back as they were sent, whatever the server makes of them.
        let query = format!(
            "select keys.key, row_to_json(found)::text from unnest($1::text[]) as keys(key) \
             join {table} as found on found.{column} = keys.key::{class}"
        );
        Ok(Session {
            query: client.prepare(&query).await.map_err(failed)?,
            client,
            kind,
            table,
        })
    }

    async fn ask(
        &self,
        session: &Session,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<String>>, AskError> {
        let texts: Vec<Option<String>> = keys.iter().map(|key| session.kind.text(key)).collect();
        let mut asked: Vec<&String> = texts.iter().flatten().collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.is_empty() {
            return Ok(vec![None; keys.len()]);
        }
        let answer = session.client.query(&session.query, &[&asked]).await;
        let answer = answer.map_err(|error| AskError::of(&self.server.name, &error))?;
        let mut rows: HashMap<String, String> = HashMap::with_capacity(answer.len());
        for row in answer {
            let (key, value): (String, String) = (row.get(0), row.get(1));
            if let Some(twice) = rows.insert(key.clone(), value).map(|_| key) {
                return Err(AskError::Ambiguous {
                    table: session.table.clone(),
                    key: twice,
                });
            }
        }
        let found = texts.iter().map(|text| rows.get(text.as_ref()?).cloned());
        Ok(found.collect())
    }
}

/// The table and the column as SQL has to write them, the type of the column, and what kind of type that is.
const COLUMN: &str = "\
select a.attrelid::regclass::text, quote_ident(a.attname), format_type(a.atttypid, null), \
t.typname::text, t.typcategory::text \
from pg_attribute a join pg_type t on t.oid = a.atttypid \
where a.attrelid = to_regclass($1::text) and a.attname = $2::text and a.attnum > 0 and not a.attisdropped";
