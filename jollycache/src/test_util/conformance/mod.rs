//! The conformance suite: every promise of the [`Backend`] contract as a named case, for any backend. Cases that need a
//! capability run only on a backend that declares it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use std::sync::Arc;
//!
//! use jollycache::MemoryBackend;
//! use jollycache::test_util::conformance;
//!
//! conformance::run_all(Arc::new(MemoryBackend::new())).await;
//! # }
//! ```

mod closed_tags;
mod counters;
mod grace;
mod inspecting;
mod leases;
mod locks;
mod messaging;
mod rates;
mod reading;
mod refresh;
mod rosters;
mod scanning;
mod stale;
mod tags;
mod trial;
mod versions;
mod watching;
mod writes;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use self::trial::Trial;
use crate::backend::{Backend, Capability};

/// One promise of the contract.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    needs: &'static [Capability],
    run: fn(Trial) -> Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Case {
    /// The promise, as a sentence with underscores.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The capabilities that the case uses beside the core.
    pub fn needs(&self) -> &'static [Capability] {
        self.needs
    }

    /// Whether `backend` declares all of them.
    pub fn applies_to(&self, backend: &dyn Backend) -> bool {
        self.needs.iter().all(|&capability| backend.supports(capability))
    }

    /// Checks the promise, under names of its own, so that cases can share a store and run at once.
    ///
    /// # Panics
    /// If the backend breaks it, or does not declare a capability that the case needs.
    pub async fn run(&self, backend: Arc<dyn Backend>) {
        (self.run)(Trial::new(backend)).await;
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Case({})", self.name)
    }
}

/// Runs every case that applies to `backend`, one after another, on a tokio runtime.
///
/// # Panics
/// At the end, with the names of all promises that were broken, if there are any.
pub async fn run_all(backend: Arc<dyn Backend>) {
    let mut broken = Vec::new();
    for case in cases().into_iter().filter(|case| case.applies_to(&*backend)) {
        let backend = Arc::clone(&backend);
        // A task of its own, so that one broken promise does not hide the next.
        if tokio::spawn(async move { case.run(backend).await }).await.is_err() {
            broken.push(case.name);
        }
    }
    let name = backend.name();
    assert!(broken.is_empty(), "the backend `{name}` breaks {} promises: {broken:#?}", broken.len());
}

macro_rules! cases {
    ($($module:ident $needs:tt { $($name:ident,)* })*) => {
        /// Every case, also those that need capabilities.
        pub fn cases() -> Vec<Case> {
            vec![$($(Case {
                name: stringify!($name),
                needs: capabilities!($needs),
                run: |trial| Box::pin($module::$name(trial)),
            },)*)*]
        }
    };
}

macro_rules! capabilities {
    ([$($capability:ident),*]) => { &[$(Capability::$capability),*] };
}

