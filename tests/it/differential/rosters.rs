//! The script of rosters against the state machine: the same replies, and the same state after each.
//!
//! A roster has no clock. A restart of the server is a roster of another run, on both sides.

use std::time::Duration;

use jollycache::RedisBackend;
use jollycache::backend::state::near::{
    Announced, Announcement, Expulsion, Position, RenewRequest, Renewed, Roster,
};
use jollycache::backend::{Rosters, RunId, Token};
use jollycache::key::StoredKey;
use jollycache_tests::{RedisServer, ScriptSwap};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::{RECORD, seed};

const STEPS: usize = 5_000;
const CODE: &str = include_str!("../../../jollycache/src/backend/redis/scripts/roster.lua");
/// The fields of a roster that are no members.
const FIELDS: usize = 4;

#[derive(Debug, Clone)]
enum Step {
    Renew(RenewRequest),
    Announce {
        fresh: Token,
        expected: bool,
    },
    Expel(Expulsion),
    Restart,
    Flush,
    /// Another program's data is under the name.
    Overwrite,
}

#[derive(Debug, PartialEq)]
enum Reply {
    Renewed(Renewed),
    Announced(Option<Announced>),
    None,
}

/// What is stored, in one order.
#[derive(Debug, PartialEq)]
struct Stored {
    position: Position,
    settled: bool,
    members: Vec<(Token, Token, u64, Duration)>,
}

struct Pair {
    backend: RedisBackend,
    looker: redis::Connection,
    name: StoredKey,
    roster: Option<Roster>,
    /// The run of the state machine; the server's is always the same.
    run: u32,
    /// Incarnations and announcements that were given out, of which some still count.
    given: Vec<Token>,
    announced: Vec<Position>,
    tokens: u128,
    random: StdRng,
}

impl Pair {
    async fn new(server: &RedisServer, url: &str, seed: u64) -> Self {
        Pair {
            backend: RedisBackend::connect(url).await.unwrap(),
            looker: server.client(),
            name: StoredKey::found("differential:#near"),
            roster: None,
            run: 0,
            given: Vec::new(),
            announced: Vec::new(),
            tokens: 0,
            random: StdRng::seed_from_u64(seed),
        }
    }

    async fn run(&mut self, steps: usize) -> Result<(), String> {
        for number in 0..steps {
            let (step, before) = (self.step(), self.roster.clone());
            let expected = self.on_roster(&step);
            // A broken script may fail, too.
            let found = self.on_backend(&step).await.map_err(|error| format!("{step:?}: {error}"))?;
            let (state, stored) = (self.state(), self.stored());
            if expected != found || state != stored {
                return Err(format!(
                    "step {number}, {step:?} on {before:?}:\nexpected {expected:?}, {state:?}\nbut found {found:?}, {stored:?}"
                ));
            }
        }
        Ok(())
    }

    fn fresh(&mut self) -> Token {
        self.tokens += 1;
        let fresh = Token(self.tokens.to_be_bytes());
        self.given.push(fresh);
        fresh
    }

    /// A token that may be an incarnation or an epoch, mostly one of the last ones.
    fn given(&mut self) -> Option<Token> {
        let last = self.given.len().saturating_sub(8);
        self.given[last..].choose(&mut self.random).copied()
    }

    fn step(&mut self) -> Step {
        match self.random.random_range(0..100) {
            0..45 => Step::Renew(self.renewal()),
            45..75 => Step::Announce { fresh: self.fresh(), expected: self.random.random_range(0..3) == 0 },
            75..97 => Step::Expel(self.expulsion()),
            97 => Step::Restart,
            98 => Step::Flush,
            _ => Step::Overwrite,
        }
    }

    fn renewal(&mut self) -> RenewRequest {
        let member = Token([self.random.random_range(1..5); 16]);
        let known = self.roster.iter().flat_map(Roster::members).find(|found| found.member == member);
        let own = known.map(|found| found.incarnation).filter(|_| self.random.random_range(0..3) > 0);
        let epoch = self.roster.as_ref().map(|roster| roster.position().epoch);
        RenewRequest {
            member,
            incarnation: own.or_else(|| self.given()),
            fresh: self.fresh(),
            lease: Duration::from_millis(self.random.random_range(1..3000)),
            settles: match self.random.random_range(0..8) {
                0 => epoch,
                1 => self.given(),
                _ => None,
            },
        }
    }

