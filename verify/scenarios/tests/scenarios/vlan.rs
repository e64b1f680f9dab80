//! Tagged links.

use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::RawSocket;
use flumen_testkit::netns::Listener;
use flumen_testkit::packet::Mac;
use flumen_testkit::topology::{Gateway, Segment};
use serde_json::json;

use crate::support::{READY, SOON, count, curl, server_ips, url};

fn tagged(interface: &str, vid: u16) -> impl Fn(Configuration) -> Configuration {
    // the kernel's side of it is a shim on the device itself
    move |configuration| {
        configuration.set(
            &format!("/interfaces/{interface}"),
            json!({"device": interface, "vlan": vid, "link": interface}),
        )
    }
}

#[test]
fn tags_are_taken_off_and_put_on() {
    for (lan, wan) in [(Some(100), None), (None, Some(200)), (Some(100), Some(200))] {
        let (mut builder, mut configuration) = (Gateway::builder(), Configuration::new());
        for (segment, vid) in [(Segment::Lan, lan), (Segment::Wan, wan)] {
            if let Some(vid) = vid {
                builder = builder.vlan(segment, vid);
                configuration = tagged(segment.dev(), vid)(configuration);
            }
        }
        let lab = Lab::on(builder.build().unwrap(), &configuration).unwrap();
        let _web = HttpServer::start(lab.server(), 80).unwrap();
        let _iperf = lab.server().spawn("iperf3 -s").unwrap();
        lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
        for to in server_ips() {
            let said = lab.client().exec(&format!("ping -c 5 -i 0.05 -W 5 {to}")).unwrap();
            assert!(said.contains("5 received"), "{lan:?} {wan:?}: {said}");
            lab.client().exec(&format!("ping -c 2 -i 0.05 -W 5 -s 4000 {to}")).unwrap();
            curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();
            let line = format!("iperf3 -c {to} -n 10M --connect-timeout 5000");
            lab.client().exec_within(Duration::from_secs(60), &line).unwrap();
        }
    }
}

#[test]
fn frames_with_tags_that_no_interface_stands_for_are_dropped_and_counted() {
    let topology = Gateway::builder().vlan(Segment::Lan, 100).build().unwrap();
    let lab = Lab::on(topology, &tagged("lan", 100)(Configuration::new())).unwrap();
    // the host's shim tags whatever it sends: this frame arrives with two tags, 100 and 7
    let socket = RawSocket::open(lab.client(), "eth0").unwrap();
    let before = count(&lab, "unconfigured", "no-interface");
    let mut frame = vec![0; 60];
    frame[..6].copy_from_slice(&Segment::Lan.gateway().mac.0);
    frame[6..12].copy_from_slice(&Mac([2, 0, 0, 0, 9, 9]).0);
    frame[12..16].copy_from_slice(&[0x81, 0x00, 0x00, 0x07]);
    frame[16..18].copy_from_slice(&[0x08, 0x00]);
    socket.send(&frame).unwrap();
    flumen_testkit::wait_until("it is counted", SOON, || {
        count(&lab, "unconfigured", "no-interface") > before
    })
    .unwrap();
}
