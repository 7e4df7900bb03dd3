//! Free functions, inherent and generic impls, trait methods with a body, `impl Trait for`, every shared receiver.

use std::sync::Arc;

use jollycache::cacheable;

#[derive(Clone)]
struct Repo<T> {
    tenant: String,
    value: T,
}

impl<T> Repo<T>
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
{
    #[cacheable(key = "repo:{self.tenant}:{id}")]
    async fn by_reference(&self, id: u32) -> Option<T> {
        (id > 0).then(|| self.value.clone())
    }

    #[cacheable(key = "owned:{self.tenant}:{id}")]
    async fn by_value(self, id: u32) -> (T, u32) {
        (self.value, id)
    }

    #[cacheable]
    async fn by_arc(self: Arc<Self>, id: u32) -> Result<T, String> {
        if id == 0 {
            return Err("zero".to_owned());
        }
        Ok(self.value.clone())
    }

    #[cacheable]
    async fn without_receiver(id: u32) -> u32 {
        id + 1
    }

    #[cacheable(key = "patterns:{first}:{second}:{rest}", skip(_trace))]
    async fn with_patterns(&self, (first, second): (u32, u32), [rest, ..]: [u8; 2], _: bool, _trace: &str) -> u32 {
        first + second + u32::from(rest)
    }
}

trait Source: Sync {
    fn name(&self) -> &str;

    #[cacheable(key = "source:{self.name()}:{id}")]
    async fn provided(&self, id: u32) -> String {
        format!("{}{id}", self.name())
    }

    async fn required(&self, id: u32) -> String;
}

impl Source for Repo<u8> {
    fn name(&self) -> &str {
        &self.tenant
    }

    #[cacheable(key = "required:{id}")]
    async fn required(&self, id: u32) -> String {
        self.provided(id).await
    }
}

#[tokio::main]
async fn main() {
    let repo = Repo {
        tenant: "a".to_owned(),
        value: 5_u8,
    };
    assert_eq!(repo.by_reference(1).await, Some(5));
    assert_eq!(repo.clone().by_value(2).await, (5, 2));
    assert_eq!(Arc::new(repo.clone()).by_arc(0).await, Err("zero".to_owned()));
    assert_eq!(Repo::<u8>::without_receiver(1).await, 2);
    assert_eq!(repo.with_patterns((1, 2), [3, 4], true, "t").await, 6);
    assert_eq!(repo.required(9).await, "a9");
    let _: &(dyn Send + Sync) = &repo;
    assert_eq!(tokio::spawn(async move { repo.by_reference(3).await }).await.unwrap(), Some(5));
}
