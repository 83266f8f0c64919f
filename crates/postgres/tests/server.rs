//! Against a PostgreSQL server: `tests/conformance/postgres.sh` starts one and names it in `SSECTL_POSTGRES`.

use ssectl_postgres::{AskError, Table, TableSpec};

fn table(table: &str, column: &str) -> Table {
    let address = std::env::var("SSECTL_POSTGRES").expect("the address of a server");
    let spec = TableSpec {
        address,
        password: None,
        table: table.to_owned(),
        column: column.to_owned(),
    };
    Table::new(spec).expect("an address")
}

async fn ask(name: &str, column: &str, keys: &[&str]) -> Result<Vec<Option<String>>, AskError> {
    let keys: Vec<&[u8]> = keys.iter().map(|key| key.as_bytes()).collect();
    table(name, column).rows(&keys).await
}

fn texts(rows: &[Option<String>]) -> Vec<&str> {
    rows.iter()
        .map(|row| row.as_deref().unwrap_or("-"))
        .collect()
}

#[tokio::test]
#[ignore = "needs a server: tests/conformance/postgres.sh"]
async fn rows_come_in_the_order_of_the_keys_and_as_the_server_writes_them() {
    let keys = ["2", "9", "1", "\"1\"", "2", "1.0", "99999999999"];
    let rows = ask("users", "id", &keys).await.expect("rows");
    let ann = r#"{"id":1,"name":"Ann","balance":12.50}"#;
    let bob = r#"{"id":2,"name":"Bob \"B\" Ümit","balance":null}"#;
    assert_eq!(texts(&rows), [bob, "-", ann, "-", bob, "-", "-"]);
}

#[tokio::test]
#[ignore = "needs a server: tests/conformance/postgres.sh"]
async fn names_that_sql_must_quote_and_other_types_are_found() {
    let rows = ask("\"Odd Names\"", "the key", &["\"a'b\"", "\"x\""]).await;
    assert_eq!(
        texts(&rows.expect("rows")),
        [r#"{"the key":"a'b","v":1}"#, "-"]
    );
    let uuid = r#""3f2b8c1e-0000-4a5b-8c9d-0123456789ab""#;
    let rows = ask("other.typed", "u", &[uuid, "\"no uuid\""]).await;
    assert_eq!(
        texts(&rows.expect("rows")),
        [
            r#"{"u":"3f2b8c1e-0000-4a5b-8c9d-0123456789ab","d":"2026-03-01"}"#,
            "-"
        ]
    );
    let rows = ask("other.typed", "d", &["\"2026-03-01\"", "\"2026-03-02\""]).await;
    assert_eq!(texts(&rows.expect("rows"))[1], "-");
}

#[tokio::test]
#[ignore = "needs a server: tests/conformance/postgres.sh"]
async fn what_cannot_be_is_said_for_good() {
    for (name, column, said) in [
        (
            "nobody",
            "id",
            "there is no table `nobody` with a column `id`",
        ),
        (
            "users",
            "nothing",
            "there is no table `users` with a column `nothing`",
        ),
        ("twice", "id", "several rows with the key 1"),
        ("hidden", "id", "division by zero"),
    ] {
        let error = ask(name, column, &["1"]).await.expect_err(name);
        assert!(error.to_string().contains(said), "{error}");
        assert!(!error.is_temporary(), "{error}");
    }
    let error = ask("other.typed", "d", &["\"no date\""]).await;
    assert!(!error.expect_err("a date").is_temporary());
}

#[tokio::test]
#[ignore = "needs a server: tests/conformance/postgres.sh"]
async fn a_broken_connection_is_temporary_and_made_anew() {
    let users = table("users", "id");
    let keys: [&[u8]; 1] = [b"1"];
    users.rows(&keys).await.expect("rows");
    let killed = ask("killer", "id", &["1"]).await;
    assert!(killed.is_ok(), "{killed:?}");
    let mut tries = 0;
    while let Err(error) = users.rows(&keys).await {
        assert!(error.is_temporary(), "{error}");
        tries += 1;
        assert!(tries < 5, "{error}");
    }
    let nobody = TableSpec {
        address: "postgresql://ann:geheim@127.0.0.1:1/shop".to_owned(),
        password: None,
        table: "t".to_owned(),
        column: "c".to_owned(),
    };
    let error = Table::new(nobody).expect("an address").rows(&keys).await;
    let error = error.expect_err("nobody listens there");
    assert!(
        error.is_temporary() && !error.to_string().contains("geheim"),
        "{error}"
    );
}
