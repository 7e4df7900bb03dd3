//! Sessions, on each backend; two caches on one store stand for two processes.

mod encryption;
mod hostile;
mod lifecycle;
mod outages;
mod tower_sessions;
mod users;

use std::collections::BTreeMap;
use std::time::Duration;

use jollycache::Cache;
use jollycache::session::{SessionId, SessionService, SessionServiceBuilder};

/// Long enough for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

type Data = BTreeMap<String, u64>;
type Sessions = SessionService<Data>;

fn builder(cache: &Cache) -> SessionServiceBuilder<Data> {
    Sessions::builder(cache.clone())
}

fn sessions(cache: &Cache) -> Sessions {
    builder(cache).build().unwrap()
}

/// Two services on one store.
async fn two(caches: &crate::backends::Caches) -> (Sessions, Sessions) {
    (sessions(&caches.new_cache().await), sessions(&caches.new_cache().await))
}

async fn is_alive(sessions: &Sessions, id: &SessionId) -> bool {
    sessions.validate(id).await.unwrap().is_some()
}

fn data(number: u64) -> Data {
    Data::from([("number".to_owned(), number)])
}

/// Everything that a Redis server holds, names and values, as text.
fn dump(server: &jollycache_tests::RedisServer) -> String {
    let mut client = server.client();
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut client).unwrap();
    let mut all = Vec::new();
    for key in keys {
        all.extend_from_slice(&key);
        let value: Vec<u8> = redis::cmd("DUMP").arg(&key).query(&mut client).unwrap();
        all.extend_from_slice(&value);
        let value: redis::RedisResult<Vec<u8>> = redis::cmd("GET").arg(&key).query(&mut client);
        all.extend(value.unwrap_or_default());
    }
    assert!(!all.is_empty(), "the server holds nothing");
    String::from_utf8_lossy(&all).into_owned()
}
