//! Somebody locks the gateway itself out, and a condition of the commit notices.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use flumen_scenarios::{Configuration, Lab};
use flumen_testkit::topology::Segment;
use flumen_testkit::wait_until;
use serde_json::json;

use crate::support::{READY, SOON, server_ips};

/// Well below the five minutes of the commits below.
const EARLY: Duration = Duration::from_secs(60);

/// All that comes to the gateway's own WAN addresses is for a host on the LAN, also answers to the gateway.
fn stolen() -> Configuration {
    let (own, host) = (Segment::Wan.gateway(), Segment::Lan.host());
    let rule = |name: &str, from: IpAddr, to: IpAddr| {
        json!({
            "name": name, "from-zone": "untrust", "then": {"address": to.to_string()},
            "match": {"destination-address": [from.to_string()]}
        })
    };
    let rules = [rule("all4", own.v4.into(), host.v4.into()), rule("all6", own.v6.into(), host.v6.into())];
    open().set("/security/nat/destination", json!(rules))
}

fn open() -> Configuration {
    Configuration::new().set("/security/zones/untrust/host-inbound", json!({"services": ["ping", "ssh"]}))
}

fn reaches(lab: &Lab, to: IpAddr) -> bool {
    lab.gateway().exec(&format!("ping -c 1 -W 1 {to}")).is_ok()
}

/// `flumen apply` of [`stolen`] for five minutes, with more arguments.
fn lock_out(lab: &Lab, arguments: &str) {
    let file = lab.flumen().write("stolen.json", &stolen()).expect("the directory can be written");
    let line = format!("apply {} --confirmed 5 {arguments}", file.display());
    lab.flumen().run(&line).expect("the configuration is accepted");
}

fn wait_for_the_way_back(lab: &Lab) {
    wait_until("the way back", EARLY, || {
        lab.flumen().status().is_ok_and(|status| status.source.contains("was not confirmed"))
    })
    .expect("a condition fails early");
}

#[test]
fn a_commit_that_locks_the_gateway_out_goes_back_as_soon_as_its_probe_fails() {
    let lab = Lab::new(&open()).unwrap();
    for to in server_ips() {
        assert!(reaches(&lab, to));
        let begin = Instant::now();
        lock_out(&lab, &format!("--probe ping:{to}"));
        assert!(!reaches(&lab, to));
        wait_for_the_way_back(&lab);
        assert!(begin.elapsed() < EARLY);
        wait_until("the server answers", SOON, || reaches(&lab, to)).unwrap();
        let told = lab.flumen().run("show system commit").unwrap();
        assert!(told.contains(&format!("a condition failed ({to} answers)")), "{told}");
        assert!(lab.flumen().log().contains("a condition failed"), "{}", lab.flumen().log());
        lab.flumen().apply(&open().set("/security/flow/udp-timeout", 31)).unwrap();
    }
}

#[test]
fn a_probe_goes_on_after_the_daemon_was_killed_in_the_window() {
    let mut lab = Lab::new(&open()).unwrap();
    let [to, _] = server_ips();
    let server = lab.server().run(|| TcpListener::bind((to, 443))).unwrap().unwrap();
    lock_out(&lab, &format!("--probe tcp:{to}:443 --tolerance 2"));
    lab.flumen_mut().kill().unwrap();
    assert!(!reaches(&lab, to), "what is attached goes on");
    lab.flumen_mut().start_again().unwrap();
    wait_for_the_way_back(&lab);
    assert!(reaches(&lab, to));
    drop(server);
}

#[test]
fn a_probe_that_holds_leaves_a_commit_its_time() {
    let lab = Lab::new(&open()).unwrap();
    let [to, _] = server_ips();
    let file = lab.flumen().write("other.json", &open().set("/security/flow/udp-timeout", 31)).unwrap();
    let line = format!("apply {} --confirmed 5 --probe ping:{to} --probe drops:1000", file.display());
    lab.flumen().run(&line).unwrap();
    std::thread::sleep(Duration::from_secs(6)); // twice the looks that end a commit
    lab.flumen().run("confirm").unwrap();
}

#[test]
fn a_management_connection_that_the_commit_cuts_brings_the_configuration_of_before_back() {
    let lab = Lab::new(&open()).unwrap();
    let own = SocketAddr::new(Segment::Wan.gateway().v4.into(), 22);
    let listener = lab.gateway().run(|| TcpListener::bind(own)).unwrap().unwrap();
    let mut admin = lab.server().run(|| TcpStream::connect_timeout(&own, READY)).unwrap().unwrap();
    let (mut shell, peer) = listener.accept().unwrap();
    let file = lab.flumen().write("stolen.json", &stolen()).unwrap();
    let mut command = lab.flumen().command([
        "apply",
        &file.display().to_string(),
        "--confirmed",
        "5",
        "--probe",
        "management",
    ]);
    let connection = format!("{} {} {} {}", peer.ip(), peer.port(), own.ip(), own.port());
    let output = command.env("SSH_CONNECTION", connection).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    shell.write_all(&output.stdout).unwrap(); // as a terminal would; nothing of it is acknowledged
    wait_for_the_way_back(&lab);
    let told = lab.flumen().run("show system commit").unwrap();
    assert!(told.contains(&format!("the connection from {peer} to {own} lives")), "{told}");
    admin.set_read_timeout(Some(EARLY)).unwrap();
    let mut seen = vec![0; output.stdout.len()];
    admin.read_exact(&mut seen).expect("the connection lives on");
    assert_eq!(seen, output.stdout);
}
