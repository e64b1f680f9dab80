//! Traffic for the gateway itself, and from it.

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::topology::Segment;

use crate::support::{count, curl, server_ips, url};

#[test]
fn host_inbound_lets_in_what_it_names_and_nothing_else() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _web = HttpServer::start(lab.gateway(), 80).unwrap();
    let gateway = Segment::Lan.gateway();
    for to in [std::net::IpAddr::from(gateway.v4), gateway.v6.into()] {
        lab.client().exec(&format!("ping -c 2 -i 0.1 -W 5 {to}")).unwrap();
        assert!(curl(lab.client(), &format!("--max-time 0.5 {}/whoami", url(to, 80))).is_err());
    }
    assert_eq!(count(&lab, "lan", "host-inbound"), 4);
    assert!(count(&lab, "lan", "host-denied") >= 2);

    let services = serde_json::json!(["ping", "http"]);
    lab.flumen()
        .apply(&Configuration::new().set("/security/zones/trust/host-inbound/services", services))
        .unwrap();
    for to in [std::net::IpAddr::from(gateway.v4), gateway.v6.into()] {
        curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();
    }
}

#[test]
fn the_host_itself_may_ask_and_gets_its_answers() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _web = HttpServer::start(lab.server(), 80).unwrap();
    for to in server_ips() {
        lab.gateway().exec(&format!("ping -c 3 -i 0.1 -W 5 {to}")).unwrap();
        curl(lab.gateway(), &format!("{}/whoami", url(to, 80))).unwrap();
        curl(lab.gateway(), &format!("--output /dev/null {}/bytes/1000000", url(to, 80))).unwrap();
    }
    assert!(count(&lab, "wan", "host-reply") > 20);
    assert_eq!(count(&lab, "wan", "host-denied"), 0);
}

#[test]
fn the_gateways_wan_address_is_reached_from_the_lan_by_the_zone_of_the_lan() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let wan = Segment::Wan.gateway();
    for to in [wan.v4.to_string(), wan.v6.to_string()] {
        lab.client().exec(&format!("ping -c 1 -W 5 {to}")).unwrap();
    }
    assert_eq!(count(&lab, "lan", "host-inbound"), 2);
}
