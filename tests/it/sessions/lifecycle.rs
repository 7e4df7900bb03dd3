//! One session: from its creation to its end.

use std::time::Duration;

use jollycache::session::{Session, SessionId};
use jollycache::{ErrorKind, Policy};
use tokio::time::Instant;

use super::{Data, PATIENCE, builder, data, is_alive, sessions, two};
use crate::backends::on_each_backend;

on_each_backend!(a_session_works_in_both_processes_until_one_destroys_it, |caches| async move {
    let (one, other) = two(&caches).await;
    let (id, session) = one.create("ada", data(1)).await.unwrap();
    assert_eq!((session.user(), &session.data), ("ada", &data(1)));
    let seen = other.validate(&id).await.unwrap().unwrap();
    assert_eq!((seen.user(), &seen.data, seen.handle()), ("ada", &data(1), id.handle()));
    assert_eq!(seen.ends_at().duration_since(seen.created_at()).unwrap(), Duration::from_hours(24));
    assert!(seen.expires_at() < seen.ends_at());
    assert_eq!(other.update(&id, Data::clear).await.unwrap().unwrap().data, Data::new());
    assert_eq!(one.validate(&id).await.unwrap().unwrap().data, Data::new());
    assert!(one.touch(&id).await.unwrap());
    one.destroy(&id).await.unwrap();
    assert!(!is_alive(&other, &id).await && !is_alive(&one, &id).await);
    assert!(!other.touch(&id).await.unwrap());
    assert!(other.update(&id, |_| panic!("there is nothing to change")).await.unwrap().is_none());
    assert!(other.rotate(&id).await.unwrap().is_none());
    other.destroy(&id).await.expect("there is nothing left to do");
});

