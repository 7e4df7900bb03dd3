//! The counters of the cache in the text format that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};

/// The content type of the format.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Families by name, so that the samples of one stand together, as the format demands.
type Families = BTreeMap<String, Family>;

#[derive(Default)]
struct Family {
    kind: &'static str,
    samples: String,
}

/// Renders statistics: whole numbers of a region are counters, all else are gauges. Whatever the statistics gain in
/// time is rendered too.
pub(super) fn render(stats: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut families = Families::new();
    if let Value::Object(stats) = serde_json::to_value(stats)? {
        render_stats(&stats, &mut families);
    }
    let mut text = String::new();
    for (name, Family { kind, samples }) in families {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "# TYPE {name} {kind}\n{samples}");
    }
    Ok(text)
}

fn render_stats(stats: &Map<String, Value>, families: &mut Families) {
    for (field, value) in stats {
        match (field.as_str(), value) {
            // Sums over the label `region` say the same.
            ("total", _) => {}
            ("regions", Value::Object(regions)) => {
                for (region, counters) in regions {
                    let label = format!("{{region=\"{}\"}}", escape_label(region));
                    render_region("", counters, &label, families);
                }
            }
            (field, value) => sample(field, "gauge", "", value, families),
        }
    }
}

fn render_region(prefix: &str, counters: &Value, label: &str, families: &mut Families) {
    let Value::Object(counters) = counters else { return };
    for (field, value) in counters {
        let name = format!("{prefix}{field}");
        match value {
            Value::Object(_) => render_region(&format!("{name}_"), value, label, families),
            Value::Number(number) if prefix.is_empty() && number.is_u64() => {
                sample(&format!("{name}_total"), "counter", label, value, families);
            }
            value => sample(&name, "gauge", label, value, families),
        }
    }
}

fn sample(name: &str, kind: &'static str, label: &str, value: &Value, families: &mut Families) {
    let number = match value {
        Value::Bool(yes) => u8::from(*yes).to_string(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    let name = format!("jollycache_{name}");
    let family = families.entry(name.clone()).or_default();
    family.kind = kind;
    let _ = writeln!(family.samples, "{name}{label} {number}");
}

fn escape_label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn regions_become_labels_and_families_stand_together() {
        let stats = json!({
            "total": { "hits": 3 },
            "connected": true,
            "regions": {
                "a\"b": { "hits": 1, "hit_rate": 0.5, "hit_latency": { "p50_us": 7 } },
                "c": { "hits": 2, "hit_rate": 1.0, "hit_latency": { "p50_us": 8 } },
            },
        });
        let expected = "\
# TYPE jollycache_connected gauge
jollycache_connected 1
# TYPE jollycache_hit_latency_p50_us gauge
jollycache_hit_latency_p50_us{region=\"a\\\"b\"} 7
jollycache_hit_latency_p50_us{region=\"c\"} 8
# TYPE jollycache_hit_rate gauge
jollycache_hit_rate{region=\"a\\\"b\"} 0.5
jollycache_hit_rate{region=\"c\"} 1.0
# TYPE jollycache_hits_total counter
jollycache_hits_total{region=\"a\\\"b\"} 1
jollycache_hits_total{region=\"c\"} 2
";
        assert_eq!(render(&stats).unwrap(), expected);
    }
}
