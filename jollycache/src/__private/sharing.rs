//! How a failed load reaches the calls that waited for it: by a look-up as in `return_type`.

#![allow(clippy::unused_self, reason = "a method is what the look-up looks for")]

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::cache::Sharing;

/// The look-up of [`Sharing`]: types that can be cloned to other threads, then all others.
#[derive(Debug)]
pub struct Share<R>(PhantomData<fn() -> R>);

/// The second step: no sharing.
#[derive(Debug)]
pub struct ShareNothing<R>(PhantomData<fn() -> R>);

impl<R> Share<R> {
    /// Where the look-up starts.
    pub const NEW: Self = Share(PhantomData);
}

impl<R: Clone + Send + Sync + 'static> Share<R> {
    /// By a clone.
    pub fn sharing(&self) -> Option<Sharing<R>> {
        Some(Sharing {
            share: |returned| Arc::new(returned.clone()),
            take: |shared| shared.downcast_ref::<R>().cloned(),
        })
    }
}

impl<R> ShareNothing<R> {
    /// Not at all.
    pub fn sharing(&self) -> Option<Sharing<R>> {
        None
    }
}

impl<R> Deref for Share<R> {
    type Target = ShareNothing<R>;

    fn deref(&self) -> &ShareNothing<R> {
        &ShareNothing(PhantomData)
    }
}
