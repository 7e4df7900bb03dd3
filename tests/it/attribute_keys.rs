//! Which keys and tags the attributes make: seen from the backend.

use std::pin::Pin;
use std::sync::Arc;

use jollycache::{
    Cache, KeyPart, MemoryBackend, Pattern, cache_config, cache_evict, cache_put, cacheable, scope,
};

/// The keys that `calls` leave behind, in order.
async fn keys_of(calls: impl Future<Output = ()>) -> Vec<String> {
    let cache = cache();
    scope(cache.clone(), calls).await;
    keys(&cache).await
}

fn cache() -> Cache {
    Cache::builder().namespace("keys").backend(MemoryBackend::new()).build().unwrap()
}

async fn keys(cache: &Cache) -> Vec<String> {
    let mut keys = cache.keys(Pattern::all(), 100).await.unwrap();
    keys.sort();
    keys
}

struct Repository<T> {
    tenant: T,
}

impl<T: KeyPart + Sync> Repository<T> {
    #[cacheable(key = "r:{self.tenant}:{id}:{name.trim()}:{name | hash}", skip(trace))]
    async fn by_template(&self, id: u32, name: &str, trace: u32) -> usize {
        name.len() + (id + trace) as usize
    }

    #[cacheable]
    async fn by_default<const N: usize>(&self, id: u32, (a, b): (u32, Option<u32>)) -> u32 {
        id + a + b.unwrap_or_default()
    }

    #[cacheable]
    async fn without_receiver(id: u32) -> u32 {
        id
    }
}

trait Named: Sync {
    #[cacheable]
    async fn provided(&self, id: u32) -> u32 {
        id
    }
}

impl Named for Repository<u8> {}
impl Named for Repository<u16> {}

mod one {
    #[jollycache::cacheable]
    pub(super) async fn same_name(id: u32) -> u32 {
        id
    }
}

mod two {
    #[jollycache::cacheable]
    pub(super) async fn same_name(id: u32) -> u32 {
        id
    }
}

