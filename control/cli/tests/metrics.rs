//! `flumen metrics`, asking a daemon whose host and engine are made of plain values.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../daemon/tests/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use support::{Lab, Running, config, counters};

fn lab() -> (Lab, Running) {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    lab.engines.kernel().counters = counters(1);
    (lab, daemon)
}

fn flumen(lab: &Lab, line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
    command.env_clear().env("FLUMEN_RUN_DIR", &lab.options.run_dir).args(line.split_whitespace());
    command.stdin(Stdio::null());
    command
}

fn output(lab: &Lab, line: &str) -> Output {
    flumen(lab, line).output().unwrap()
}

#[test]
fn every_reason_of_the_datapath_is_a_metric_with_its_name() {
    let (lab, daemon) = lab();
    let text = String::from_utf8(output(&lab, "metrics show").stdout).unwrap();
    for reason in flumen_engine::Reason::ALL {
        assert!(text.contains(&format!("reason=\"{}\"}}", reason.name())), "{}", reason.name());
    }
    assert!(text.starts_with("# HELP flumen_up ") && text.contains("\nflumen_up 1\n"), "{text}");
    daemon.stop();
}

#[test]
fn a_file_for_node_exporter_also_says_that_the_daemon_is_gone() {
    let (lab, daemon) = lab();
    let file = lab.options.state_dir.with_file_name("flumen.prom");
    let line = format!("metrics textfile {} --count 1", file.display());
    assert!(output(&lab, &line).status.success());
    assert!(std::fs::read_to_string(&file).unwrap().contains("\nflumen_up 1\n"));
    daemon.stop();
    assert!(output(&lab, &line).status.success());
    assert!(std::fs::read_to_string(&file).unwrap().ends_with("\nflumen_up 0\n"));
    assert_eq!(output(&lab, "metrics show").status.code(), Some(1), "a person is told");
    assert_eq!(output(&lab, "metrics textfile /nonexistent/a.prom --count 1").status.code(), Some(1));
}

#[test]
fn prometheus_is_answered_while_the_daemon_lives_and_after() {
    let (lab, daemon) = lab();
    let mut child =
        flumen(&lab, "metrics serve --listen 127.0.0.1:0").stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    let address =
        line.trim().strip_prefix("metrics at http://").unwrap().trim_end_matches("/metrics").to_owned();
    let get = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(get("/metrics").contains("flumen_received_packets_total{interface=\""));
    assert!(get("/health").starts_with("HTTP/1.1 200 "));
    daemon.stop();
    assert!(get("/metrics").contains("\nflumen_up 0\n"));
    assert!(get("/health").starts_with("HTTP/1.1 503 "));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn cloudwatch_that_is_not_there_is_a_failure_with_its_reason() {
    let (lab, daemon) = lab();
    let mut command = flumen(
        &lab,
        "metrics cloudwatch --region eu-central-1 --endpoint http://127.0.0.1:9 --interval 1 --count 1",
    );
    command.envs([("AWS_ACCESS_KEY_ID", "AKIDTEST"), ("AWS_SECRET_ACCESS_KEY", "no-secret")]);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("CloudWatch does not take the metrics: ") && !said.contains("no-secret"), "{said}");
    daemon.stop();
}
