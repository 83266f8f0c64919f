//! The order the capabilities promise, and the origins that show it.

use std::collections::BTreeMap;

use ssectl_adapter::Position;

use crate::{Rig, records};

/// One partition, several batches.
pub async fn records_of_a_partition_keep_their_order(rig: &Rig) {
    let stream = rig.stream(1).await;
    let mut sink = rig.sink(&stream).await;
    for batch in 0..20 {
        let written = records::numbered(batch * 100..(batch + 1) * 100);
        sink.write(&written).await.expect("the write is taken");
    }
    sink.close().await.expect("the sink closes");
    let read = records::numbers(&rig.read_all(&stream).await);
    records::assert_all(&read, 0..2000);
}

/// Several partitions; a key stays in one of them.
pub async fn records_of_a_key_keep_their_order(rig: &Rig) {
    let stream = rig.stream(4).await;
    rig.write(&stream, &records::keyed(0..3000, 23)).await;
    let mut last = BTreeMap::new();
    for record in rig.read_all(&stream).await {
        let number: usize = records::value(&record).parse().expect("a number");
        let partition = record.origin.partition.clone();
        if let Some((before, home)) = last.insert(record.key.clone(), (number, partition.clone())) {
            assert!(before < number, "{before} came before {number}");
            assert_eq!(home, partition, "one key in two partitions");
        }
    }
    assert_eq!(last.len(), 23);
}

/// Positions rise within a partition, and partitions are those of the stream.
pub async fn origins_name_stream_partition_and_position(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..500)).await;
    let mut last = BTreeMap::new();
    for record in rig.read_all(&stream).await {
        assert_eq!(&*record.origin.stream, stream);
        assert_ne!(record.origin.position, Position::None);
        let Position::Offset(offset) = record.origin.position else {
            continue;
        };
        let before = last.insert(record.origin.partition.clone(), offset);
        assert!(before < Some(offset), "{before:?} came before {offset}");
    }
}
