//! Tagged links.

use std::time::Duration;

use flumen_scenarios::{Configuration, HttpServer, Lab};
use flumen_testkit::RawSocket;
use flumen_testkit::netns::{Listener, Netns, Tag, veth};
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

/// Pings small and fragmented, pages and streams, over both IP versions; source NAT where it is configured.
fn everything_passes(lab: &Lab) {
    let _web = HttpServer::start(lab.server(), 80).expect("a server");
    let _iperf = lab.server().spawn("iperf3 -s").expect("a server");
    lab.server().wait_listening(Listener::Tcp(5201), READY).expect("a server");
    let seen = [format!("{}:", Segment::Wan.gateway().v4), format!("[{}]:", Segment::Lan.host().v6)];
    for (to, seen) in server_ips().into_iter().zip(seen) {
        let said = lab.client().exec(&format!("ping -c 5 -i 0.05 -W 5 {to}")).expect("pings pass");
        assert!(said.contains("5 received"), "{said}");
        lab.client().exec(&format!("ping -c 2 -i 0.05 -W 5 -s 4000 {to}")).expect("fragments pass");
        let client = curl(lab.client(), &format!("{}/whoami", url(to, 80))).expect("a page");
        assert!(client.starts_with(&seen), "{client}");
        let line = format!("iperf3 -c {to} -n 3M --connect-timeout 5000");
        lab.client().exec_within(Duration::from_secs(60), &line).expect("a stream passes");
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
        everything_passes(&lab);
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

/// Whether this kernel has 802.1Q. A run that must not go without says so in `FLUMEN_NEED_VLANS`.
fn kernel_has_vlans() -> bool {
    let namespace = Netns::new("vlan").expect("root");
    veth((&namespace, "one"), (&namespace, "two")).expect("a veth pair");
    match namespace.link("one").up().and_then(|link| link.sub_interface(Tag::Service, 7)) {
        Ok(_) => true,
        Err(error) if std::env::var_os("FLUMEN_NEED_VLANS").is_some() => panic!("{error}"),
        Err(error) => {
            eprintln!(
                "skipped: this kernel has no 802.1Q ({error}); `make test-kernels` runs it on one that has"
            );
            false
        }
    }
}

/// An interface by its tags; its sub-interface has the name that Flumen takes it to have.
fn by_tags(configuration: Configuration, segment: Segment, vids: &[u16]) -> Configuration {
    let interface = match vids {
        [] => json!({}),
        [outer] => json!({"vlan": outer}),
        [outer, inner, ..] => json!({"vlan": outer, "inner-vlan": inner}),
    };
    configuration.set(&format!("/interfaces/{}", segment.dev()), interface)
}

#[test]
fn sub_interfaces_of_the_kernel_with_one_and_two_tags_are_served() {
    if !kernel_has_vlans() {
        return;
    }
    for (lan, wan) in [(&[100][..], &[][..]), (&[], &[7, 8]), (&[7, 8], &[9])] {
        let topology = Gateway::builder()
            .sub_interfaces(Segment::Lan, lan)
            .sub_interfaces(Segment::Wan, wan)
            .build()
            .unwrap();
        let configuration = by_tags(Configuration::new(), Segment::Lan, lan);
        let lab = Lab::on(topology, &by_tags(configuration, Segment::Wan, wan)).unwrap();
        everything_passes(&lab);
        let forwarded = count(&lab, "lan", "forwarded");
        assert!(forwarded > 500, "{lan:?} {wan:?}: {forwarded} frames went through Flumen");
    }
}

#[test]
fn sub_interfaces_are_made_by_the_configuration_and_go_with_it() {
    if !kernel_has_vlans() {
        return;
    }
    for (vids, unit) in [(&[7][..], "vlan-id 7;"), (&[7, 8], "vlan-tags outer 7 inner 8;")] {
        let topology = Gateway::builder().sub_interfaces(Segment::Wan, vids).build().unwrap();
        topology.gateway().ip("link delete wan.7").unwrap();
        let before = topology.gateway().ip("-o link show").unwrap().lines().count();
        let mut lab = Lab::idle(topology).unwrap();
        let text = format!(
            "interfaces {{
                lan {{ unit 0; }}
                wan {{ flexible-vlan-tagging; unit 7 {{
                    {unit} family inet {{ address 203.0.113.1/24; }} family inet6 {{ address 2001:db8:2::1/64; }}
                }} }}
            }}
            security {{
                zones {{
                    security-zone trust {{ interfaces {{ lan.0; }} }}
                    security-zone untrust {{ interfaces {{ wan.7; }} }}
                }}
                policies {{ default-policy {{ permit-all; }} }}
                nat {{ source {{ rule-set out {{
                    from zone trust; to zone untrust;
                    rule hide {{ match {{ source-address 0.0.0.0/0; }} then {{ source-nat {{ interface; }} }} }}
                }} }} }}
            }}"
        );
        let file = lab.flumen().places().file("flumen.conf");
        std::fs::write(&file, text).unwrap();
        lab.flumen_mut().start_with(&file).unwrap();
        everything_passes(&lab);
        lab.flumen().run("detach").unwrap();
        let left = lab.gateway().ip("-o link show").unwrap().lines().count();
        assert_eq!(left, before, "{vids:?}");
    }
}
