//! What is encrypted opens with its key, in its place, unchanged; everything else is no session, and no error.

use jollycache::session::{EncryptionKey, Keyring};
use jollycache_tests::RedisServer;

use super::{builder, data, is_alive};
use crate::backends::{Caches, on_each_backend};

pub(super) fn keyring(name: &str, byte: u8) -> Keyring {
    Keyring::new(name, EncryptionKey::new([byte; 32]))
}

on_each_backend!(a_key_can_be_replaced_while_sessions_live, |caches| async move {
    let cache = caches.new_cache().await;
    let old = builder(&cache).encryption(keyring("old", 1)).build().unwrap();
    let both = keyring("new", 2).old("old", EncryptionKey::new([1; 32]));
    let both = builder(&cache).encryption(both).build().unwrap();
    let new = builder(&cache).encryption(keyring("new", 2)).build().unwrap();
    let (kept, _) = old.create("ada", data(1)).await.unwrap();
    let (updated, _) = old.create("ada", data(1)).await.unwrap();
    let (rotated, _) = old.create("ada", data(1)).await.unwrap();
    assert!(is_alive(&both, &kept).await);
    assert_eq!(both.count("ada").await.unwrap(), 3);
    assert_eq!(both.update(&updated, |_| ()).await.unwrap().unwrap().data, data(1));
    let (rotated, _) = both.rotate(&rotated).await.unwrap().unwrap();
    assert!(is_alive(&new, &updated).await && is_alive(&new, &rotated).await, "encrypted anew");
    assert!(!is_alive(&new, &kept).await, "its key is gone");
    assert!(!is_alive(&old, &updated).await, "the old key does not open it");
});

on_each_backend!(without_the_right_key_there_is_no_session, |caches| async move {
    let cache = caches.new_cache().await;
    let plain = builder(&cache).build().unwrap();
    let sealed = builder(&cache).encryption(keyring("a", 1)).build().unwrap();
    let wrong = builder(&cache).encryption(keyring("a", 2)).build().unwrap();
    let (hidden, _) = sealed.create("ada", data(1)).await.unwrap();
    let (open, _) = plain.create("bob", data(1)).await.unwrap();
    for (sessions, id) in [(&wrong, &hidden), (&plain, &hidden), (&sealed, &open), (&wrong, &open)] {
        assert!(!is_alive(sessions, id).await);
        assert!(!sessions.touch(id).await.unwrap());
        assert!(sessions.update(id, |_| panic!("it cannot be read")).await.unwrap().is_none());
        assert!(sessions.rotate(id).await.unwrap().is_none());
    }
    assert!(
        is_alive(&sealed, &hidden).await && is_alive(&plain, &open).await,
        "nothing was destroyed by that"
    );
});

fn get(server: &RedisServer, key: &str) -> Vec<u8> {
    redis::cmd("GET").arg(key).query(&mut server.client()).unwrap()
}

fn set(server: &RedisServer, key: &str, value: &[u8]) {
    let _: () = redis::cmd("SET").arg(key).arg(value).arg("KEEPTTL").query(&mut server.client()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_was_moved_or_changed_on_the_server_is_no_session() {
    let Some(caches) = Caches::redis() else { return };
    let cache = caches.new_cache().await;
    let Caches::Redis(server) = &caches else { unreachable!() };
    let sessions = builder(&cache).encryption(keyring("a", 1)).build().unwrap();
    let (admin, _) = sessions.create("admin", data(1)).await.unwrap();
    let (guest, _) = sessions.create("guest", data(2)).await.unwrap();
    let key = |id: &jollycache::session::SessionId| format!("it:session:id:{}", id.handle());
    let (admins, guests) = (get(server, &key(&admin)), get(server, &key(&guest)));

    set(server, &key(&guest), &admins);
    assert!(!is_alive(&sessions, &guest).await, "the admin's record under the guest's id");
    set(server, &key(&guest), &guests);
    assert!(is_alive(&sessions, &guest).await);

    // Every byte of the record, header and all: it is the session that it was, or none.
    for at in 0..guests.len() {
        let mut changed = guests.clone();
        changed[at] ^= 0x11;
        set(server, &key(&guest), &changed);
        if let Some(session) = sessions.validate(&guest).await.unwrap() {
            assert_eq!((session.user(), &session.data), ("guest", &data(2)), "byte {at}");
        }
        set(server, &key(&guest), &guests[..at]);
        assert!(!is_alive(&sessions, &guest).await, "cut to {at} bytes");
    }
    assert!(is_alive(&sessions, &admin).await);
}
