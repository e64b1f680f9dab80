//! Datagrams larger than a frame.

use std::time::Duration;

use flumen_scenarios::{Configuration, Lab};
use flumen_testkit::netns::Listener;

use crate::support::{READY, client_ips, count, server_ips};

#[test]
fn large_pings_pass_through_source_nat() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    for to in server_ips() {
        for size in [1473, 3000, 8000, 60_000] {
            let said = lab.client().exec(&format!("ping -c 5 -i 0.05 -W 5 -s {size} {to}")).unwrap();
            assert!(said.contains("5 received"), "{said}");
        }
    }
}

#[test]
fn large_pings_pass_both_ways_without_nat() {
    let back = Configuration::without_nat().policy_first("back", ("untrust", "trust"), "any", "permit");
    let lab = Lab::new(&back).unwrap();
    for (from, addresses) in [(lab.client(), server_ips()), (lab.server(), client_ips())] {
        for to in addresses {
            for size in [3000, 8000] {
                let said = from.exec(&format!("ping -c 5 -i 0.05 -W 5 -s {size} {to}")).unwrap();
                assert!(said.contains("5 received"), "{said}");
            }
        }
    }
    assert_eq!(count(&lab, "lan", "fragment-unknown") + count(&lab, "wan", "fragment-unknown"), 0);
}

#[test]
fn fragmented_udp_passes_through_source_nat() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _server = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    for to in server_ips() {
        for direction in ["", "-R"] {
            let line = format!("iperf3 -c {to} -u -l 4000 -b 10M -t 1 {direction} --connect-timeout 5000");
            let said = lab.client().exec_within(Duration::from_secs(30), &line).unwrap();
            let receiver = said.lines().find(|line| line.contains("receiver")).unwrap();
            assert!(receiver.contains(" 0/"), "{said}");
        }
    }
}
