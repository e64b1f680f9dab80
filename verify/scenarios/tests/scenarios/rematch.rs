//! What becomes of live sessions when a commit changes the rules.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use flumen_api::{EndedSessions, SessionInfo};
use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::topology::Segment;
use flumen_testkit::wait_until;
use serde_json::json;

use crate::support::{SOON, UdpEcho, ask, client_ips, count, server_ips, udp_to, url};

/// Denies one UDP port from trust to untrust.
fn denying(port: u16) -> Configuration {
    Configuration::new().application("echo", "udp", port).policy_first(
        "no-echo",
        ("trust", "untrust"),
        "echo",
        "deny",
    )
}

fn ended(lab: &Lab) -> EndedSessions {
    lab.flumen().status().expect("the daemon answers").ended
}

/// `flumen apply` with what becomes of sessions.
fn apply(lab: &Lab, configuration: &Configuration, sessions: &str) -> String {
    let file = lab.flumen().write("next.json", configuration).expect("the directory can be written");
    let line = format!("apply {} --sessions {sessions}", file.display());
    lab.flumen().run(&line).expect("the configuration is accepted")
}

/// Asks on a socket whose session is gone, and which no policy permits any more.
fn is_cut(socket: &UdpSocket) -> bool {
    let patience = |time| socket.set_read_timeout(Some(time)).expect("a socket takes a time");
    patience(Duration::from_millis(300));
    let cut = ask(socket, "?").is_err();
    patience(SOON);
    cut
}

fn by_port(lab: &Lab, port: u16) -> Vec<SessionInfo> {
    let mut sessions = lab.flumen().sessions().expect("the daemon answers");
    sessions.retain(|session| session.arrives.destination_port == port);
    sessions
}

#[test]
fn sessions_that_a_commit_denies_go_on_with_keep_and_end_with_rematch_and_others_do_not_notice() {
    const LENGTH: usize = 24_000_000;
    let lab = Lab::new(&Configuration::new()).unwrap();
    let web = HttpServer::start(lab.server(), 80).unwrap();
    let _echoes = [7000, 7001].map(|port| UdpEcho::start(lab.server(), port).unwrap());
    let sockets = |port: u16| server_ips().map(|to| udp_to(lab.client(), (to, port).into()).unwrap());
    let (concerned, others) = (sockets(7000), sockets(7001));
    let first = others.each_ref().map(|socket| ask(socket, "?").unwrap());
    for socket in &concerned {
        ask(socket, "?").unwrap();
    }
    let copy = lab.flumen().places().file("copy.bin");
    let [to, _] = server_ips();
    let line =
        format!("curl --silent --max-time 60 --output {} {}/slow/{LENGTH}", copy.display(), url(to, 80));
    let download = lab.client().spawn(&line).unwrap();
    let arrived = || std::fs::metadata(&copy).map_or(0, |facts| facts.len());
    wait_until("some has arrived", SOON, || arrived() > 100_000).unwrap();
    let [pinged, _] = lab.server_addresses();
    let ping = lab.client().spawn(&format!("ping -c 30 -i 0.1 -W 5 {pinged}")).unwrap();
    wait_until("a ping is on its way", SOON, || lab.flumen().sessions().unwrap().len() == 6).unwrap();
    let before: Vec<u32> = lab.flumen().sessions().unwrap().iter().map(|session| session.id).collect();

    let said = apply(&lab, &denying(7000), "keep");
    assert!(!said.contains("Live sessions"), "{said}");
    for socket in &concerned {
        ask(socket, "kept").unwrap();
    }
    assert_eq!(ended(&lab), EndedSessions::default());

    let said = apply(&lab, &denying(7000), "rematch");
    assert!(said.contains("2 denied, 0 translated otherwise, of 6"), "{said}");
    assert!(concerned.iter().all(is_cut));
    assert!(count(&lab, "lan", "policy-denied") >= 2);
    assert_eq!(ended(&lab), EndedSessions { denied: 2, ..EndedSessions::default() });
    let last = others.each_ref().map(|socket| ask(socket, "?").unwrap());
    assert_eq!(last, first, "the same translation");
    web.hurry();
    download.wait(Duration::from_secs(60)).unwrap();
    assert!(std::fs::read(&copy).unwrap().len() == LENGTH);
    let pings = ping.wait(Duration::from_secs(20)).unwrap();
    assert!(pings.contains(" 0% packet loss"), "{pings}");
    let after: Vec<u32> = lab.flumen().sessions().unwrap().iter().map(|session| session.id).collect();
    assert!(after.iter().all(|id| before.contains(id)), "no session was opened anew: {before:?} {after:?}");
}

