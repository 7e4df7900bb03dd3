//! Flights, one case after another.

use bytes::Bytes;

use super::flight::{FlightKey, Flights, Follower, Landing, Leader, Role, Shared};
use crate::entry::Fingerprint;
use crate::key::StoredKey;

fn key(name: &str) -> FlightKey {
    FlightKey { key: StoredKey::found(name), fingerprint: Fingerprint(1) }
}

fn leader(flights: &Flights) -> Leader {
    match flights.join(key("k")) {
        Role::Leader(leader) => leader,
        other => panic!("expected to lead, got {other:?}"),
    }
}

fn follower(flights: &Flights) -> Follower {
    match flights.join(key("k")) {
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
    first.land(Landing::Value(Shared { none: true, payload: Bytes::new() }));
    assert!(matches!(early.landed().await, Landing::Value(_)));
}

#[tokio::test]
async fn landing_the_sealed_flight_leaves_the_next_one_open() {
    let flights = Flights::default();
    let mut first = leader(&flights);
    first.seal();
    let second = leader(&flights);
    first.land(Landing::Retry);
    let mut late = follower(&flights);
    second.land(Landing::Alone);
    assert!(matches!(late.landed().await, Landing::Alone));
}

#[tokio::test]
async fn a_cancelled_leader_leaves_the_flight_to_the_next() {
    let flights = Flights::default();
    let first = leader(&flights);
    let mut waiting = follower(&flights);
    drop(first);
    assert!(matches!(waiting.landed().await, Landing::Retry));
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
    assert!(matches!(waiting.landed().await, Landing::Failed(None)));
}

#[test]
fn types_do_not_share_a_flight() {
    let flights = Flights::default();
    let _first = leader(&flights);
    let other = FlightKey { fingerprint: Fingerprint(2), ..key("k") };
    assert!(matches!(flights.join(other), Role::Leader(_)));
}
