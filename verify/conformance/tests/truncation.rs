//! Frames cut at every length: both engines give the same reason, and neither reads beyond the end.

use flumen_abi::{IfIndex, Outcome};
use flumen_conformance::differential::{CaseStep, Difference, Pair};
use flumen_conformance::executor::{Executor, NativeExecutor, NextHops, WorldNamespace};
use flumen_conformance::site::{compiled, hiding_site};
use flumen_conformance::world::WorldLink;
use flumen_testkit::packet::{Mac, Packet, SYN, protocol};

/// A frame, its device, and the frame that opens the session it belongs to.
struct Cut {
    device: &'static str,
    frame: Packet,
    before: Option<(&'static str, Packet)>,
}

fn cut(device: &'static str, frame: Packet) -> Cut {
    Cut { device, frame, before: None }
}

/// An ICMP error about a session that is open.
fn error(frame: Packet, opened: Packet) -> Cut {
    Cut { device: "wan", frame, before: Some(("lan", opened)) }
}

/// A frame to one of the gateway's links.
fn to(link: &str) -> Packet {
    Packet::eth().macs([2, 0, 0, 0, 0, 1], Mac(WorldLink::named(link).mac()))
}

fn cuts() -> Vec<Cut> {
    let lan4 = || to("lan").ipv4("10.0.1.10", "203.0.113.10");
    let lan6 = || to("lan").ipv6("2001:db8:1::10", "2001:db8:2::10");
    let wan4 = || to("wan").ipv4("203.0.113.10", "203.0.113.1");
    let wan6 = || to("wan").ipv6("2001:db8:2::10", "2001:db8:2::1");
    let quoted4 = || Packet::l3().ipv4("203.0.113.1", "203.0.113.10").options([1; 8]);
    let quoted6 = || Packet::l3().ipv6("2001:db8:2::1", "2001:db8:2::10");
    vec![
        cut("lan", lan4().options([1; 40]).tcp(4000, 80).flags(SYN).mss(1460).payload_len(20)),
        cut("lan", lan4().udp(4000, 53).payload_len(20)),
        cut("lan", to("lan").vlan(100).ipv4("10.1.0.10", "203.0.113.10").icmp_echo(1, 1).payload_len(20)),
        cut(
            "wan",
            to("wan").qinq(7, 8).ipv6("2001:db8:78::10", "2001:db8:1::10").udp(4000, 53).payload_len(9),
        ),
        cut(
            "lan",
            lan6()
                .hop_by_hop([])
                .routing(2, 0, [0; 20])
                .destination_options([])
                .authentication(1, 2, [0; 12])
                .tcp(4000, 80)
                .flags(SYN),
        ),
        cut("lan", lan6().fragment(1, 0, true).udp(4000, 53).udp_len(80).payload_len(20)),
        cut("lan", lan6().ttl(1).udp(4000, 53).payload_len(20)),
        cut("lan", lan4().ttl(1).udp(4000, 53).payload_len(21)),
        cut("lan", lan4().other(protocol::GRE, [0; 24])),
        cut("lan", Packet::arp_request([2, 0, 0, 0, 0, 1], "10.0.1.10", "10.0.1.1").pad_to(60)),
        error(
            wan4().icmp_unreachable(3).quoting(&quoted4().udp(4000, 53).payload_len(20)),
            lan4().udp(4000, 53),
        ),
        error(
            wan4().icmp_frag_needed(1280).quoting(&quoted4().tcp(4000, 80).payload_len(20)),
            lan4().tcp(4000, 80).flags(SYN),
        ),
        error(
            wan6().icmpv6_packet_too_big(1280).quoting(&quoted6().tcp(4000, 80).payload_len(20)),
            lan6().tcp(4000, 80).flags(SYN),
        ),
        error(wan4().icmp_unreachable(3).quoting(&quoted4().icmp_echo(5000, 1)), lan4().icmp_echo(5000, 1)),
    ]
}

#[test]
fn a_frame_of_any_length_fares_alike_on_both_engines() {
    let world = WorldNamespace::new("truncation").expect("the world's namespace");
    let inside = || {
        let mut pair = Pair::new("truncation").expect("the engine opens");
        pair.prepare([hiding_site()].iter()).expect("the site compiles");
        for cut in cuts() {
            pair.begin().expect("the tables are written");
            let frame = cut.frame.build();
            let before = cut.before.iter().map(|(device, packet)| CaseStep::frame(device, &packet.build()));
            // shorter ones first: the last is whole
            let cuts = (14..=frame.len()).map(|len| CaseStep::frame(cut.device, &frame[..len]));
            for step in before.chain(cuts) {
                let difference = pair.step(&step).expect("the engines run");
                assert_eq!(difference, None, "{step:?}");
            }
            let difference = pair.end().expect("the tables are read");
            assert_eq!(difference, None::<Difference>, "of {frame:x?}");
        }
    };
    world.run(inside).expect("a thread in the namespace");
}

/// The kernel hands up no frame of less than an Ethernet header; the native engine may be given one.
#[test]
fn a_frame_shorter_than_an_ethernet_header_is_dropped_natively() {
    let mut native = NativeExecutor::new(4, NextHops::Kept);
    native.begin(&compiled(&hiding_site(), 1).expect("the site compiles")).expect("native tables");
    for len in 0..14 {
        let taken = native.take(IfIndex(11), &vec![0; len]).expect("the native engine runs");
        let (reason, _) = taken.verdict.expect("the native engine tells");
        assert_eq!(reason.outcome(), Outcome::Drop);
        assert_eq!(taken.frame.len(), len);
    }
}