    fn expulsion(&mut self) -> Expulsion {
        let last = self.announced.len().saturating_sub(5);
        let announced = self.announced[last..].choose(&mut self.random).copied();
        let epoch = self.given().unwrap_or(Token([0; 16]));
        let members = self.roster.iter().flat_map(Roster::members).map(|found| found.incarnation);
        let mut incarnations: Vec<_> = members.collect();
        incarnations.extend(self.given());
        incarnations.retain(|_| self.random.random_range(0..3) > 0);
        let mut announcement = announced.unwrap_or(Position { epoch, number: 1 });
        if self.random.random_range(0..10) == 0 {
            announcement.number = u64::MAX;
        }
        Expulsion { announcement, incarnations, settles: self.random.random_range(0..4) == 0 }
    }

    fn on_roster(&mut self, step: &Step) -> Reply {
        match step {
            Step::Renew(request) => {
                let reply = self.in_run(request.fresh).renew(request);
                Reply::Renewed(reply)
            }
            Step::Announce { expected: false, .. } if self.roster.is_none() => Reply::Announced(None),
            Step::Announce { fresh, .. } => {
                let announced = self.in_run(*fresh).announce().map(in_order);
                self.announced.extend(announced.as_ref().map(|announced| announced.position));
                Reply::Announced(announced)
            }
            Step::Expel(expulsion) => {
                // One of another run is left as it is, until something begins it anew.
                let is_of_run = self.is_of_run();
                if let Some(roster) = self.roster.as_mut().filter(|_| is_of_run) {
                    roster.expel(expulsion);
                }
                Reply::None
            }
            Step::Restart => {
                self.run += u32::from(self.is_of_run());
                Reply::None
            }
            Step::Flush => {
                self.roster = None;
                Reply::None
            }
            Step::Overwrite => Reply::None,
        }
    }

    fn in_run(&mut self, fresh: Token) -> &mut Roster {
        let roster = Roster::in_run(self.roster.take(), RunId(self.run.to_be_bytes()), fresh);
        self.roster.insert(roster)
    }

    fn is_of_run(&self) -> bool {
        let foreign = Token([u8::MAX; 16]);
        let found = Roster::in_run(self.roster.clone(), RunId(self.run.to_be_bytes()), foreign);
        self.roster.is_some() && found.position().epoch != foreign
    }

    async fn on_backend(&mut self, step: &Step) -> jollycache::Result<Reply> {
        let name = &self.name;
        Ok(match step {
            Step::Renew(request) => Reply::Renewed(self.backend.renew_right(name, request).await?),
            Step::Announce { fresh, expected } => {
                let announcement = Announcement { message: b"", fresh: *fresh, expected: *expected };
                let announced = self.backend.announce(name, &announcement).await?;
                Reply::Announced(announced.map(in_order))
            }
            Step::Expel(expulsion) => {
                self.backend.expel(name, expulsion).await?;
                Reply::None
            }
            Step::Restart => {
                let exists: bool = redis::cmd("EXISTS").arg(name.as_str()).query(&mut self.looker).unwrap();
                let mut other_run = redis::cmd("HSET");
                other_run.arg(name.as_str()).arg("run").arg("none");
                // Refused where foreign data is, which is no roster either.
                let _refused = exists.then(|| other_run.exec(&mut self.looker));
                Reply::None
            }
            Step::Flush => {
                redis::cmd("DEL").arg(name.as_str()).exec(&mut self.looker).unwrap();
                Reply::None
            }
            Step::Overwrite => self.overwrite(),
        })
    }

    /// Foreign data stands for a loss that leaves a trace: what begins anew replaces it.
    fn overwrite(&mut self) -> Reply {
        redis::cmd("SET").arg(self.name.as_str()).arg("foreign").exec(&mut self.looker).unwrap();
        let lost = Roster::first(RunId([u8::MAX; 4]), Token([u8::MAX; 16]));
        self.roster = Some(lost);
        Reply::None
    }

    /// The state machine's roster, if it is of the present run.
    fn state(&self) -> Option<Stored> {
        let roster = self.roster.as_ref().filter(|_| self.is_of_run())?;
        let members = roster.members().iter();
        let members = members.map(|found| (found.member, found.incarnation, found.renewed, found.lease));
        Some(Stored {
            position: roster.position(),
            settled: roster.is_settled(),
            members: sorted(members.collect()),
        })
    }

