//! The program itself.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::support::request;

/// Starts the program in a folder of its own, with only these variables.
pub(crate) fn start(folder: &Path, variables: &[(&str, &str)]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_demo-service"))
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Reads the output up to the address that the program listens on. Returns the address, and the output.
pub(crate) async fn address_of(output: &mut (impl AsyncBufRead + Unpin)) -> (SocketAddr, String) {
    let mut lines = String::new();
    loop {
        assert_ne!(output.read_line(&mut lines).await.unwrap(), 0, "it does not listen: {lines}");
        if let Some((_, rest)) = lines.split_once("listens on http://") {
            let address = rest.split(' ').next().unwrap().parse().unwrap();
            return (address, lines);
        }
    }
}

pub(crate) fn terminate(process: &Child) {
    let kill = format!("kill -TERM {}", process.id().unwrap());
    assert!(std::process::Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
}

#[tokio::test]
async fn it_serves_the_sample_catalogue_without_any_server_and_ends_on_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = start(folder.path(), &[("PORT", "0")]);
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let greeting = output.next_line().await.unwrap().unwrap();
    assert!(greeting.contains("(products: embedded, cache: memory)"), "{greeting}");
    let address = greeting.split("http://").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(output.next_line().await.unwrap().unwrap(), "Try:");
    for _ in 0..4 {
        let hint = output.next_line().await.unwrap().unwrap();
        let path = hint.trim_matches([' ', '\'']).split(address).nth(1).unwrap();
        request(address.parse().unwrap(), "GET", path.trim_end_matches('\''), None).await.data(200);
    }
    let list = request(address.parse().unwrap(), "GET", "/api/products", None).await.data(200);
    assert_eq!(list["total"], 30);

    terminate(&process);
    assert!(process.wait().await.unwrap().success());
}

/// Runs `--health` for a service at this port; returns the exit code, and standard error.
async fn health(host: &str, port: u16) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let checked = Command::new(env!("CARGO_BIN_EXE_demo-service"))
        .arg("--health")
        .current_dir(folder.path())
        .env_clear()
        .envs([("HOST", host), ("PORT", &port.to_string())])
        .output()
        .await
        .unwrap();
    assert!(checked.stdout.is_empty());
    (checked.status.code(), String::from_utf8(checked.stderr).unwrap())
}

#[tokio::test]
async fn its_health_can_be_checked_without_a_client() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = start(folder.path(), &[("PORT", "0"), ("HOST", "0.0.0.0")]);
    let (address, _) = address_of(&mut BufReader::new(process.stdout.take().unwrap())).await;
    for host in ["0.0.0.0", "127.0.0.1"] {
        assert_eq!(health(host, address.port()).await, (Some(0), String::new()));
    }
    terminate(&process);
    assert!(process.wait().await.unwrap().success());
    let (code, line) = health("0.0.0.0", address.port()).await;
    assert!(code == Some(1) && line.lines().count() == 1, "{code:?} {line}");
}

#[tokio::test]
async fn what_does_not_answer_200_is_not_well() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "+PONG and more 200", "HTTP/1.1 2001", "x", ""]
    {
        let (checked, ()) = tokio::join!(health("127.0.0.1", port), async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        assert_eq!(checked.0, Some(1), "{answer}: {checked:?}");
    }
}

#[tokio::test]
async fn it_lists_every_mistake_in_its_environment_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "APP_ENV=moon\nPORT=0\nREDIS_MAX_RETRIES=11\n").unwrap();
    let variables = [("PORT", "x"), ("REDIS_URL", "http://:hunter2@h"), ("REDIS_MAX_RETRIES", "3")];
    let mut process = start(folder.path(), &variables);
    let mut errors = String::new();
    process.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
    assert_eq!(process.wait().await.unwrap().code(), Some(1));
    assert_eq!(
        errors,
        "the configuration has 3 mistake(s):\n  PORT is \"x\": expected a port, 0 to 65535\n  APP_ENV is \"moon\": \
         expected development, staging or production\n  REDIS_URL: expected redis://host:port, valkey://host:port or \
         unix:/path/to/socket\n"
    );
}

#[tokio::test]
async fn a_broken_env_file_is_reported_without_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".env"), "REDIS_PASSWORD='hunter2\n").unwrap();
    let mut process = start(folder.path(), &[]);
    let mut errors = String::new();
    process.stderr.take().unwrap().read_to_string(&mut errors).await.unwrap();
    assert_eq!(process.wait().await.unwrap().code(), Some(1));
    assert!(errors.contains(".env cannot be read") && !errors.contains("hunter2"), "{errors}");
}

/// The physical memory of a process, in MiB.
fn resident_mib(process: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_024
}

/// Sends wrong logins, `at_once` at a time; those that find the queue full count as well.
async fn log_in_wrongly(address: SocketAddr, total: usize, at_once: usize) {
    let mut clients = JoinSet::new();
    for _ in 0..at_once {
        clients.spawn(async move {
            for _ in 0..total / at_once {
                let body = br#"{"username":"demo","password":"wrong"}"#.to_vec();
                let reply =
                    request(address, "POST", "/api/auth/login", Some(("application/json", body))).await;
                assert!(matches!(reply.status.as_u16(), 401 | 503), "{reply:?}");
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
}

/// Each check works in 19 MiB, by the default cost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_logins_cost_no_more_memory_than_the_checks_that_run_at_once() {
    /// Four buffers of 19 MiB, which are reused, and room for everything else.
    const MAX_GROWTH_MIB: u64 = 4 * 19 + 64;

    let folder = tempfile::tempdir().unwrap();
    let mut process = start(folder.path(), &[("PORT", "0"), ("RATE_LIMIT_ENABLED", "false")]);
    let (address, _) = address_of(&mut BufReader::new(process.stdout.take().unwrap())).await;
    let before = resident_mib(&process);
    log_in_wrongly(address, 80, 80).await;
    let after_80 = resident_mib(&process);
    log_in_wrongly(address, 420, 20).await;
    let after_500 = resident_mib(&process);
    println!("resident: {before} MiB at the start, {after_80} after 80 logins, {after_500} after 500");
    assert!(after_80 <= before + MAX_GROWTH_MIB, "{before} MiB, then {after_80}");
    assert!(after_500 <= before + MAX_GROWTH_MIB, "{before} MiB, then {after_500}");
}
