//! `#[cacheable]` at run time.

use std::pin::Pin;

use super::call::Call;
use crate::Value;
use crate::cache::{ReadThrough, ReturnKind, Sharing};
use crate::engine::{LookupSpec, TypeOf};
use crate::entry::Fingerprint;
use crate::key::Key;

/// `#[cacheable]`
#[derive(Debug)]
pub struct Cacheable;

impl<'a, K: ReturnKind> Call<'a, K, Cacheable> {
    /// How a failure is shared; see [`super::Share`].
    #[must_use]
    pub fn sharing(mut self, sharing: Option<Sharing<K::Return>>) -> Self {
        self.hooks.sharing = sharing;
        self
    }

    /// Returns the cached value, or runs the body.
    ///
    /// Boxed as a whole: one allocation a call buys the annotated function a small future, however deep such
    /// functions call each other.
    pub fn load<F, L>(mut self, body: F) -> Pin<Box<impl Future<Output = K::Return> + use<'a, K, F, L>>>
    where
        K::Value: Value,
        F: FnOnce() -> L,
        L: Future<Output = K::Return>,
    {
        Box::pin(async move {
            let Some(cache) = self.take_cache() else {
                return body().await;
            };
            let key = self.key.unwrap_or_else(|| Key::builder().part(self.site.function()).build());
            let spec = LookupSpec {
                region: self.site.region_name(),
                key: &key,
                tags: &self.tags,
                policies: [&self.overrides, &self.site.policy],
                type_of: TypeOf { fingerprint: Fingerprint::of::<K::Value>(), schema: self.site.schema },
            };
            ReadThrough::new(cache, &spec, self.hooks).run(body).await
        })
    }
}
