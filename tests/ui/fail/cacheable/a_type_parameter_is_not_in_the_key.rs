use std::marker::PhantomData;

use jollycache::{KeyPart, cacheable};

trait Currency: Send {
    const RATE: u64;
}

#[derive(KeyPart)]
struct Amount<C>(u64, PhantomDataOf<C>);

struct PhantomDataOf<C>(PhantomData<C>);

impl<C> KeyPart for PhantomDataOf<C> {
    fn write_key(&self, out: &mut jollycache::KeyWriter<'_>) {
        out.text("");
    }
}

#[cacheable(key = "price:{id}")]
async fn price<C: Currency>(id: u64) -> u64 {
    id * C::RATE
}

#[cacheable(key = "convert:{amount}")]
async fn a_marker_of_an_argument<C: Currency + KeyPart>(amount: Amount<C>) -> u64 {
    amount.0 * C::RATE
}

#[cacheable(key = "find:{id}")]
async fn returned<T>(id: u64, _: PhantomData<T>) -> Option<T>
where
    T: Send + Sync + serde::Serialize + serde::de::DeserializeOwned,
{
    drop(id.to_string());
    None
}

#[cacheable(key = "echo:{value}")]
async fn of_an_argument_and_returned<T>(value: T) -> Option<T>
where
    T: KeyPart + Send + Sync + serde::Serialize + serde::de::DeserializeOwned,
{
    Some(value)
}

fn main() {}
