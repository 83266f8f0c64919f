//! The suite over streams in memory: what proves the suite itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use ssectl_adapter::{
    Adapter, Capabilities, EndOfStream, MemoryAdapter, Options, Order, StreamSpec, Target,
};
use ssectl_testkit::Harness;

/// Large enough for every case, small enough to be exceeded.
const LARGEST: usize = 2 << 20;

#[derive(Default)]
struct MemoryHarness {
    adapter: MemoryAdapter,
    made: AtomicU32,
}

#[async_trait]
impl Harness for MemoryHarness {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            max_record_bytes: Some(LARGEST),
            ..self.adapter.capabilities()
        }
    }

    async fn target(&self) -> Arc<dyn Target> {
        let options = Options::from_iter([("max-record-bytes".to_owned(), LARGEST.into())]);
        self.adapter.target(&options).expect("a target")
    }

    async fn create(&self, partitions: u32) -> String {
        let name = format!("stream-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let spec = StreamSpec {
            name: name.clone(),
            partitions: Some(partitions),
            ..StreamSpec::default()
        };
        let admin = self.target().await.admin().expect("an admin");
        admin.create(&spec).await.expect("a fresh stream");
        name
    }

    async fn delete(&self, stream: &str) {
        let admin = self.target().await.admin().expect("an admin");
        // Already gone is as good.
        admin.delete(stream).await.ok();
    }
}

mod with_all_it_can {
    use super::MemoryHarness;

    ssectl_testkit::suite! {
        harness: MemoryHarness::default(),
        not_applicable: [],
    }
}

/// The same streams behind the claims of a file of lines, so that cases are ruled out.
#[derive(Default)]
struct Lines(MemoryHarness);

#[async_trait]
impl Harness for Lines {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            admin: false,
            partitions: false,
            keys: false,
            headers: false,
            tombstones: false,
            timestamps: false,
            binary: false,
            order: Order::Total,
            seek: true,
            seek_time: false,
            resume: false,
            fan_out: false,
            end: EndOfStream::Closes,
            lag: false,
            max_record_bytes: None,
            ..self.0.capabilities()
        }
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.0.target().await
    }

    async fn create(&self, partitions: u32) -> String {
        assert_eq!(partitions, 1, "nobody asks lines for partitions");
        self.0.create(partitions).await
    }

    async fn delete(&self, stream: &str) {
        self.0.delete(stream).await;
    }
}

mod with_the_claims_of_lines {
    use super::Lines;

    ssectl_testkit::suite! {
        harness: Lines::default(),
        not_applicable: [
            any_bytes_survive,
            keys_survive,
            null_and_empty_values_differ,
            headers_keep_order_and_duplicates,
            timestamps_survive,
            records_of_a_key_keep_their_order,
            end_reads_only_what_comes_later,
            positions_outside_the_stream_are_out_of_range,
            times_include_the_first_and_exclude_the_last,
            only_the_asked_partitions_are_read,
            a_missing_partition_is_not_found,
            the_end_is_fixed_when_the_source_opens,
            bound_fixes_the_end,
            bound_again_moves_nothing,
            nothing_new_is_idle,
            a_new_record_wakes_a_waiting_fetch,
            dropped_fetches_lose_and_repeat_nothing,
            too_large_records_are_rejected_by_index,
            a_new_group_starts_at_the_oldest_record,
            a_reopened_group_resumes_where_it_committed,
            records_that_were_not_committed_come_again,
            committing_again_changes_nothing,
            groups_do_not_touch_each_other,
            without_a_group_nothing_is_committed,
            readers_of_a_group_share_the_partitions,
            a_reader_that_leaves_hands_over_its_partitions,
            lag_is_unknown_before_the_first_commit,
            lag_counts_what_is_left,
            seek_moves_what_a_group_reads_next,
            a_missing_stream_is_not_found,
            a_stream_is_made_once,
            a_deleted_stream_can_be_made_anew,
            streams_are_listed_in_order,
            a_stream_is_described_by_its_positions,
            an_unknown_setting_is_a_configuration_error,
        ],
    }
}
