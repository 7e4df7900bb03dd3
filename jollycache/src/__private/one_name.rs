//! A placeholder of `#[cache_evict]`: a value that is one name. A list is refused by its type, with a look-up of the kind
//! that `shape` has: what a list was taken for, one name `(1,2,3,)`, is no entry's.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

/// A type that holds many values, or a reference to one.
pub trait List {}

macro_rules! lists {
    ($($type:ty where $($param:ident),+);* $(;)?) => {$(
        impl<$($param),+> List for $type {}
    )*};
}

lists! {
    [T] where T;
    Vec<T> where T;
    VecDeque<T> where T;
    LinkedList<T> where T;
    BinaryHeap<T> where T;
    BTreeSet<T> where T;
    BTreeMap<K, V> where K, V;
    HashSet<T, S> where T, S;
    HashMap<K, V, S> where K, V, S;
}

impl<T, const N: usize> List for [T; N] {}
impl<T: List + ?Sized> List for &T {}
impl<T: List + ?Sized> List for &mut T {}
impl<T: List + ?Sized> List for Box<T> {}
impl<T: List + ?Sized> List for Rc<T> {}
impl<T: List + ?Sized> List for Arc<T> {}
impl<T: List> List for Option<T> {}
impl<T: List + ToOwned + ?Sized> List for Cow<'_, T> {}

/// What no list is.
#[diagnostic::on_unimplemented(
    message = "a list in a template of `#[cache_evict]` makes one name of all its elements: `{Self}`",
    label = "one of these placeholders is a list",
    note = "evict the name of each element in the body, by `cache.evict(…)`, or all at once: \
            `cache.evict_tags(ids.iter().map(|id| format!(\"product:{{id}}\")))`",
    note = "for the one entry whose key was made from the whole list, take it as a struct that derives `KeyPart`"
)]
pub trait SingleName {}

/// The first step of the look-up: lists.
pub struct OneName<'v, T: ?Sized>(NoList<'v, T>);

/// The second step: iterators.
pub struct NoList<'v, T: ?Sized>(NoIterator<'v, T>);

/// The last step: any type.
pub struct NoIterator<'v, T: ?Sized>(&'v T);

impl<'v, T: ?Sized> OneName<'v, T> {
    /// Where the look-up starts.
    pub fn of(value: &'v T) -> Self {
        OneName(NoList(NoIterator(value)))
    }
}

impl<T: List + ?Sized> OneName<'_, T> {
    /// Never called.
    pub fn get(&self) -> &'static str
    where
        T: SingleName,
    {
        ""
    }
}

impl<T: Iterator + ?Sized> NoList<'_, T> {
    /// Never called.
    pub fn get(&self) -> &'static str
    where
        T: SingleName,
    {
        ""
    }
}

impl<'v, T: ?Sized> NoIterator<'v, T> {
    /// The value.
    pub fn get(&self) -> &'v T {
        self.0
    }
}

macro_rules! next_step {
    ($from:ident => $to:ident) => {
        impl<'v, T: ?Sized> Deref for $from<'v, T> {
            type Target = $to<'v, T>;

            fn deref(&self) -> &$to<'v, T> {
                &self.0
            }
        }

        impl<T: ?Sized> fmt::Debug for $from<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($from))
            }
        }
    };
}

next_step!(OneName => NoList);
next_step!(NoList => NoIterator);

impl<T: ?Sized> fmt::Debug for NoIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoIterator")
    }
}
