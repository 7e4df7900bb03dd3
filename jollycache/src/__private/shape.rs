//! Return types, recognised by type: `Return::<R>::NEW.shape()` is the marker of what `R` is.
//!
//! Method look-up tries `Return<R>`, then what it dereferences to, and so on. Each step has `shape` only for the
//! types it stands for, so the first that fits wins, through any alias and without naming a trait in the user's
//! scope. (The technique is known as autoderef specialisation; see Kalbertodt, "Generalized autoref-based
//! specialization".)

#![allow(clippy::unused_self, reason = "a method is what the look-up looks for")]

use std::marker::PhantomData;
use std::ops::Deref;

use super::{Cacheable, Evict, Put, Site};
use crate::error::Error;

/// What a returned value means to the cache.
#[derive(Debug)]
pub enum View<'r, V> {
    /// A value.
    Value(&'r V),
    /// `None`, or `Ok(None)`.
    None,
    /// `Err`.
    Failed,
}

/// What a return type is made of.
pub trait Shape: Sized {
    /// The function's return type.
    type Return;
    /// What is stored of it.
    type Value;

    /// Looks into a returned value.
    fn view(returned: &Self::Return) -> View<'_, Self::Value>;
    /// Whether the value is an `Err` of its own, as in `Ok(Err(…))`.
    fn is_failure(_value: &Self::Value) -> bool {
        false
    }
    /// Looks into a returned value that may be stored: an `Err` never is, at either depth.
    fn loaded(returned: &Self::Return) -> View<'_, Self::Value> {
        match Self::view(returned) {
            View::Value(value) if Self::is_failure(value) => View::Failed,
            view => view,
        }
    }
    /// Makes the returned value from a cached one.
    fn from_value(value: Self::Value) -> Self::Return;
    /// Makes the returned value from a cached `None`; `None` where the type has none.
    fn from_none() -> Option<Self::Return>;
}

/// A return type that can be `None`.
#[diagnostic::on_unimplemented(
    message = "`none_ttl` needs a function that returns an `Option`",
    label = "this function never returns `None`",
    note = "remove `none_ttl`, or return `Option<…>` or `Result<Option<…>, …>`"
)]
pub trait HoldsOption: Shape {}

/// A return type that can carry an error of the cache.
#[diagnostic::on_unimplemented(
    message = "`on_error = \"propagate\"` needs a function that can return a cache error",
    label = "no way to return `jollycache::Error` from here",
    note = "return a `Result` whose error implements `From<jollycache::Error>`, or remove `on_error`"
)]
pub trait HoldsError: Shape {
    /// Makes the returned value from a cache error.
    fn from_error(error: Error) -> Self::Return;
}

macro_rules! marker {
    ($(#[$doc:meta])* $name:ident<$($param:ident),+>) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$($param),+>(PhantomData<fn() -> ($($param,)+)>);

        impl<$($param),+> $name<$($param),+> {
            const NEW: Self = $name(PhantomData);

            /// Begins a `#[cacheable]` call.
            pub fn cacheable<'a>(self, site: &'static Site) -> Cacheable<'a, Self>
            where
                Self: Shape,
            {
                Cacheable::new(site)
            }

            /// Begins a `#[cache_put]` call.
            pub fn put<'a>(self, site: &'static Site) -> Put<'a, Self>
            where
                Self: Shape,
            {
                Put::new(site)
            }

            /// Begins a `#[cache_evict]` call.
            pub fn evict<'a>(self, site: &'static Site) -> Evict<'a, Self>
            where
                Self: Shape,
            {
                Evict::new(site)
            }
        }
    };
}

marker! {
    /// `Result<Option<T>, E>`
    OptionalResult<T, E>
}
marker! {
    /// `Result<T, E>`
    Fallible<T, E>
}
marker! {
    /// `Option<T>`
    Optional<T>
}
marker! {
    /// Anything else.
    Plain<T>
}
marker! {
    /// As `S`, where what `S` stores is a `Result`: its `Err` is a failure too.
    Nested<S>
}

impl<T, E> Shape for OptionalResult<T, E> {
    type Return = Result<Option<T>, E>;
    type Value = T;

