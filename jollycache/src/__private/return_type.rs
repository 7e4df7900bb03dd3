//! The kind of a return type, recognised by its type: `Return::<R>::NEW.kind()` begins a call of the kind that `R` is.
//!
//! Method look-up tries `Return<R>`, then what it dereferences to, and so on. Each step has `kind` only for the
//! types it stands for, so the first that fits wins, through any alias and without naming a trait in the user's
//! scope. (The technique is known as autoderef specialisation; see Kalbertodt, "Generalized autoref-based
//! specialization".)

#![allow(clippy::unused_self, reason = "a method is what the look-up looks for")]

use std::marker::PhantomData;
use std::ops::Deref;

use super::call::Call;
use super::call_site::CallSite;
use super::{Cacheable, Evict, Put};
use crate::cache::{Fallible, Nested, Optional, OptionalResult, Plain, ReturnKind};

/// A recognised kind: the start of a call.
#[derive(Debug)]
pub struct OfKind<K>(PhantomData<fn() -> K>);

impl<K: ReturnKind> OfKind<K> {
    /// Begins a `#[cacheable]` call.
    pub fn cacheable<'a>(self, site: &'static CallSite) -> Call<'a, K, Cacheable> {
        Call::new(site, Cacheable)
    }

    /// Begins a `#[cache_put]` call.
    pub fn put<'a>(self, site: &'static CallSite) -> Call<'a, K, Put> {
        Call::new(site, Put)
    }

    /// Begins a `#[cache_evict]` call.
    pub fn evict<'a>(self, site: &'static CallSite) -> Call<'a, K, Evict<'a, K::Value>> {
        Call::new(site, Evict::default())
    }
}

/// The first step of the look-up: a `Result` inside.
#[derive(Debug)]
pub struct Return<R>(PhantomData<fn() -> R>);

/// The second step: an `Option` inside of a `Result`.
#[derive(Debug)]
pub struct ReturnOptionalResult<R>(PhantomData<fn() -> R>);

/// The third step: any `Result`.
#[derive(Debug)]
pub struct ReturnFallible<R>(PhantomData<fn() -> R>);

/// The fourth step: any `Option`.
#[derive(Debug)]
pub struct ReturnOptional<R>(PhantomData<fn() -> R>);

/// The last step: any type.
#[derive(Debug)]
pub struct ReturnPlain<R>(PhantomData<fn() -> R>);

impl<R> Return<R> {
    /// Where the look-up starts.
    pub const NEW: Self = Return(PhantomData);
}

macro_rules! step {
    ($step:ident, $kind:ty, $returned:ty, $($param:ident),+) => {
        impl<$($param),+> $step<$returned> {
            /// The kind of such a return type.
            pub fn kind(&self) -> OfKind<$kind> {
                OfKind(PhantomData)
            }
        }
    };
}

step!(Return, Nested<OptionalResult<Result<T, F>, E>>, Result<Option<Result<T, F>>, E>, T, E, F);
step!(Return, Nested<Fallible<Result<T, F>, E>>, Result<Result<T, F>, E>, T, E, F);
step!(Return, Nested<Optional<Result<T, F>>>, Option<Result<T, F>>, T, F);
step!(ReturnOptionalResult, OptionalResult<T, E>, Result<Option<T>, E>, T, E);
step!(ReturnFallible, Fallible<T, E>, Result<T, E>, T, E);
step!(ReturnOptional, Optional<T>, Option<T>, T);
step!(ReturnPlain, Plain<R>, R, R);

macro_rules! next_step {
    ($from:ident => $to:ident) => {
        impl<R> Deref for $from<R> {
            type Target = $to<R>;

            fn deref(&self) -> &$to<R> {
                &$to(PhantomData)
            }
        }
    };
}

next_step!(Return => ReturnOptionalResult);
next_step!(ReturnOptionalResult => ReturnFallible);
next_step!(ReturnFallible => ReturnOptional);
next_step!(ReturnOptional => ReturnPlain);
