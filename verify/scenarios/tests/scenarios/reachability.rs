//! What ordinary programs see of the network through the gateway.

use std::net::SocketAddr;
use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab, reason};
use flumen_testkit::netns::Listener;
use flumen_testkit::topology::{Gateway, Segment};

use crate::support::{READY, ask, curl, server_ips, udp_to};

#[test]
fn the_first_packet_is_not_lost_when_no_neighbour_is_known() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    for to in lab.server_addresses() {
        lab.topology().gateway().ip("neigh flush all").unwrap();
        let output = lab.client().exec(&format!("ping -c 1 -W 5 {to}")).unwrap();
        assert!(output.contains("1 received"), "{output}");
    }
    let reasons = lab.flumen().reasons().unwrap();
    assert!(reason(&reasons, "lan", "neighbour-unknown").unwrap() >= 2, "the kernel resolved it");
}

#[test]
fn pings_of_many_packets_come_back() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    for to in lab.server_addresses() {
        let output = lab.client().exec(&format!("ping -c 20 -i 0.05 -W 5 {to}")).unwrap();
        assert!(output.contains("20 received, 0% packet loss"), "{output}");
    }
}

#[test]
fn curl_gets_pages_and_the_server_sees_the_gateway_over_ipv4_and_the_client_over_ipv6() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _server = HttpServer::start(lab.server(), 80).unwrap();
    let seen = curl(lab.client(), &format!("http://{}/whoami", Segment::Wan.host().v4)).unwrap();
    assert!(seen.starts_with(&format!("{}:", Segment::Wan.gateway().v4)), "{seen}");
    let seen = curl(lab.client(), &format!("http://[{}]/whoami", Segment::Wan.host().v6)).unwrap();
    assert!(seen.starts_with(&format!("[{}]:", Segment::Lan.host().v6)), "{seen}");
}

#[test]
fn iperf3_passes_over_tcp_and_udp_in_both_directions() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _server = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    for to in lab.server_addresses() {
        for options in ["-n 20M", "-n 20M -R", "-u -b 20M -t 1", "-u -b 20M -t 1 -R"] {
            let line = format!("iperf3 -c {to} {options} --connect-timeout 5000");
            lab.client().exec_within(Duration::from_secs(60), &line).unwrap();
        }
    }
}

#[test]
fn traceroute_shows_the_gateway_and_the_server() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let (gateway, server) = (Segment::Lan.gateway(), Segment::Wan.host());
    for (option, gateway, server) in [
        ("-4", gateway.v4.to_string(), server.v4.to_string()),
        ("-6", gateway.v6.to_string(), server.v6.to_string()),
    ] {
        for method in ["-U", "-I", "-T"] {
            let line = format!("traceroute {option} {method} -n -m 4 -q 1 -w 5 {server}");
            let output = lab.client().exec(&line).unwrap();
            let hops: Vec<&str> =
                output.lines().skip(1).filter_map(|hop| hop.split_whitespace().nth(1)).collect();
            assert_eq!(hops, [&gateway, &server], "{output}");
        }
    }
}

#[test]
fn hosts_that_leave_checksums_and_segmentation_to_the_card_are_served() {
    let topology = Gateway::builder().host_offloads().build().unwrap();
    let lab = Lab::on(topology, &Configuration::new()).unwrap();
    let _server = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    for to in lab.server_addresses() {
        for options in
            ["-n 20M", "-n 20M -R", "-u -b 20M -t 1", "-u -b 20M -t 1 -R", "-u -l 4000 -b 10M -t 1"]
        {
            let line = format!("iperf3 -c {to} {options} --connect-timeout 5000");
            lab.client().exec_within(Duration::from_secs(60), &line).unwrap();
        }
    }
    let closed = udp_to(lab.client(), SocketAddr::new(server_ips()[0], 9)).unwrap();
    assert_eq!(ask(&closed, "anybody?").unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
}
