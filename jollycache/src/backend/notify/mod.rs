//! What a process receives from its store: signals of watched keys, and the messages of topics.

mod key;
mod topic;

pub use key::{Signal, Watch, Watchers};
pub use topic::{Delivery, SUBSCRIPTION_BUFFER, Subscribers, Subscription};
