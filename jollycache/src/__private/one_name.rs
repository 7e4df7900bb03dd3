//! A placeholder of `#[cache_evict]`: a value that makes one name. A list is refused by its type, with a look-up as in
//! `return_type`: no entry has the name that a list would make, `(1,2,3,)`.

#![allow(clippy::unused_self, reason = "a method is what the look-up looks for")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

/// A type that holds many values, or a reference to one.
pub trait List {}

/// A tuple with a [`List`] at this place, or a reference to one.
pub trait ListAt<const PLACE: usize> {}

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

/// What a list is behind.
macro_rules! pointers {
    ($($pointer:ty),+) => {$(
        impl<T: List + ?Sized> List for $pointer {}
        impl<T: ListAt<PLACE> + ?Sized, const PLACE: usize> ListAt<PLACE> for $pointer {}
    )+};
}

pointers!(&T, &mut T, Box<T>, Rc<T>, Arc<T>);

impl<T: List> List for Option<T> {}
impl<T: ListAt<PLACE>, const PLACE: usize> ListAt<PLACE> for Option<T> {}
impl<T: List + ToOwned + ?Sized> List for Cow<'_, T> {}

/// `at!(1: A, [B], C)`: the tuples of three whose element 1 is a list.
macro_rules! at {
    ($place:literal: $($before:ident,)* [$list:ident] $(, $after:ident)*) => {
        impl<$($before,)* $list: List, $($after),*> ListAt<$place> for ($($before,)* $list, $($after),*) {}
    };
}

at!(0: [A]);
at!(0: [A], B);
at!(0: [A], B, C);
at!(0: [A], B, C, D);
at!(0: [A], B, C, D, E);
at!(0: [A], B, C, D, E, F);
at!(1: A, [B]);
at!(1: A, [B], C);
at!(1: A, [B], C, D);
at!(1: A, [B], C, D, E);
at!(1: A, [B], C, D, E, F);
at!(2: A, B, [C]);
at!(2: A, B, [C], D);
at!(2: A, B, [C], D, E);
at!(2: A, B, [C], D, E, F);
at!(3: A, B, C, [D]);
at!(3: A, B, C, [D], E);
at!(3: A, B, C, [D], E, F);
at!(4: A, B, C, D, [E]);
at!(4: A, B, C, D, [E], F);
at!(5: A, B, C, D, E, [F]);

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
pub struct NoList<'v, T: ?Sized>(NoListAt0<'v, T>);

/// One step for each place in a tuple.
pub struct Place<T: ?Sized, const PLACE: usize, Next>(Next, PhantomData<fn(&T)>);

/// The last step: any other type.
pub struct Single<'v, T: ?Sized>(&'v T);

type NoListAt0<'v, T> = Place<T, 0, NoListAt1<'v, T>>;
type NoListAt1<'v, T> = Place<T, 1, NoListAt2<'v, T>>;
type NoListAt2<'v, T> = Place<T, 2, NoListAt3<'v, T>>;
type NoListAt3<'v, T> = Place<T, 3, NoListAt4<'v, T>>;
type NoListAt4<'v, T> = Place<T, 4, NoListAt5<'v, T>>;
type NoListAt5<'v, T> = Place<T, 5, Single<'v, T>>;

impl<'v, T: ?Sized> OneName<'v, T> {
    /// Where the look-up starts.
    pub fn of(value: &'v T) -> Self {
        let last = Place::before(Place::before(Place::before(Single(value))));
        OneName(NoList(Place::before(Place::before(Place::before(last)))))
    }
}

impl<T: ?Sized, const PLACE: usize, Next> Place<T, PLACE, Next> {
    fn before(next: Next) -> Self {
        Place(next, PhantomData)
    }
}

impl<T: List + ?Sized> OneName<'_, T> {
    /// Never called, as no type is a [`SingleName`].
    pub fn get(&self) -> &'static str
    where
        T: SingleName,
    {
        ""
    }
}

impl<T: Iterator + ?Sized> NoList<'_, T> {
    /// Never called, as no type is a [`SingleName`].
    pub fn get(&self) -> &'static str
    where
        T: SingleName,
    {
        ""
    }
}

impl<T: ListAt<PLACE> + ?Sized, const PLACE: usize, Next> Place<T, PLACE, Next> {
    /// Never called, as no type is a [`SingleName`].
    pub fn get(&self) -> &'static str
    where
        T: SingleName,
    {
        ""
    }
}

impl<'v, T: ?Sized> Single<'v, T> {
    /// The value.
    pub fn get(&self) -> &'v T {
        self.0
    }
}

impl<'v, T: ?Sized> Deref for OneName<'v, T> {
    type Target = NoList<'v, T>;

    fn deref(&self) -> &NoList<'v, T> {
        &self.0
    }
}

impl<'v, T: ?Sized> Deref for NoList<'v, T> {
    type Target = NoListAt0<'v, T>;

    fn deref(&self) -> &NoListAt0<'v, T> {
        &self.0
    }
}

impl<T: ?Sized, const PLACE: usize, Next> Deref for Place<T, PLACE, Next> {
    type Target = Next;

    fn deref(&self) -> &Next {
        &self.0
    }
}

impl<T: ?Sized> fmt::Debug for OneName<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneName")
    }
}

impl<T: ?Sized> fmt::Debug for NoList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoList")
    }
}

impl<T: ?Sized, const PLACE: usize, Next> fmt::Debug for Place<T, PLACE, Next> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({PLACE})")
    }
}

impl<T: ?Sized> fmt::Debug for Single<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Single")
    }
}
