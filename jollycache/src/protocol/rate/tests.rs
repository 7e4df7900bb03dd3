use proptest::prelude::*;

use super::*;

const ALGORITHMS: [RateAlgorithm; 3] =
    [RateAlgorithm::SlidingLog, RateAlgorithm::SlidingCounter, RateAlgorithm::TokenBucket];
/// A time of this century, in ms.
const START: Millis = 1_790_000_000_123;

fn rule(algorithm: RateAlgorithm, quota: u64, window_ms: Millis) -> RateRule {
    RateRule::new(algorithm, quota, Duration::from_millis(window_ms), quota).expect("a good rule")
}

fn millis(duration: Duration) -> Millis {
    crate::clock::as_millis(duration)
}

/// What was taken: when, by true time, and how much.
type Taken = Vec<(Millis, u64)>;

/// One request: how long after the last one, by how much the clock goes back before it, its cost.
type Step = (Millis, Millis, u64);

fn run(rule: &RateRule, steps: &[Step]) -> Taken {
    let (mut slot, mut time, mut back) = (RateSlot::new(rule), START, 0);
    let mut taken = Taken::new();
    for &(after, jump, cost) in steps {
        time += after;
        back += jump;
        if slot.admit(rule, time - back, cost).admitted {
            taken.push((time, cost));
        }
    }
    taken
}

/// For each span from one request that was taken to another: its length, and how much was taken in it.
fn spans(taken: &Taken) -> impl Iterator<Item = (Millis, u64)> + '_ {
    (0..taken.len()).flat_map(move |first| {
        let sums = taken[first..].iter().scan(0, move |sum, &(time, cost)| {
            *sum += cost;
            Some((time - taken[first].0, *sum))
        });
        sums.collect::<Vec<_>>()
    })
}

/// What the algorithm promises of a span, as a product with the window.
fn bound(rule: &RateRule, span: Millis) -> Option<u64> {
    let (quota, window) = (rule.quota(), rule.window_ms());
    match rule.algorithm() {
        RateAlgorithm::SlidingLog => (span < window).then_some(quota * window),
        RateAlgorithm::SlidingCounter => (span < window).then_some(quota * window + quota * span),
        RateAlgorithm::TokenBucket => Some(rule.capacity() * window + quota * span),
    }
}

fn any_rule() -> impl Strategy<Value = RateRule> {
    (0..3_usize, 1..40_u64, 1..5_000_u64, 1..40_u64).prop_map(|(algorithm, quota, window, burst)| {
        let window = Duration::from_millis(window);
        RateRule::new(ALGORITHMS[algorithm], quota, window, burst.min(quota)).expect("a good rule")
    })
}

/// Mostly dense, so that limits are met; at times a pause around a window.
fn steps(jump: impl Strategy<Value = Millis> + Clone) -> impl Strategy<Value = Vec<Step>> {
    let after = prop_oneof![6 => 0..60_u64, 1 => 0..6_000_u64];
    let cost = prop_oneof![8 => Just(1_u64), 2 => 0..12_u64];
    proptest::collection::vec((after, jump, cost), 1..150)
}

