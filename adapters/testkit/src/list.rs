//! The cases of the suite and what each of them needs.

use crate::{Case, Need, cases};

/// Hands every case to a macro of this crate: `module::case [needs]`.
#[doc(hidden)]
#[macro_export]
macro_rules! each_case {
    ($then:ident $(, $with:expr)?) => {
        $crate::$then! { ($($with)?)
            bytes::text_survives [Read, Write],
            bytes::any_bytes_survive [Read, Write, Binary],
            bytes::keys_survive [Read, Write, Keys],
            bytes::null_and_empty_values_differ [Read, Write, Keys, Tombstones],
            bytes::large_values_survive [Read, Write],
            bytes::headers_keep_order_and_duplicates [Read, Write, Headers],
            bytes::timestamps_survive [Read, Write, Timestamps],
            bytes::a_hundred_thousand_records_survive [Read, Write],
            order::records_of_a_partition_keep_their_order [Read, Write, PartitionOrder],
            order::records_of_a_key_keep_their_order [Read, Write, Keys, KeyOrder],
            order::origins_name_stream_partition_and_position [Read, Write, Seek],
            range::start_reads_everything [Read, Write, Seek],
            range::end_reads_only_what_comes_later [Read, Write, ExactEnd, Seek],
            range::after_start_skips_the_oldest [Read, Write, Seek],
            range::before_end_reads_the_newest [Read, Write, Seek],
            range::positions_include_the_first_and_exclude_the_last [Read, Write, Seek],
            range::positions_outside_the_stream_are_out_of_range [Read, Write, ExactEnd, Seek],
            range::times_include_the_first_and_exclude_the_last [Read, Write, SeekTime, Timestamps],
            range::only_the_asked_partitions_are_read [Read, Write, Keys, Partitions, Seek],
            range::a_missing_partition_is_not_found [Read, Write, Partitions, Seek],
            end::a_bounded_read_of_an_empty_stream_ends [Read, Write],
            end::the_end_is_fixed_when_the_source_opens [Read, Write, ExactEnd],
            end::bound_fixes_the_end [Read, Write, ExactEnd],
            end::bound_again_moves_nothing [Read, Write, ExactEnd],
            end::the_end_stays_the_end [Read, Write],
            end::nothing_new_is_idle [Read, Write, Follows],
            end::a_new_record_wakes_a_waiting_fetch [Read, Write, Follows],
            end::a_fetch_keeps_to_its_limit [Read, Write],
            cancel::dropped_fetches_lose_and_repeat_nothing [Read, Write, Follows],
            cancel::a_source_may_be_dropped_unread [Read, Write],
            sink::flushed_records_are_visible_to_another_reader [Read, Write],
            sink::writing_nothing_is_fine [Read, Write],
            sink::too_large_records_are_rejected_by_index [Read, Write, SizeLimit],
            commit::a_new_group_starts_at_the_oldest_record [Read, Write, Resume],
            commit::a_reopened_group_resumes_where_it_committed [Read, Write, Resume],
            commit::records_that_were_not_committed_come_again [Read, Write, Resume],
            commit::committing_again_changes_nothing [Read, Write, Resume],
            commit::groups_do_not_touch_each_other [Read, Write, Resume, FanOut],
            commit::without_a_group_nothing_is_committed [Read, Write, Resume, Lag],
            group::readers_of_a_group_share_the_partitions [Read, Write, Keys, Partitions, Resume],
            group::a_reader_that_leaves_hands_over_its_partitions [Read, Write, Keys, Partitions, Resume],
            group::lag_is_unknown_before_the_first_commit [Read, Write, Admin, Resume, FanOut, Lag],
            group::lag_counts_what_is_left [Read, Write, Admin, Resume, Lag],
            group::seek_moves_what_a_group_reads_next [Read, Write, Admin, Resume, Seek],
            admin::reading_a_missing_stream_is_an_error [Read],
            admin::a_missing_stream_is_not_found [Read, Write, Admin],
            admin::a_stream_is_made_once [Admin],
            admin::a_deleted_stream_can_be_made_anew [Read, Write, Admin],
            admin::streams_are_listed_in_order [Admin],
            admin::a_stream_is_described_by_its_positions [Write, Admin, Partitions, Seek],
            admin::an_unknown_setting_is_a_configuration_error [Admin],
            admin::a_target_that_answers_says_so [Read],
        }
    };
}

/// The list of [`CASES`].
#[doc(hidden)]
#[macro_export]
macro_rules! case_table {
    (() $($module:ident::$case:ident [$($need:ident),*],)*) => {
        &[$(Case {
            name: stringify!($case),
            needs: &[$(Need::$need),*],
            body: |rig| Box::pin(cases::$module::$case(rig)),
        }),*]
    };
}

/// Every case, in the order they are documented.
pub const CASES: &[Case] = each_case!(case_table);
