//! What Ok of a write and of a flush means.

use ssectl_adapter::{ErrorKind, Record};

use crate::{Rig, records};

/// Readable by a target that was opened by somebody else, while the sink is still open.
pub async fn flushed_records_are_visible_to_another_reader(rig: &Rig) {
    let stream = rig.stream(2).await;
    let mut sink = rig.sink(&stream).await;
    for round in 1..=3 {
        let written = records::numbered((round - 1) * 10..round * 10);
        sink.write(&written).await.expect("the write is taken");
        sink.flush().await.expect("the flush succeeds");
        let read = records::sorted(&rig.read_all_anew(&stream).await);
        records::assert_all(&read, 0..round * 10);
    }
    sink.close().await.expect("the sink closes");
}

/// No records, no error, no record.
pub async fn writing_nothing_is_fine(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &[]).await;
    assert!(rig.read_all(&stream).await.is_empty());
}

/// The two that are too large are named, in order; the others are there.
pub async fn too_large_records_are_rejected_by_index(rig: &Rig) {
    let stream = rig.stream(1).await;
    let limit = rig.has.max_record_bytes.expect("the case needs a limit");
    let mut written = records::numbered(0..6);
    written[1] = Record::from_value(records::noise(limit * 2 + 100_000));
    written[4] = Record::from_value(records::noise(limit * 2 + 200_000));
    let mut sink = rig.sink(&stream).await;
    for round in 1..=2 {
        let answer = sink.write(&written).await.expect("only some are rejected");
        let indexes: Vec<_> = answer
            .rejected
            .iter()
            .map(|rejected| rejected.index)
            .collect();
        assert_eq!(indexes, [1, 4], "round {round}");
        for rejected in &answer.rejected {
            assert_eq!(
                rejected.error.kind(),
                ErrorKind::TooLarge,
                "{}",
                rejected.error
            );
            assert!(!rejected.error.is_temporary(), "it will never fit");
        }
    }
    sink.close().await.expect("the sink closes");
    let read = rig.read_all(&stream).await;
    rig.assert_read(records::numbers(&read), vec![0, 2, 3, 5, 0, 2, 3, 5]);
}
