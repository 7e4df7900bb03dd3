//! What is published is what docs/metrics.md says, and adds up.

#![allow(clippy::float_cmp, reason = "whole numbers, which a sample shows as they are")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jollycache::metrics::{DESCRIPTIONS, Kind, MetricsCollector};
use jollycache::rate_limit::{Limit, RateLimiter};
use jollycache::{Audit, Cache, ErrorKind, MemoryBackend, Policy, RedisBackend};
use jollycache_tests::{RedisServer, ports};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::backends::{Caches, on_each_backend};

/// A recorder of histograms, and no summaries.
fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().set_buckets(&[0.001, 0.1, 10.0]).unwrap().build_recorder()
}

/// A recorder's samples, by name with labels in order.
async fn publish(collector: &MetricsCollector, recorder: &PrometheusRecorder) -> BTreeMap<String, f64> {
    collector.publish_to(recorder).await;
    let text = recorder.handle().render();
    let samples = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// The rows of the tables in docs/metrics.md whose names begin with `prefix`: name, type, labels and unit.
fn documented(prefix: &str) -> BTreeSet<[String; 4]> {
    let text = include_str!("../../docs/metrics.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")).filter(|row| row.starts_with(prefix));
    let cells = rows.map(|row| row.split('|').map(|cell| cell.trim().replace('`', "")).collect::<Vec<_>>());
    cells.map(|cells| [0, 1, 2, 3].map(|cell| cells[cell].clone())).collect()
}

#[test]
fn what_is_documented_is_what_is_described() {
    let described = DESCRIPTIONS.iter().map(|description| {
        let kind = match description.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let unit = match description.unit.as_str() {
            "count" => "–",
            unit => unit,
        };
        [description.name.to_owned(), kind.to_owned(), description.labels.join(", "), unit.to_owned()]
    });
    assert_eq!(documented("jollycache_"), described.collect());
    for description in DESCRIPTIONS {
        let suffix = match (description.kind, description.unit.as_str()) {
            (Kind::Counter, _) => "_total",
            (_, "seconds") => "_seconds",
            (_, "bytes") => "_bytes",
            _ => "",
        };
        assert!(description.name.ends_with(suffix), "{}", description.name);
    }
}

/// Something of everything that is counted.
async fn work(cache: &Cache) {
    let policy = Policy::new().region("r").ttl(Duration::from_millis(60)).stale(Duration::from_mins(1));
    let load = async || Ok::<_, jollycache::Error>(1_u8);
    for _ in 0..3 {
        cache.get_or_load("a", &policy, load).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(80)).await;
    assert_eq!(cache.get::<u8>("a").await.unwrap(), Some(1), "stale");
    cache.put("b", &1_u8, &policy).await.unwrap();
    cache.evict("b").await.unwrap();
}

on_each_backend!(every_documented_metric_is_published, |caches| async move {
    let cache = caches.new_cache().await;
    work(&cache).await;
    let audited = Policy::new().region("audited");
    cache.put("wrong:1", &1_u8, &audited).await.unwrap();
    let source = |_key| std::future::ready(Ok::<_, jollycache::Error>(Some(2_u8)));
    cache.register_audit("audited", Audit::new(source)).unwrap();
    cache.audit_now().await.unwrap();

    let once = Limit::new(1, Duration::from_mins(1)).name("per_user");
    let limiter = RateLimiter::builder(&cache).limit(once).build().unwrap();
    for _ in 0..3 {
        limiter.check("user").await;
    }

    let recorder = recorder();
    let collector = MetricsCollector::new(&cache).with_rate_limiter(&limiter);
    publish(&collector, &recorder).await;
    let samples = publish(&collector, &recorder).await;
    let text = recorder.handle().render();
    let published: BTreeSet<_> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).map(str::to_owned).collect();
    let servers = [
        "capacity_evictions_total",
        "expired_keys",
        "connected_clients",
        "peak_bytes",
        "fragmentation_ratio",
    ];
    let only_of_a_server = |name: &str| servers.iter().any(|end| name.ends_with(end));
    let expected = documented("jollycache_").into_iter().filter_map(|[name, kind, ..]| {
        let there = matches!(caches, Caches::Redis(_)) || !only_of_a_server(&name);
        there.then(|| format!("{name} {kind}"))
    });
    assert_eq!(published, expected.collect());
    let backend = cache.backend_name();
    assert_eq!(samples["jollycache_rate_limit_decisions_total{limit=\"per_user\",outcome=\"allowed\"}"], 1.0);
    assert_eq!(samples["jollycache_rate_limit_decisions_total{limit=\"per_user\",outcome=\"limited\"}"], 2.0);
    assert_eq!(samples["jollycache_rate_limit_degraded_total{limit=\"per_user\"}"], 0.0);
    assert_eq!(samples["jollycache_reads_total{region=\"r\",outcome=\"hit\"}"], 2.0);
    assert_eq!(samples["jollycache_reads_total{region=\"r\",outcome=\"miss\"}"], 1.0);
    assert_eq!(samples["jollycache_reads_total{region=\"default\",outcome=\"stale\"}"], 1.0);
    assert_eq!(samples["jollycache_read_duration_seconds_count{region=\"r\",outcome=\"hit\"}"], 2.0);
    assert_eq!(samples["jollycache_load_duration_seconds_count{region=\"r\"}"], 1.0);
    assert_eq!(samples["jollycache_evictions_total{region=\"default\",target=\"key\"}"], 1.0);
    assert_eq!(samples["jollycache_puts_total{region=\"r\",outcome=\"stored\"}"], 1.0);
    assert_eq!(samples["jollycache_audit_differences_total{region=\"audited\"}"], 1.0);
    assert_eq!(samples[&format!("jollycache_backend_up{{backend=\"{backend}\"}}")], 1.0);
    assert_eq!(samples["jollycache_breaker_state{state=\"closed\"}"], 1.0);
    assert_eq!(samples["jollycache_breaker_state{state=\"open\"}"], 0.0);
    assert_eq!(samples["jollycache_connected"], 1.0);
});

