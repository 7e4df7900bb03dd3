//! The configurations, and each rule taken out.

use super::NearCaches;
use super::world::{Broken, Loss};
use super::writer::Kind;
use crate::explorer::{fails, holds, larger};

fn near(processes: usize, writers: &[Kind]) -> NearCaches {
    NearCaches { processes, writers: writers.to_vec(), joined: larger() == 0, loss: None, broken: None }
}

impl NearCaches {
    /// With processes that are to join first.
    fn not_joined(self) -> Self {
        NearCaches { joined: false, ..self }
    }

    fn with(self, loss: Loss) -> Self {
        NearCaches { loss: Some(loss), ..self }
    }

    fn without(self, rule: Broken) -> Self {
        NearCaches { broken: Some(rule), ..self }
    }
}

#[test]
fn near_caches_of_two_processes_keep_c1() {
    holds("near cache, 2 processes", &near(2, &[Kind::Key]));
}

#[test]
fn a_near_cache_under_two_writers_keeps_c1() {
    holds("near cache, 2 writers", &near(1, &[Kind::Key, Kind::Key]));
}

#[test]
fn a_near_cache_under_evictions_by_key_and_by_tag_keeps_c1() {
    holds("near cache, by key and by tag", &near(1, &[Kind::Key, Kind::Tag]));
}

#[test]
fn a_near_cache_under_an_eviction_by_pattern_keeps_c1() {
    holds("near cache, by pattern", &near(1, &[Kind::Pattern]).not_joined());
}

#[test]
fn a_near_cache_under_a_stored_value_keeps_c1() {
    holds("near cache, a stored value", &near(1, &[Kind::Store]));
}

#[test]
fn a_near_cache_over_a_restart_keeps_c1() {
    holds("near cache, a restart", &near(1, &[Kind::Key]).not_joined().with(Loss::Restart));
}

#[test]
fn a_near_cache_over_a_restart_under_two_writers_keeps_c1() {
    holds("near cache, a restart and 2 writers", &near(1, &[Kind::Key, Kind::Other]).with(Loss::Restart));
}

#[test]
fn a_near_cache_over_a_flush_keeps_c1() {
    holds("near cache, a flush", &near(1, &[Kind::Key]).not_joined().with(Loss::Flush));
}

#[test]
fn a_near_cache_under_intents_keeps_c1() {
    holds("near cache, an intent that ends with an eviction", &near(1, &[Kind::Around]));
    holds("near cache, an intent that ends with a value", &near(1, &[Kind::Put]));
}

macro_rules! mutations {
    ($($test:ident: $name:literal, $model:expr, $rule:ident;)*) => {$(
        #[test]
        fn $test() {
            fails(concat!("near cache, ", $name), &$model.without(Broken::$rule));
        }
    )*};
}

mutations! {
    what_is_kept_over_a_lapse_is_caught:
        "kept over a lapse", near(1, &[Kind::Key]).with(Loss::Restart), EvictsOnLapse;
    a_right_without_catching_up_is_caught:
        "served without catching up", near(1, &[Kind::Key]), CatchesUp;
    an_announcement_before_the_drop_is_caught:
        "announced first", near(1, &[Kind::Key]), DropsFirst;
    an_old_number_that_is_ignored_is_caught:
        "old numbers ignored", near(1, &[Kind::Other, Kind::Key]).with(Loss::Restart), OldNumberIsAGap;
    a_writer_that_does_not_wait_is_caught:
        "no waiting", near(1, &[Kind::Key]), Waits;
    a_writer_without_patience_is_caught:
        "no patience", near(1, &[Kind::Key]), IsPatient;
    a_read_that_is_kept_whatever_was_evicted_is_caught:
        "no generation", near(1, &[Kind::Key]), ComparesGeneration;
    a_message_that_leaves_flights_is_caught:
        "a message leaves flights", near(1, &[Kind::Key]), VoidsFlights;
    a_roster_that_is_trusted_after_a_loss_is_caught:
        "no settling", near(1, &[Kind::Key]).with(Loss::Restart), Settles;
    numbers_of_two_epochs_that_are_compared_are_caught:
        "numbers without epochs", near(1, &[Kind::Key, Kind::Other]).with(Loss::Restart), ComparesEpoch;
    a_member_that_is_expelled_with_a_newer_right_is_caught:
        "expelled with a newer right", near(1, &[Kind::Key, Kind::Key]), ExpelComparesRenewal;
    a_right_that_is_counted_from_the_answer_is_caught:
        "a right from the answer", near(1, &[Kind::Key]), CountsFromSending;
    patience_that_is_counted_from_the_drop_is_caught:
        "patience from the drop", near(1, &[Kind::Key]), PatienceFromAnswer;
    a_hit_that_does_not_compare_tags_is_caught:
        "tags not compared", near(1, &[Kind::Tag]), ComparesTags;
    a_bypassed_value_that_is_kept_is_caught:
        "a bypassed value is kept", near(1, &[Kind::Around]), KeepsNoBypass;
    a_write_whose_end_does_not_announce_is_caught:
        "the end does not announce", near(1, &[Kind::Around]), EndAnnounces;
    a_write_whose_begin_does_not_announce_is_caught:
        "the begin does not announce", near(1, &[Kind::Around]), BeginAnnounces;
}
