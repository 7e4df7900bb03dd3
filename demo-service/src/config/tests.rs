use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

type Variables<'a> = &'a [(&'a str, &'a str)];

fn read(variables: Variables<'_>) -> Result<Config, ConfigError> {
    Config::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

const HASH: &str =
    "$argon2id$v=19$m=64,t=1,p=1$c7wfWWN39yab4PsxurYDpQ$rYXzNGFjQhzOTSBy8pi9nquGv+/YDUh62ESt43/H4Z0";
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

#[test]
fn nothing_set_is_a_memory_cache_and_embedded_products() {
    let config = read(&[]).unwrap();
    assert_eq!((config.host.to_string().as_str(), config.port), ("127.0.0.1", 3_000));
    assert_eq!(config.namespace(), "jollyjet:dev");
    assert_eq!((config.redis.clone(), config.mongodb.clone(), config.traces.clone()), (None, None, None));
    assert_eq!(config.lifetimes, Lifetimes::default(), "they are those of the use cases");
    assert!(config.rate_limits.enabled && config.rate_limits.trusted_proxies.is_empty());
    assert_eq!((config.rate_limits.max_requests, config.rate_limits.window), (100, Duration::from_mins(1)));
    assert_eq!(read(&[("PORT", ""), ("REDIS_URL", "  ")]), Ok(config));
}

#[test]
fn everything_can_be_set() {
    let config = read(&[
        ("HOST", "::"),
        ("PORT", "0"),
        ("APP_ENV", "production"),
        ("REDIS_URL", "redis://cache:6379"),
        ("REDIS_PASSWORD", "secret"),
        ("REDIS_DB", "3"),
        ("REDIS_KEY_PREFIX", "shop:eu:"),
        ("REDIS_CONNECTION_TIMEOUT", "1500"),
        ("REDIS_MAX_RETRIES", "10"),
        ("REDIS_RETRY_DELAY", "20ms"),
        ("CACHE_DEFAULT_TTL", "600"),
        ("CACHE_SHORT_TTL", "1m"),
        ("CACHE_LONG_TTL", "2h"),
        ("MONGODB_URI", "mongodb://db:27017/shop"),
        ("RATE_LIMIT_ENABLED", "false"),
        ("RATE_LIMIT_MAX_REQUESTS", "20"),
        ("RATE_LIMIT_WINDOW", "90"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,fd00::/8"),
        ("AUTH_USERNAME", "ada"),
        ("AUTH_PASSWORD_HASH", HASH),
        ("SESSION_IDLE", "10m"),
        ("SESSION_ABSOLUTE", "3600"),
        ("SESSION_ENCRYPTION_KEY", KEY),
        ("RUST_LOG", "warn,demo_service=debug"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"),
        ("OTEL_SERVICE_NAME", "shop"),
    ])
    .unwrap();
    assert_eq!(config.namespace(), "shop:eu:prod");
    let traces = TraceConfig { endpoint: "http://collector:4318".to_owned(), service: "shop".to_owned() };
    assert_eq!(config.traces, Some(traces));
    let limits = &config.rate_limits;
    assert_eq!((limits.enabled, limits.max_requests, limits.window.as_secs()), (false, 20, 90));
    assert_eq!(limits.trusted_proxies, ["10.0.0.0/8", "192.0.2.7", "fd00::/8"]);
    let redis = config.redis.unwrap();
    assert_eq!(redis.url.reveal(), "redis://cache:6379");
    assert_eq!((redis.password.unwrap().reveal(), redis.database), ("secret", Some(3)));
    assert_eq!(redis.connection_timeout, Duration::from_millis(1_500));
    assert_eq!((redis.max_retries, redis.retry_delay), (10, Duration::from_millis(20)));
    let lifetimes = [config.lifetimes.default, config.lifetimes.short, config.lifetimes.long];
    assert_eq!(lifetimes.map(|ttl| ttl.unwrap().as_secs()), [600, 60, 7_200]);
    assert_eq!(config.mongodb.unwrap().reveal(), "mongodb://db:27017/shop");
    let auth = config.auth;
    assert_eq!((auth.username.as_str(), auth.password_hash.reveal()), ("ada", HASH));
    assert_eq!((auth.idle, auth.absolute), (Duration::from_mins(10), Duration::from_hours(1)));
    assert_eq!(auth.encryption_key.unwrap().reveal(), KEY);
}

#[test]
fn every_mistake_is_listed_at_once_and_no_secret() {
    let error = read(&[
        ("HOST", "localhost"),
        ("PORT", "70000"),
        ("APP_ENV", "prod"),
        ("REDIS_URL", "http://:hunter2@cache"),
        ("REDIS_DB", "-1"),
        ("REDIS_KEY_PREFIX", "a b"),
        ("REDIS_CONNECTION_TIMEOUT", "0"),
        ("REDIS_MAX_RETRIES", "11"),
        ("REDIS_RETRY_DELAY", "soon"),
        ("CACHE_DEFAULT_TTL", "0"),
        ("CACHE_SHORT_TTL", "-5m"),
        ("CACHE_LONG_TTL", "31d"),
        ("MONGODB_URI", "postgres://me:hunter2@db"),
        ("RATE_LIMIT_ENABLED", "maybe"),
        ("RATE_LIMIT_MAX_REQUESTS", "0"),
        ("RATE_LIMIT_WINDOW", "25h"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("RUST_LOG", "demo=loud"),
    ])
    .unwrap_err();
    let text = error.to_string();
    for name in [
        "HOST",
        "PORT",
        "APP_ENV",
        "REDIS_URL",
        "REDIS_DB",
        "REDIS_KEY_PREFIX",
        "REDIS_CONNECTION_TIMEOUT",
        "REDIS_MAX_RETRIES",
        "REDIS_RETRY_DELAY",
        "CACHE_DEFAULT_TTL",
        "CACHE_SHORT_TTL",
        "CACHE_LONG_TTL",
        "MONGODB_URI",
        "RATE_LIMIT_ENABLED",
        "RATE_LIMIT_MAX_REQUESTS",
        "RATE_LIMIT_WINDOW",
        "TRUSTED_PROXIES",
        "RUST_LOG",
    ] {
        assert!(error.mistakes().iter().any(|mistake| mistake.starts_with(name)), "{name} in {text}");
    }
    assert_eq!(error.mistakes().len(), 18, "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn settings_of_a_redis_that_is_not_named_are_a_mistake() {
    let error = read(&[("REDIS_PASSWORD", "hunter2"), ("REDIS_DB", "1")]).unwrap_err();
    assert_eq!(error.mistakes().len(), 2);
    assert!(!error.to_string().contains("hunter2"));
}

#[test]
fn the_configuration_can_be_printed() {
    let config = read(&[
        ("REDIS_URL", "redis://cache"),
        ("REDIS_PASSWORD", "hunter2"),
        ("MONGODB_URI", "mongodb://me:hunter2@db/shop"),
    ]);
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn the_example_file_is_valid_and_complete() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example");
    let pairs: Vec<(String, String)> =
        dotenvy::from_path_iter(path).unwrap().collect::<Result<_, _>>().unwrap();
    let variables: Vec<(&str, &str)> =
        pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(read(&variables), read(&[]), "it shows the defaults");

    let names = RefCell::new(BTreeSet::new());
    let _ = Config::read(|name| {
        names.borrow_mut().insert(name.to_owned());
        None
    });
    let listed: BTreeSet<String> = pairs.into_iter().map(|(name, _)| name).collect();
    assert_eq!(listed, names.into_inner());
}

#[test]
fn an_admin_token_is_long_enough_and_never_told() {
    let config = read(&[
        ("ADMIN_TOKEN", "a-token-of-sixteen"),
        ("ADMIN_HIDE_VALUES", "true"),
        ("CACHE_WARMUP_ENABLED", "true"),
    ])
    .unwrap();
    assert_eq!(config.admin.token.as_ref().unwrap().reveal(), "a-token-of-sixteen");
    assert!(config.admin.hide_values && config.warm_up);
    assert!(!format!("{config:?}").contains("sixteen"));
    for token in ["hunter2", "hunter2 with spaces", &"hunter2".repeat(200)] {
        let error = read(&[("ADMIN_TOKEN", token), ("ADMIN_HIDE_VALUES", "yes")]).unwrap_err();
        assert_eq!(error.mistakes().len(), 2);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn the_demos_password_is_for_development_alone() {
    assert_eq!(read(&[]).unwrap().auth.username, "demo");
    for environment in ["staging", "production"] {
        let variables = [("APP_ENV", environment), ("ALLOW_EMBEDDED", "true")];
        let error = read(&variables).unwrap_err();
        let expected = ["AUTH_PASSWORD_HASH is not set: only development has a default"];
        assert_eq!(error.mistakes(), expected);
        read(&[&variables[..], &[("AUTH_PASSWORD_HASH", HASH)]].concat()).unwrap();
    }
}

#[test]
fn only_development_does_without_servers_unless_it_is_allowed() {
    const REDIS: (&str, &str) = ("REDIS_URL", "redis://cache");
    const MONGODB: (&str, &str) = ("MONGODB_URI", "mongodb://db/shop");
    let required = |name| {
        format!("{name} is not set: outside of development it is required, unless ALLOW_EMBEDDED=true")
    };
    for environment in ["staging", "production"] {
        let read = |variables: &[(&str, &str)]| {
            read(&[&[("APP_ENV", environment), ("AUTH_PASSWORD_HASH", HASH)], variables].concat())
        };
        let mistakes = |variables| read(variables).unwrap_err().mistakes().to_vec();
        assert_eq!(mistakes(&[]), [required("REDIS_URL"), required("MONGODB_URI")]);
        assert_eq!(mistakes(&[REDIS]), [required("MONGODB_URI")]);
        assert_eq!(mistakes(&[MONGODB, ("ALLOW_EMBEDDED", "false")]), [required("REDIS_URL")]);
        assert_eq!(mistakes(&[MONGODB, ("REDIS_URL", "http://h")]).len(), 1, "it is set, and wrong");
        read(&[REDIS, MONGODB]).unwrap();
        read(&[("ALLOW_EMBEDDED", "true")]).unwrap();
    }
    read(&[("APP_ENV", "development")]).unwrap();
}

/// A value other than the default for each variable there is.
#[test]
fn each_variable_of_the_example_file_changes_the_configuration() {
    let redis = ("REDIS_URL", "redis://cache");
    let production = [("APP_ENV", "production"), ("AUTH_PASSWORD_HASH", HASH)];
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    // Some count only beside others.
    let cases: [(&str, &str, Variables<'_>); 32] = [
        ("HOST", "::", &[]),
        ("PORT", "0", &[]),
        ("APP_ENV", "staging", &[("AUTH_PASSWORD_HASH", HASH), ("ALLOW_EMBEDDED", "true")]),
        ("ALLOW_EMBEDDED", "true", &production),
        ("REDIS_URL", "redis://cache", &[]),
        ("REDIS_PASSWORD", "secret", &[redis]),
        ("REDIS_DB", "3", &[redis]),
        ("REDIS_KEY_PREFIX", "shop", &[]),
        ("REDIS_CONNECTION_TIMEOUT", "2s", &[redis]),
        ("REDIS_MAX_RETRIES", "1", &[redis]),
        ("REDIS_RETRY_DELAY", "1s", &[redis]),
        ("CACHE_DEFAULT_TTL", "10m", &[]),
        ("CACHE_SHORT_TTL", "5m", &[]),
        ("CACHE_LONG_TTL", "30m", &[]),
        ("ADMIN_TOKEN", "a-token-of-sixteen", &[]),
        ("ADMIN_HIDE_VALUES", "true", &[]),
        ("CACHE_WARMUP_ENABLED", "true", &[]),
        ("MONGODB_URI", "mongodb://db/shop", &[]),
        ("RATE_LIMIT_ENABLED", "false", &[]),
        ("RATE_LIMIT_MAX_REQUESTS", "7", &[]),
        ("RATE_LIMIT_WINDOW", "7s", &[]),
        ("TRUSTED_PROXIES", "10.0.0.0/8", &[]),
        ("AUTH_USERNAME", "ada", &[]),
        ("AUTH_PASSWORD_HASH", HASH, &[]),
        ("SESSION_IDLE", "7m", &[]),
        ("SESSION_ABSOLUTE", "7h", &[]),
        ("SESSION_ENCRYPTION_KEY", KEY, &[]),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318", &[]),
        ("OTEL_SERVICE_NAME", "shop", &[collector]),
        ("RUST_LOG", "warn", &[]),
        ("RUST_LOG", "info,demo_service=debug", &[]),
        ("APP_ENV", "production", &[("AUTH_PASSWORD_HASH", HASH), ("ALLOW_EMBEDDED", "true")]),
    ];
    for (name, value, beside) in cases {
        assert_ne!(read(&[beside, &[(name, value)]].concat()), read(beside), "{name}={value}");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/.env.example");
    let listed = dotenvy::from_path_iter(path).unwrap().map(|pair| pair.unwrap().0);
    let tried: BTreeSet<_> = cases.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(listed.collect::<BTreeSet<_>>(), tried);
}

#[test]
fn what_nobody_could_log_in_with_is_refused_and_not_repeated() {
    let bcrypt = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW";
    let costly = HASH.replace("m=64", "m=4194304");
    let starved = HASH.replace("m=64", "m=8").replace("p=1", "p=4");
    let unsalted = HASH.replace("c7wfWWN39yab4PsxurYDpQ", "c7wfWWM");
    for hash in [
        "hunter2",
        "",
        "$",
        "$argon2id$v=19$m=64,t=1,p=1$7OhXLUIB34imBydgkK9FoQ",
        bcrypt,
        &costly,
        &starved,
        &unsalted,
    ] {
        let read = read(&[("AUTH_PASSWORD_HASH", hash), ("APP_ENV", "production")]);
        let text = read.unwrap_err().to_string();
        assert!(text.contains("AUTH_PASSWORD_HASH") && (hash.len() < 2 || !text.contains(hash)), "{text}");
    }
    for (name, value) in [
        ("SESSION_ENCRYPTION_KEY", "hunter2"),
        ("SESSION_IDLE", "0"),
        ("SESSION_IDLE", "25h"),
        ("SESSION_ABSOLUTE", "31d"),
        ("AUTH_USERNAME", "a\u{0}b"),
    ] {
        let text = read(&[(name, value)]).unwrap_err().to_string();
        assert!(text.contains(name) && !text.contains("hunter2"), "{text}");
    }
}