on_each_backend!(a_session_that_is_used_outlives_its_idle_lifetime_and_not_its_absolute_one, |caches| {
    async move {
        const IDLE: Duration = Duration::from_secs(1);
        const ABSOLUTE: Duration = Duration::from_secs(3);
        let cache = caches.new_cache().await;
        let sessions = builder(&cache).idle(IDLE).absolute(ABSOLUTE).build().unwrap();
        let start = Instant::now();
        let (used, _) = sessions.create("ada", data(1)).await.unwrap();
        let (unused, _) = sessions.create("ada", data(1)).await.unwrap();
        let created = Instant::now();
        let mut lasted = Duration::ZERO;
        let mut pause = Duration::ZERO;
        let mut last = Instant::now();
        while is_alive(&sessions, &used).await {
            pause = pause.max(last.elapsed());
            last = Instant::now();
            lasted = created.elapsed();
            assert!(lasted < ABSOLUTE + Duration::from_millis(100), "it is still there after {lasted:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // On a machine that stood still for most of the idle lifetime, this tests nothing.
        if pause < IDLE / 2 {
            assert!(start.elapsed() >= ABSOLUTE, "it ended after {lasted:?}");
        }
        assert!(!is_alive(&sessions, &unused).await);
    }
});

on_each_backend!(a_session_that_is_not_used_ends, |caches| async move {
    const IDLE: Duration = Duration::from_millis(500);
    let cache = caches.new_cache().await;
    let sessions = builder(&cache).idle(IDLE).build().unwrap();
    let (id, _) = sessions.create("ada", data(1)).await.unwrap();
    let created = Instant::now();
    // A listing is no use.
    while sessions.count("ada").await.unwrap() > 0 {
        assert!(created.elapsed() < PATIENCE, "it does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!is_alive(&sessions, &id).await);
    assert_eq!(sessions.count_all().await.unwrap(), 0);
});

on_each_backend!(a_rotated_session_goes_on_under_its_new_id_alone, |caches| async move {
    let (one, other) = two(&caches).await;
    let (old, before) = one.create("ada", data(1)).await.unwrap();
    let (new, after) = other.rotate(&old).await.unwrap().unwrap();
    assert_ne!(old.handle(), new.handle());
    assert_eq!((after.user(), &after.data), ("ada", &data(1)));
    assert_eq!((after.created_at(), after.ends_at()), (before.created_at(), before.ends_at()));
    assert!(!is_alive(&one, &old).await && is_alive(&one, &new).await);
    assert!(!one.touch(&old).await.unwrap());
    assert!(one.update(&old, |_| panic!("it moved")).await.unwrap().is_none());
    assert!(one.rotate(&old).await.unwrap().is_none());
    let listed = one.list("ada").await.unwrap();
    assert_eq!(listed.iter().map(Session::handle).collect::<Vec<_>>(), [new.handle()]);
    one.destroy_all("ada").await.unwrap();
    assert!(!is_alive(&other, &new).await, "it carries its user's tag");
});

on_each_backend!(of_many_rotations_of_one_session_one_succeeds, |caches| async move {
    let (one, other) = two(&caches).await;
    for _ in 0..10 {
        let (old, _) = one.create("ada", data(1)).await.unwrap();
        let rotations = (0..6).map(|at| {
            let (sessions, old) = (if at % 2 == 0 { one.clone() } else { other.clone() }, old.clone());
            tokio::spawn(async move { sessions.rotate(&old).await.unwrap() })
        });
        let ids: Vec<_> = all(rotations).await.into_iter().flatten().collect();
        assert_eq!(ids.len(), 1);
        assert!(is_alive(&one, &ids[0].0).await && !is_alive(&one, &old).await);
        assert_eq!(one.count_all().await.unwrap(), 1, "the others left nothing");
        one.destroy_all("ada").await.unwrap();
    }
});

on_each_backend!(no_update_is_lost_to_another_or_to_a_rotation, |caches| async move {
    const EACH: u64 = 10;
    let (one, other) = two(&caches).await;
    let (id, _) = one.create("ada", Data::new()).await.unwrap();
    let updates = [&one, &other, &one, &other].into_iter().cloned().map(|sessions| {
        let id = id.clone();
        tokio::spawn(async move {
            let mut done = 0;
            for _ in 0..EACH {
                let add = |data: &mut Data| *data.entry("sum".to_owned()).or_default() += 1;
                // A use at the same time is none that an update could lose.
                sessions.touch(&id).await.unwrap();
                done += u64::from(sessions.update(&id, add).await.unwrap().is_some());
            }
            done
        })
    });
    let updates: Vec<_> = updates.collect();
    let rotated = tokio::spawn({
        let (sessions, id) = (other.clone(), id.clone());
        async move { sessions.rotate(&id).await }
    });
    let done: u64 = all(updates.into_iter()).await.into_iter().sum();
    // Where updates came in between each time, it was not rotated.
    let id = match rotated.await.unwrap() {
        Ok(rotated) => rotated.expect("no other call ended it").0,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Contended);
            assert_eq!(done, 4 * EACH);
            id
        }
    };
    let sum = one.validate(&id).await.unwrap().unwrap().data.get("sum").copied();
    assert_eq!(sum.unwrap_or(0), done);
});

on_each_backend!(what_is_too_large_is_refused_and_changes_nothing, |caches| async move {
    let cache = caches.new_cache().await;
    let sessions = builder(&cache).max_bytes(32).build().unwrap();
    let large = Data::from([("a".repeat(40), 1)]);
    let error = sessions.create("ada", large.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(error.to_string(), "the session's data has 46 bytes, the limit is 32");
    let (id, _) = sessions.create("ada", data(1)).await.unwrap();
    let error = sessions.update(&id, |data| *data = large.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(sessions.validate(&id).await.unwrap().unwrap().data, data(1));
    assert!(sessions.update(&id, Data::clear).await.unwrap().is_some(), "it is not locked");
    for user in ["", &"u".repeat(257)] {
        assert_eq!(sessions.create(user, Data::new()).await.unwrap_err().kind(), ErrorKind::TooLarge);
    }
    assert_eq!(sessions.count_all().await.unwrap(), 1);
});

on_each_backend!(settings_that_cannot_work_are_refused, |caches| async move {
    let cache = caches.new_cache().await;
    let (second, hour) = (Duration::from_secs(1), Duration::from_hours(1));
    let wrong = [
        builder(&cache).idle(Duration::ZERO),
        builder(&cache).absolute(Duration::ZERO),
        builder(&cache).idle(hour).absolute(second),
        builder(&cache).max_per_user(0),
        builder(&cache).max_per_user(1_001),
        builder(&cache).name(""),
        builder(&cache).name("a:b"),
        builder(&cache).name("*"),
    ];
    for builder in wrong {
        let shown = format!("{builder:?}");
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Config, "{shown}");
    }
    builder(&cache).absolute(second).build().expect("the idle lifetime is no longer than that by itself");
    for policy in [
        Policy::new().ttl(second),
        Policy::new().stale(second),
        Policy::new().jitter(0.5),
        Policy::new().tag("all"),
        Policy::new().consistency(jollycache::Consistency::Ttl),
    ] {
        let cache = caches.new_cache_with(|builder| builder.region("session", policy.clone())).await;
        assert_eq!(builder(&cache).build().unwrap_err().kind(), ErrorKind::Config, "{policy:?}");
        builder(&cache).name("other").build().unwrap();
    }
    let policy =
        Policy::new().consistency(jollycache::Consistency::Ttl).stale(hour).ttl(Duration::from_millis(1));
    let cache =
        caches.new_cache_with(|builder| builder.region("other", policy.clone()).default_policy(policy)).await;
    let sessions = sessions(&cache);
    let (id, _) = sessions.create("ada", data(1)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(is_alive(&sessions, &id).await, "the cache's default policy is for what is cached");
    sessions.destroy_all("ada").await.unwrap();
    assert!(!is_alive(&sessions, &id).await);
});

#[tokio::test]
async fn nothing_that_is_shown_for_debugging_holds_a_secret() {
    let cache = crate::backends::Caches::memory().unwrap().new_cache().await;
    let sessions = sessions(&cache);
    let data = Data::from([("card-number".to_owned(), 4_111)]);
    let (id, session) = sessions.create("ada@example.org", data).await.unwrap();
    let shown = format!("{id:?} {session:?} {sessions:?}");
    for secret in [id.reveal(), "ada@example.org", "card-number", "4111"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(SessionId::parse(id.reveal()).is_some());
}

async fn all<T: Send + 'static>(tasks: impl Iterator<Item = tokio::task::JoinHandle<T>>) -> Vec<T> {
    let mut done = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        done.push(task.await.unwrap());
    }
    done
}
