//! `Pulse`: the signs of life of a connection to a store, by which the library decides whether it is lost.
//!
//! A clock alone cannot decide that. In a process that was paused or is overloaded, timers fire before the
//! socket is read, although the store has answered. So when a caller's time is over, the
//! socket is read again, several times, and only if nothing has arrived for any caller the store is silent.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use tokio::sync::Mutex;

use crate::clock;

/// How many looks in a row must find nothing. More than one: a pause of the process can make one of them wrong.
const SILENT_LOOKS: u32 = 3;
/// How often the time between two looks at a live connection doubles.
const MAX_DOUBLINGS: u32 = 4;

tokio::task_local! {
    /// The connection that the operation of this scope waits for.
    static WAITED_FOR: RefCell<Option<Arc<Pulse>>>;
}

/// The signs of life of one connection. A backend has one for each of its connections, and calls [`Pulse::wait_for`] in its
/// operations.
#[derive(Debug)]
pub struct Pulse {
    born: Instant,
    beats: AtomicU64,
    /// Whether something was sent since the last beat.
    owes: AtomicBool,
    /// How many reads found nothing.
    idle_reads: AtomicU64,
    /// Wakes the task that reads.
    reader: AtomicWaker,
    /// Held by the caller that looks for all.
    looks: Mutex<()>,
    /// How many looks have ended in silence.
    verdicts: AtomicU64,
    /// When a failure was last counted, in microseconds after `born`, plus one; zero for never.
    counted: AtomicU64,
}

/// What a look found.
struct Seen {
    owes: bool,
    beats: u64,
    idle_reads: u64,
}

impl Default for Pulse {
    fn default() -> Self {
        Pulse {
            born: clock::now(),
            beats: AtomicU64::new(0),
            owes: AtomicBool::new(false),
            idle_reads: AtomicU64::new(0),
            reader: AtomicWaker::new(),
            looks: Mutex::new(()),
            verdicts: AtomicU64::new(0),
            counted: AtomicU64::new(0),
        }
    }
}

