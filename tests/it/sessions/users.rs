//! All sessions of a user: listed, bounded, and ended together.

use std::time::Duration;

use jollycache::session::{Session, SessionHandle, SessionId};

use super::{Data, Sessions, builder, data, dump, is_alive, two};
use crate::backends::{Caches, on_each_backend};

async fn listed(sessions: &Sessions, user: &str) -> Vec<SessionHandle> {
    sessions.list(user).await.unwrap().iter().map(Session::handle).collect()
}

async fn create(sessions: &Sessions, user: &str, number: u64) -> SessionId {
    sessions.create(user, data(number)).await.unwrap().0
}

on_each_backend!(a_users_sessions_are_listed_and_ended_together, |caches| async move {
    let (one, other) = two(&caches).await;
    let first = create(&one, "ada", 1).await;
    let second = create(&other, "ada", 2).await;
    let third = create(&one, "ada", 3).await;
    let bobs = create(&one, "bob", 4).await;
    let found = other.list("ada").await.unwrap();
    assert_eq!(found.iter().map(|session| session.data["number"]).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((one.count("ada").await.unwrap(), one.count("bob").await.unwrap()), (3, 1));
    assert_eq!((one.count("eve").await.unwrap(), one.count_all().await.unwrap()), (0, 4));

    other.destroy(&second).await.unwrap();
    assert_eq!(listed(&one, "ada").await, [first.handle(), third.handle()]);
    let handle = SessionHandle::parse(&first.handle().to_string()).unwrap();
    one.destroy_listed(handle).await.unwrap();
    assert!(!is_alive(&other, &first).await);
    assert_eq!((other.count("ada").await.unwrap(), other.count_all().await.unwrap()), (1, 2));

    one.destroy_all("ada").await.unwrap();
    assert!(!is_alive(&other, &third).await && is_alive(&other, &bobs).await);
    assert_eq!((other.count("ada").await.unwrap(), other.count_all().await.unwrap()), (0, 1));
    let again = create(&other, "ada", 5).await;
    assert_eq!(listed(&one, "ada").await, [again.handle()]);
    one.destroy_all("stranger").await.unwrap();
});

on_each_backend!(one_session_too_many_ends_the_oldest_that_lives, |caches| async move {
    let cache = caches.new_cache().await;
    let sessions = builder(&cache).max_per_user(3).build().unwrap();
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.push(create(&sessions, "ada", number).await);
    }
    sessions.destroy(&ids[1]).await.unwrap();
    ids.push(create(&sessions, "ada", 3).await);
    assert_eq!(sessions.count("ada").await.unwrap(), 3, "the one that was over made room");
    ids.push(create(&sessions, "ada", 4).await);
    let alive = [&ids[2], &ids[3], &ids[4]].map(SessionId::handle);
    assert_eq!(listed(&sessions, "ada").await, alive);
    assert!(!is_alive(&sessions, &ids[0]).await, "it is not only not listed");
    let (rotated, _) = sessions.rotate(&ids[2]).await.unwrap().unwrap();
    assert_eq!(listed(&sessions, "ada").await[0], rotated.handle(), "a rotation needs no room");
    assert_eq!(sessions.count("ada").await.unwrap(), 3);
});

on_each_backend!(sessions_created_at_once_in_two_processes_are_all_listed, |caches| async move {
    let (one, other) = two(&caches).await;
    let created: Vec<_> = (0..16)
        .map(|number| {
            let sessions = if number % 2 == 0 { one.clone() } else { other.clone() };
            tokio::spawn(async move { create(&sessions, "ada", number).await })
        })
        .collect();
    let mut handles = Vec::new();
    for created in created {
        handles.push(created.await.unwrap().handle());
    }
    let mut found = listed(&one, "ada").await;
    handles.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, handles);
});