    /// The server's roster, if it is of the present run.
    fn stored(&mut self) -> Option<Stored> {
        let fields: Vec<(Vec<u8>, Vec<u8>)> =
            redis::cmd("HGETALL").arg(self.name.as_str()).query(&mut self.looker).ok()?;
        let field =
            |name: &str| fields.iter().find(|(field, _)| field == name.as_bytes()).map(|(_, value)| value);
        if field("run").is_none_or(|run| run == b"none") {
            return None;
        }
        let text = |name: &str| String::from_utf8(field(name).unwrap().clone()).unwrap();
        let members = fields.iter().filter(|(field, _)| field.len() == 16).map(|(member, held)| {
            let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
            let lease = Duration::from_millis(number(&held[22..]));
            (token(member), token(&held[..16]), number(&held[16..22]), lease)
        });
        let members = sorted(members.collect());
        assert_eq!(fields.len(), FIELDS + members.len());
        Some(Stored {
            position: Position {
                epoch: token(field("epoch").unwrap()),
                number: text("number").parse().unwrap(),
            },
            settled: text("settled") == "1",
            members,
        })
    }
}

fn token(bytes: &[u8]) -> Token {
    Token(bytes.try_into().unwrap())
}

fn sorted<T>(mut members: Vec<(Token, Token, u64, T)>) -> Vec<(Token, Token, u64, T)> {
    members.sort_by_key(|(member, ..)| member.0);
    members
}

fn in_order(mut announced: Announced) -> Announced {
    announced.members.sort_by_key(|found| found.member.0);
    announced
}

async fn run(server: &RedisServer, from: &str, to: &str, steps: usize) -> Result<(), String> {
    let whole = format!("{RECORD}{CODE}");
    assert!(whole.contains(from), "roster.lua has no {from:?}");
    let swapped = whole.replacen(from, to, 1);
    let hash = |code: &str| redis::Script::new(code).get_hash().to_owned();
    redis::cmd("SCRIPT").arg("LOAD").arg(&swapped).exec(&mut server.client()).unwrap();
    let line = ScriptSwap::start(server.port(), hash(&whole), hash(&swapped)).await;
    Pair::new(server, &line.url(), seed()).await.run(steps).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_rosters_as_the_state_machine_does() {
    let Some(server) = RedisServer::start() else { return };
    if let Err(difference) = run(&server, "", "", STEPS).await {
        panic!("{difference}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscriber_shows_that_a_roster_was_lost() {
    use jollycache::backend::Topics;

    let Some(server) = RedisServer::start() else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let name = StoredKey::found("differential:#near");
    let announce = async |fresh| {
        let announcement = Announcement { message: b"", fresh: Token([fresh; 16]), expected: false };
        backend.announce(&name, &announcement).await.unwrap()
    };
    assert_eq!(announce(1).await, None);
    let _subscription = backend.subscribe(&name).await.unwrap();
    let announced = announce(2).await.unwrap();
    assert_eq!((announced.position.epoch, announced.settled), (Token([2; 16]), false));
}

macro_rules! broken_rosters {
    ($($test:ident: $from:literal => $to:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let Some(server) = RedisServer::start() else { return };
            assert!(run(&server, $from, $to, 5 * STEPS).await.is_err(), "{:?} was not noticed", $to);
        }
    )*};
}

broken_rosters! {
    a_roster_of_another_run_that_counts_is_noticed: "if run ~= RUN then\n    begin_anew" => "if run == false then\n    begin_anew";
    a_roster_that_begins_settled_is_noticed: "'settled', '0', 'number'" => "'settled', '1', 'number'";
    a_roster_that_any_epoch_settles_is_noticed: "if settles == epoch then" => "if settles ~= '' then";
    a_member_of_another_incarnation_that_is_kept_is_noticed: "incarnation == own and 'kept'" => "held and 'kept'";
    a_renewal_that_is_not_recorded_is_noticed: "packed(tonumber(number)) .. packed(lease)" => "packed(0) .. packed(lease)";
    a_lease_without_a_bound_is_noticed: "math.min(lease_ms, MAX_LEASE_MS)" => "lease_ms";
    an_announcement_without_a_number_is_noticed: "'HINCRBY', KEY, 'number', 1" => "'HINCRBY', KEY, 'number', 0";
    an_idle_roster_that_announces_is_noticed: "if settled == '1' and" => "if false and";
    an_unsettled_roster_that_is_idle_is_noticed: "if settled == '1' and" => "if";
    an_announcement_that_expects_nothing_and_begins_is_noticed: "and not expected and" => "and false and";
    an_expulsion_of_another_epoch_is_noticed: "'HGET', KEY, 'epoch') ~= epoch" => "'HGET', KEY, 'epoch') == nil";
    an_expulsion_that_does_not_compare_renewals_is_noticed: ">= number" => ">= number + 1";
    an_expulsion_of_everyone_is_noticed: "if named[string.sub(held, 1, ID_BYTES)] and" => "if";
    an_expulsion_that_settles_nothing_is_noticed: "  if settles then\n" => "  if false then\n";
}