impl Pulse {
    /// Something arrived from the store.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
        self.owes.store(false, Ordering::Relaxed);
    }

    /// Something was sent to the store, which owes an answer now.
    pub fn sent(&self) {
        self.owes.store(true, Ordering::Relaxed);
    }

    /// There is nothing to read. `reader` reads again when it is woken.
    pub fn idle(&self, reader: &Waker) {
        self.reader.register(reader);
        self.idle_reads.fetch_add(1, Ordering::Relaxed);
    }

    /// The running operation of the backend waits for an answer over this connection.
    pub fn wait_for(self: &Arc<Self>) {
        // Outside of a call of the library nothing evaluates it.
        let _ = WAITED_FOR.try_with(|pulse| pulse.replace(Some(self.clone())));
    }

    /// Runs `call`, in which [`Pulse::waited_for`] is what its operation waits for.
    pub(crate) async fn observe<T>(call: impl Future<Output = T>) -> T {
        WAITED_FOR.scope(RefCell::new(None), call).await
    }

    /// The connection that the operation under way waits for, if its backend has named one.
    pub(crate) fn waited_for() -> Option<Arc<Self>> {
        WAITED_FOR.try_with(|pulse| pulse.borrow().clone()).ok().flatten()
    }

    /// As [`Pulse::silence`], for any number of callers at once: one looks for all, because each one's own look would add work
    /// to a process that may be too busy to read the answers.
    pub(crate) async fn shared_silence(&self, look: Duration) {
        let verdicts = self.verdicts.load(Ordering::Relaxed);
        let _looks = self.looks.lock().await;
        if self.verdicts.load(Ordering::Relaxed) == verdicts {
            self.silence(look).await;
            self.verdicts.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Resolves when several looks in a row, `look` apart, have found nothing. A look does not count if the reader did not run
    /// during it, or nothing was sent before it.
    pub(crate) async fn silence(&self, look: Duration) {
        let (mut silent, mut doublings) = (0, 0);
        while silent < SILENT_LOOKS {
            let before = self.seen();
            self.reader.wake();
            clock::sleep(look * 2_u32.pow(doublings)).await;
            let now = self.seen();
            if now.beats != before.beats {
                (silent, doublings) = (0, MAX_DOUBLINGS.min(doublings + 1));
            } else if before.owes && now.idle_reads != before.idle_reads {
                (silent, doublings) = (silent + 1, 0);
            }
        }
    }

    fn seen(&self) -> Seen {
        let [beats, idle_reads] =
            [&self.beats, &self.idle_reads].map(|counter| counter.load(Ordering::Relaxed));
        Seen { owes: self.owes.load(Ordering::Relaxed), beats, idle_reads }
    }

    /// Whether a failure of this connection is to be counted: not if one was within the last `interval`, because all callers
    /// that wait for a connection report the same failure.
    pub(crate) fn counts_failure(&self, now: Instant, interval: Duration) -> bool {
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let now = micros(now.saturating_duration_since(self.born)).saturating_add(1);
        let last = self.counted.load(Ordering::Relaxed);
        let is_due = last == 0 || now.saturating_sub(last) >= micros(interval);
        // Of several concurrent failures, one is counted.
        is_due && self.counted.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Duration = Duration::from_millis(10);

    /// Reads whenever it is woken, and finds nothing.
    fn read_in_vain(pulse: &Arc<Pulse>) {
        let pulse = pulse.clone();
        pulse.sent();
        tokio::spawn(std::future::poll_fn(move |cx| {
            pulse.idle(cx.waker());
            std::task::Poll::<()>::Pending
        }));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_silent_after_some_looks_and_not_while_it_beats() {
        let pulse = Arc::new(Pulse::default());
        read_in_vain(&pulse);
        tokio::task::yield_now().await;
        let start = tokio::time::Instant::now();
        pulse.silence(LOOK).await;
        assert_eq!(start.elapsed(), LOOK * SILENT_LOOKS);

        let beating = pulse.clone();
        let heart = tokio::spawn(async move {
            for _ in 0..100 {
                beating.beat();
                clock::sleep(LOOK).await;
            }
            beating.sent();
        });
        let start = tokio::time::Instant::now();
        pulse.silence(LOOK).await;
        assert!(heart.is_finished() && start.elapsed() > LOOK * 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_is_not_read_or_owes_nothing_is_not_judged() {
        let pulse = Arc::new(Pulse::default());
        pulse.sent();
        assert!(tokio::time::timeout(LOOK * 1000, pulse.silence(LOOK)).await.is_err(), "it is not read");
        read_in_vain(&pulse);
        pulse.beat();
        assert!(tokio::time::timeout(LOOK * 1000, pulse.silence(LOOK)).await.is_err(), "it owes nothing");
        pulse.sent();
        tokio::task::yield_now().await;
        pulse.silence(LOOK).await;
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_wait_share_a_verdict_and_who_comes_later_looks_anew() {
        let pulse = Arc::new(Pulse::default());
        read_in_vain(&pulse);
        tokio::task::yield_now().await;
        let start = tokio::time::Instant::now();
        let waiters = (0..100).map(|_| pulse.shared_silence(LOOK));
        futures_util::future::join_all(waiters).await;
        assert_eq!(start.elapsed(), LOOK * SILENT_LOOKS);
        pulse.shared_silence(LOOK).await;
        assert_eq!(start.elapsed(), LOOK * SILENT_LOOKS * 2);
    }

    #[test]
    fn a_connection_fails_once_in_an_interval() {
        let pulse = Pulse::default();
        let now = clock::now();
        assert!(pulse.counts_failure(now, LOOK));
        assert!(!pulse.counts_failure(now, LOOK));
        assert!(!pulse.counts_failure(now + LOOK / 2, LOOK));
        assert!(pulse.counts_failure(now + LOOK, LOOK));
    }

    #[tokio::test]
    async fn what_an_operation_waits_for_is_known_in_its_call_only() {
        let pulse = Arc::new(Pulse::default());
        pulse.wait_for();
        assert!(Pulse::waited_for().is_none(), "there is no call");
        Pulse::observe(async {
            assert!(Pulse::waited_for().is_none());
            pulse.wait_for();
            assert!(Pulse::waited_for().is_some_and(|found| Arc::ptr_eq(&found, &pulse)));
            Pulse::observe(async { assert!(Pulse::waited_for().is_none(), "another call") }).await;
        })
        .await;
    }
}
