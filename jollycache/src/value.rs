//! `Value`: the trait of types that can be cached.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that can be cached: any owned type that serde serializes and deserializes.
///
/// The trait is implemented for all such types.
///
/// A value that decoding would change is not stored ([`ErrorKind::Lossy`](crate::ErrorKind::Lossy)): it is encoded and decoded,
/// and what serde sees of both is compared. Differences that serde does not see are not detected: a field under
/// `#[serde(skip)]` is decoded as its default, and an untagged enum whose variants look alike as the first of them.
///
/// ```
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Product {
///     name: String,
/// }
///
/// fn is_cacheable<T: jollycache::Value>() {}
/// is_cacheable::<Option<Vec<Product>>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "not `Serialize + DeserializeOwned`",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`; borrowed data cannot be cached"
)]
pub trait Value: Serialize + DeserializeOwned + Send + Sync {}

// Otherwise the compiler reports each of serde's traits instead of the message above.
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync> Value for T {}