cases! {
    reading [] {
        a_key_that_was_never_stored_is_a_miss,
        a_stored_entry_reads_back_as_it_was,
        an_entry_that_stands_for_none_reads_back_so,
        a_value_is_gone_after_its_lifetime,
        a_value_outlives_its_ttl_by_its_stale_window,
        many_reads_come_in_order_with_their_tags,
        a_read_of_nothing_is_empty,
        hostile_names_stay_apart,
        a_value_of_one_mebibyte_comes_back_whole,
        a_ping_is_answered,
        the_info_names_the_backend,
        a_dropped_call_leaves_the_backend_usable,
    }
    reading [Lifetimes] {
        a_longest_lifetime_is_accepted,
        the_remaining_lifetime_is_that_of_a_value,
        leases_and_intents_have_no_lifetime_to_ask_for,
        expire_gives_a_new_lifetime_without_a_stale_window,
        expire_needs_a_value,
    }
    reading [Counters, Keyspace] {
        deleted_names_are_gone_whatever_they_held,
    }
    inspecting [Keyspace] {
        a_key_that_was_never_stored_is_vacant,
        a_value_is_shown_with_header_and_lifetime,
        a_refreshed_value_is_shown_with_its_lease,
        a_lease_is_shown_until_it_ends,
        an_intent_is_shown_with_its_writers,
        what_is_remembered_of_an_eviction_is_shown,
    }
    leases [] {
        a_miss_is_leased_once,
        a_lease_is_not_a_value,
        a_fresh_value_is_a_hit_instead_of_a_lease,
        of_two_hundred_askers_one_is_leased,
        a_lease_ends_by_itself,
        a_fill_with_the_lease_is_stored,
        a_fill_ends_the_lease,
        a_fill_by_a_stranger_is_refused,
        a_fill_without_a_lease_is_refused,
        a_fill_after_the_lease_ended_is_refused,
        a_fill_after_an_invalidation_is_refused,
        a_fill_after_a_store_is_refused,
        a_lease_is_taken_over_whatever_is_there,
        a_value_stays_while_its_lease_is_taken,
        who_lost_a_lease_fills_before_the_next_one_and_not_after,
        an_invalidation_refuses_all_who_had_the_lease,
        a_fill_cannot_be_repeated,
        a_release_lets_the_next_one_load,
        a_release_by_a_stranger_changes_nothing,
        a_fill_after_a_release_is_refused,
        a_request_to_replace_drops_the_value,
        a_request_to_replace_waits_for_who_loads,
    }
    leases [Keyspace] {
        a_fill_after_an_invalidation_by_scan_is_refused,
    }
    stale [] {
        a_stale_value_is_served_while_it_is_refreshed,
        a_stale_value_without_a_lease_is_offered_to_who_leases,
        a_fill_replaces_the_stale_value,
        a_lease_over_a_stale_value_ends_by_itself,
        an_invalidation_drops_a_stale_value_and_its_lease,
        a_big_stale_value_is_not_damaged_by_leases,
    }
    stale [Lifetimes] {
        a_release_leaves_the_stale_value_as_it_was,
        a_hit_on_a_leased_value_is_possible_after_expire,
    }
    tags [] {
        a_tag_gets_one_id_and_keeps_it,
        every_tag_has_an_id_of_its_own,
        a_tag_never_asked_for_has_no_id,
        all_askers_at_once_get_the_same_id,
        an_invalidated_tag_has_another_id,
        an_invalidation_of_a_tag_leaves_other_tags,
        a_rotation_gives_its_id_and_returns_which_it_replaced,
        tags_are_invalidated_without_keys_and_keys_without_tags,
        a_fill_returns_the_live_ids_after_it,
        a_refused_fill_returns_the_live_ids_too,
        an_entry_is_served_to_who_knows_the_same_ids,
        an_entry_is_not_served_to_who_knows_another_id,
        an_entry_is_not_served_to_who_declares_a_tag_it_lacks,
        tags_that_only_the_entry_knows_are_not_judged,
        an_unacceptable_value_waits_for_who_loads_and_is_not_offered,
        an_unacceptable_value_falls_with_the_lease,
        as_many_tags_as_an_entry_holds_are_kept,
    }
    writes [] {
        a_store_replaces_whatever_is_there,
        an_invalidation_counts_values,
        an_intent_drops_the_value,
        an_intent_makes_loads_bypass,
        an_intent_drops_the_lease,
        an_intent_turns_a_store_away,
        an_intent_outlives_invalidations,
        a_sole_writer_puts_its_value,
        a_write_that_evicts_leaves_nothing,
        two_writers_poison_each_other,
        a_third_writer_is_poisoned_too,
        the_last_writer_out_ends_the_bypass,
        no_writer_is_forgotten_among_a_hundred,
        of_two_intents_the_later_end_counts,
        an_intent_ends_by_itself,
        a_put_after_the_intent_ended_is_refused,
        a_late_end_drops_what_was_loaded_meanwhile,
        a_stranger_cannot_put_and_spoils_the_put,
        a_late_end_leaves_the_intent_of_another,
        a_writer_that_announces_itself_twice_is_one,
    }
    writes [Keyspace] {
        an_invalidation_spoils_the_put,
    }
    watching [] {
        a_fill_is_told,
        a_store_is_told,
        an_invalidation_is_told,
        a_release_is_told_as_a_failure,
        a_write_is_told,
        news_of_another_key_is_not_told,
        all_watchers_of_a_key_are_told,
        a_watch_can_be_used_again,
        a_key_can_be_watched_after_a_watch_was_dropped,
    }
    watching [Keyspace] {
        an_invalidation_by_scan_is_told,
    }
    messaging [Topics] {
        a_message_reaches_all_who_subscribed,
        messages_come_in_order,
        a_message_of_any_bytes_comes_whole,
        a_message_needs_no_subscriber,
        messages_of_another_channel_do_not_come,
        a_channel_and_a_watched_key_of_one_name_stay_apart,
        a_slow_subscriber_is_told_how_many_it_missed,
        a_channel_can_be_subscribed_to_after_all_have_left,
    }
    rosters [Rosters, Topics] {
        a_process_joins_once_and_is_kept_after_that,
        an_announcement_has_the_next_number_and_the_members,
        a_lease_in_a_roster_has_an_upper_bound,
        announcements_are_published_in_the_order_of_their_numbers,
        nothing_is_announced_without_near_caches,
        a_member_that_does_not_acknowledge_is_expelled,
        a_member_that_renewed_since_is_not_expelled,
        an_expulsion_of_another_epoch_changes_nothing,
        a_roster_is_settled_by_the_report_of_a_member,
        a_process_beyond_the_most_members_is_refused,
    }
    counters [Counters] {
        a_counter_starts_at_zero,
        a_counter_counts_down,
        counting_at_once_loses_nothing,
        a_counter_is_exact_at_the_end_of_its_range,
        a_counter_that_would_overflow_stays,
        a_counter_that_would_underflow_stays,
        a_lifetime_is_set_when_the_counter_is_made,
        a_counter_without_a_lifetime_gets_none_later,
    }
    scanning [Keyspace] {
        a_scan_in_pages_finds_every_key,
        a_scan_finds_nothing_else,
        a_question_mark_is_one_character,
        brackets_and_backslashes_are_literal,
        an_invalidation_by_scan_drops_all_that_match,
        an_invalidation_by_scan_counts_values,
        an_invalidation_by_scan_can_be_bound_to_a_region,
        an_invalidation_by_scan_leaves_intents,
    }
    scanning [Counters, Keyspace] {
        a_scan_finds_counters_too,
        an_invalidation_by_scan_leaves_tags_and_counters,
    }
    refresh [] {
        a_fresh_value_is_kept_and_leased_over,
        a_fill_over_a_fresh_value_replaces_it,
        nothing_is_leased_over_where_there_is_no_value,
        a_stale_value_is_leased_over_too,
        a_fresh_value_under_another_id_is_not_leased_over,
        a_lease_over_a_fresh_value_ends_by_itself,
        a_store_drops_the_lease_over_a_fresh_value,
        a_write_drops_the_lease_over_a_fresh_value,
        another_fill_drops_the_lease_over_a_fresh_value,
        a_request_to_replace_a_leased_fresh_value_waits,
    }
    refresh [Lifetimes] {
        a_release_leaves_the_fresh_value,
    }
    refresh [Keyspace] {
        an_invalidation_drops_the_lease_over_a_fresh_value,
    }
    versions [] {
        a_version_reads_back,
        versions_compare_as_the_numbers_do,
        an_older_store_leaves_what_is_there,
        an_older_put_leaves_nothing,
        an_older_fill_is_refused_and_its_lease_dropped,
        an_older_fill_over_a_stale_value_leaves_it,
        values_without_a_version_are_taken_and_forget_it,
        an_eviction_remembers_the_version,
        an_eviction_of_a_leased_value_remembers_its_version,
        a_lease_and_its_release_keep_the_version,
        a_lease_that_ended_by_itself_keeps_the_version,
        a_lease_that_replaces_keeps_the_version,
        a_write_keeps_the_version,
        a_write_that_ended_by_itself_keeps_the_version,
        a_refused_put_does_not_raise_the_version,
    }
    grace [] {
        an_invalidation_with_grace_makes_loads_bypass,
        a_write_with_grace_makes_loads_bypass,
        after_the_grace_loads_are_stored,
        after_the_grace_the_version_is_still_known,
        a_lease_from_before_the_grace_fills_nothing,
        a_write_does_not_shorten_the_grace,
        of_two_writers_each_has_its_grace,
        a_dead_writer_does_not_shorten_the_grace,
        what_is_written_by_hand_is_stored_within_the_grace,
    }
    grace [Keyspace] {
        a_sweep_with_grace_makes_loads_bypass,
        a_later_eviction_does_not_shorten_the_grace,
        an_invalidation_during_a_write_has_its_grace,
    }
    closed_tags [] {
        a_closed_tag_has_no_id_until_it_is_opened,
        a_tag_is_closed_until_all_writers_have_opened_it,
        an_invalidation_does_not_open_what_a_writer_closed,
        a_closed_tag_opens_by_itself,
        of_two_writers_of_a_tag_the_later_end_counts,
        an_opened_tag_can_be_invalidated,
        a_writer_that_ended_by_itself_opens_no_other_ones_tag,
        a_hundred_writers_of_a_tag_are_all_waited_for,
        an_invalidation_with_grace_leaves_no_id_for_so_long,
        an_opening_with_grace_leaves_the_tag_closed_for_so_long,
        nothing_shortens_the_grace_of_a_tag,
        of_two_writers_of_a_tag_each_has_its_grace,
    }
    locks [Locks] {
        a_lock_has_one_owner,
        of_many_who_ask_for_a_lock_one_has_it,
        fences_grow_over_all_owners,
        an_owner_that_asks_again_keeps_its_fence,
        a_lock_ends_by_itself_and_then_has_no_owner,
        an_extension_moves_the_end_of_a_lock,
        a_stranger_can_do_nothing_to_a_lock,
        an_unlocking_is_told,
        hostile_lock_names_stay_apart,
    }
    locks [Keyspace, Locks] {
        a_fence_grows_though_the_store_forgot_the_lock,
        a_lock_is_no_key_to_a_sweep,
    }
    rates [RateLimits] {
        a_limit_admits_its_quota_and_no_more,
        of_many_who_ask_at_once_as_many_as_the_quota_are_admitted,
        a_refusal_takes_nothing_from_the_other_limits,
        limits_asked_together_in_any_order_are_exact,
        looking_takes_nothing,
        a_cost_counts_as_so_many_requests,
        a_cost_above_the_quota_is_never_admitted,
        what_was_taken_comes_back,
        limits_at_the_ends_of_their_ranges_count,
        hostile_rate_names_stay_apart,
        calls_that_cannot_be_meant_are_refused,
    }
    rates [Keyspace, RateLimits] {
        a_deleted_rate_starts_anew,
        a_rate_is_no_key_to_a_sweep,
    }
}
