//! The log against a model, reopened and cut at will.

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Append {
        length: usize,
        offsets: u32,
        time: i64,
    },
    Reopen,
    TruncateFront {
        share: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (0_usize..3000, 1_u32..5, -1_i64..50).prop_map(|(length, offsets, time)| Step::Append { length, offsets, time }),
        2 => Just(Step::Reopen),
        1 => any::<u8>().prop_map(|share| Step::TruncateFront { share }),
    ]
}

/// What a log should hold: base offset, number of offsets, time and payload of every frame.
type Model = Vec<(i64, u32, i64, Vec<u8>)>;

fn check_against(model: &Model, start: i64, partition: &Partition) {
    let end = model
        .last()
        .map_or(start, |(base, offsets, ..)| base + i64::from(*offsets));
    assert_eq!(partition.bounds(), (start, end));
    let expected: Vec<_> = model
        .iter()
        .filter(|(base, offsets, ..)| base + i64::from(*offsets) > start)
        .collect();
    let frames = read_all(partition);
    assert_eq!(frames.len(), expected.len());
    for (frame, (base, offsets, time, payload)) in frames.iter().zip(&expected) {
        assert_eq!(
            (frame.header.base_offset, frame.header.offsets),
            (*base, *offsets)
        );
        assert_eq!(
            (frame.header.max_timestamp, frame.header.format),
            (*time, 7)
        );
        assert_eq!(frame.payload, payload);
    }
    for time in [0, 7, 25, 49, 50] {
        let first = expected
            .iter()
            .find(|(.., frame_time, _)| *frame_time >= time)
            .map(|(base, ..)| *base);
        let found = partition
            .find_time(time, start)
            .unwrap()
            .map(|frame| frame.header.base_offset);
        assert_eq!(found, first, "first frame with time {time}");
    }
    assert!(matches!(
        partition.read(end + 1, end + 9, 10),
        Err(StoreError::OutOfRange { .. })
    ));
    assert!(
        start == 0
            || matches!(
                partition.read(start - 1, end, 10),
                Err(StoreError::OutOfRange { .. })
            )
    );
}

fn run(steps: &[Step], medium: &Medium, durable: bool) {
    let settings = LogSettings {
        segment_bytes: 10_000,
        ..LogSettings::default()
    };
    let (mut store, _) = open(medium.clone(), &mut Seen::default()).unwrap();
    stream(&store, settings);
    let (mut model, mut start) = (Model::new(), 0);
    for (number, step) in steps.iter().enumerate() {
        let partition = only_partition(&store);
        match step {
            Step::Append {
                length,
                offsets,
                time,
            } => {
                let payload = vec![number as u8; *length];
                let base = partition
                    .append(frame(&payload, *offsets, *time), 0, |_, _| {})
                    .unwrap();
                let expected = model
                    .last()
                    .map_or(0, |(base, offsets, ..)| base + i64::from(*offsets));
                assert_eq!(base, expected);
                model.push((base, *offsets, *time, payload));
            }
            Step::TruncateFront { share } => {
                let (first, end) = partition.bounds();
                let offset = first + (end - first) * i64::from(*share) / 255;
                start = store
                    .truncate_front(&store.stream("s").unwrap(), 0, offset)
                    .unwrap();
                assert_eq!(start, offset);
            }
            Step::Reopen if durable => {
                drop((partition, store));
                let mut seen = Seen {
                    settings,
                    ..Seen::default()
                };
                let (reopened, notes) = open(medium.clone(), &mut seen).unwrap();
                assert!(notes.is_empty(), "{notes:?}");
                let visited = seen
                    .frames
                    .iter()
                    .filter(|(_, header, _)| header.next_offset() > start)
                    .count();
                let expected = model
                    .iter()
                    .filter(|(base, offsets, ..)| base + i64::from(*offsets) > start);
                assert_eq!(visited, expected.count());
                store = reopened;
            }
            Step::Reopen => {}
        }
    }
    check_against(&model, start, &only_partition(&store));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_log_in_memory_behaves_like_the_model(steps in prop::collection::vec(step(), 0..120)) {
        run(&steps, &IN_MEMORY, false);
    }

    #[test]
    fn a_log_on_disk_behaves_like_the_model(steps in prop::collection::vec(step(), 0..120)) {
        let directory = TempDir::new().unwrap();
        run(&steps, &on_disk(directory.path()), true);
    }
}