fn back() -> impl Strategy<Value = Millis> + Clone {
    prop_oneof![9 => Just(0_u64), 1 => 1..20_000_u64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_span_holds_more_than_is_promised(rule in any_rule(), steps in steps(Just(0))) {
        for (span, sum) in spans(&run(&rule, &steps)) {
            if let Some(bound) = bound(&rule, span) {
                prop_assert!(sum * rule.window_ms() <= bound, "{sum} in {span} ms: {rule:?}");
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_opens_no_gate(rule in any_rule(), steps in steps(back())) {
        for (span, sum) in spans(&run(&rule, &steps)) {
            if let Some(bound) = bound(&rule, span) {
                prop_assert!(sum * rule.window_ms() <= bound, "{sum} in {span} ms: {rule:?}");
            }
        }
    }

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out(rule in any_rule(), steps in steps(back())) {
        let (mut slot, mut time) = (RateSlot::new(&rule), START);
        for (after, jump, cost) in steps {
            time = time + after - jump;
            let verdict = slot.admit(&rule, time, cost);
            // The last window of a counter fades during a second one.
            let windows = if rule.algorithm() == RateAlgorithm::SlidingCounter { 2 } else { 1 };
            prop_assert!(millis(verdict.reset_after) <= windows * rule.window_ms(), "{verdict:?}");
            let mut later = slot.clone();
            let all_free = later.admit(&rule, time + windows * rule.window_ms(), rule.capacity());
            prop_assert!(all_free.admitted, "{all_free:?}");
        }
    }

    #[test]
    fn the_log_does_what_counting_does(quota in 1..20_u64, window in 1..2_000_u64, steps in steps(Just(0))) {
        let rule = rule(RateAlgorithm::SlidingLog, quota, window);
        let (mut slot, mut time, mut taken) = (RateSlot::new(&rule), START, Taken::new());
        for (after, _, cost) in steps {
            time += after;
            let used: u64 = taken.iter().filter(|(at, _)| at + window > time).map(|(_, cost)| cost).sum();
            let verdict = slot.admit(&rule, time, cost);
            prop_assert_eq!(verdict.admitted, used + cost <= quota);
            prop_assert_eq!(verdict.remaining, quota - used - if verdict.admitted { cost } else { 0 });
            taken.extend(verdict.admitted.then_some((time, cost)));
        }
    }

    #[test]
    fn the_waits_that_are_told_are_exact(rule in any_rule(), steps in steps(back()), cost in 1..41_u64) {
        let (mut slot, mut time) = (RateSlot::new(&rule), START);
        for (after, jump, cost) in steps {
            time = time + after - jump;
            slot.admit(&rule, time, cost);
        }
        let judge = |time, cost| {
            let mut slot = slot.clone();
            let now = slot.now(time);
            slot.judge(&rule, now, cost)
        };
        let verdict = judge(time, cost);
        prop_assert_eq!(verdict.retry_after.is_none(), cost > rule.capacity());
        prop_assert_eq!(verdict.admitted, cost <= verdict.remaining);
        match verdict.retry_after.map(millis) {
            Some(wait) if wait > 0 => {
                prop_assert!(!judge(time + wait - 1, cost).admitted);
                prop_assert!(judge(time + wait, cost).admitted);
            }
            wait => prop_assert_eq!(verdict.admitted, wait == Some(0)),
        }
        let reset = millis(verdict.reset_after);
        prop_assert_eq!(judge(time + reset, 0).remaining, rule.capacity());
        prop_assert_eq!(judge(time + reset, 0).reset_after, Duration::ZERO);
        prop_assert!(reset == 0 || judge(time + reset - 1, 0).reset_after == Duration::from_millis(1));
    }

    #[test]
    fn what_is_refused_leaves_no_trace(rule in any_rule(), steps in steps(Just(0))) {
        let (mut slot, mut time) = (RateSlot::new(&rule), START);
        for (after, _, cost) in steps {
            time += after;
            let before = slot.clone();
            if !slot.admit(&rule, time, cost).admitted {
                prop_assert_eq!(&slot, &before);
            }
        }
    }
}

#[test]
fn no_burst_of_twice_the_quota_passes_at_the_edge_of_a_window() {
    const WINDOW: Millis = 60_000;
    let edge = START / WINDOW * WINDOW + WINDOW;
    for algorithm in ALGORITHMS {
        let rule = rule(algorithm, 100, WINDOW);
        let mut slot = RateSlot::new(&rule);
        let mut pass = |time, asked| (0..asked).filter(|_| slot.admit(&rule, time, 1).admitted).count();
        assert_eq!(pass(edge - 1, 150), 100, "{algorithm:?}");
        assert_eq!(pass(edge, 150), 0, "{algorithm:?}");
        let a_second_later = usize::from(algorithm != RateAlgorithm::SlidingLog);
        assert_eq!(pass(edge + 1_000, 150), a_second_later, "{algorithm:?}");
    }
}

#[test]
fn a_burst_bounds_what_comes_at_once_and_not_what_comes_in_a_window() {
    let window = Duration::from_mins(1);
    let rule = RateRule::new(RateAlgorithm::TokenBucket, 60, window, 5).expect("a good rule");
    let mut slot = RateSlot::new(&rule);
    assert!(!slot.admit(&rule, START, 6).admitted);
    assert!(slot.admit(&rule, START, 5).admitted);
    assert_eq!(slot.admit(&rule, START, 1).retry_after, Some(Duration::from_secs(1)));
    for second in 1..=120 {
        assert!(slot.admit(&rule, START + second * 1_000, 1).admitted, "second {second}");
    }
}

#[test]
fn a_rate_that_is_no_whole_number_does_not_drift() {
    let rule = RateRule::new(RateAlgorithm::TokenBucket, 7, Duration::from_mins(1), 2).expect("a good rule");
    let (mut slot, mut passed) = (RateSlot::new(&rule), 0_u64);
    for time in 0..=6_000_000 {
        passed += u64::from(slot.admit(&rule, START + time, 1).admitted);
    }
    // The burst, and 7 a minute for 100 minutes; a token comes every 8,571.43 ms.
    assert_eq!(passed, 702);
}

#[test]
fn a_clock_that_goes_back_for_good_is_not_waited_for() {
    for algorithm in ALGORITHMS {
        let rule = rule(algorithm, 1, 60_000);
        let mut slot = RateSlot::new(&rule);
        assert!(slot.admit(&rule, START, 1).admitted);
        let an_hour_back = START - 3_600_000;
        assert!(!slot.admit(&rule, an_hour_back, 1).admitted, "{algorithm:?}");
        // A refusal remembers the jump: the second one does not start the wait anew.
        assert!(!slot.admit(&rule, an_hour_back + 59_000, 1).admitted, "{algorithm:?}");
        assert!(slot.admit(&rule, an_hour_back + 120_000, 1).admitted, "{algorithm:?}");
    }
}

#[test]
fn the_ends_of_all_ranges_are_safe() {
    for algorithm in ALGORITHMS {
        let largest = if algorithm == RateAlgorithm::SlidingLog { MAX_LOG_QUOTA } else { 800_000 };
        let rule = rule(algorithm, largest, millis(MAX_RATE_WINDOW));
        for clock in [0, 1, START, u64::MAX - 1, u64::MAX] {
            let mut slot = RateSlot::new(&rule);
            assert_eq!(slot.admit(&rule, clock, u64::MAX).retry_after, None);
            assert!(slot.admit(&rule, clock, largest).admitted, "{algorithm:?} at {clock}");
            let late = slot.admit(&rule, 0, 1);
            assert!(!late.admitted || clock > u64::MAX / 2, "{algorithm:?} at {clock}: {late:?}");
            slot.admit(&rule, u64::MAX, 1);
        }
    }
}

#[test]
fn rules_out_of_range_are_refused() {
    use RateAlgorithm::{SlidingCounter, SlidingLog, TokenBucket};
    let (minute, too_long) = (Duration::from_mins(1), MAX_RATE_WINDOW + Duration::from_millis(1));
    for (algorithm, quota, window, burst, reason) in [
        (SlidingLog, 0, minute, 1, "quota of 0"),
        (SlidingLog, MAX_LOG_QUOTA + 1, minute, 1, "at most 10000"),
        (SlidingCounter, 1, Duration::ZERO, 1, "window of 0ns"),
        (SlidingCounter, 1, Duration::from_nanos(1), 1, "window of 1ns"),
        (SlidingCounter, 1, too_long, 1, "31 days"),
        (SlidingCounter, 1, Duration::MAX, 1, "31 days"),
        (SlidingCounter, u64::MAX, minute, 1, "counted exactly"),
        (SlidingCounter, 1 << 50, minute, 1, "counted exactly"),
        (TokenBucket, 5, minute, 0, "burst of 0"),
        (TokenBucket, 5, minute, 6, "burst of 6"),
    ] {
        let error = RateRule::new(algorithm, quota, window, burst).expect_err(reason);
        assert!(error.to_string().contains(reason), "{error}");
    }
}
