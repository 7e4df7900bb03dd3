//! `Value`: what can be cached.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that can be cached: any that serde writes and reads back.
///
/// It is implemented for all such types; there is nothing to write.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "not `Serialize + DeserializeOwned`",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`; borrowed data cannot be cached"
)]
pub trait Value: Serialize + DeserializeOwned + Send + Sync {}

// Else the compiler speaks of serde's traits, once for each.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync> Value for T {}
