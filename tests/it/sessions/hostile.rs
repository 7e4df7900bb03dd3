//! Ids that were never given out, and records that are not ours.

use jollycache::Cache;
use jollycache::session::{SessionId, SessionService};

use super::{Sessions, builder, data, is_alive, sessions};
use crate::backends::{Caches, on_each_backend};

on_each_backend!(an_id_opens_its_own_session_and_no_other, |caches| async move {
    let cache = caches.new_cache().await;
    let backend = caches.backend().await;
    let elsewhere = Cache::builder().namespace("elsewhere").shared_backend(backend).build().unwrap();
    let (here, there) = (sessions(&cache), sessions(&elsewhere));
    let other_name = builder(&cache).name("admins").build().unwrap();
    let (id, session) = here.create("ada", data(1)).await.unwrap();
    for other in [&there, &other_name] {
        assert!(!is_alive(other, &id).await);
        other.destroy(&id).await.unwrap();
        other.destroy_all("ada").await.unwrap();
    }
    assert!(is_alive(&here, &id).await);
    assert!(SessionId::parse(&session.handle().to_string()).is_none(), "a handle is no id");
    let flipped = if id.reveal().starts_with('A') { "B" } else { "A" };
    let near = SessionId::parse(&format!("{flipped}{}", &id.reveal()[1..])).unwrap();
    assert!(!is_alive(&here, &near).await);
    assert_eq!(cache.keys(jollycache::Pattern::all(), 100).await.unwrap().len(), 2, "an id leaves nothing");
});

on_each_backend!(users_are_distinguished_whatever_their_names, |caches| async move {
    let sessions = sessions(&caches.new_cache().await);
    let names = ["*", "a:b", "a", "a ", "A", "é", "\u{0}", "{x}", "a\nb", "%61", "#tag:a", "🦀"];
    for name in names {
        let (_, session) = sessions.create(name, data(1)).await.unwrap();
        assert_eq!(session.user(), name);
    }
    sessions.destroy_all("*").await.unwrap();
    for name in names {
        let count = sessions.count(name).await.unwrap();
        assert_eq!(count, usize::from(name != "*"), "{name:?}");
    }
});

on_each_backend!(data_of_another_type_is_no_session_of_this_one, |caches| async move {
    let cache = caches.new_cache().await;
    let (numbers, words) =
        (sessions(&cache), SessionService::<String>::builder(cache.clone()).build().unwrap());
    let (id, _) = numbers.create("ada", data(1)).await.unwrap();
    assert!(words.validate(&id).await.unwrap().is_none());
    assert!(words.update(&id, |_| panic!("it is no text")).await.unwrap().is_none());
    assert_eq!(words.list("ada").await.unwrap(), []);
    assert!(is_alive(&numbers, &id).await);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_under_a_sessions_key_is_no_session() {
    let Some(caches) = Caches::redis() else { return };
    let sessions: Sessions = sessions(&caches.new_cache().await);
    let Caches::Redis(server) = &caches else { unreachable!() };
    for command in ["SET", "LPUSH", "SADD"] {
        let (id, _) = sessions.create("ada", data(1)).await.unwrap();
        let key = format!("it:session:id:{}", id.handle());
        let _: () = redis::cmd("DEL").arg(&key).query(&mut server.client()).unwrap();
        let _: redis::Value = redis::cmd(command).arg(&key).arg("x").query(&mut server.client()).unwrap();
        assert!(!is_alive(&sessions, &id).await, "{command}");
        assert!(!sessions.touch(&id).await.unwrap());
        assert!(sessions.rotate(&id).await.unwrap().is_none());
        assert_eq!(sessions.count("ada").await.unwrap(), 0);
    }
    let indexes: Vec<String> =
        redis::cmd("KEYS").arg("it:session:user:*").query(&mut server.client()).unwrap();
    let _: () = redis::cmd("SET").arg(&indexes).arg("garbage").query(&mut server.client()).unwrap();
    let (id, _) = sessions.create("ada", data(1)).await.expect("the index begins anew");
    assert_eq!(sessions.list("ada").await.unwrap()[0].handle(), id.handle());
}
