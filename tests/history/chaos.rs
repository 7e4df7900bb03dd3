//! What is done to the server's keys and to the clients behind their backs.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redis::{Connection, Script};

use crate::pace::{millis, pause};

/// Takes a lease away from its holder, by deleting it or by replacing its token.
/// KEYS all keys, ARGV[1] how many of them to leave out, [2] the token or ''.
const STEAL: &str = r"
for i = 1, #KEYS do
  local key = KEYS[(i + ARGV[1]) % #KEYS + 1]
  local record = redis.pcall('GET', key)
  if type(record) == 'string' and string.sub(record, 1, 1) == '\203' then
    local kind, flags = string.sub(record, 2, 2), string.byte(record, 23) or 0
    local leased = kind == 'V' and math.floor(flags / 2) % 2 == 1
    if (kind == 'L' or leased) and ARGV[2] ~= '' then
      redis.call('SETRANGE', key, kind == 'L' and 16 or #record - 16, ARGV[2])
      return 1
    elseif kind == 'L' or leased then
      redis.call('DEL', key)
      return 1
    end
  end
end
return 0";

/// How much was done.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) evicted: u64,
    pub(crate) stolen: u64,
}

/// Evicts random keys, as a full server does: entries, leases, intents and tag ids alike. Never ends by itself.
pub(crate) async fn evict(connection: &mut Connection, seed: u64, evicted: &mut u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    loop {
        pause(millis(&mut rng, 0..20)).await;
        let key: Option<Vec<u8>> = redis::cmd("RANDOMKEY").query(connection).expect("the server answers");
        if let Some(key) = key {
            *evicted += redis::cmd("DEL").arg(key).query::<u64>(connection).expect("the server answers");
        }
    }
}

/// Steals random leases. Never ends by itself.
pub(crate) async fn steal(connection: &mut Connection, seed: u64, stolen: &mut u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let script = Script::new(STEAL);
    loop {
        pause(millis(&mut rng, 0..40)).await;
        // The server is this test's own, and has a few dozen keys.
        let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(connection).expect("the server answers");
        let token: [u8; 16] = rng.random();
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(key);
        }
        call.arg(rng.random_range(0..100));
        call.arg(if rng.random() { &token[..] } else { &[] });
        *stolen += call.invoke::<u64>(connection).expect("the server answers");
    }
}

/// When the next stop or kill comes.
pub(crate) fn interval(rng: &mut StdRng, about: Duration) -> Duration {
    about.mul_f64(rng.random_range(0.5..1.5))
}
