//! `SessionService`: typed sessions.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::id::{SessionHandle, SessionId};
use super::record::{Session, json_of};
use super::store::Store;
use crate::Value;
use crate::error::Result;

/// Sessions with data of type `D`, in a cache's backend. Cheap to clone; clones are one service.
///
/// All processes whose caches share a backend and a namespace share the sessions. Methods return `None` if there is no
/// session: for an id that was never issued, whose session expired or was destroyed, or whose record cannot be decrypted
/// or has data of another type. A failure of the backend is an error, never `None`.
///
/// # Cancel safety
/// All methods may be cancelled. As after an error, the operation may or may not have taken effect.
///
/// ```
/// use jollycache::session::{SessionId, SessionService};
/// use jollycache::{Cache, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> jollycache::Result<()> {
/// let cache = Cache::builder().namespace("shop:dev").backend(MemoryBackend::new()).build()?;
/// let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
///
/// let (id, _) = sessions.create("ada", vec![]).await?;
/// let cookie = id.reveal().to_owned();
///
/// let id = SessionId::parse(&cookie).expect("it is the one that was set");
/// sessions.update(&id, |basket| basket.push("tea".to_owned())).await?;
/// let session = sessions.validate(&id).await?.expect("it is alive");
/// assert_eq!((session.user(), &*session.data), ("ada", &["tea".to_owned()][..]));
///
/// sessions.destroy_all("ada").await?;
/// assert!(sessions.validate(&id).await?.is_none());
/// # Ok(())
/// # }
/// ```
pub struct SessionService<D> {
    pub(super) store: Arc<Store>,
    data: PhantomData<fn() -> D>,
}

impl<D: Value> SessionService<D> {
    /// Creates a session. The returned id belongs in the client's cookie.
    ///
    /// Beyond [`max_per_user`](super::SessionServiceBuilder::max_per_user) the user's oldest session is ended. A session
    /// that is created while [`destroy_all`](SessionService::destroy_all) runs is either destroyed by it or begins after
    /// it.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// let (id, session) = sessions.create("ada", vec![]).await?;
    /// assert_eq!(session.user(), "ada");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for data or a user's name over its limit,
    /// [`Encode`](crate::ErrorKind::Encode) for data that cannot be encoded as JSON, and when the backend fails. A record
    /// that was stored nevertheless is unreachable, since its id was not returned.
    pub async fn create(&self, user: &str, data: D) -> Result<(SessionId, Session<D>)> {
        let record = self.store.new_record(user, json_of(&data)?)?;
        let (id, expires) = self.store.create(&record).await?;
        let session = Session::new(record, id.handle(), expires, data);
        Ok((id, session))
    }

    /// The session with this id, if there is one. This is a use: it restarts the idle lifetime, which is stored if a
    /// tenth of it has passed since the last time.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// assert!(sessions.validate(&id).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn validate(&self, id: &SessionId) -> Result<Option<Session<D>>> {
        let handle = id.handle();
        let Some(mut live) = self.store.find(handle).await? else { return Ok(None) };
        if self.store.is_worth_a_touch(&live) {
            match self.store.touch(handle, &live).await {
                Ok(Some(expires)) => live.expires = expires,
                Ok(None) => return Ok(None),
                // The session is valid, as it was just read; the next use stores the restart.
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "the restart of a session's idle lifetime was not stored"
                    );
                }
            }
        }
        Ok(live.record.session(handle, live.expires))
    }

    /// Restarts the idle lifetime, and always stores that. Returns whether there is such a session.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// assert!(sessions.touch(&id).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn touch(&self, id: &SessionId) -> Result<bool> {
        let Some(live) = self.store.find(id.handle()).await? else { return Ok(false) };
        Ok(self.store.touch(id.handle(), &live).await?.is_some())
    }

    /// Changes the data by compare-and-set, and restarts the idle lifetime. No concurrent change is lost: `change` is
    /// called again with the newer data if another one was stored meanwhile. Returns the changed session, or `None` if
    /// there is none.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// let session = sessions.update(&id, |basket| basket.push("tea".to_owned())).await?;
    /// assert_eq!(session.map(|session| session.data.len()), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) and [`Encode`](crate::ErrorKind::Encode), without a change;
    /// [`Contended`](crate::ErrorKind::Contended) if every attempt met a concurrent change; and when the backend fails:
    /// then the change may have been stored.
    pub async fn update(&self, id: &SessionId, mut change: impl FnMut(&mut D)) -> Result<Option<Session<D>>> {
        let handle = id.handle();
        let updated = self.store.update(handle, |record| {
            let Some(mut data) = record.data::<D>() else { return Ok(false) };
            change(&mut data);
            record.data = json_of(&data)?;
            Ok(true)
        });
        Ok(updated.await?.and_then(|(record, expires)| record.session(handle, expires)))
    }

    /// Replaces the id of a session; the old one becomes invalid. Data, user and absolute end stay. `None` if there is no
    /// session, or another caller rotated or destroyed it first.
    ///
    /// Rotate whenever the rights of a session grow, above all at a login, so that an id that an attacker planted before
    /// (session fixation) is worthless after.
    ///
    /// The replacement is atomic. If the process dies during it, either the old id is valid, or only the new one, which
    /// is lost with the process, and the user has to log in again. At no time are two ids valid of which a client has
    /// both.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// let (new, session) = sessions.rotate(&id).await?.expect("the session is alive");
    /// assert!(sessions.validate(&id).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails, and [`Contended`](crate::ErrorKind::Contended). The old id may be valid or not.
    pub async fn rotate(&self, id: &SessionId) -> Result<Option<(SessionId, Session<D>)>> {
        let Some((new, record, expires)) = self.store.rotate(id.handle()).await? else { return Ok(None) };
        self.store.relist(&record, id.handle(), new.handle()).await;
        Ok(record.session(new.handle(), expires).map(|session| (new, session)))
    }

    /// Ends a session, if there is one.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// sessions.destroy(&id).await?;
    /// assert!(sessions.validate(&id).await?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the backend fails. The end is queued and delivered when the backend is back; for this process the session has
    /// ended at once.
    pub async fn destroy(&self, id: &SessionId) -> Result<()> {
        self.store.destroy(id.handle()).await
    }

    /// As [`SessionService::destroy`], by the handle of a listed session. Check first that it is the caller's own.
    ///
    /// ```
    /// # use jollycache::session::{SessionHandle, SessionId, SessionService};
    /// # use jollycache::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> jollycache::Result<()> {
    /// # let cache = Cache::builder().namespace("doc").backend(MemoryBackend::new()).build()?;
    /// # let sessions = SessionService::<Vec<String>>::builder(cache).build()?;
    /// # let (id, _) = sessions.create("ada", vec![]).await?;
    /// for session in sessions.list("ada").await? {
    ///     sessions.destroy_listed(session.handle()).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`SessionService::destroy`].
    pub async fn destroy_listed(&self, handle: SessionHandle) -> Result<()> {
        self.store.destroy(handle).await
    }
}

impl<D> SessionService<D> {
    pub(super) fn new(store: Store) -> Self {
        SessionService { store: Arc::new(store), data: PhantomData }
    }
}

impl<D> Clone for SessionService<D> {
    fn clone(&self) -> Self {
        SessionService { store: self.store.clone(), data: PhantomData }
    }
}

impl<D> fmt::Debug for SessionService<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionService").field(&self.store).finish()
    }
}
