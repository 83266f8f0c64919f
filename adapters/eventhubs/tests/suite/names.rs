//! What is named and what is not: keys that records have or lack, and hubs that are not there.

use serde_json::json;
use ssectl_adapter::{ErrorKind, Range, Record};

use crate::support::{Hubs, fresh, make, reader_of, take, write};

/// The client marks a batch with the partition key of its first record, and an emulator, or the service, gives it to all
/// that have none.
#[tokio::test]
async fn records_without_a_key_get_none_from_those_beside_them() {
    const COUNT: usize = 60;
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("keys"), 1).await;
    let key = |number: usize| match number % 3 {
        0 => Some(format!("key-{number}").into()),
        1 => None,
        // Too long for a partition key.
        _ => Some("k".repeat(200).into()),
    };
    let records: Vec<_> = (0..COUNT)
        .map(|number| Record {
            key: key(number),
            ..Record::from_value(number.to_string())
        })
        .collect();
    write(target.as_ref(), &hub, &records).await;
    let spec = reader_of(&hub, Range::all());
    let mut source = target.source(&spec).await.expect("a source");
    let (read, _) = take(source.as_mut(), COUNT).await;
    let parts = |record: &Record| (record.key.clone(), record.value.clone());
    let read: Vec<_> = read.iter().map(parts).collect();
    assert_eq!(read, records.iter().map(parts).collect::<Vec<_>>());
}

/// An emulator makes a hub for the first client that names it; to ask for lag or to move a group does not.
#[tokio::test]
async fn looking_at_a_mistyped_name_makes_no_hub() {
    let hubs = Hubs::generous();
    let target = hubs.target(json!({}));
    let admin = target.admin().expect("an admin");
    make(target.as_ref(), "orders", 1).await;
    let errors = [
        admin.describe("ordres").await.err(),
        admin.lag("ordres", "group").await.err(),
        admin.seek("ordres", "group", &Range::all()).await.err(),
    ];
    for error in errors {
        let error = error.expect("no such hub");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert_eq!(error.hint_text(), Some("did you mean `orders`?"));
    }
    assert_eq!(admin.list().await.expect("a list"), ["orders"]);
}
