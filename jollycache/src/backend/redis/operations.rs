//! `RedisBackend`: the core of the contract, as commands and scripts.

use std::time::Duration;

use async_trait::async_trait;
use redis::{Value, cmd};

use super::arguments::{add_draft, change_tag, extend_tag, lifetime_ms, lifetime_or_none_ms, mget};
use super::error::unexpected;
use super::keyspace::MAX_PIPELINE;
use super::scripts::{Call, Command};
use super::{RedisBackend, info, lease, record, reply, scripts};
use crate::backend::capability::{Counters, Keyspace, Lifetimes, Locks, RateLimits, Rosters, Topics};
use crate::backend::notify::Watch;
use crate::backend::{Backend, BackendInfo};
use crate::entry::{Draft, Entry, RegionId, RunId, Token};
use crate::error::Result;
use crate::key::StoredKey;
use crate::protocol::{Filled, Lease, LeaseMode, LeaseRequest, Selection, WriteEnd};

/// How long a tag's id lives before anything is stored under it: longer than any load. From then on it lives as long as
/// the entry that ends last. When it ends, entries that carry the tag are loaded again.
const TAG_TTL_MS: u64 = 60 * 60 * 1000;

#[async_trait]
impl Backend for RedisBackend {
    fn name(&self) -> &'static str {
        "redis"
    }

    async fn read_many(
        &self,
        keys: &[StoredKey],
        tags: &[StoredKey],
    ) -> Result<(Vec<Option<Entry>>, Vec<Option<Token>>)> {
        let Some(first) = keys.first().or(tags.first()) else {
            return Ok((Vec::new(), Vec::new()));
        };
        // Also for one key: unlike GET, MGET reads another type as nothing.
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
            // A closed tag has no id. One that is not kept makes every entry that is stored meanwhile invalid.
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
        if let Some(lease) = lease::request(&self.pool, &request, request.mode).await? {
            return Ok(lease);
        }
        // What the script took for a value cannot be decoded: a foreign record, which counts as absent.
        lease::request(&self.pool, &request, LeaseMode::Replace).await?.ok_or_else(unexpected)
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
            return Ok(Filled::new(stored, Vec::new()));
        }
        // The ids last as long as what was just stored under them. One that was not extended ends early, which is a miss.
        let lifetime = draft.ttl.saturating_add(draft.stale);
        let extensions = tags.iter().map(|tag| Command::Plain(extend_tag(tag, lifetime)));
        let commands = std::iter::once(Command::Script(call)).chain(extensions).chain([mget(tags).into()]);
        let (mut replies, run) = self.pool.store_all(bytes, commands).await?;
        let ids = reply::list(replies.pop().ok_or_else(unexpected)?)?;
        let stored = reply::flag(replies.swap_remove(0))?;
        Ok(Filled::new(stored, ids.iter().map(|id| record::tag_id(id, run)).collect()))
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
        reply::sum(held)
    }

    async fn rotate_tag(&self, tag: &StoredKey, fresh: Token) -> Result<Option<Token>> {
        let mut call = scripts::ROTATE.call(tag.as_str());
        call.arg(&fresh.0[..]);
        Ok(record::token(&self.pool.call(call).await?))
    }

    /// By one script for each key found, many in one pipeline.
    async fn invalidate_matching(&self, selection: Selection<'_>) -> Result<u64> {
        self.sweep(&selection).await
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

    async fn ping(&self) -> Result<()> {
        self.pool.every(&cmd("PING")).await
    }

    async fn info(&self) -> Result<BackendInfo> {
        info::info(&self.pool).await
    }

    fn locks(&self) -> Option<&dyn Locks> {
        Some(self)
    }

    fn counters(&self) -> Option<&dyn Counters> {
        Some(self)
    }

    fn rate_limits(&self) -> Option<&dyn RateLimits> {
        Some(self)
    }

    fn topics(&self) -> Option<&dyn Topics> {
        Some(self)
    }

    fn lifetimes(&self) -> Option<&dyn Lifetimes> {
        Some(self)
    }

    fn keyspace(&self) -> Option<&dyn Keyspace> {
        Some(self)
    }

    fn rosters(&self) -> Option<&dyn Rosters> {
        Some(self)
    }
}
