//! `RedisBackend`: each operation of the contract as commands.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, Value, cmd};

use super::connection::Connector;
use super::error::unexpected;
use super::pool::Pool;
use super::pubsub::{PubSub, topic_channel};
use super::scripts::{Call, Command};
use super::{rates, record, reply, scripts};
use crate::backend::{Backend, BackendInfo, Subscription, Watch};
use crate::clock::as_millis;
use crate::entry::{Draft, Entry, RegionId, RunId, Token, encode_entry};
use crate::error::{Error, ErrorKind, Result};
use crate::key::StoredKey;
use crate::protocol::{
    Filled, Inspection, Lease, LeaseMode, LeaseRequest, LockAnswer, RateMode, RateRequest, RateVerdict, Read,
    ScanCursor, ScanPage, Selection, WriteEnd,
};

/// How long a tag's id lives before anything is stored under it: longer than any load. From then on it lives as long as
/// the entry that ends last. When it ends, what carries the tag is loaded again.
const TAG_TTL_MS: u64 = 60 * 60 * 1000;
/// The longest lifetime that is asked of the server: a century. Beyond some 2^53 ms a script would lose digits.
const MAX_LIFETIME_MS: u64 = 100 * 365 * 24 * 60 * 60 * 1000;
/// How many commands are sent in one go at most.
const MAX_PIPELINE: usize = 500;
/// How many slots the server looks at for one page of a sweep.
const SWEEP_PAGE: usize = 500;

/// Entries on a Redis server, version 7.0 or later, shared by all processes of one namespace.
///
/// Commands of all tasks share a few connections, which are kept up in the background: while the server is away, a
/// call fails at once with [`ErrorKind::Unavailable`], and works again within about half a second of its return.
///
/// ```no_run
/// # async fn example() -> jollycache::Result<()> {
/// use jollycache::RedisBackend;
///
/// let backend = RedisBackend::connect("redis://127.0.0.1:6379").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct RedisBackend {
    pub(super) pool: Pool,
    pubsub: PubSub,
}

impl RedisBackend {
    pub(super) fn new(connector: &Connector, connections: usize) -> Self {
        RedisBackend { pool: Pool::new(connector, connections), pubsub: PubSub::new(connector) }
    }

    async fn try_lease(&self, request: &LeaseRequest<'_>, mode: LeaseMode) -> Result<Option<Lease>> {
        let mut call = scripts::LEASE.call(request.key.as_str());
        call.arg(&request.region.0.to_be_bytes()[..]).arg(&request.token.0[..]).arg(lifetime_ms(request.ttl));
        call.arg(match mode {
            LeaseMode::Load => "load",
            LeaseMode::Replace => "replace",
            LeaseMode::Refresh => "refresh",
        });
        for tag in request.live_tags {
            call.arg(&*tag.name).arg(&tag.id.0[..]);
        }
        let (answer, run) = self.pool.call_with_run(call).await?;
        let [status, remaining, value] = reply::list_of(answer)?;
        let was_value = !matches!(value, Value::Nil);
        let entry = record::entry(value, run);
        if was_value && entry.is_none() {
            return Ok(None);
        }
        lease_of(&reply::text(status)?, reply::millis(reply::integer(remaining)?), entry).map(Some)
    }

    /// The fence, zero if the lock is another's, and the time it has left.
    async fn change_lock(
        &self,
        lock: &StoredKey,
        how: &str,
        token: Token,
        ttl: Duration,
    ) -> Result<(u64, Duration)> {
        let mut call = scripts::LOCK.call(lock.as_str());
        call.arg(how).arg(&token.0[..]).arg(lifetime_ms(ttl));
        let [fence, remaining] = reply::list_of(self.pool.call(call).await?)?;
        let fence = u64::try_from(reply::integer(fence)?).map_err(|_| unexpected())?;
        Ok((fence, reply::millis(reply::integer(remaining)?)))
    }

