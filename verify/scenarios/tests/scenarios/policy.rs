//! What policies let pass, and how what they do not is counted.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::packet::Packet;
use flumen_testkit::topology::Segment;
use flumen_testkit::{RawSocket, wait_until};

use crate::support::{SOON, ask, client_ips, count, curl, server_ips, udp_to, url};

#[test]
fn deny_is_silent_and_reject_answers_and_both_are_counted() {
    let configuration = Configuration::new()
        .application("closed", "tcp", 8000)
        .application("refused", "tcp", 8001)
        .application("refused-udp", "udp", 8001)
        .policy_first("deny", ("trust", "untrust"), "closed", "deny")
        .policy_first("reject", ("trust", "untrust"), "refused", "reject")
        .policy_first("reject-udp", ("trust", "untrust"), "refused-udp", "reject");
    let lab = Lab::new(&configuration).unwrap();
    let _servers = [80, 8000, 8001].map(|port| HttpServer::start(lab.server(), port).unwrap());
    for (number, to) in (1..).zip(server_ips()) {
        curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();

        let connect = |port, limit| {
            lab.client().run(|| TcpStream::connect_timeout(&SocketAddr::new(to, port), limit)).unwrap()
        };
        let denied = connect(8000, Duration::from_millis(300)).unwrap_err();
        assert_eq!(denied.kind(), ErrorKind::TimedOut, "{denied}");
        assert!(count(&lab, "lan", "policy-denied") >= number);

        let answered = count(&lab, "lan", "reject-sent");
        let rejected = connect(8001, SOON).unwrap_err();
        assert_eq!(rejected.kind(), ErrorKind::ConnectionRefused, "a reset: {rejected}");
        let answers = count(&lab, "lan", "reject-sent");
        assert_eq!(answers, answered + 1, "the first SYN was enough");

        let socket = udp_to(lab.client(), SocketAddr::new(to, 8001)).unwrap();
        let rejected = ask(&socket, "?").unwrap_err();
        assert!(!matches!(rejected.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{rejected}");
        assert_eq!(count(&lab, "lan", "reject-sent"), answers + 1);
    }
}

#[test]
fn what_no_policy_matches_is_denied() {
    let lab = Lab::new(&Configuration::without_nat()).unwrap();
    for to in client_ips() {
        lab.server().exec(&format!("ping -c 2 -i 0.1 -W 0.2 {to}")).unwrap_err();
    }
    assert_eq!(count(&lab, "wan", "policy-default"), 4);
    assert_eq!(lab.flumen().sessions().unwrap(), []);
}

#[test]
fn answers_need_no_policy_and_strangers_get_no_session() {
    let lab = Lab::new(&Configuration::without_nat()).unwrap();
    for to in server_ips() {
        lab.client().exec(&format!("ping -c 1 -W 5 {to}")).unwrap();
    }
    assert_eq!(count(&lab, "wan", "forwarded"), 2, "the echo replies");
    let sessions = lab.flumen().sessions().unwrap().len();
    let (host, gateway) = (Segment::Wan.host(), Segment::Wan.gateway());
    let stranger = || Packet::eth().macs(host.mac, gateway.mac).ipv4(host.v4, Segment::Lan.host().v4);
    let socket = RawSocket::open(lab.server(), "eth0").unwrap();
    for (frame, reason) in [
        (stranger().tcp(80, 5000), "tcp-no-session"),
        (stranger().icmp_echo_reply(99, 1), "icmp-no-session"),
        (
            stranger()
                .icmp_unreachable(3)
                .quoting(&Packet::l3().ipv4(Segment::Lan.host().v4, host.v4).udp(7, 7)),
            "icmp-no-session",
        ),
    ] {
        let before = count(&lab, "wan", reason);
        socket.send(&frame.pad_to(60).build()).unwrap();
        wait_until(&format!("{reason} is counted"), SOON, || count(&lab, "wan", reason) == before + 1)
            .unwrap();
    }
    assert_eq!(lab.flumen().sessions().unwrap().len(), sessions);
}
