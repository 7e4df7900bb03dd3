//! 32 annotated calls, each inside the one before, with a span around each: as deep as a real service, and more.
//!
//! The default recursion limit of the compiler must do.

use jollycache::cacheable;
use tracing::instrument;

macro_rules! nested {
    ($name:ident calls $next:ident) => {
        #[cacheable(key = "nested:{id}")]
        #[instrument]
        async fn $name(id: u64) -> Result<u64, String> {
            let below = $next(id).await?;
            Ok(below + 1)
        }
    };
}

nested!(level_0 calls level_1);
nested!(level_1 calls level_2);
nested!(level_2 calls level_3);
nested!(level_3 calls level_4);
nested!(level_4 calls level_5);
nested!(level_5 calls level_6);
nested!(level_6 calls level_7);
nested!(level_7 calls level_8);
nested!(level_8 calls level_9);
nested!(level_9 calls level_10);
nested!(level_10 calls level_11);
nested!(level_11 calls level_12);
nested!(level_12 calls level_13);
nested!(level_13 calls level_14);
nested!(level_14 calls level_15);
nested!(level_15 calls level_16);
nested!(level_16 calls level_17);
nested!(level_17 calls level_18);
nested!(level_18 calls level_19);
nested!(level_19 calls level_20);
nested!(level_20 calls level_21);
nested!(level_21 calls level_22);
nested!(level_22 calls level_23);
nested!(level_23 calls level_24);
nested!(level_24 calls level_25);
nested!(level_25 calls level_26);
nested!(level_26 calls level_27);
nested!(level_27 calls level_28);
nested!(level_28 calls level_29);
nested!(level_29 calls level_30);
nested!(level_30 calls level_31);
nested!(level_31 calls level_32);

#[cacheable(key = "nested:{id}")]
#[instrument]
async fn level_32(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let call = runtime.spawn(level_0(0));
    assert_eq!(runtime.block_on(call).expect("no panic"), Ok(32));
}