    async fn sweep_page(&self, keys: &[Vec<u8>], selection: &Selection<'_>) -> Result<u64> {
        let region = selection.region.map(|region| region.0.to_be_bytes());
        let calls = keys.iter().filter_map(|key| std::str::from_utf8(key).ok()).map(|key| {
            let mut call = scripts::SWEEP.call(key);
            call.arg(region.as_ref().map_or(&[][..], |region| &region[..]));
            call.arg(lifetime_or_none_ms(selection.grace));
            call
        });
        sum(reply::all_ok(self.pool.write_all(calls).await?.0)?)
    }

    /// One step of a scan: the next cursor (zero at the end) and raw names.
    async fn scan_step(&self, glob: &str, cursor: &str, count: usize) -> Result<(String, Vec<Vec<u8>>)> {
        let mut command = cmd("SCAN");
        command.arg(cursor).arg("MATCH").arg(server_glob(glob)).arg("COUNT").arg(count.max(1));
        let [next, names] = reply::list_of(self.pool.read(glob, &command).await?.0)?;
        let names = reply::list(names)?.into_iter().filter_map(|name| match name {
            Value::BulkString(name) => Some(name),
            _ => None,
        });
        Ok((reply::text(next)?, names.collect()))
    }
}

#[async_trait]
impl Backend for RedisBackend {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn read(&self, key: &StoredKey, tags: &[StoredKey]) -> Result<Read> {
        let (mut entries, tag_ids) = self.read_many(std::slice::from_ref(key), tags).await?;
        Ok(Read { entry: entries.pop().flatten(), tag_ids })
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        let Some(first) = keys.first().or(tags.first()) else {
            return Ok((Vec::new(), Vec::new()));
        };
        // Of one key, too: unlike GET, MGET reads another type as nothing.
        let command = mget(keys.iter().chain(tags));
        let (values, run) = self.pool.read(first.as_str(), &command).await?;
        let mut values = reply::list(values)?;
        if values.len() != keys.len() + tags.len() {
            return Err(unexpected());
        }
        let tag_ids = values.split_off(keys.len());
        let entries = values.into_iter().map(|value| record::entry(value, run));
        Ok((entries.collect(), tag_ids.iter().map(|id| record::tag_id(id, run)).collect()))
    }