#[tokio::test]
async fn a_template_is_filled_in_and_its_values_are_escaped() {
    let repository = Repository { tenant: "a:b" };
    let keys = keys_of(async {
        repository.by_template(1, " x*{y} ", 7).await;
        repository.by_template(1, " x*{y} ", 8).await;
    })
    .await;
    assert_eq!(keys.len(), 1, "a skipped argument takes no part: {keys:?}");
    let (readable, hash) = keys[0].rsplit_once(':').unwrap();
    assert_eq!(readable, "r:a%3Ab:1:x%2A%7By%7D");
    assert!(hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
}

#[tokio::test]
async fn default_keys_never_meet() {
    let (bytes, words) = (Repository { tenant: 1_u8 }, Repository { tenant: 1_u16 });
    let keys = keys_of(async {
        one::same_name(1).await;
        two::same_name(1).await;
        bytes.by_default::<1>(1, (2, Some(3))).await;
        bytes.by_default::<2>(1, (2, Some(3))).await;
        words.by_default::<1>(1, (2, Some(3))).await;
        bytes.by_default::<1>(1, (2, None)).await;
        Repository::<u8>::without_receiver(1).await;
        Repository::<u16>::without_receiver(1).await;
        bytes.provided(1).await;
        words.provided(1).await;
    })
    .await;
    assert_eq!(keys.len(), 10, "{keys:#?}");
    assert!(keys.iter().any(|key| key.contains("one%3A%3Asame_name:1")), "{keys:#?}");
    assert!(!keys.iter().any(|key| key.contains("JOLLYCACHE") || key.contains("closure")), "{keys:#?}");
}

#[tokio::test]
async fn a_default_key_is_the_same_for_the_same_call() {
    let repository = Repository { tenant: 1_u8 };
    let keys = keys_of(async {
        for _ in 0..2 {
            repository.by_default::<1>(1, (2, None)).await;
            one::same_name(1).await;
        }
    })
    .await;
    assert_eq!(keys.len(), 2, "{keys:#?}");
}

#[tokio::test]
async fn regions_by_default_are_named_after_the_function() {
    let cache = cache();
    scope(cache.clone(), one::same_name(1)).await;
    let regions: Vec<_> = cache.stats().regions.into_keys().collect();
    assert_eq!(regions.len(), 1);
    assert!(regions[0].ends_with("attribute_keys::one::same_name"), "{regions:?}");
}

#[tokio::test]
async fn a_put_uses_the_returned_value_and_arguments_that_the_body_consumed() {
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Product {
        id: u64,
        category: String,
    }

    #[cache_put(key = "p:{tenant}:{ret.id}", tags = ["of:{ret.category}:{tenant}"])]
    async fn create(tenant: String, category: String) -> Result<Product, String> {
        drop(tenant);
        Ok(Product { id: 7, category })
    }

    #[cache_evict(tags = ["of:{ret}:{tenant}"])]
    async fn evict(tenant: String, category: &str) -> Option<String> {
        drop(tenant);
        Some(category.to_owned())
    }

    let cache = cache();
    scope(cache.clone(), async {
        assert!(create("t".to_owned(), "tea".to_owned()).await.is_ok());
        assert_eq!(keys(&cache).await, ["p:t:7"]);
        evict("other".to_owned(), "tea").await;
        assert!(cache.get::<Product>("p:t:7").await.unwrap().is_some(), "another tenant's tag");
        evict("t".to_owned(), "tea").await;
        assert!(cache.get::<Product>("p:t:7").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn patterns_take_values_and_stay_narrow() {
    #[cache_evict(pattern = "list:{category}:*")]
    async fn evict(category: &str) {}

    let cache = cache();
    let ttl = std::time::Duration::from_mins(1);
    for key in ["list:tea:1", "list:tea:2", "list:coffee:1"] {
        cache.set(key, &1, ttl).await.unwrap();
    }
    scope(cache.clone(), async {
        evict("*").await;
        assert_eq!(keys(&cache).await.len(), 3, "a value cannot widen a pattern");
        evict("tea").await;
        assert_eq!(keys(&cache).await, ["list:coffee:1"]);
    })
    .await;
}

#[tokio::test]
async fn the_cache_of_with_is_used_and_a_block_gives_it_to_its_methods() {
    struct Service {
        cache: Cache,
        other: Arc<Cache>,
    }

    #[cache_config(with = self.cache, cache = "service")]
    impl Service {
        #[cacheable(key = "service:{id}")]
        async fn find(&self, id: u32) -> u32 {
            id
        }

        #[cacheable(key = "other:{id}", with = self.other)]
        async fn elsewhere(&self, id: u32) -> u32 {
            id
        }

        #[cache_evict(all)]
        async fn clear(&self) {}
    }

    let service = Service { cache: cache(), other: Arc::new(cache()) };
    service.find(1).await;
    service.elsewhere(2).await;
    assert_eq!(keys(&service.cache).await, ["service:1"]);
    assert_eq!(keys(&service.other).await, ["other:2"]);
    service.clear().await;
    assert_eq!(service.cache.get::<u32>("service:1").await.unwrap(), None);
    assert_eq!(keys(&service.other).await, ["other:2"]);
}

#[tokio::test]
async fn a_function_that_calls_itself_through_a_box_can_be_annotated() {
    fn boxed(n: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
        Box::pin(fibonacci(n))
    }

    #[cacheable(key = "fibonacci:{n}")]
    async fn fibonacci(n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        boxed(n - 1).await + boxed(n - 2).await
    }

    let cache = cache();
    assert_eq!(scope(cache.clone(), fibonacci(60)).await, 1_548_008_755_920);
    assert_eq!(keys(&cache).await.len(), 61);
}

macro_rules! a_constant_for_each {
    ($($value:literal => $name:ident),*) => {$(
        mod $name {
            pub(super) trait Answer {
                fn answer(&self) -> impl Future<Output = u64> + Send;
            }
        }

        const _: () = {
            const VALUE: u64 = $value;

            impl $name::Answer for () {
                async fn answer(&self) -> u64 {
                    same_place(1).await
                }
            }

            #[cacheable]
            async fn same_place(id: u64) -> u64 {
                VALUE + id
            }
        };
    )*};
}

a_constant_for_each!(10 => ten, 20 => twenty);

#[tokio::test]
async fn functions_of_one_name_in_one_place_have_keys_of_their_own() {
    struct Clock;

    let cache = cache();
    scope(cache.clone(), async {
        let first = {
            const VALUE: u64 = 1;
            #[cacheable]
            async fn twin(id: u64) -> u64 {
                VALUE + id
            }
            twin(1).await
        };
        let second = {
            const VALUE: u64 = 2;
            #[cacheable]
            async fn twin(id: u64) -> u64 {
                VALUE + id
            }
            twin(1).await
        };
        assert_eq!((first, second), (2, 3), "two blocks");
        assert_eq!(
            (ten::Answer::answer(&()).await, twenty::Answer::answer(&()).await),
            (11, 21),
            "one macro"
        );

        let first = {
            trait Now {
                #[cacheable]
                async fn now(&self) -> u64
                where
                    Self: Sync,
                {
                    1
                }
            }
            impl Now for Clock {}
            Clock.now().await
        };
        let second = {
            trait Now {
                #[cacheable]
                async fn now(&self) -> u64
                where
                    Self: Sync,
                {
                    2
                }
            }
            impl Now for Clock {}
            Clock.now().await
        };
        assert_eq!((first, second), (1, 2), "two traits");
    })
    .await;
    assert_eq!(keys(&cache).await.len(), 6);
}

#[tokio::test]
async fn parameters_of_a_function_are_in_its_keys() {
    trait Currency: Send {
        const RATE: u64;
    }

    struct Euro;
    struct Dollar;

    impl Currency for Euro {
        const RATE: u64 = 1;
    }

    impl Currency for Dollar {
        const RATE: u64 = 2;
    }

    #[cacheable(key = "price:{C}:{N}:{id}", tags = ["currency:{C}"])]
    async fn price<C: Currency, const N: u64>(id: u64) -> u64 {
        id * C::RATE * N
    }

    #[cacheable]
    async fn price_by_default<C: Currency, const N: u64>(id: u64) -> u64 {
        id * C::RATE * N
    }

    #[cache_evict(key = "price:{C}:{N}:{ret}")]
    async fn evict<C: Currency, const N: u64>(id: u64) -> u64 {
        id
    }

    #[cache_evict(tags = ["currency:{C}"])]
    async fn evict_all<C: Currency>() {}

    let cache = cache();
    scope(cache.clone(), async {
        assert_eq!(
            (price::<Euro, 1>(1).await, price::<Dollar, 1>(1).await, price::<Dollar, 5>(1).await),
            (1, 2, 10)
        );
        let by_default = (
            price_by_default::<Euro, 1>(1).await,
            price_by_default::<Dollar, 1>(1).await,
            price_by_default::<Dollar, 5>(1).await,
        );
        assert_eq!(by_default, (1, 2, 10));
        let all = keys(&cache).await;
        assert_eq!(all.len(), 6, "{all:#?}");
        evict::<Dollar, 5>(1).await;
        assert_eq!(keys(&cache).await.len(), 5);
        evict_all::<Dollar>().await;
        assert_eq!(price::<Euro, 1>(1).await, 1);
    })
    .await;
}
