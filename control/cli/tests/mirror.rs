//! `flumen mirror`, as far as it needs neither a daemon nor devices.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::UdpSocket;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

fn flumen(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
    command.env_clear().current_dir(folder).args(line.split_whitespace()).output().unwrap()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        ".env",
        "INTERFACE=\"ens4\"\nTARGET_INTERFACE=\"ens5\"\nNAT_IP=\"10.2.41.17\"\nNAT_PORT=8081\nSOURCE_PORT=42844\n",
    );
    write("nat_rules.conf", "12345=10.0.0.50:9000\n");
    write("bad.env", "INTERFAC=ens4\nNAT_PORT=0\n");
    folder
}

#[test]
fn variables_and_rules_become_a_configuration() {
    let folder = folder();
    let output = flumen(folder.path(), "mirror import --env .env --nat-rules nat_rules.conf --vni 7");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    insta::assert_snapshot!("mirror-import", String::from_utf8(output.stdout).unwrap());
}

#[test]
fn what_is_imported_is_a_configuration_that_a_strict_check_accepts() {
    let folder = folder();
    for options in ["--env .env --nat-rules nat_rules.conf --vni 7", "", "-i lan -t lan", "-a 2001:db8::1"] {
        let text = flumen(folder.path(), &format!("mirror import {options}")).stdout;
        std::fs::write(folder.path().join("mirror.conf"), text).unwrap();
        let checked = flumen(folder.path(), "check mirror.conf");
        assert!(checked.status.success(), "{options}: {}", String::from_utf8_lossy(&checked.stderr));
        let validated = flumen(folder.path(), &format!("mirror validate {options}"));
        assert!(validated.status.success(), "{options}: {}", String::from_utf8_lossy(&validated.stderr));
        assert!(String::from_utf8(validated.stdout).unwrap().starts_with("the mirror is accepted"));
    }
}

#[test]
fn what_would_not_be_accepted_is_not_valid() {
    let folder = folder();
    let refused = |line: &str| {
        let output = flumen(folder.path(), line);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, said) = refused("mirror validate --env bad.env");
    assert!(code == Some(1) && said.contains("bad.env:2:10: NAT_PORT"), "{said}");
    let (code, said) = refused("mirror validate -i nosuchdev0 --host");
    assert!(code == Some(1) && said.contains("nosuchdev0"), "{said}");
    assert_eq!(refused("mirror validate --env nosuch").0, Some(2));
}

#[test]
fn a_monitor_without_a_daemon_says_so_and_ends() {
    let folder = folder();
    let output = flumen(folder.path(), &format!("mirror monitor --run-dir {}", folder.path().display()));
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no daemon is running"));
}

#[test]
fn devices_alone_are_for_scripts() {
    let folder = folder();
    let devices = |line: &str| String::from_utf8(flumen(folder.path(), line).stdout).unwrap();
    assert_eq!(devices("mirror import --env .env --devices"), "ens4\nens5\n");
    assert_eq!(devices("mirror import -i lan -t lan --devices"), "lan\n");
}

#[test]
fn the_variables_of_aws_come_from_the_environment_and_an_option_counts_more() {
    let folder = folder();
    let import = |options: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
        command.env_clear().envs([("AWS_IPSEC_VM_IP", "10.0.0.9"), ("AWS_IPSEC_VM_PORT", "9009")]);
        let output =
            command.current_dir(folder.path()).args(["mirror", "import"]).args(options).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let text = import(&[]);
    assert!(text.contains("address 10.0.0.9;") && text.contains("port 9009;"), "{text}");
    let text = import(&["-a", "10.0.0.1", "-p", "80", "-s", "5"]);
    assert!(text.contains("address 10.0.0.1;") && text.contains("rule source-port-5 {"), "{text}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_and_nothing_is_printed() {
    let folder = folder();
    let output = flumen(folder.path(), "mirror import --env bad.env");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let said = String::from_utf8(output.stderr).unwrap();
    for complaint in [
        "bad.env:1:1: unknown variable INTERFAC; did you mean INTERFACE?",
        "bad.env:2:10: NAT_PORT: \"0\" is no port; use a number from 1 to 65535",
    ] {
        assert!(said.contains(complaint), "{said}");
    }
    assert_eq!(flumen(folder.path(), "mirror import --env nosuch").status.code(), Some(2));
}

/// A mirror of this test, and the options that send to it.
fn mirror() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, format!("mirror send --to 127.0.0.1 --port {port} --json"))
}