fn memory() -> Cache {
    Cache::builder().namespace("it").backend(MemoryBackend::new()).build().unwrap()
}

const HITS: &str = "jollycache_reads_total{region=\"r\",outcome=\"hit\"}";

#[tokio::test]
async fn counters_grow_by_what_is_new_and_caches_add_up() {
    let (one, other, recorder) = (memory(), memory(), recorder());
    let (of_one, of_other) = (MetricsCollector::new(&one), MetricsCollector::new(&other));
    work(&one).await;
    assert_eq!(publish(&of_one, &recorder).await[HITS], 2.0);
    assert_eq!(publish(&of_one, &recorder).await[HITS], 2.0, "nothing new");
    work(&other).await;
    assert_eq!(publish(&of_other, &recorder).await[HITS], 4.0);
    one.evict("a").await.unwrap();
    work(&one).await;
    assert_eq!(publish(&of_one, &recorder).await[HITS], 6.0);
    let again = publish(&of_other, &recorder).await;
    assert_eq!(again[HITS], 6.0);
    assert_eq!(again["jollycache_read_duration_seconds_count{region=\"r\",outcome=\"hit\"}"], 6.0);
}

#[tokio::test]
async fn each_recorder_gets_everything_and_a_label_distinguishes_caches() {
    let cache = memory();
    work(&cache).await;
    for name in ["x", "y\"\n{}"] {
        let collector = MetricsCollector::new(&cache).with_label("cache", name);
        let samples = publish(&collector, &recorder()).await;
        assert!(samples.iter().any(|(sample, &value)| sample.contains("outcome=\"hit\"") && value == 2.0));
        let escaped = name.replace('"', "\\\"").replace('\n', "\\n");
        let label = format!("cache=\"{escaped}\"");
        assert!(samples.keys().all(|sample| sample.contains(&label)), "{samples:?}");
    }
}

#[tokio::test]
async fn publications_at_once_count_nothing_twice() {
    let (cache, recorder) = (memory(), recorder());
    work(&cache).await;
    let collector = MetricsCollector::new(&cache);
    futures_util::future::join_all((0..16).map(|_| collector.publish_to(&recorder))).await;
    let samples = publish(&collector, &recorder).await;
    assert_eq!(samples[HITS], 2.0);
    assert_eq!(samples["jollycache_load_duration_seconds_count{region=\"r\"}"], 1.0);
}

#[tokio::test]
async fn a_server_that_is_away_is_published_as_such() {
    let url = format!("redis://127.0.0.1:{}", ports::free_port().unwrap());
    let cache = Cache::builder().namespace("it").backend(RedisBackend::connect(&url).await.unwrap());
    let (cache, recorder) = (cache.build().unwrap(), recorder());
    for _ in 0..8 {
        cache.get_or_load("a", &Policy::new(), async || Ok::<_, jollycache::Error>(1_u8)).await.unwrap();
    }
    cache.evict("a").await.unwrap_err();
    let samples = publish(&MetricsCollector::new(&cache), &recorder).await;
    assert_eq!(samples["jollycache_backend_up{backend=\"redis\"}"], 0.0);
    assert_eq!(samples["jollycache_connected"], 0.0);
    assert_eq!(samples["jollycache_breaker_state{state=\"closed\"}"], 0.0);
    assert_eq!(samples["jollycache_pending_invalidations"], 1.0);
    assert!(!samples.keys().any(|name| name.contains("memory")), "nothing is made up: {samples:?}");
}

