//! The service on a random port, and its fixtures.

mod app;
mod client;
mod clock;
mod repository;
mod stack;

pub(crate) use self::app::TestApp;
pub(crate) use self::client::{Reply, request, request_with};
pub(crate) use self::clock::TickingClock;
pub(crate) use self::repository::SpyRepository;
pub(crate) use self::stack::{Stack, mongo};

/// Creates from each `async fn name(stack: Stack)` two tests: `name::embedded`, and `name::redis_and_mongodb`.
macro_rules! on_both_stacks {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name(crate::support::Stack::embedded()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis_and_mongodb() {
                if let Some(stack) = crate::support::Stack::servers().await {
                    super::$name(stack).await;
                }
            }
        }
    )*};
}

pub(crate) use on_both_stacks;
