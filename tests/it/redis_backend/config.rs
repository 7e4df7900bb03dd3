//! Wrong settings are errors before anything is started, and the texts do not repeat possible secrets.

use std::time::Duration;

use jollycache::backend::Backend;
use jollycache::{ErrorKind, RedisBackend};

#[test]
fn a_bad_url_is_a_config_error_that_does_not_quote_it() {
    for url in [
        "",
        "s3cr3t",
        "127.0.0.1:6379",
        "http://:s3cr3t@127.0.0.1",
        "redis://",
        "redis://:s3cr3t@:6379",
        "redis://user:s3cr3t@host:99999",
        "redis://:s3cr3t@host/not-a-number",
        "redis://:s3cr3t@0.0.0.0",
        "redis://us er:s3cr3t@ho st",
        "REDIS//s3cr3t",
        "valkey://",
        "valkey:s3cr3t@127.0.0.1",
        "keydb://:s3cr3t@127.0.0.1",
    ] {
        let error = RedisBackend::builder(url).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        assert!(error.to_string().contains("redis://"), "it says what is allowed: {error}");
    }
}

#[test]
fn tls_is_refused_by_name_rather_than_left_out() {
    for (scheme, plain) in [("rediss", "redis://"), ("valkeys", "valkey://")] {
        let error = RedisBackend::builder(format!("{scheme}://:s3cr3t@127.0.0.1")).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let text = error.to_string();
        assert!(text.contains("TLS") && text.contains(plain) && !text.contains("s3cr3t"), "{error}");
    }
}

#[test]
fn a_number_of_connections_out_of_range_is_a_config_error() {
    for connections in [0, 65] {
        let error = RedisBackend::builder("redis://127.0.0.1").connections(connections).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("1 to 64"), "{error}");
    }
}

#[test]
fn a_connect_timeout_of_zero_is_a_config_error() {
    let builder = RedisBackend::builder("redis://127.0.0.1").connect_timeout(Duration::ZERO);
    assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_an_outage() {
    let backend = RedisBackend::connect("redis://no-such-host.invalid").await.unwrap();
    let error = backend.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[test]
fn a_backend_is_made_without_a_runtime_and_without_a_server() {
    for url in [
        "redis://127.0.0.1",
        "valkey://127.0.0.1",
        "valkey://user:p%40ss@[::1]:7000/3",
        "redis://user:p%40ss@[::1]:7000/3",
        "unix:/run/redis.sock",
        "unix:///run/redis.sock",
    ] {
        RedisBackend::builder(url).build().unwrap();
    }
}