#[test]
fn sessions_that_a_commit_translates_otherwise_end_and_are_opened_anew() {
    let published = |port: u16| {
        Configuration::new().policy_first("in", ("untrust", "trust"), "any", "permit").set(
            "/security/nat/destination",
            json!([{
                "name": "publish", "from-zone": "untrust",
                "match": {"destination-address": [Segment::Wan.gateway().v4.to_string()], "protocol": "udp",
                          "destination-port": 9000},
                "then": {"address": Segment::Lan.host().v4.to_string(), "port": port}
            }]),
        )
    };
    let lab = Lab::new(&published(7000)).unwrap();
    let _outside = UdpEcho::start(lab.server(), 7000).unwrap();
    let _inside = [7000, 7001].map(|port| UdpEcho::start(lab.client(), port).unwrap());
    let [server4, server6] = server_ips();
    let hidden = udp_to(lab.client(), (server4, 7000).into()).unwrap();
    let plain = udp_to(lab.client(), (server6, 7000).into()).unwrap();
    let into = udp_to(lab.server(), (IpAddr::from(Segment::Wan.gateway().v4), 9000).into()).unwrap();
    let first = [&hidden, &plain, &into].map(|socket| ask(socket, "?").unwrap());
    assert!(first[0].contains(&Segment::Wan.gateway().v4.to_string()), "{first:?}");

    // The same rules again, and a rule that is renamed: nothing changes.
    let renamed = published(7000).set("/security/nat/source/0/name", "hidden");
    let said = apply(&lab, &renamed, "rematch");
    assert!(said.contains("0 denied, 0 translated otherwise, of 3"), "{said}");
    assert_eq!([&hidden, &plain, &into].map(|socket| ask(socket, "?").unwrap()), first);

    let said = apply(&lab, &published(7001), "rematch");
    assert!(said.contains("0 denied, 1 translated otherwise, of 3"), "{said}");
    ask(&into, "?").unwrap();
    let opened = by_port(&lab, 9000);
    assert_eq!(opened.iter().map(|session| session.departs.destination_port).collect::<Vec<_>>(), [7001]);

    let said = apply(&lab, &published(7001).set("/security/nat/source", json!([])), "rematch");
    assert!(said.contains("0 denied, 1 translated otherwise, of 3"), "{said}");
    assert_eq!(ask(&plain, "?").unwrap(), first[1]);
    let seen: SocketAddr = ask(&hidden, "?").unwrap().strip_prefix("? from ").unwrap().parse().unwrap();
    assert_eq!(seen.ip(), client_ips()[0]);
    assert_eq!(ended(&lab), EndedSessions { retranslated: 2, ..EndedSessions::default() });
}

#[test]
fn policy_rematch_of_the_configuration_makes_every_commit_ask_again() {
    let lab = Lab::new(&Configuration::new().set("/security/policy-rematch", true)).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let sockets = server_ips().map(|to| udp_to(lab.client(), (to, 7000).into()).unwrap());
    for socket in &sockets {
        ask(socket, "?").unwrap();
    }
    lab.flumen().apply(&denying(7000).set("/security/policy-rematch", true)).unwrap();
    assert!(sockets.iter().all(is_cut));
    lab.flumen().apply(&Configuration::new().set("/security/policy-rematch", true)).unwrap();
    for socket in &sockets {
        ask(socket, "?").unwrap();
    }
    assert_eq!(ended(&lab).denied, 2);
}