on_each_backend!(a_session_created_beside_destroy_all_is_destroyed_or_begins_after_it, |caches| {
    async move {
        let (one, other) = two(&caches).await;
        for round in 0..40 {
            let before = create(&one, "ada", round).await;
            let destroyed = {
                let other = other.clone();
                tokio::spawn(async move { other.destroy_all("ada").await.unwrap() })
            };
            let beside = {
                let one = one.clone();
                tokio::spawn(async move {
                    let id = create(&one, "ada", round).await;
                    // What it does next must not bring it back.
                    let _ = one.update(&id, Data::clear).await.unwrap();
                    let rotated = one.rotate(&id).await.unwrap().map(|(id, _)| id);
                    (id, rotated)
                })
            };
            destroyed.await.unwrap();
            let (id, rotated) = beside.await.unwrap();
            assert!(!is_alive(&one, &before).await, "it was there before");
            assert!(!is_alive(&one, &id).await || rotated.is_none());
            other.destroy_all("ada").await.unwrap();
            for id in rotated.iter().chain([&id]) {
                assert!(!is_alive(&one, id).await, "it was there before the second");
            }
            assert_eq!(one.list("ada").await.unwrap(), []);
        }
    }
});

on_each_backend!(what_was_created_after_destroy_all_stays, |caches| async move {
    let (one, other) = two(&caches).await;
    for round in 0..20 {
        one.destroy_all("ada").await.unwrap();
        let id = create(&other, "ada", round).await;
        assert!(is_alive(&one, &id).await);
        assert_eq!(listed(&one, "ada").await, [id.handle()]);
    }
});

on_each_backend!(flushing_the_cache_logs_everybody_out, |caches| async move {
    let cache = caches.new_cache().await;
    let sessions = crate::sessions::sessions(&cache);
    let id = create(&sessions, "ada", 1).await;
    cache.flush().await.unwrap();
    assert!(!is_alive(&sessions, &id).await);
    assert_eq!(sessions.count("ada").await.unwrap(), 0);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_ends_by_itself_and_is_needed_for_nothing_but_lists() {
    let Some(caches) = Caches::redis() else { return };
    let cache = caches.new_cache().await;
    let Caches::Redis(server) = &caches else { unreachable!() };
    let mut client = server.client();
    let sessions = builder(&cache).absolute(Duration::from_mins(10)).build().unwrap();
    let id = create(&sessions, "ada", 1).await;
    let indexes: Vec<String> = redis::cmd("KEYS").arg("it:session:user:*").query(&mut client).unwrap();
    assert_eq!(indexes.len(), 1);
    let ttl: i64 = redis::cmd("PTTL").arg(&indexes[0]).query(&mut client).unwrap();
    assert!((1..=600_000).contains(&ttl), "{ttl}");
    let _: () = redis::cmd("DEL").arg(&indexes[0]).query(&mut client).unwrap();
    assert!(is_alive(&sessions, &id).await);
    assert_eq!(sessions.count("ada").await.unwrap(), 0);
    sessions.destroy_all("ada").await.unwrap();
    assert!(!is_alive(&sessions, &id).await, "the tag needs no index");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_holds_neither_ids_nor_names() {
    let Some(caches) = Caches::redis() else { return };
    let cache = caches.new_cache().await;
    let Caches::Redis(server) = &caches else { unreachable!() };
    let keyring = super::encryption::keyring("a", 1);
    let sessions = builder(&cache).encryption(keyring).build().unwrap();
    let card = Data::from([("card-number".to_owned(), 41_111_111)]);
    let (first, _) = sessions.create("ada@example.org", card).await.unwrap();
    let (id, _) = sessions.rotate(&first).await.unwrap().unwrap();
    sessions.update(&id, |_| ()).await.unwrap().unwrap();
    let held = dump(server);
    assert!(held.contains(&id.handle().to_string()), "the dump shows what there is");
    for secret in [first.reveal(), id.reveal(), "ada@example", "card-number", "41111111"] {
        assert!(!held.contains(secret), "{secret} in {held}");
    }
    // Unencrypted, the user and the data are there to be seen, but not the id, and the user in no key.
    let plain = builder(&cache).name("plain").build().unwrap();
    let (id, _) = plain.create("ada@example.org", data(1)).await.unwrap();
    assert!(dump(server).contains("ada@example.org") && !dump(server).contains(id.reveal()));
    let keys = cache.keys(jollycache::Pattern::all(), 100).await.unwrap();
    // Not "ada": the hexadecimal digits of an id may spell it.
    assert!(keys.iter().all(|key| !key.contains("example")), "{keys:?}");
}
