//! The adapter's way of messages over pstest, the fake that Google's Go client is tested with: it speaks gRPC alone, so
//! topics and subscriptions are made by its control port, and the adapter runs with `data-only`.
//!
//! `SSECTL_TEST_PSTEST` names its two addresses, with a space between them.

mod order;
mod peer;

use peer::Peer;

ssectl_testkit::suite! {
    harness: Peer::new(),
    not_applicable: [
        records_of_a_partition_keep_their_order, records_of_a_key_keep_their_order,
        origins_name_stream_partition_and_position, start_reads_everything,
        end_reads_only_what_comes_later, after_start_skips_the_oldest,
        before_end_reads_the_newest, positions_include_the_first_and_exclude_the_last,
        positions_outside_the_stream_are_out_of_range,
        times_include_the_first_and_exclude_the_last, only_the_asked_partitions_are_read,
        a_missing_partition_is_not_found, the_end_is_fixed_when_the_source_opens,
        bound_fixes_the_end, bound_again_moves_nothing, without_a_group_nothing_is_committed,
        readers_of_a_group_share_the_partitions,
        a_reader_that_leaves_hands_over_its_partitions,
        lag_is_unknown_before_the_first_commit, lag_counts_what_is_left,
        seek_moves_what_a_group_reads_next, a_missing_stream_is_not_found,
        a_stream_is_made_once, a_deleted_stream_can_be_made_anew, streams_are_listed_in_order,
        a_stream_is_described_by_its_positions, an_unknown_setting_is_a_configuration_error,
    ],
}
