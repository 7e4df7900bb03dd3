//! What a function's return type means to the cache: which part of it is stored, and what is a failure.
//!
//! Each kind is a type, so that the typed reads and writes are compiled for exactly one of them. The attributes recognise
//! the kind of a function (`__private`); calls by hand name theirs.

use std::marker::PhantomData;

use crate::error::Error;

/// A returned value, as the cache sees it.
#[derive(Debug)]
pub enum View<'r, V> {
    /// A value.
    Value(&'r V),
    /// `None`, or `Ok(None)`.
    None,
    /// `Err`.
    Failed,
}

/// A kind of return types.
pub trait ReturnKind: Sized {
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
pub trait HoldsOption: ReturnKind {}

/// A return type that can carry an error of the cache.
#[diagnostic::on_unimplemented(
    message = "`on_error = \"propagate\"` needs a function that can return a cache error",
    label = "this return type cannot hold a `jollycache::Error`",
    note = "return a `Result` whose error implements `From<jollycache::Error>`, or remove `on_error`"
)]
pub trait HoldsError: ReturnKind {
    /// Makes the returned value from a cache error.
    fn from_error(error: Error) -> Self::Return;
}

/// `Result<Option<T>, E>`
#[derive(Debug)]
pub struct OptionalResult<T, E>(PhantomData<fn() -> (T, E)>);

/// `Result<T, E>`
#[derive(Debug)]
pub struct Fallible<T, E>(PhantomData<fn() -> (T, E)>);

/// `Option<T>`
#[derive(Debug)]
pub struct Optional<T>(PhantomData<fn() -> T>);

/// Any other type.
#[derive(Debug)]
pub struct Plain<T>(PhantomData<fn() -> T>);

/// As `K`, where what `K` stores is a `Result`: its `Err` is a failure too.
#[derive(Debug)]
pub struct Nested<K>(PhantomData<fn() -> K>);

impl<T, E> ReturnKind for OptionalResult<T, E> {
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

impl<T, E> ReturnKind for Fallible<T, E> {
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

impl<T> ReturnKind for Optional<T> {
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

impl<T> ReturnKind for Plain<T> {
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

impl<K: ReturnKind<Value = Result<T, E>>, T, E> ReturnKind for Nested<K> {
    type Return = K::Return;
    type Value = K::Value;

    fn view(returned: &Self::Return) -> View<'_, Self::Value> {
        K::view(returned)
    }

    fn is_failure(value: &Self::Value) -> bool {
        value.is_err()
    }

    fn from_value(value: Self::Value) -> Self::Return {
        K::from_value(value)
    }

    fn from_none() -> Option<Self::Return> {
        K::from_none()
    }
}

impl<T, E> HoldsOption for OptionalResult<T, E> {}
impl<T> HoldsOption for Optional<T> {}
impl<K: HoldsOption> HoldsOption for Nested<K> where Nested<K>: ReturnKind {}

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

impl<K: HoldsError> HoldsError for Nested<K>
where
    Nested<K>: ReturnKind<Return = K::Return>,
{
    fn from_error(error: Error) -> Self::Return {
        K::from_error(error)
    }
}