#[tokio::test]
async fn the_memory_that_a_server_reports_is_published() {
    let Some(server) = RedisServer::start_with(&["--maxmemory", "64mb"]) else { return };
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let cache = Cache::builder().namespace("it").backend(backend).build().unwrap();
    let samples = publish(&MetricsCollector::new(&cache), &recorder()).await;
    let of = |name: &str| samples[&format!("jollycache_backend_{name}{{backend=\"redis\"}}")];
    assert_eq!(of("memory_max_bytes"), 64.0 * 1024.0 * 1024.0);
    assert!(of("memory_used_bytes") > 100_000.0 && of("memory_fragmentation_ratio") > 0.0);
}

async fn on(server: &RedisServer) -> Cache {
    let backend = RedisBackend::connect(&server.url()).await.unwrap();
    let patient = Policy::new().timeout(Duration::from_secs(10));
    Cache::builder().namespace("it").backend(backend).default_policy(patient).build().unwrap()
}

#[tokio::test]
async fn each_capacity_eviction_is_counted_once() {
    let limit = ["--maxmemory", "8mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = RedisServer::start_with(&limit) else { return };
    let (cache, recorder) = (on(&server).await, recorder());
    let collector = MetricsCollector::new(&cache);
    let mut last = 0;
    for round in 0..2 {
        for id in 0..200 {
            let name = format!("other:{round}:{id}");
            redis::cmd("SET").arg(name).arg(vec![0_u8; 64 * 1024]).exec(&mut server.client()).unwrap();
        }
        let total = cache.info().await.unwrap().capacity_evictions.unwrap();
        assert!(total > last, "the server was not full, so this tested nothing");
        last = total;
        for _ in 0..2 {
            let samples = publish(&collector, &recorder).await;
            let counted = samples["jollycache_backend_capacity_evictions_total{backend=\"redis\"}"];
            assert_eq!(counted.to_string(), total.to_string());
        }
    }
}

#[tokio::test]
async fn a_server_that_refuses_info_is_connected_and_not_up() {
    let Some(server) = RedisServer::start() else { return };
    redis::cmd("ACL").arg(&["SETUSER", "default", "-info"]).exec(&mut server.client()).unwrap();
    let (cache, recorder) = (on(&server).await, recorder());
    for _ in 0..100 {
        assert_eq!(cache.ping().await.unwrap_err().kind(), ErrorKind::Backend);
    }
    assert!(cache.is_connected(), "a refusal is an answer");
    let samples = publish(&MetricsCollector::new(&cache), &recorder).await;
    assert_eq!(samples["jollycache_connected"], 1.0);
    assert_eq!(samples["jollycache_backend_up{backend=\"redis\"}"], 0.0);
}

/// The names of metrics in a text; the suffixes that Prometheus adds to histograms are cut.
fn names_in(text: &str) -> BTreeSet<&str> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    let names = words.filter(|word| word.starts_with("jollycache_") || word.starts_with("http_request"));
    names.map(|name| name.trim_end_matches("_bucket").trim_end_matches("_count")).collect()
}

#[test]
fn alerts_and_dashboard_use_documented_metrics_and_each_alert_has_its_runbook_and_its_test() {
    let (alerts, tests) = (include_str!("../../ops/alerts.yml"), include_str!("../../ops/alerts_test.yml"));
    let dashboard = include_str!("../../ops/grafana/dashboards/jollycache.json");
    let documented: BTreeSet<_> = documented("").into_iter().map(|[name, ..]| name).collect();
    let used = [alerts, tests, dashboard].map(names_in);
    assert!(used.iter().all(|names| names.len() > 3), "{used:?}");
    for name in used.into_iter().flatten() {
        assert!(documented.contains(name), "{name} is not in docs/metrics.md");
    }
    let operations = include_str!("../../docs/operations.md");
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let heading = |line: &str| line.starts_with("### ") && line.contains(alert);
        assert!(operations.lines().any(heading), "docs/operations.md does not explain {alert}");
        assert!(tests.contains(&format!("alertname=\"{alert}\"")), "{alert} has no test");
    }
}
