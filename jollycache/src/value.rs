//! `Value`: what can be cached.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that can be cached: any that serde writes and reads back.
///
/// It is implemented for all such types; there is nothing to write.
///
/// A value that would come back as another one is not stored ([`ErrorKind::Lossy`](crate::ErrorKind::Lossy)): it is encoded,
/// decoded, and what serde sees of both is compared. What serde does not see cannot be compared: a field under
/// `#[serde(skip)]` comes back as its default, and of an untagged enum whose variants look alike the first one comes back.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "not `Serialize + DeserializeOwned`",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`; borrowed data cannot be cached"
)]
pub trait Value: Serialize + DeserializeOwned + Send + Sync {}

// Else the compiler speaks of serde's traits, once for each.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync> Value for T {}
