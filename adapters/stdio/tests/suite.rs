//! The suite of all adapters, over a file behind both ends of `-`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Adapter, Capabilities, Options, Target};
use ssectl_adapter_stdio::{StdioAdapter, Streams};
use ssectl_testkit::Harness;

/// What is written to it can be read from it.
struct Behind(PathBuf);

impl Streams for Behind {
    fn input(&self) -> Box<dyn Read + Send> {
        Box::new(File::open(&self.0).expect("the file"))
    }

    fn output(&self) -> Box<dyn Write + Send> {
        let file = OpenOptions::new().append(true).open(&self.0);
        Box::new(file.expect("the file"))
    }
}

/// There is one stream, as long as the harness lives.
struct Pipe {
    adapter: StdioAdapter,
    _dir: tempfile::TempDir,
}

impl Pipe {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("stream");
        std::fs::write(&path, "").expect("an empty file");
        Self {
            adapter: StdioAdapter::over(Behind(path)),
            _dir: dir,
        }
    }
}

#[async_trait]
impl Harness for Pipe {
    fn capabilities(&self) -> Capabilities {
        self.adapter.capabilities()
    }

    async fn target(&self) -> Arc<dyn Target> {
        let options = Options::from_iter([("format".to_owned(), "text".into())]);
        self.adapter.target(&options).expect("a target")
    }

    async fn create(&self, partitions: u32) -> String {
        assert_eq!(partitions, 1, "nobody asks a pipe for partitions");
        "-".to_owned()
    }

    async fn delete(&self, _stream: &str) {}
}

ssectl_testkit::suite! {
    harness: Pipe::new(),
    not_applicable: [
        any_bytes_survive,
        keys_survive,
        null_and_empty_values_differ,
        headers_keep_order_and_duplicates,
        timestamps_survive,
        records_of_a_key_keep_their_order,
        origins_name_stream_partition_and_position,
        start_reads_everything,
        end_reads_only_what_comes_later,
        after_start_skips_the_oldest,
        before_end_reads_the_newest,
        positions_include_the_first_and_exclude_the_last,
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
