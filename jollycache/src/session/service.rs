//! `SessionService`: sessions with data of one type.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::builder::SessionServiceBuilder;
use super::id::{SessionHandle, SessionId};
use super::record::{Session, json_of};
use super::store::Store;
use crate::Value;
use crate::cache::Cache;
use crate::error::Result;

/// Sessions with data of type `D`, in a cache's backend. Cheap to clone; clones are one service.
///
/// All processes whose caches share a backend and a namespace share the sessions. What has no session is `None`: an id
/// that was never given out, whose session is over or was destroyed, whose record cannot be opened or holds another
/// type of data. A backend that does not answer is an error, never `None`.
///
/// Every method may be cancelled: what it was to do is then done or not, as after an error.
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
    store: Arc<Store>,
    data: PhantomData<fn() -> D>,
}

impl<D: Value> SessionService<D> {
    /// Starts a builder.
    pub fn builder(cache: Cache) -> SessionServiceBuilder<D> {
        SessionServiceBuilder::new(cache)
    }

    /// Begins a session. The id is for the client's cookie.
    ///
    /// Beyond [`max_per_user`](SessionServiceBuilder::max_per_user) the user's oldest session is ended. One that is
    /// created while [`destroy_all`](SessionService::destroy_all) runs is either destroyed by it or begins after it.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) for data or a user's name over its limit,
    /// [`Encode`](crate::ErrorKind::Encode) for data that is no JSON, and when the backend fails. There is no session
    /// then that anybody has the id of.
    pub async fn create(&self, user: &str, data: D) -> Result<(SessionId, Session<D>)> {
        let record = self.store.new_record(user, json_of(&data)?)?;
        let (id, expires) = self.store.create(&record).await?;
        let session = Session::new(record, id.handle(), expires, data);
        Ok((id, session))
    }

    /// The session with this id, if there is one. This is a use: the idle lifetime begins anew, which is written down
    /// when a tenth of it has passed since the last time.
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
                // It is valid, as was just read; the next use will write it down.
                Err(error) => {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "a session's use was not noted"
                    );
                }
            }
        }
        Ok(live.record.session(handle, live.expires))
    }

    /// Begins the idle lifetime anew, whenever it was touched last. Returns whether there is such a session.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn touch(&self, id: &SessionId) -> Result<bool> {
        let Some(live) = self.store.find(id.handle()).await? else { return Ok(false) };
        Ok(self.store.touch(id.handle(), &live).await?.is_some())
    }

    /// Changes the data, and begins the idle lifetime anew. Of concurrent changes none is lost: each begins from what
    /// the one before it left, so `change` may be called more than once. Returns the session as it is now, or `None`
    /// if there is none.
    ///
    /// # Errors
    /// [`TooLarge`](crate::ErrorKind::TooLarge) and [`Encode`](crate::ErrorKind::Encode), and nothing is changed;
    /// [`Contended`](crate::ErrorKind::Contended) when others came in between each time; and when the backend fails:
    /// then the change may have been made.
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

    /// Gives a session a new id, and the old one opens nothing from then on: to be done whenever what its bearer may do
    /// grows, a login above all, so that an id that was planted before is worth nothing after. Data, user and absolute
    /// end stay. `None` if there is no session, or somebody else rotated or destroyed it first.
    ///
    /// It is one step: if the process dies at any point, either the old id works, or the new one is the only one, lost
    /// with the process, and the user logs in again. There is no time at which both open it, save for a new one that
    /// nobody has got.
    ///
    /// # Errors
    /// When the backend fails, and [`Contended`](crate::ErrorKind::Contended). The old id may work or not.
    pub async fn rotate(&self, id: &SessionId) -> Result<Option<(SessionId, Session<D>)>> {
        let Some((new, record, expires)) = self.store.rotate(id.handle()).await? else { return Ok(None) };
        self.store.relist(&record, id.handle(), new.handle()).await;
        Ok(record.session(new.handle(), expires).map(|session| (new, session)))
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// When the backend fails. It is ended as soon as that is back, and this process takes it for ended at once.
    pub async fn destroy(&self, id: &SessionId) -> Result<()> {
        self.store.destroy(id.handle()).await
    }

    /// As [`SessionService::destroy`], by the handle of a listed session. Check first whose it is.
    ///
    /// # Errors
    /// As [`SessionService::destroy`].
    pub async fn destroy_listed(&self, handle: SessionHandle) -> Result<()> {
        self.store.destroy(handle).await
    }

    /// Ends all sessions of a user, at a cost that does not depend on their number.
    ///
    /// # Errors
    /// As [`SessionService::destroy`].
    pub async fn destroy_all(&self, user: &str) -> Result<()> {
        self.store.destroy_all(user).await
    }

    /// The live sessions of a user, the oldest first. It is no use of them.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn list(&self, user: &str) -> Result<Vec<Session<D>>> {
        let live = self.store.list(user).await?;
        let sessions =
            live.into_iter().filter_map(|(handle, live)| live.record.session(handle, live.expires));
        Ok(sessions.collect())
    }

    /// How many live sessions a user has.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn count(&self, user: &str) -> Result<usize> {
        Ok(self.store.list(user).await?.len())
    }

    /// How many live sessions there are, by a scan over the namespace that reads each: for operators, not for requests.
    /// Those that begin, end or are rotated meanwhile are counted or not, and one may be counted twice while the
    /// server grows its table of keys.
    ///
    /// # Errors
    /// When the backend fails.
    pub async fn count_all(&self) -> Result<u64> {
        self.store.count_all().await
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