fn received(socket: &UdpSocket) -> (Vec<u8>, u16) {
    let mut packet = vec![0; 10_000];
    let (length, from) = socket.recv_from(&mut packet).unwrap();
    packet.truncate(length);
    (packet, from.port())
}

fn sent(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn vxlan_is_sent_with_the_sizes_in_turn_from_several_ports() {
    let (socket, send) = mirror();
    let folder = folder();
    let line = format!("{send} --vni 7 --rate 2000 --count 100 --size 64,1450 --flows 2");
    let begin = Instant::now();
    let report = sent(&flumen(folder.path(), &line));
    assert!(begin.elapsed() >= Duration::from_millis(49), "the hundredth packet is due after 49.5 ms");
    assert_eq!((&report["packets"], &report["refused"]), (&100.into(), &0.into()));
    let mut ports = std::collections::BTreeSet::new();
    for at in 0..100 {
        let (packet, from) = received(&socket);
        assert_eq!(packet[..8], [8, 0, 0, 0, 0, 0, 7, 0]);
        assert_eq!(packet.len(), 8 + 14 + if at % 2 == 0 { 64 } else { 1450 });
        ports.insert(from);
    }
    assert_eq!(ports.len(), 2);
}

#[test]
fn frames_of_a_capture_are_mirrored_again_and_again() {
    let (socket, send) = mirror();
    let folder = folder();
    // little endian, microseconds, Ethernet; two frames
    let mut capture =
        vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];
    for frame in [[1_u8; 60].as_slice(), &[2; 100]] {
        let length = (frame.len() as u32).to_le_bytes();
        capture.extend([[0; 4], [0; 4], length, length].concat());
        capture.extend(frame);
    }
    std::fs::write(folder.path().join("traffic.pcap"), capture).unwrap();
    sent(&flumen(folder.path(), &format!("{send} --pcap traffic.pcap --count 3 --rate 0")));
    let lengths: Vec<usize> = (0..3).map(|_| received(&socket).0.len() - 8).collect();
    assert_eq!(lengths, [60, 100, 60]);
}

#[test]
fn sending_ends_by_itself_and_says_that_nobody_listens() {
    let (socket, send) = mirror();
    drop(socket);
    let folder = folder();
    let begin = Instant::now();
    let report = sent(&flumen(folder.path(), &format!("{send} --duration 1 --rate 100")));
    let seconds = begin.elapsed().as_secs_f64();
    assert!((1.0..20.0).contains(&seconds), "{seconds}");
    assert!(report["refused"].as_u64().unwrap() > 0, "{report}");
}

#[test]
fn impossible_traffic_is_wrong_usage() {
    let folder = folder();
    for options in
        ["--size 20", "--source [::1]:5", "--vni 16777216", "--pcap nosuch", "--pcap .env", "--flows 0"]
    {
        let output = flumen(folder.path(), &format!("mirror send --to 127.0.0.1 --count 1 {options}"));
        assert_eq!(output.status.code(), Some(2), "{options}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn what_a_monitor_recorded_becomes_a_page() {
    let folder = folder();
    let line = |at: u64| {
        let packets = at * 85_000;
        format!(
            "{{\"time_ms\":{},\"total_packets\":{packets},\"vxlan_packets\":{packets},\"inner_packets\":{packets},\
             \"nat_applied\":0,\"df_cleared\":0,\"forwarded\":{packets},\"redirected\":0,\"errors\":0,\
             \"bytes_processed\":{}}}\n",
            at * 1000,
            packets * 100
        )
    };
    std::fs::write(folder.path().join("run.jsonl"), (0..5).map(line).collect::<String>()).unwrap();
    let output = flumen(folder.path(), "mirror report run.jsonl -o page.html --title Run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(folder.path().join("page.html")).unwrap();
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("85,000 a second, reached in 100 %"),
        "{page}"
    );
    let printed = flumen(folder.path(), "mirror report run.jsonl --title Run").stdout;
    assert_eq!(printed, page.into_bytes(), "standard output has the same");
    assert_eq!(flumen(folder.path(), "mirror report .env").status.code(), Some(1));
    assert_eq!(flumen(folder.path(), "mirror report nosuch").status.code(), Some(2));
}