    fn view(returned: &Self::Return) -> View<'_, T> {
        match returned {
            Ok(Some(value)) => View::Value(value),
            Ok(None) => View::None,
            Err(_) => View::Failed,
        }
    }

    fn from_value(value: T) -> Self::Return {
        Ok(Some(value))
    }

    fn from_none() -> Option<Self::Return> {
        Some(Ok(None))
    }
}

impl<T, E> Shape for Fallible<T, E> {
    type Return = Result<T, E>;
    type Value = T;

    fn view(returned: &Self::Return) -> View<'_, T> {
        match returned {
            Ok(value) => View::Value(value),
            Err(_) => View::Failed,
        }
    }

    fn from_value(value: T) -> Self::Return {
        Ok(value)
    }

    fn from_none() -> Option<Self::Return> {
        None
    }
}

impl<T> Shape for Optional<T> {
    type Return = Option<T>;
    type Value = T;

    fn view(returned: &Self::Return) -> View<'_, T> {
        returned.as_ref().map_or(View::None, View::Value)
    }

    fn from_value(value: T) -> Self::Return {
        Some(value)
    }

    fn from_none() -> Option<Self::Return> {
        Some(None)
    }
}

impl<T> Shape for Plain<T> {
    type Return = T;
    type Value = T;

    fn view(returned: &T) -> View<'_, T> {
        View::Value(returned)
    }

    fn from_value(value: T) -> T {
        value
    }

    fn from_none() -> Option<T> {
        None
    }
}

impl<S: Shape<Value = Result<T, E>>, T, E> Shape for Nested<S> {
    type Return = S::Return;
    type Value = S::Value;

    fn view(returned: &Self::Return) -> View<'_, Self::Value> {
        S::view(returned)
    }

    fn is_failure(value: &Self::Value) -> bool {
        value.is_err()
    }

    fn from_value(value: Self::Value) -> Self::Return {
        S::from_value(value)
    }

    fn from_none() -> Option<Self::Return> {
        S::from_none()
    }
}

impl<T, E> HoldsOption for OptionalResult<T, E> {}
impl<T> HoldsOption for Optional<T> {}
impl<S: HoldsOption> HoldsOption for Nested<S> where Nested<S>: Shape {}

impl<T, E: From<Error>> HoldsError for OptionalResult<T, E> {
    fn from_error(error: Error) -> Self::Return {
        Err(error.into())
    }
}

impl<T, E: From<Error>> HoldsError for Fallible<T, E> {
    fn from_error(error: Error) -> Self::Return {
        Err(error.into())
    }
}

impl<S: HoldsError> HoldsError for Nested<S>
where
    Nested<S>: Shape<Return = S::Return>,
{
    fn from_error(error: Error) -> Self::Return {
        S::from_error(error)
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

impl<T, E, F> Return<Result<Option<Result<T, F>>, E>> {
    /// `Result<Option<Result<T, F>>, E>`
    pub fn shape(&self) -> Nested<OptionalResult<Result<T, F>, E>> {
        Nested::NEW
    }
}

impl<T, E, F> Return<Result<Result<T, F>, E>> {
    /// `Result<Result<T, F>, E>`
    pub fn shape(&self) -> Nested<Fallible<Result<T, F>, E>> {
        Nested::NEW
    }
}

impl<T, F> Return<Option<Result<T, F>>> {
    /// `Option<Result<T, F>>`
    pub fn shape(&self) -> Nested<Optional<Result<T, F>>> {
        Nested::NEW
    }
}

impl<T, E> ReturnOptionalResult<Result<Option<T>, E>> {
    /// `Result<Option<T>, E>`
    pub fn shape(&self) -> OptionalResult<T, E> {
        OptionalResult::NEW
    }
}

impl<T, E> ReturnFallible<Result<T, E>> {
    /// `Result<T, E>`
    pub fn shape(&self) -> Fallible<T, E> {
        Fallible::NEW
    }
}

impl<T> ReturnOptional<Option<T>> {
    /// `Option<T>`
    pub fn shape(&self) -> Optional<T> {
        Optional::NEW
    }
}

impl<R> ReturnPlain<R> {
    /// `R`
    pub fn shape(&self) -> Plain<R> {
        Plain::NEW
    }
}

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