    async fn tag_ids(&self, tags: &[StoredKey]) -> Result<Vec<Token>> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let fresh: Vec<Token> = tags.iter().map(|_| Token::random()).collect();
        let commands = tags.iter().zip(&fresh).map(|(tag, &id)| {
            let mut call = scripts::STAMP.call(tag.as_str());
            call.arg(&id.0[..]).arg(TAG_TTL_MS);
            call
        });
        let (replies, _) = self.pool.write_all(commands).await?;
        let settled = replies.into_iter().zip(&fresh).map(|(reply, &fresh)| match reply::ok(reply)? {
            // A closed tag has no id. One that is not kept makes whatever is stored meanwhile invalid.
            Value::Nil => Ok(fresh),
            id => record::token(&id).ok_or_else(unexpected),
        });
        settled.collect()
    }

    async fn extend_tags(&self, tags: &[StoredKey], lifetime: Duration) -> Result<()> {
        if tags.is_empty() {
            return Ok(());
        }
        let commands = tags.iter().map(|tag| extend_tag(tag, lifetime));
        reply::all_ok(self.pool.write_all(commands).await?.0).map(drop)
    }

    async fn run(&self) -> Result<RunId> {
        self.pool.run().await
    }

    async fn lease(&self, request: LeaseRequest<'_>) -> Result<Lease> {
        if let Some(lease) = self.try_lease(&request, request.mode).await? {
            return Ok(lease);
        }
        // What the script took for a value cannot be decoded: a foreign record, which counts as absent.
        self.try_lease(&request, LeaseMode::Replace).await?.ok_or_else(unexpected)
    }

    async fn take_lease(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<Option<Token>> {
        let mut call = scripts::TAKE_LEASE.call(key.as_str());
        call.arg(&region.0.to_be_bytes()[..]).arg(&token.0[..]).arg(lifetime_ms(ttl));
        match self.pool.call(call).await? {
            Value::Nil => Ok(None),
            granted => record::token(&granted).map(Some).ok_or_else(unexpected),
        }
    }

    async fn fill(&self, key: &StoredKey, token: Token, draft: &Draft, tags: &[StoredKey]) -> Result<Filled> {
        let bytes = draft.payload.len();
        let mut call = scripts::FILL.call(key.as_str());
        call.arg(&token.0[..]);
        add_draft(&mut call, draft)?;
        if tags.is_empty() {
            let stored = reply::flag(self.pool.store(bytes, call).await?)?;
            return Ok(Filled { stored, tag_ids: Vec::new() });
        }
        // The ids last as long as what was just stored under them. One that was not extended ends early, which is a miss.
        let lifetime = draft.ttl.saturating_add(draft.stale);
        let extensions = tags.iter().map(|tag| Command::Plain(extend_tag(tag, lifetime)));
        let commands = std::iter::once(Command::Script(call)).chain(extensions).chain([mget(tags).into()]);
        let (mut replies, run) = self.pool.store_all(bytes, commands).await?;
        let ids = reply::list(replies.pop().ok_or_else(unexpected)?)?;
        let stored = reply::flag(replies.swap_remove(0))?;
        Ok(Filled { stored, tag_ids: ids.iter().map(|id| record::tag_id(id, run)).collect() })
    }

    async fn release(&self, key: &StoredKey, token: Token) -> Result<bool> {
        let mut call = scripts::RELEASE.call(key.as_str());
        call.arg(&token.0[..]);
        reply::flag(self.pool.call(call).await?)
    }

    async fn invalidate(&self, keys: &[StoredKey], tags: &[StoredKey], grace: Duration) -> Result<u64> {
        let tag_commands = tags.iter().map(|tag| change_tag(tag, "evict", grace, None));
        let key_commands = keys.iter().map(|key| {
            let mut call = scripts::INVALIDATE.call(key.as_str());
            call.arg(lifetime_or_none_ms(grace));
            call
        });
        let commands: Vec<Call> = tag_commands.chain(key_commands).collect();
        let mut replies = Vec::with_capacity(commands.len());
        for part in commands.chunks(MAX_PIPELINE) {
            replies.extend(self.pool.write_all(part.iter().cloned()).await?.0);
        }
        let held = replies.split_off(tags.len().min(replies.len()));
        reply::all_ok(replies)?;
        sum(held)
    }

    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        let mut call = scripts::ROTATE.call(tag.as_str());
        call.arg(&fresh.0[..]);
        Ok(record::token(&self.pool.call(call).await?))
    }

    async fn invalidate_matching(&self, selection: Selection<'_>) -> Result<u64> {
        let mut cursor = "0".to_owned();
        let mut held = 0;
        loop {
            let (next, keys) = self.scan_step(selection.glob, &cursor, SWEEP_PAGE).await?;
            // A page may be larger than asked for.
            for part in keys.chunks(MAX_PIPELINE) {
                held += self.sweep_page(part, &selection).await?;
            }
            if next == "0" {
                return Ok(held);
            }
            cursor = next;
        }
    }

    async fn begin_write(
        &self,
        key: &StoredKey,
        region: RegionId,
        token: Token,
        ttl: Duration,
    ) -> Result<()> {
        let mut call = scripts::BEGIN_WRITE.call(key.as_str());
        call.arg(&region.0.to_be_bytes()[..]).arg(&token.0[..]).arg(lifetime_ms(ttl));
        self.pool.call(call).await.map(drop)
    }

    async fn end_write(&self, key: &StoredKey, token: Token, end: WriteEnd<'_>) -> Result<bool> {
        let mut call = scripts::END_WRITE.call(key.as_str());
        call.arg(&token.0[..]);
        match end {
            WriteEnd::Put(draft) => {
                call.arg(0);
                add_draft(&mut call, draft)?;
                reply::flag(self.pool.store(draft.payload.len(), call).await?)
            }
            WriteEnd::Evict { grace } => {
                call.arg(lifetime_or_none_ms(grace));
                reply::flag(self.pool.call(call).await?)
            }
        }
    }

    async fn close_tags(&self, tags: &[StoredKey], token: Token, ttl: Duration) -> Result<()> {
        let calls =
            tags.iter().map(|tag| change_tag(tag, "close", ttl.max(Duration::from_millis(1)), Some(token)));
        reply::all_ok(self.pool.write_all(calls).await?.0).map(drop)
    }

    async fn open_tags(&self, tags: &[StoredKey], token: Token, grace: Duration) -> Result<()> {
        let calls = tags.iter().map(|tag| change_tag(tag, "open", grace, Some(token)));
        reply::all_ok(self.pool.write_all(calls).await?.0).map(drop)
    }

    async fn watch(&self, key: &StoredKey) -> Result<Watch> {
        self.pubsub.watch(key).await
    }

    async fn publish(&self, channel: &StoredKey, message: Bytes) -> Result<()> {
        let mut command = cmd("PUBLISH");
        command.arg(topic_channel(channel)).arg(&message[..]);
        // Behind the writes that it tells of.
        self.pool.write(&command).await.map(drop)
    }

    async fn subscribe(&self, channel: &StoredKey) -> Result<Subscription> {
        self.pubsub.subscribe(channel).await
    }

    async fn lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<LockAnswer> {
        let (fence, remaining) = self.change_lock(lock, "acquire", token, ttl).await?;
        Ok(if fence == 0 { LockAnswer::Held { remaining } } else { LockAnswer::Locked { fence } })
    }

    async fn extend_lock(&self, lock: &StoredKey, token: Token, ttl: Duration) -> Result<bool> {
        self.change_lock(lock, "extend", token, ttl).await.map(|(fence, _)| fence > 0)
    }

    async fn unlock(&self, lock: &StoredKey, token: Token) -> Result<bool> {
        self.change_lock(lock, "release", token, Duration::ZERO).await.map(|(fence, _)| fence > 0)
    }

    async fn ttl(&self, key: &StoredKey) -> Result<Option<Duration>> {
        let remaining = reply::integer(self.pool.call(scripts::TTL.call(key.as_str())).await?)?;
        Ok(u64::try_from(remaining).ok().map(Duration::from_millis))
    }

    async fn inspect(&self, key: &StoredKey) -> Result<Inspection> {
        let (answer, run) = self.pool.call_with_run(scripts::INSPECT.call(key.as_str())).await?;
        record::inspection(answer, run)
    }

    async fn expire(&self, key: &StoredKey, ttl: Duration) -> Result<bool> {
        let mut call = scripts::EXPIRE.call(key.as_str());
        call.arg(lifetime_ms(ttl));
        reply::flag(self.pool.call(call).await?)
    }

    async fn add(&self, counter: &StoredKey, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let mut call = scripts::ADD.call(counter.as_str());
        call.arg(delta).arg(ttl.map_or_else(String::new, |ttl| lifetime_ms(ttl).to_string()));
        match self.pool.call(call).await? {
            Value::Nil => {
                Err(Error::new(ErrorKind::Backend, "the counter would pass the range of a 64-bit integer"))
            }
            sum => reply::integer(sum),
        }
    }

    async fn admit(&self, requests: &[RateRequest<'_>], mode: RateMode) -> Result<Vec<RateVerdict>> {
        let Some(call) = rates::call(requests, mode)? else { return Ok(Vec::new()) };
        rates::verdicts(requests, self.pool.call(call).await?)
    }

    async fn scan(&self, glob: &str, cursor: Option<ScanCursor>, page_size: usize) -> Result<ScanPage> {
        let cursor = cursor.map_or_else(|| "0".to_owned(), |cursor| cursor.0);
        if cursor.parse::<u64>().is_err() {
            return Err(Error::new(ErrorKind::Config, "the cursor is none that a scan of this backend gave"));
        }
        let (next, names) = self.scan_step(glob, &cursor, page_size).await?;
        // A name that is not text is another program's.
        let keys = names.iter().filter_map(|name| std::str::from_utf8(name).ok()).map(StoredKey::found);
        Ok(ScanPage { keys: keys.collect(), next: (next != "0").then_some(ScanCursor(next)) })
    }

    async fn delete_raw(&self, names: &[StoredKey]) -> Result<()> {
        for part in names.chunks(MAX_PIPELINE) {
            let commands = part.iter().map(|name| {
                let mut command = cmd("UNLINK");
                command.arg(name.as_str());
                command
            });
            reply::all_ok(self.pool.write_all(commands).await?.0)?;
        }
        Ok(())
    }

    async fn ping(&self) -> Result<()> {
        self.pool.every(&cmd("PING")).await
    }

    async fn info(&self) -> Result<BackendInfo> {
        let mut command = cmd("INFO");
        command.arg("server").arg("memory").arg("clients").arg("stats");
        let text = reply::text(self.pool.read("", &command).await?.0)?;
        let keys = reply::integer(self.pool.read("", &cmd("DBSIZE")).await?.0)?;
        Ok(BackendInfo {
            backend: self.name().to_owned(),
            version: reply::field(&text, "redis_version").map(str::to_owned),
            used_memory: number(&text, "used_memory"),
            max_memory: number(&text, "maxmemory").filter(|&limit| limit > 0),
            peak_memory: number(&text, "used_memory_peak"),
            memory_fragmentation: number(&text, "mem_fragmentation_ratio"),
            keys: u64::try_from(keys).ok(),
            capacity_evictions: number(&text, "evicted_keys"),
            expired_keys: number(&text, "expired_keys"),
            connected_clients: number(&text, "connected_clients"),
        })
    }
}

