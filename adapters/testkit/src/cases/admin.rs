//! Making, describing and deleting streams.

use std::collections::BTreeMap;

use ssectl_adapter::{ErrorKind, Position, SinkSpec, SourceSpec, StreamSpec};

use crate::{Rig, records};

/// A read of what is not there does not wait for it.
pub async fn reading_a_missing_stream_is_an_error(rig: &Rig) {
    let name = format!("{}-missing", rig.stream(1).await);
    let spec = SourceSpec {
        stream: name.clone(),
        ..SourceSpec::default()
    };
    let error = rig.target.source(&spec).await.err();
    let error = error.expect("what is not there does not open");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.to_string().contains(&name), "{error}");
}

/// The same kind of error from every side, with the name in it.
pub async fn a_missing_stream_is_not_found(rig: &Rig) {
    let name = format!("{}-missing", rig.stream(1).await);
    let source = SourceSpec {
        stream: name.clone(),
        ..SourceSpec::default()
    };
    let sink = SinkSpec {
        stream: name.clone(),
        ..SinkSpec::default()
    };
    let admin = rig.admin();
    let errors = [
        rig.target.source(&source).await.err(),
        rig.target.sink(&sink).await.err(),
        admin.describe(&name).await.err(),
        admin.delete(&name).await.err(),
    ];
    for (error, operation) in errors
        .into_iter()
        .zip(["source", "sink", "describe", "delete"])
    {
        let error = error.unwrap_or_else(|| panic!("{operation} found what is not there"));
        assert_eq!(error.kind(), ErrorKind::NotFound, "{operation}: {error}");
        assert!(error.to_string().contains(&name), "{operation}: {error}");
    }
    assert!(
        !admin.list().await.expect("a list").contains(&name),
        "asking made it"
    );
}

/// The second time it is there already.
pub async fn a_stream_is_made_once(rig: &Rig) {
    let name = rig.stream(2).await;
    let spec = StreamSpec {
        name: name.clone(),
        partitions: Some(1),
        ..StreamSpec::default()
    };
    let error = rig.admin().create(&spec).await.expect_err("it is there");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");
    assert!(error.to_string().contains(&name), "{error}");
}

/// Empty, and of the size that was asked for this time.
pub async fn a_deleted_stream_can_be_made_anew(rig: &Rig) {
    let name = rig.stream(1).await;
    let admin = rig.admin();
    for partitions in [2, 3] {
        rig.write(&name, &records::numbered(0..10)).await;
        admin.delete(&name).await.expect("it is deleted");
        let error = admin.describe(&name).await.expect_err("it is gone");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        let spec = StreamSpec {
            name: name.clone(),
            partitions: Some(partitions),
            ..StreamSpec::default()
        };
        admin.create(&spec).await.expect("it is made anew");
        assert!(
            rig.read_all(&name).await.is_empty(),
            "old records came back"
        );
        let info = admin.describe(&name).await.expect("a description");
        let expected = if rig.has.partitions { partitions } else { 1 };
        assert_eq!(info.partitions.len(), expected as usize);
    }
}

/// Sorted by name, with those just made among them.
pub async fn streams_are_listed_in_order(rig: &Rig) {
    let made = [
        rig.stream(1).await,
        rig.stream(1).await,
        rig.stream(1).await,
    ];
    let listed = rig.admin().list().await.expect("a list");
    assert!(listed.is_sorted(), "{listed:?}");
    for name in made {
        assert!(listed.contains(&name), "`{name}` is missing in {listed:?}");
    }
}

/// As many records between start and end as were written, partition by partition.
pub async fn a_stream_is_described_by_its_positions(rig: &Rig) {
    let stream = rig.stream(3).await;
    let empty = rig.admin().describe(&stream).await.expect("a description");
    assert_eq!(empty.name, stream);
    assert_eq!(empty.partitions.len(), 3);
    rig.write(&stream, &records::numbered(0..100)).await;
    let mut held = BTreeMap::new();
    for record in rig.read_all(&stream).await {
        *held.entry(record.origin.partition).or_insert(0) += 1;
    }
    let full = rig.admin().describe(&stream).await.expect("a description");
    for partition in full.partitions {
        let (Position::Offset(start), Position::Offset(end)) = (&partition.start, &partition.end)
        else {
            continue;
        };
        let expected = held.get(&partition.id).copied().unwrap_or(0);
        assert_eq!(end - start, expected, "partition {}", partition.id);
    }
}

/// A misspelt setting is named and nothing is made.
pub async fn an_unknown_setting_is_a_configuration_error(rig: &Rig) {
    let spec = StreamSpec {
        name: format!("{}-other", rig.stream(1).await),
        config: BTreeMap::from([("retention.mss".to_owned(), "1".to_owned())]),
        ..StreamSpec::default()
    };
    let error = rig
        .admin()
        .create(&spec)
        .await
        .expect_err("no such setting");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("retention.mss"), "{error}");
    let listed = rig.admin().list().await.expect("a list");
    assert!(!listed.contains(&spec.name), "it was made all the same");
}

/// `doctor` asks this.
pub async fn a_target_that_answers_says_so(rig: &Rig) {
    let answer = rig.target.probe().await.expect("the target answers");
    assert!(!answer.is_empty());
    assert!(!rig.target.describe().is_empty());
}
