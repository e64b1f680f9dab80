//! Rulesets that change while traffic runs, and those that are refused.

use std::net::SocketAddr;
use std::time::Duration;

use flumen_api::TableUse;
use flumen_scenarios::{Configuration, HttpServer, Lab, Receiver, send_paced};
use flumen_testkit::netns::Listener;
use serde_json::json;

use crate::support::{READY, count, curl, server_ips, url};

/// Another ruleset, that lets the same traffic pass.
fn other() -> Configuration {
    let mut configuration = Configuration::new();
    for number in 0..200_u16 {
        let name = format!("app-{number}");
        configuration = configuration.application(&name, "tcp", 20_000 + number).policy_first(
            &format!("rule-{number}"),
            ("trust", "untrust"),
            &name,
            "deny",
        );
    }
    configuration
}

#[test]
fn no_datagram_is_lost_or_doubled_while_rulesets_change() {
    const RATE: u32 = 5000;
    let lab = Lab::new(&Configuration::new()).unwrap();
    for to in server_ips() {
        let receiver = Receiver::bind(lab.server(), 7000).unwrap();
        let to = SocketAddr::new(to, 7000);
        let (sent, switches) = std::thread::scope(|scope| {
            let sender = scope.spawn(|| send_paced(lab.client(), to, RATE, Duration::from_secs(3)));
            let mut switches = 0;
            while !sender.is_finished() {
                lab.flumen().apply(&other()).unwrap();
                lab.flumen().apply(&Configuration::new()).unwrap();
                switches += 2;
            }
            (sender.join().unwrap().unwrap(), switches)
        });
        let arrived = receiver.count(sent).unwrap();
        assert!(switches >= 6 && sent > u64::from(RATE), "{switches} switches, {sent} sent");
        assert_eq!((arrived.received, arrived.duplicates), (sent, 0), "{switches} switches");
    }
}

#[test]
fn first_packets_are_not_lost_while_rulesets_change() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _web = HttpServer::start(lab.server(), 80).unwrap();
    std::thread::scope(|scope| {
        let clients = scope.spawn(|| {
            for _ in 0..30 {
                for to in server_ips() {
                    // a lost SYN would take a second
                    curl(lab.client(), &format!("--connect-timeout 0.9 {}/whoami", url(to, 80))).unwrap();
                }
            }
        });
        while !clients.is_finished() {
            lab.flumen().apply(&other()).unwrap();
            lab.flumen().apply(&Configuration::new()).unwrap();
        }
        clients.join().unwrap();
    });
}

#[test]
fn a_tcp_run_survives_changes_in_one_session() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _iperf = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    let [to, _] = lab.server_addresses();
    let mut run = lab.client().spawn(&format!("iperf3 -c {to} -t 3")).unwrap();
    let mut switches = 0;
    while run.status().is_none() {
        lab.flumen().apply(&if switches % 2 == 0 { other() } else { Configuration::new() }).unwrap();
        switches += 1;
    }
    run.wait(Duration::from_secs(20)).unwrap();
    assert!(switches >= 4);
    assert_eq!(lab.flumen().sessions().unwrap().len(), 2, "iperf3's control and its data");
    assert_eq!(count(&lab, "lan", "tcp-no-session"), 0);
}

#[test]
fn a_bad_configuration_is_refused_with_its_place_and_changes_nothing() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let before = ruleset(&lab);
    let good = Configuration::new;
    let address = |text: &str| good().set("/security/policies/0/match/source-address", json!([text]));
    let ports = |text: &str| {
        good().set("/security/applications/x", json!({"protocol": "tcp", "destination-port": text}))
    };
    for (configuration, place, reason) in [
        (good().set("/network/links/wan/mtu", 65536), "network.links.wan.mtu", "65535"),
        (good().set("/network/links/wan/offload/rx-ring", 512), "interfaces wan", "rx ring"),
        (good().set("/security/zones/trust/interfaces", json!(["lan", "wan"])), "zones", "wan"),
        (good().set("/interfaces/more/device", "lan"), "interfaces", "lan"),
        (address("10.0.0.0/33"), "security.policies[0].match.source-address[0]", "10.0.0.0/33"),
        (address("10.0.0.1/8"), "security.policies[0].match.source-address[0]", "10.0.0.0/8"),
        (ports("9000-80"), "security.applications.x.destination-port", "9000"),
        (ports("70000"), "security.applications.x.destination-port", "65535"),
        (good().set("/security/polices", json!([])), "security", "polices"),
        (good().set("/security/policies/0/then", "allow"), "security.policies[0].then", "permit"),
        (good().set("/security/policies/0/to-zone", "nowhere"), "security.policies[0].to-zone", "nowhere"),
        (too_many_boxes(), "", "classifier"),
    ] {
        let file = lab.flumen().write("bad.json", &configuration).unwrap();
        let said = lab.flumen().refused(&format!("apply {}", file.display())).unwrap();
        let line = said.lines().find(|line| line.contains(place) && line.contains(reason));
        assert!(line.is_some(), "{place}: {reason} is not in\n{said}");
        assert!(said.contains("is refused"), "{said}");
        assert_eq!(ruleset(&lab), before);
        for to in lab.server_addresses() {
            lab.client().exec(&format!("ping -c 1 -W 5 {to}")).unwrap();
        }
    }
}

/// What is active: its number, its origin, and the rows of its tables.
fn ruleset(lab: &Lab) -> (u32, String, Vec<TableUse>) {
    let mut status = lab.flumen().status().expect("the daemon answers");
    status.tables.retain(|table| table.name != "sessions");
    (status.generation, status.source, status.tables)
}

/// A list times a list: more boxes than the table holds.
fn too_many_boxes() -> Configuration {
    let list = |first: u8| -> Vec<String> {
        (0..300).map(|n| format!("{first}.{}.{}.0/25", n / 100, n % 100 * 2)).collect()
    };
    Configuration::new()
        .set("/security/policies/0/match/source-address", json!(list(10)))
        .set("/security/policies/0/match/destination-address", json!(list(11)))
}
