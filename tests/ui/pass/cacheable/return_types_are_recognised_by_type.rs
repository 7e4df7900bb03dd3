//! Aliases hide what a type is made of; `none_ttl` and `on_error` depend on it.

use jollycache::cacheable;

type Maybe<T> = Option<T>;
type Answer<T> = Result<T, jollycache::Error>;
type Found<T> = Answer<Maybe<T>>;

mod shadowed {
    /// Not the standard `Option`.
    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    pub enum Option<T> {
        Some(T),
        Nothing,
    }

    #[jollycache::cacheable(key = "shadowed:{id}")]
    pub async fn plain(id: u32) -> Option<u32> {
        if id == 0 { Option::Nothing } else { Option::Some(id) }
    }
}

#[cacheable(key = "maybe:{id}", none_ttl = "1s")]
async fn maybe(id: u32) -> Maybe<u32> {
    (id > 0).then_some(id)
}

#[cacheable(key = "found:{id}", none_ttl = std::time::Duration::from_secs(1), on_error = "propagate")]
async fn found(id: u32) -> Found<u32> {
    Ok((id > 0).then_some(id))
}

#[cacheable(key = "answer:{id}", on_error = "propagate")]
async fn answer(id: u32) -> Answer<u32> {
    Ok(id)
}

#[cacheable(key = "boxed:{id}", on_error = "propagate")]
async fn boxed_error(id: u32) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
    Ok(id.to_string().parse()?)
}

#[tokio::main]
async fn main() {
    assert_eq!(shadowed::plain(0).await, shadowed::Option::Nothing);
    assert_eq!(maybe(0).await, None);
    assert_eq!(found(2).await.unwrap(), Some(2));
    assert_eq!(answer(3).await.unwrap(), 3);
    assert_eq!(boxed_error(4).await.unwrap(), 4);
}
