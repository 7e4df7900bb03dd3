//! `SessionService`: the operations on all sessions of a user, or of all users.

use super::record::Session;
use super::service::SessionService;
use crate::Value;
use crate::error::Result;

impl<D: Value> SessionService<D> {
    /// Ends all sessions of a user, in O(1).
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// sessions.destroy_all("ada").await?;
    /// assert_eq!(sessions.count("ada").await?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`SessionService::destroy`].
    pub async fn destroy_all(&self, user: &str) -> Result<()> {
        self.store.destroy_all(user).await
    }

    /// The live sessions of a user, the oldest first. This does not restart their idle lifetimes.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// assert_eq!(sessions.list("ada").await?.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn list(&self, user: &str) -> Result<Vec<Session<D>>> {
        let live = self.store.list(user).await?;
        let sessions =
            live.into_iter().filter_map(|(handle, live)| live.record.session(handle, live.expires));
        Ok(sessions.collect())
    }

    /// The number of live sessions of a user.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// assert_eq!(sessions.count("ada").await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn count(&self, user: &str) -> Result<usize> {
        Ok(self.store.list(user).await?.len())
    }

    /// The number of live sessions, by a scan of the namespace that reads each one: for operators, not for requests.
    ///
    /// It is an estimate: sessions that begin, end or are rotated during the scan may be counted or not, and a session may
    /// be counted twice while the server resizes its key table.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// assert_eq!(sessions.count_all().await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn count_all(&self) -> Result<u64> {
        self.store.count_all().await
    }
}
