//! The traces that the program sends to a collector.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, BufReader};
use tokio::net::TcpListener;

use crate::process::{address_of, start, terminate};
use crate::support::request_with;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Runs the program with a collector of traces, sends it two requests, and ends it. Returns its output.
async fn run(collector: SocketAddr, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("http://{collector}");
    let always = [("PORT", "0"), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str())];
    let mut process = start(folder.path(), &[variables, &always].concat());
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let (address, mut log) = address_of(&mut output).await;
    for parent in [&format!("00-{TRACE}-{PARENT}-01"), "00-hostile\u{e9}-0-99"] {
        let headers = [("traceparent", parent)];
        let path = "/api/products/count?search=hunter2";
        request_with(address, "GET", path, &headers, None).await.data(200);
    }
    terminate(&process);
    output.read_to_string(&mut log).await.unwrap();
    assert!(process.wait().await.unwrap().success(), "{log}");
    log
}

#[cfg(feature = "otel")]
mod built_in {
    use axum::Router;
    use axum::body::Bytes;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use tokio::sync::mpsc;

    use super::*;

    type Batches = mpsc::UnboundedSender<(HeaderMap, Bytes)>;

    async fn take(State(batches): State<Batches>, headers: HeaderMap, body: Bytes) {
        batches.send((headers, body)).unwrap();
    }

    fn contains(body: &[u8], part: &[u8]) -> bool {
        body.windows(part.len()).any(|window| window == part)
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_collector_gets_the_spans_of_requests_before_the_program_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (batches, mut received) = mpsc::unbounded_channel();
        let routes = Router::new().route("/v1/traces", post(take)).with_state(batches);
        let collector = tokio::spawn(axum::serve(listener, routes).into_future());

        // The filter of the log does not filter spans.
        run(address, &[("RUST_LOG", "warn"), ("OTEL_SERVICE_NAME", "shop")]).await;
        let (headers, body) = received.try_recv().unwrap();
        collector.abort();
        assert_eq!(headers["content-type"], "application/x-protobuf");
        for part in [
            "GET /api/products/count",
            "shop",
            "request_id",
            "http.response.status_code",
            "cache.load",
            "product_count",
        ] {
            assert!(contains(&body, part.as_bytes()), "no {part}: {}", body.escape_ascii());
        }
        assert!(contains(&body, &bytes(TRACE)) && contains(&body, &bytes(PARENT)), "{}", body.escape_ascii());
        let loads = body.windows(10).filter(|window| window == b"cache.load").count();
        assert_eq!(loads, 1, "one of two reads is a hit: {}", body.escape_ascii());
        assert!(!contains(&body, b"hunter2") && !contains(&body, b"hostile"), "{}", body.escape_ascii());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_collector_that_is_away_or_hangs_costs_a_line_and_no_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // It accepts connections, and never responds.
        let hung = run(address, &[]).await;
        drop(listener);
        let away = run(address, &[]).await;
        for log in [hung, away] {
            assert_eq!(log.matches("ExportError").count(), 1, "{log}");
            assert!(!log.contains("hunter2") && !log.contains("panicked"), "{log}");
        }
    }
}

#[cfg(not(feature = "otel"))]
#[tokio::test]
async fn a_program_without_traces_logs_it_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let log = run(listener.local_addr().unwrap(), &[]).await;
    assert_eq!(log.matches("traces are not built in").count(), 1, "{log}");
}
