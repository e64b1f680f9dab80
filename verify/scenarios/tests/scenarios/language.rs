//! Configurations in the language, with traffic.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpStream};

use flumen_scenarios::{HttpServer, Lab};
use flumen_testkit::topology::Gateway;

use crate::support::{SOON, UdpEcho, ask, client_ips, count, curl, server_ips, udp_to, url};

/// The output of the generator `aerleon` for its target `srx`: policies, addresses and applications.
const GENERATED: &str = include_str!("../../../../control/config/tests/texts/office.srx");

/// What the operator writes beside it.
const OWN: &str = "
    interfaces { lan { unit 0; } wan { unit 0; } }
    security {
        zones {
            security-zone trust {
                interfaces { lan.0; }
                host-inbound-traffic { system-services { ping; } }
            }
            security-zone untrust { interfaces { wan.0; } }
            security-zone dmz;
        }
        nat {
            source {
                rule-set out {
                    from zone trust;
                    to zone untrust;
                    rule hide {
                        match { source-address 0.0.0.0/0; }
                        then { source-nat { interface; } }
                    }
                }
            }
        }
    }
";

#[test]
fn the_output_of_a_policy_generator_is_enforced_on_traffic() {
    let mut lab = Lab::idle(Gateway::new().unwrap()).unwrap();
    let file = lab.flumen().places().file("office.conf");
    std::fs::write(&file, format!("{GENERATED}\n{OWN}")).unwrap();
    lab.flumen_mut().start_with(&file).unwrap();
    let _servers = [80, 8080].map(|port| HttpServer::start(lab.server(), port).unwrap());
    let _echoes = [53, 54].map(|port| UdpEcho::start(lab.server(), port).unwrap());

    let [client4, client6] = client_ips();
    for (to, seen) in server_ips().into_iter().zip(["203.0.113.1".to_owned(), client6.to_string()]) {
        // allow-web: behind the gateway's address over IPv4, as itself over IPv6
        let page = curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();
        assert!(page.contains(&seen), "{client4} is seen as {page}");
        // allow-dns
        let dns = udp_to(lab.client(), SocketAddr::new(to, 53)).unwrap();
        ask(&dns, "a question").unwrap();
        // default-reject answers
        let refused =
            lab.client().run(|| TcpStream::connect_timeout(&SocketAddr::new(to, 8080), SOON)).unwrap();
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let other = udp_to(lab.client(), SocketAddr::new(to, 54)).unwrap();
        ask(&other, "nobody").unwrap_err();
    }
    // allow-ping is of ICMP, which has no IPv6
    let [server4, server6] = lab.server_addresses();
    lab.client().exec(&format!("ping -c 1 -W 5 {server4}")).unwrap();
    lab.client().exec(&format!("ping -c 1 -W 0.3 {server6}")).unwrap_err();
    assert!(count(&lab, "lan.0", "reject-sent") >= 4);

    let hits = lab.flumen().run("show policies").unwrap();
    for policy in ["allow-web", "allow-dns", "allow-ping", "default-reject"] {
        assert!(hits.contains(policy), "{policy}: {hits}");
    }
}
