//! The variables of traces, with the names that OpenTelemetry defines.

use axum::http::Uri;

use super::TraceConfig;
use super::reader::Reader;

impl Reader<'_> {
    pub(super) fn traces(&mut self) -> Option<TraceConfig> {
        let service = self.value("OTEL_SERVICE_NAME").unwrap_or_else(|| "jollyjet".to_owned());
        let endpoint = self.value("OTEL_EXPORTER_OTLP_ENDPOINT").map(|endpoint| well_formed(&endpoint));
        let endpoint = endpoint.and_then(|endpoint| self.noted("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint))?;
        Some(TraceConfig { endpoint, service })
    }
}

/// Checks the address of the collector. It may occur in log lines, so it must not contain a login;
/// `OTEL_EXPORTER_OTLP_HEADERS` is for that.
fn well_formed(endpoint: &str) -> Result<String, &'static str> {
    let is_well_formed = endpoint.parse::<Uri>().is_ok_and(|uri| {
        let has_place = uri.authority().is_some_and(|place| !place.as_str().contains('@'));
        has_place && matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
    });
    let expected = "expected http://host:port or https://host:port, without a login";
    if is_well_formed { Ok(endpoint.trim_end_matches('/').to_owned()) } else { Err(expected) }
}

#[cfg(test)]
mod tests {
    use super::well_formed;

    #[test]
    fn an_endpoint_is_a_place_to_send_to_without_secrets() {
        for (endpoint, taken) in [
            ("http://localhost:4318", "http://localhost:4318"),
            ("https://collector.example/otlp/", "https://collector.example/otlp"),
            ("http://[::1]:4318/", "http://[::1]:4318"),
        ] {
            assert_eq!(well_formed(endpoint).as_deref(), Ok(taken));
        }
        for endpoint in
            ["localhost:4318", "grpc://h:1", "http://", "/v1", "http://me:secret@h", "http://h?key=secret"]
        {
            assert!(well_formed(endpoint).is_err_and(|error| !error.contains("secret")), "{endpoint}");
        }
    }
}
