//! `#[cache_put]` at run time.

use std::pin::Pin;

use super::call::{Call, returned_or_error};
use crate::Value;
use crate::cache::{Cache, ReturnKind, View, WriteThrough, Written};
use crate::call_report::Operation;
use crate::engine::WriteIntent;
use crate::error::Result;
use crate::key::{Key, Tag};

/// `#[cache_put]`
#[derive(Debug)]
pub struct Put;

impl<'a, K: ReturnKind> Call<'a, K, Put> {
    /// Runs the body, and stores what it returns.
    pub fn run<F, L>(mut self, body: F) -> Pin<Box<impl Future<Output = K::Return> + use<'a, K, F, L>>>
    where
        K::Value: Value,
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        Box::pin(async move {
            match self.take_cache() {
                Some(cache) => self.run_with(cache, body).await,
                None => body().await,
            }
        })
    }

    async fn run_with<F, L>(self, cache: Cache, body: F) -> K::Return
    where
        K::Value: Value,
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        let propagate = self.hooks.propagate;
        let policies = [&self.overrides, &self.site.policy];
        let late = self.key_by.is_some() || !self.tags_by.is_empty();
        let intent = WriteIntent { keys: self.key.as_slice(), tags: &[], value_tags: Some(&self.tags), late };
        let (write, failed) = WriteThrough::begin(cache, self.site.region_name(), policies, intent).await;
        if let (Some(error), Some(propagate)) = (failed, propagate) {
            // The source is untouched, so a call that is to fail fails before it is written.
            return propagate(error);
        }
        let returned = write.run(body()).await;
        let committed = self.commit(write, K::loaded(&returned)).await;
        returned_or_error(returned, committed, propagate)
    }

    /// Stores what the body returned, or evicts what is stored of before.
    async fn commit(self, write: WriteThrough, loaded: View<'_, K::Value>) -> Result<()>
    where
        K::Value: Value,
    {
        let schema = self.site.schema;
        match loaded {
            View::Value(value) => {
                let (key, tags, written) = self.written(value);
                store(write, key, &tags, written, schema).await
            }
            View::None => store::<K::Value>(write, self.key, &self.tags, Written::None, schema).await,
            View::Failed => write.evict(Operation::Put, Vec::new()).await,
        }
    }

    /// What is stored of a value, and under which names.
    fn written(self, value: &K::Value) -> (Option<Key>, Vec<Tag>, Written<'_, K::Value>) {
        let Call { key, key_by, mut tags, tags_by, hooks, .. } = self;
        // Made even if nothing is stored under it: what the key names is older than the write, and has to be evicted.
        let key = key_by.map(|key_by| key_by(value)).or(key);
        if hooks.unless.is_some_and(|unless| unless(value)) {
            return (key, tags, Written::Unstored);
        }
        tags.extend(tags_by.into_iter().map(|tag_by| tag_by(value)));
        let ttl = hooks.ttl_by.map(|ttl_by| ttl_by(value));
        let version = hooks.version_by.map(|version_by| version_by(value));
        (key, tags, Written::Value { value, ttl, version })
    }
}

async fn store<V: Value>(
    write: WriteThrough,
    key: Option<Key>,
    tags: &[Tag],
    written: Written<'_, V>,
    schema: u16,
) -> Result<()> {
    match key {
        Some(key) => write.put(key, tags, written, schema).await.map(drop),
        // A key over the value, and no value to make it from.
        None => write.evict(Operation::Put, Vec::new()).await,
    }
}