fn number<T: std::str::FromStr>(info: &str, name: &str) -> Option<T> {
    reply::field(info, name).and_then(|text| text.parse().ok())
}

fn mget<'k>(names: impl IntoIterator<Item = &'k StoredKey>) -> Cmd {
    let mut command = cmd("MGET");
    for name in names {
        command.arg(name.as_str());
    }
    command
}

/// Lets a tag's id live longer, and never shorter. What a closed tag holds may so live longer too, and its writers' ends
/// count all the same.
fn extend_tag(tag: &StoredKey, lifetime: Duration) -> Cmd {
    let mut command = cmd("PEXPIRE");
    command.arg(tag.as_str()).arg(lifetime_ms(lifetime)).arg("GT");
    command
}

/// A call of the tag script; `closed` is how long the tag is to be closed.
fn change_tag(tag: &StoredKey, how: &str, closed: Duration, writer: Option<Token>) -> Call {
    let mut call = scripts::TAG.call(tag.as_str());
    call.arg(how).arg(lifetime_or_none_ms(closed));
    call.arg(writer.as_ref().map_or(&[][..], |token| &token.0[..]));
    call
}

fn add_draft(call: &mut Call, draft: &Draft) -> Result<()> {
    let lifetimes = (lifetime_or_none_ms(draft.ttl), lifetime_or_none_ms(draft.stale));
    call.arg(&encode_entry(draft)?[..]).arg(lifetimes.0).arg(lifetimes.1);
    Ok(())
}

