//! Flights, one case after another.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::flights::{FlightKey, FlightResult, Flights, Follower, Leader, MAX_FOLLOWERS, Role, Shared};
use crate::clock;
use crate::entry::Fingerprint;
use crate::key::StoredKey;

const LEASE: Duration = Duration::from_secs(10);

fn key(name: &str) -> FlightKey {
    FlightKey { key: StoredKey::found(name), fingerprint: Fingerprint(1), bypasses: false }
}

fn leader(flights: &Flights) -> Leader {
    leader_at(flights, clock::now())
}

fn leader_at(flights: &Flights, now: Instant) -> Leader {
    match flights.join(key("k"), now, LEASE) {
        Role::Leader(leader) => leader,
        other => panic!("expected to lead, got {other:?}"),
    }
}

fn follower(flights: &Flights) -> Follower {
    follower_at(flights, clock::now())
}

fn follower_at(flights: &Flights, now: Instant) -> Follower {
    match flights.join(key("k"), now, LEASE) {
        Role::Follower(follower) => follower,
        other => panic!("expected to follow, got {other:?}"),
    }
}

#[tokio::test]
async fn a_sealed_flight_is_not_joined() {
    let flights = Flights::default();
    let mut first = leader(&flights);
    let mut early = follower(&flights);
    first.seal();
    let _second = leader(&flights);
    first.finish(FlightResult::Value(Shared { none: true, payload: Bytes::new() }));
    assert!(matches!(early.result().await, FlightResult::Value(_)));
}

#[tokio::test]
async fn landing_the_sealed_flight_leaves_the_next_one_open() {
    let flights = Flights::default();
    let mut first = leader(&flights);
    first.seal();
    let second = leader(&flights);
    first.finish(FlightResult::Retry);
    let mut late = follower(&flights);
    second.finish(FlightResult::Alone);
    assert!(matches!(late.result().await, FlightResult::Alone));
}

#[tokio::test]
async fn a_cancelled_leader_leaves_the_flight_to_the_next() {
    let flights = Flights::default();
    let first = leader(&flights);
    let mut waiting = follower(&flights);
    drop(first);
    assert!(matches!(waiting.result().await, FlightResult::Retry));
    let _next = leader(&flights);
}

#[tokio::test]
async fn a_panicking_leader_has_failed() {
    let flights = Flights::default();
    let first = leader(&flights);
    let mut waiting = follower(&flights);
    let panicked = std::thread::spawn(move || {
        let _held = first;
        panic!("the loader panics");
    });
    assert!(panicked.join().is_err());
    assert!(matches!(waiting.result().await, FlightResult::Failed(None)));
}

#[tokio::test]
async fn a_flight_that_outlasts_its_lease_is_replaced_and_leaves_the_next_one_alone() {
    let flights = Flights::default();
    let start = clock::now();
    let hanging = leader_at(&flights, start);
    let mut early = follower_at(&flights, start + LEASE / 2);
    let next = leader_at(&flights, start + LEASE);
    hanging.renew(start + LEASE * 3);
    hanging.finish(FlightResult::Retry);
    assert!(matches!(early.result().await, FlightResult::Retry));
    let mut late = follower_at(&flights, start + LEASE);
    next.finish(FlightResult::Alone);
    assert!(matches!(late.result().await, FlightResult::Alone));
    assert_eq!(flights.count(), 0);
}

#[test]
fn a_lease_that_was_granted_late_lets_its_flight_last() {
    let flights = Flights::default();
    let start = clock::now();
    let leader = leader_at(&flights, start);
    leader.renew(start + LEASE * 2);
    let follower = follower_at(&flights, start + LEASE);
    assert_eq!(follower.time_left(start + LEASE), LEASE);
}

#[test]
fn those_who_bypass_the_backend_have_flights_of_their_own() {
    let flights = Flights::default();
    let _first = leader(&flights);
    let bypassing = FlightKey { bypasses: true, ..key("k") };
    assert!(matches!(flights.join(bypassing, clock::now(), LEASE), Role::Leader(_)));
}

#[test]
fn a_flight_has_a_bounded_number_of_followers() {
    let flights = Flights::default();
    let _leader = leader(&flights);
    let followers: Vec<_> = (0..MAX_FOLLOWERS).map(|_| follower(&flights)).collect();
    assert!(matches!(flights.join(key("k"), clock::now(), LEASE), Role::Crowded));
    drop(followers);
    follower(&flights);
}

#[tokio::test]
async fn one_loads_without_a_lease_at_a_time_and_a_line_ends_with_its_last() {
    let flights = Flights::default();
    let mut first = leader(&flights);
    let turn = first.turn().await;
    first.seal();
    let second = leader(&flights);
    let mut waits = Box::pin(second.turn());
    assert!(futures_util::poll!(&mut waits).is_pending());
    drop(waits);
    assert_eq!(flights.lines(), 1);
    let mut waits = Box::pin(second.turn());
    assert!(futures_util::poll!(&mut waits).is_pending());
    drop(turn);
    let turn = waits.await;
    assert_eq!(flights.lines(), 1);
    drop(turn);
    assert_eq!(flights.lines(), 0);
}

#[test]
fn types_do_not_share_a_flight() {
    let flights = Flights::default();
    let _first = leader(&flights);
    let other = FlightKey { fingerprint: Fingerprint(2), ..key("k") };
    assert!(matches!(flights.join(other, clock::now(), LEASE), Role::Leader(_)));
}
