//! Type and const parameters, named and elided lifetimes, `impl Trait` arguments, `where` clauses.

use std::borrow::Cow;
use std::fmt::Display;

use jollycache::{KeyPart, cacheable};

#[cacheable(key = "generic:{id}:{N}")]
async fn generic<T, const N: usize>(id: T) -> String
where
    T: KeyPart + Display + Send,
{
    format!("{id}{N}")
}

#[cacheable]
async fn default_key<T: KeyPart + Send, const N: usize>(id: T) -> usize {
    drop(id);
    N
}

#[cacheable(key = "impl:{name}")]
async fn impl_trait(name: impl KeyPart + Display + Send) -> String {
    name.to_string()
}

#[cacheable(key = "named:{a}:{b}")]
async fn named<'a, 'b: 'a>(a: &'a str, b: &'b str) -> String {
    let longest: &'a str = if a.len() > b.len() { a } else { b };
    longest.to_owned()
}

#[cacheable(key = "cow:{text}")]
async fn cow<'a>(text: &'a str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

#[cacheable(key = "returned:{T}:{id}:{value}")]
async fn returned<T>(id: u32, value: T) -> Option<T>
where
    T: KeyPart + Send + Sync + serde::Serialize + serde::de::DeserializeOwned,
{
    (id > 0).then_some(value)
}

trait Currency: Send + Sync {
    const RATE: u64;
}

struct Euro;

impl Currency for Euro {
    const RATE: u64 = 2;
}

#[cacheable(key = "price:{C}:{id}")]
async fn price<C: Currency>(id: u64) -> u64 {
    id * C::RATE
}

#[cacheable(key = "left-out:{id}", skip(C, N))]
async fn left_out<C: Currency, const N: usize>(id: u64) -> u64 {
    id
}

#[cacheable(key = "goes-with:{ids}:{pair}", skip(source))]
async fn goes_with_arguments<T: KeyPart + Sync, S: Sync, const N: usize>(
    ids: &[T; N],
    pair: (&T, bool),
    source: &Vec<S>,
) -> usize {
    ids.len() + usize::from(pair.1) + source.len()
}

struct Shop<C>(C);

impl<C: Currency> Shop<C> {
    #[cacheable(key = "shop:{Self}:{id | hash}:{Self | hash}")]
    async fn price(&self, id: u64) -> u64 {
        let _ = &self.0;
        id * C::RATE
    }
}

#[tokio::main]
async fn main() {
    assert_eq!(generic::<_, 3>(1).await, "13");
    assert_eq!(default_key::<_, 4>("x").await, 4);
    assert_eq!(impl_trait("n").await, "n");
    let short_lived = "longer".to_owned();
    assert_eq!(named("a", &short_lived).await, "longer");
    assert_eq!(cow("c").await, "c");
    assert_eq!(price::<Euro>(2).await, 4);
    assert_eq!(left_out::<Euro, 2>(2).await, 2);
    assert_eq!(goes_with_arguments::<_, u8, 2>(&[1, 2], (&1, true), &vec![]).await, 3);
    assert_eq!(Shop(Euro).price(2).await, 4);
    assert_eq!(returned(1, 2_u8).await, Some(2));
}