/// The server takes no lifetime of zero.
fn lifetime_ms(lifetime: Duration) -> u64 {
    lifetime_or_none_ms(lifetime).max(1)
}

fn lifetime_or_none_ms(lifetime: Duration) -> u64 {
    as_millis(lifetime).min(MAX_LIFETIME_MS)
}

fn lease_of(status: &str, remaining: Duration, entry: Option<Entry>) -> Result<Lease> {
    match (status, entry) {
        ("hit", Some(entry)) => Ok(Lease::Hit(entry)),
        ("leased", stale) => Ok(Lease::Leased { stale }),
        ("wait", stale) => Ok(Lease::Wait { stale, remaining }),
        ("bypass", _) => Ok(Lease::Bypass { remaining }),
        _ => Err(unexpected()),
    }
}

fn sum(replies: Vec<Value>) -> Result<u64> {
    let counts = replies.into_iter().map(|reply| {
        let count = reply::integer(reply)?;
        u64::try_from(count).map_err(|_| unexpected())
    });
    counts.sum()
}

/// The server's globs know `[…]` and `\` besides; here they stand for themselves.
fn server_glob(glob: &str) -> String {
    let mut escaped = String::with_capacity(glob.len());
    for character in glob.chars() {
        if matches!(character, '[' | ']' | '\\') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
