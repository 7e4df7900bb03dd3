//! `Shop`: the ways to read and write that are put to the test, each over cells of its own.

use std::io;
use std::time::Duration;

use jollycache::{Cache, Key, Pattern, Policy, cache_evict, cache_put, cacheable};
use rand::RngExt;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use crate::pace::{millis, now, pause};
use crate::source::Source;
use jollycache_tests::history::Nanos;

/// How long values live. Short, so that they also expire under the readers' hands.
const TTL: Duration = Duration::from_secs(1);
const SHORT_TTL: Duration = Duration::from_millis(30);

/// A version of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loaded {
    pub(crate) id: u64,
    pub(crate) version: u64,
    /// When its load started; of a value that was written, when it was committed.
    pub(crate) at: Nanos,
}

/// How long the source takes for one call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delays {
    before: Duration,
    after: Duration,
}

impl Delays {
    pub(crate) fn draw(rng: &mut StdRng) -> Self {
        // Half of the calls are quick on one side, so that short and long ones overtake each other.
        let mut side = || if rng.random_bool(0.5) { millis(rng, 0..1) } else { millis(rng, 0..25) };
        Delays { before: side(), after: side() }
    }
}

/// Nothing was read, or nothing was acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Failed;

impl From<jollycache::Error> for Failed {
    fn from(_: jollycache::Error) -> Self {
        Failed
    }
}

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Self {
        Failed
    }
}

/// A way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// By hand, without tags.
    Plain,
    /// By hand, with a tag.
    Tagged,
    /// By hand, with a short lifetime and a long stale window.
    Stale,
    /// By hand, with a tag; the writers announce themselves.
    Guarded,
    /// `#[cacheable]`, by key; the writers evict and put it.
    Item,
    /// `#[cacheable]`, by a tag of the item.
    Page,
    /// What is not ours.
    Foreign(crate::foreign::Protocol),
}

impl View {
    /// What it is called in keys and registers.
    pub(crate) fn name(self) -> &'static str {
        match self {
            View::Plain => "plain",
            View::Tagged => "tagged",
            View::Stale => "stale",
            View::Guarded => "guarded",
            View::Item => "item",
            View::Page => "page",
            View::Foreign(protocol) => protocol.name(),
        }
    }

    fn key(self, id: u64) -> Key {
        Key::builder().literal(self.name()).literal(":").part(&id).build()
    }

    fn cell(self, id: u64) -> String {
        let owner = if self == View::Page { View::Item } else { self };
        format!("{}-{id}", owner.name())
    }

    fn policy(self, id: u64) -> Policy {
        match self {
            View::Tagged => Policy::new().ttl(TTL).tag(self.cell(id)).tag("all"),
            View::Guarded => Policy::new().ttl(TTL).tag(self.cell(id)),
            View::Stale => Policy::new().ttl(SHORT_TTL).stale(TTL).tag(self.cell(id)),
            _ => Policy::new().ttl(TTL),
        }
    }
}

/// The result of an acknowledged write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Written {
    pub(crate) version: u64,
    /// When the invalidation started; earlier where that cannot be seen.
    pub(crate) started: Nanos,
}

/// The source, and the cache before it.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    pub(crate) cache: Cache,
    pub(crate) source: Source,
}

impl Shop {
    /// Reads the source, slowly.
    pub(crate) async fn load(&self, view: View, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        let at = now();
        pause(delays.before).await;
        let version = self.source.version(&view.cell(id))?;
        pause(delays.after).await;
        Ok(Loaded { id, version, at })
    }

    /// Writes the source, slowly. What is returned is as good as loaded when it was committed.
    pub(crate) async fn commit(&self, view: View, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        pause(delays.before).await;
        let version = self.source.commit(&view.cell(id))?;
        let at = now();
        pause(delays.after).await;
        Ok(Loaded { id, version, at })
    }

    /// Reads through the cache.
    pub(crate) async fn read(&self, view: View, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        match view {
            View::Item => self.item(id, delays).await,
            View::Page => self.page(id, delays).await,
            _ => {
                let load = || self.load(view, id, delays);
                self.cache.get_or_load(view.key(id), &view.policy(id), load).await
            }
        }
    }

    /// Commits, and invalidates by hand in one of the ways that reach the view.
    pub(crate) async fn write(&self, view: View, id: u64, rng: &mut StdRng) -> Result<Written, Failed> {
        let Loaded { version, .. } = self.commit(view, id, Delays::draw(rng)).await?;
        let started = now();
        match rng.random_range(0..4) {
            0 | 1 if view == View::Plain => drop(self.cache.evict(view.key(id)).await?),
            0 => self.cache.evict_tags([view.cell(id)]).await?,
            1 if view == View::Tagged => self.cache.evict_tags(["all"]).await?,
            2 => {
                let pattern = Pattern::builder().literal(view.name()).literal(":").part(&id).literal("*");
                self.cache.evict_pattern(pattern).await?;
            }
            _ => drop(self.cache.evict(view.key(id)).await?),
        }
        Ok(Written { version, started })
    }

    /// Announces a write, commits, and puts or evicts.
    pub(crate) async fn write_guarded(&self, id: u64, rng: &mut StdRng) -> Result<Written, Failed> {
        let view = View::Guarded;
        let guard = self.cache.begin_write([view.key(id)], [view.cell(id)]).await?;
        let started = now();
        let committed = self.commit(view, id, Delays::draw(rng)).await?;
        let (key, policy, version) = (view.key(id), view.policy(id), committed.version);
        match rng.random_range(0..3) {
            0 => drop(guard.commit_put(key, &committed, &policy).await?),
            1 => drop(guard.commit_put_version(key, &committed, version, &policy).await?),
            _ => guard.commit_evict().await?,
        }
        Ok(Written { version, started })
    }

    /// Writes an item through the attributes, in one of the ways that a repository has.
    pub(crate) async fn write_item(&self, id: u64, rng: &mut StdRng) -> Result<Written, Failed> {
        let delays = Delays::draw(rng);
        let started = now();
        let written = match rng.random_range(0..3) {
            0 => self.update(id, delays).await?,
            1 => self.create(id, delays).await?,
            _ => self.remove(id, delays).await?,
        };
        Ok(Written { version: written.version, started })
    }

    #[cacheable(cache = "item", key = "item:{id}", ttl = TTL, skip(delays))]
    async fn item(&self, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        self.load(View::Item, id, delays).await
    }

    #[cacheable(cache = "page", key = "page:{id}", ttl = TTL, tags = ["item:{id}"], skip(delays))]
    async fn page(&self, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        self.load(View::Page, id, delays).await
    }

    #[cache_put(cache = "item", key = "item:{id}", ttl = TTL, on_error = "propagate")]
    #[cache_evict(tags = ["item:{id}"], on_error = "propagate")]
    async fn update(&self, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        self.commit(View::Item, id, delays).await
    }

    #[cache_put(cache = "item", key = "item:{ret.id}", ttl = TTL, on_error = "propagate")]
    #[cache_evict(tags = ["item:{ret.id}"], on_error = "propagate")]
    async fn create(&self, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        self.commit(View::Item, id, delays).await
    }

    #[cache_evict(key = "item:{id}", tags = ["item:{id}"], on_error = "propagate")]
    async fn remove(&self, id: u64, delays: Delays) -> Result<Loaded, Failed> {
        self.commit(View::Item, id, delays).await
    }
}
