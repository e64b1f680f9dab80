//! Translation as clients and servers see it.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::topology::Segment;
use serde_json::json;

use crate::support::{UdpEcho, ask, count, curl, server_ips, udp, udp_to, url};

#[test]
fn clients_with_the_same_source_port_get_their_own_answers() {
    const CLIENTS: u8 = 50;
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let server = SocketAddr::new(Segment::Wan.host().v4.into(), 7000);
    let mut sockets = Vec::new();
    for number in 0..CLIENTS {
        let address = Ipv4Addr::new(10, 1, 0, 100 + number);
        lab.topology().host_link(Segment::Lan).address(&format!("{address}/24")).unwrap();
        let socket = udp(lab.client(), (address, 5000).into()).unwrap();
        lab.client().run(|| socket.connect(server)).unwrap().unwrap();
        sockets.push(socket);
    }
    let mut seen = HashSet::new();
    for round in 0..2 {
        for (number, socket) in sockets.iter().enumerate() {
            let question = format!("{round}/{number}");
            let answer = ask(socket, &question).unwrap();
            let peer: SocketAddr =
                answer.strip_prefix(&format!("{question} from ")).unwrap().parse().unwrap();
            assert_eq!(peer.ip(), IpAddr::from(Segment::Wan.gateway().v4));
            seen.insert(peer);
        }
    }
    assert_eq!(seen.len(), usize::from(CLIENTS), "each flow keeps a port of its own");
}

#[test]
fn source_ports_come_from_the_configured_range_and_run_out_by_name() {
    let range = json!({"interface": {"port-range": "20000-20003"}});
    let lab = Lab::new(&Configuration::new().set("/security/nat/source/0/then", range)).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let server = SocketAddr::new(Segment::Wan.host().v4.into(), 7000);
    let sockets: Vec<_> = (0..4).map(|_| udp_to(lab.client(), server).unwrap()).collect();
    for socket in &sockets {
        let answer = ask(socket, "?").unwrap();
        let peer: SocketAddr = answer.strip_prefix("? from ").unwrap().parse().unwrap();
        assert!((20_000..20_004).contains(&peer.port()), "{peer}");
    }
    let fifth = udp_to(lab.client(), server).unwrap();
    fifth.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    ask(&fifth, "?").unwrap_err();
    assert_eq!(count(&lab, "lan", "nat-ports-exhausted"), 1);
    ask(&sockets[0], "established").unwrap();
}

#[test]
fn a_rule_for_both_families_translates_both() {
    let both = Configuration::new().set("/security/nat/source/0/match", json!({}));
    let lab = Lab::new(&both).unwrap();
    let _web = HttpServer::start(lab.server(), 80).unwrap();
    let gateway = Segment::Wan.gateway();
    for (to, seen_as) in server_ips().into_iter().zip([IpAddr::from(gateway.v4), gateway.v6.into()]) {
        let seen = curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();
        assert_eq!(seen.trim().parse::<SocketAddr>().unwrap().ip(), seen_as);
        lab.client().exec(&format!("ping -c 2 -i 0.05 -W 5 -s 3000 {to}")).unwrap();
        let closed = udp_to(lab.client(), SocketAddr::new(to, 9)).unwrap();
        assert_eq!(ask(&closed, "anybody?").unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn destination_nat_changes_address_and_port() {
    let published = Configuration::new()
        .policy_first("web-in", ("untrust", "trust"), "junos-http", "permit")
        .set(
            "/security/nat/destination",
            json!([
                {"name": "web4", "from-zone": "untrust", "then": {"address": "10.1.0.2", "port": 80},
                 "match": {"destination-address": ["203.0.113.1"], "protocol": "tcp", "destination-port": 8080}},
                {"name": "web6", "from-zone": "untrust", "then": {"address": "2001:db8:1::2", "port": 80},
                 "match": {"destination-address": ["2001:db8:2::1"], "protocol": "tcp", "destination-port": 8080}}
            ]),
        );
    let lab = Lab::new(&published).unwrap();
    let _web = HttpServer::start(lab.client(), 80).unwrap();
    let gateway = Segment::Wan.gateway();
    for (to, from) in [IpAddr::from(gateway.v4), gateway.v6.into()].into_iter().zip(server_ips()) {
        let seen = curl(lab.server(), &format!("{}/whoami", url(to, 8080))).unwrap();
        assert_eq!(seen.trim().parse::<SocketAddr>().unwrap().ip(), from, "the source is as it was");
        let sessions = lab.flumen().sessions().unwrap();
        let session = sessions.iter().find(|session| session.arrives.destination == to).unwrap();
        assert!(session.destination_nat && !session.source_nat);
        assert_eq!((session.arrives.destination_port, session.departs.destination_port), (8080, 80));
        assert!(
            curl(lab.server(), &format!("--max-time 1 {}/whoami", url(to, 80))).is_err(),
            "80 is not published"
        );
    }
}

#[test]
fn a_port_unreachable_reaches_the_clients_connected_socket() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    for to in server_ips() {
        let socket = udp_to(lab.client(), SocketAddr::new(to, 9)).unwrap();
        let error = ask(&socket, "anybody?").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{to}: {error}");
    }
    assert!(count(&lab, "wan", "forwarded") >= 2, "the ICMP errors belong to their sessions");
}

#[test]
fn pings_of_two_clients_with_one_identifier_are_kept_apart() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    lab.topology().host_link(Segment::Lan).address("10.1.0.3/24").unwrap();
    let to = Segment::Wan.host().v4;
    let pings: Vec<_> = ["10.1.0.2", "10.1.0.3"]
        .map(|from| lab.client().spawn(&format!("ping -e 77 -I {from} -c 10 -i 0.05 -W 5 {to}")).unwrap())
        .into_iter()
        .collect();
    for ping in pings {
        let said = ping.wait(std::time::Duration::from_secs(20)).unwrap();
        assert!(said.contains("10 received"), "{said}");
    }
    let sessions = lab.flumen().sessions().unwrap();
    let identifiers: HashSet<u16> = sessions.iter().map(|session| session.departs.source_port).collect();
    assert_eq!((sessions.len(), identifiers.len()), (2, 2), "{sessions:?}");
}
