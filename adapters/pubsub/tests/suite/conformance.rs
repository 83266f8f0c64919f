//! The suite of all adapters. Topics have no order, no positions and no exact end.

use crate::support::Topics;

ssectl_testkit::suite! {
    harness: Topics::start(),
    not_applicable: [
        records_of_a_partition_keep_their_order, records_of_a_key_keep_their_order,
        origins_name_stream_partition_and_position, start_reads_everything,
        end_reads_only_what_comes_later, after_start_skips_the_oldest,
        before_end_reads_the_newest, positions_include_the_first_and_exclude_the_last,
        positions_outside_the_stream_are_out_of_range, only_the_asked_partitions_are_read,
        a_missing_partition_is_not_found, the_end_is_fixed_when_the_source_opens,
        bound_fixes_the_end, bound_again_moves_nothing, without_a_group_nothing_is_committed,
        readers_of_a_group_share_the_partitions,
        a_reader_that_leaves_hands_over_its_partitions,
        lag_is_unknown_before_the_first_commit, lag_counts_what_is_left,
        seek_moves_what_a_group_reads_next, a_stream_is_described_by_its_positions,
    ],
}
