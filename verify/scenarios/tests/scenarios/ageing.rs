//! Sessions end when their time is over.

use std::time::{Duration, Instant};

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::wait_until;

use crate::support::{SOON, UdpEcho, ask, curl, server_ips, udp_to, url};

/// Each session is gone within this time after its deadline.
const SLACK: Duration = Duration::from_secs(1);
/// And what a loaded machine may add before this test looks.
const NOISE: Duration = Duration::from_millis(300);

#[test]
fn sessions_are_gone_within_a_second_of_their_deadline_and_not_before() {
    let short = Configuration::new()
        .set("/security/flow/udp-timeout", 2)
        .set("/security/flow/icmp-timeout", 3)
        .set("/security/flow/tcp-closed-timeout", 1);
    let lab = Lab::new(&short).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let _web = HttpServer::start(lab.server(), 80).unwrap();
    for to in server_ips() {
        let socket = udp_to(lab.client(), (to, 7000).into()).unwrap();
        for (what, seconds) in [("udp", 2), ("icmp", 3), ("tcp", 1)] {
            match what {
                "udp" => drop(ask(&socket, "?").unwrap()),
                "icmp" => drop(lab.client().exec(&format!("ping -c 1 -W 5 {to}")).unwrap()),
                _ => drop(curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap()),
            }
            let begin = Instant::now();
            let timeout = Duration::from_secs(seconds);
            let sessions = lab.flumen().sessions().unwrap();
            assert_eq!(sessions.len(), 1, "{what}: {sessions:?}");
            assert_eq!(sessions[0].timeout_ms, seconds * 1000, "{what}");
            wait_until("it is gone", SOON, || lab.flumen().sessions().unwrap().is_empty()).unwrap();
            let lived = begin.elapsed();
            assert!(lived + NOISE >= timeout, "{what} to {to}: gone after {lived:?}");
            assert!(lived <= timeout + SLACK + NOISE, "{what} to {to}: gone after {lived:?}");
        }
    }
}

#[test]
fn a_packet_now_and_then_keeps_a_session() {
    let lab = Lab::new(&Configuration::new().set("/security/flow/icmp-timeout", 1)).unwrap();
    let [to, _] = lab.server_addresses();
    let ping = lab.client().spawn(&format!("ping -c 8 -i 0.4 -W 5 {to}")).unwrap();
    wait_until("a session", SOON, || !lab.flumen().sessions().unwrap().is_empty()).unwrap();
    let id = lab.flumen().sessions().unwrap()[0].id;
    let said = ping.wait(SOON).unwrap();
    assert!(said.contains("8 received"), "{said}");
    let sessions = lab.flumen().sessions().unwrap();
    assert_eq!((sessions.len(), sessions[0].id, sessions[0].forward.packets), (1, id, 8), "{sessions:?}");
}
