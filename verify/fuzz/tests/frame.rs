//! Any byte string as a frame: no panic, one outcome, nothing lost; headers and quotes are read within the frame.

use bolero::check;
use flumen_conformance::site::{destination_nat, hiding_site, host_services};
use flumen_conformance::world::LINKS;
use flumen_fuzz::Gateway;
use serde_json::json;
use std::sync::Mutex;

/// A gateway on which every stage has something to do.
fn gateway() -> Gateway {
    let site = host_services(hiding_site(), "trust", &["ping", "dhcp"]);
    let site = destination_nat(
        site,
        "any",
        "203.0.113.1",
        json!({"destination-port": [80]}),
        json!({"address": "10.0.3.80", "port": 8080}),
    );
    Gateway::new(64, &[site])
}

/// Sets the IPv4 header's checksum right, as a fuzzer cannot guess it.
fn repaired(frame: &mut [u8]) {
    if frame.len() >= 34 && frame[12..14] == [8, 0] {
        let end = (14 + usize::from(frame[14] & 15) * 4).clamp(34, frame.len());
        frame[24..26].fill(0);
        let sum = !flumen_testkit::packet::fold(flumen_testkit::packet::sum(&frame[14..end]));
        frame[24..26].copy_from_slice(&sum.to_be_bytes());
    }
}

#[test]
fn any_bytes_as_a_frame_have_one_outcome() {
    let gateway = Mutex::new(gateway());
    check!().for_each(|bytes: &[u8]| {
        let mut gateway = gateway.lock().expect("no run has panicked");
        let Some((&link, frame)) = bytes.split_first() else { return };
        gateway.take(&LINKS[usize::from(link) % LINKS.len()], frame);
        gateway.assert_conserved();
    });
}

#[test]
fn any_sequence_of_ip_packets_has_one_outcome_each() {
    let gateway = Mutex::new(gateway());
    check!().with_type::<Vec<(u8, bool, Vec<u8>)>>().for_each(|frames| {
        let mut gateway = gateway.lock().expect("no run has panicked");
        for (link, six, packet) in frames {
            let link = &LINKS[usize::from(*link) % LINKS.len()];
            let ethertype = if *six { [0x86, 0xdd] } else { [8, 0] };
            let mut frame = [&link.mac()[..], &[2, 0, 0, 0, 0, 1], &ethertype, packet].concat();
            repaired(&mut frame);
            gateway.take(link, &frame);
        }
        gateway.assert_conserved();
        gateway.assert_sessions_whole();
    });
}
