//! The source behind the generated functions: what they return is decided here, and each run of a body is counted.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jollycache::KeyPart;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) group: u32,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) bad: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    Source,
    Cache(String),
}

impl From<jollycache::Error> for Failure {
    fn from(error: jollycache::Error) -> Self {
        Failure::Cache(error.to_string())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

pub(crate) type Plain = Item;
pub(crate) type Maybe<T> = Option<T>;
pub(crate) type Fallible<T> = Result<T, Failure>;
pub(crate) type Answered = Fallible<Option<Item>>;

#[derive(Debug, Clone, KeyPart)]
pub(crate) struct Query {
    pub(crate) id: u64,
    pub(crate) name: String,
}

/// What a function returned, whatever its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Answer {
    Item(Item),
    None,
    Failure,
}

/// The return types of the generated functions.
pub(crate) trait Returned: Sized {
    fn from_answer(answer: Answer) -> Self;
    fn into_answer(self) -> Answer;
}

impl Returned for Item {
    fn from_answer(answer: Answer) -> Self {
        match answer {
            Answer::Item(item) => item,
            other => panic!("the source of a function that always has an item holds {other:?}"),
        }
    }

    fn into_answer(self) -> Answer {
        Answer::Item(self)
    }
}

impl Returned for Option<Item> {
    fn from_answer(answer: Answer) -> Self {
        (answer != Answer::None).then(|| Item::from_answer(answer))
    }

    fn into_answer(self) -> Answer {
        self.map_or(Answer::None, Answer::Item)
    }
}

impl<T: Returned> Returned for Result<T, Failure> {
    fn from_answer(answer: Answer) -> Self {
        if answer == Answer::Failure { Err(Failure::Source) } else { Ok(T::from_answer(answer)) }
    }

    fn into_answer(self) -> Answer {
        match self {
            Ok(value) => value.into_answer(),
            Err(Failure::Source) => Answer::Failure,
            Err(Failure::Cache(error)) => panic!("the cache failed a call: {error}"),
        }
    }
}

/// An id and a name: what a group's functions are called with.
pub(crate) type Place = (u64, String);

#[derive(Debug, Default)]
struct Source {
    held: HashMap<(u32, Place), Answer>,
    runs: u64,
    traces: u64,
    versions: u64,
    /// What the next writer does: what kind of answer, and whether its item is bad.
    plan: Option<Answer>,
}

/// The source of all groups of one test.
#[derive(Debug, Clone, Default)]
pub(crate) struct World(Arc<Mutex<Source>>);

tokio::task_local! {
    static WORLD: World;
}

impl World {
    /// Runs `future` with this as the source of the functions in it.
    pub(crate) async fn scope<F: Future>(&self, future: F) -> F::Output {
        WORLD.scope(self.clone(), future).await
    }

    fn with<T>(&self, act: impl FnOnce(&mut Source) -> T) -> T {
        act(&mut self.0.lock().expect("no panic under the lock"))
    }

    /// A new item for the place.
    pub(crate) fn next_item(&self, group: u32, (id, name): &Place, bad: bool) -> Item {
        let version = self.with(|source| {
            source.versions += 1;
            source.versions
        });
        Item { group, id: *id, name: name.clone(), version, bad }
    }

    /// Changes the source behind everybody's back.
    pub(crate) fn set(&self, group: u32, place: &Place, answer: Answer) {
        self.with(|source| source.held.insert((group, place.clone()), answer));
    }

    /// What the source holds.
    pub(crate) fn held(&self, group: u32, place: &Place) -> Answer {
        self.with(|source| source.held[&(group, place.clone())].clone())
    }

    /// How many bodies of readers have run.
    pub(crate) fn runs(&self) -> u64 {
        self.with(|source| source.runs)
    }

    /// What the next writer does.
    pub(crate) fn plan(&self, answer: Answer) {
        self.with(|source| source.plan = Some(answer));
    }
}

fn world() -> World {
    WORLD.with(World::clone)
}

/// The body of a reader.
pub(crate) async fn load<R: Returned>(group: u32, id: u64, name: &str) -> R {
    tokio::task::yield_now().await;
    let world = world();
    world.with(|source| source.runs += 1);
    R::from_answer(world.held(group, &(id, name.to_owned())))
}

/// The body of a writer.
pub(crate) async fn write<R: Returned>(group: u32, id: u64, name: &str) -> R {
    tokio::task::yield_now().await;
    let world = world();
    let plan = world.with(|source| source.plan.take()).expect("a plan for each writer");
    if plan != Answer::Failure {
        world.set(group, &(id, name.to_owned()), plan.clone());
    }
    R::from_answer(plan)
}

/// Another text each time, for arguments that take no part in the key.
pub(crate) fn trace() -> String {
    world().with(|source| {
        source.traces += 1;
        format!("trace {}", source.traces)
    })
}

pub(crate) fn note(trace: &str) {
    assert!(trace.starts_with("trace"));
}

pub(crate) fn lifetime(item: &Item) -> Duration {
    Duration::from_secs(1800 + item.version)
}

pub(crate) type Call = Box<dyn Fn(u64, String) -> BoxFuture<'static, Answer> + Send + Sync>;

pub(crate) fn call<F>(function: impl Fn(u64, String) -> F + Send + Sync + 'static) -> Call
where
    F: Future<Output = Answer> + Send + 'static,
{
    Box::new(move |id, name| Box::pin(function(id, name)))
}
