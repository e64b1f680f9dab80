//! Every frame is accounted for.

use std::time::Duration;

use flumen_scenarios::{Balance, Configuration, Lab, balances};
use flumen_testkit::netns::Listener;
use flumen_testkit::topology::Segment;

use crate::support::{READY, SOON, server_ips};

/// The balances when nothing moves any more.
fn at_rest(lab: &Lab) -> Vec<Balance> {
    let read = || balances(lab.flumen()).expect("the daemon answers");
    let mut last = read();
    let mut steady = 0;
    let rested = flumen_testkit::wait_until("traffic rests", SOON, || {
        let now = read();
        steady = if now == last { steady + 1 } else { 0 };
        last = now;
        steady >= 10
    });
    rested.expect("nothing sends");
    last
}

#[test]
fn received_is_the_sum_of_all_outcomes_and_what_the_hosts_have_sent() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _iperf = lab.server().spawn("iperf3 -s").unwrap();
    lab.server().wait_listening(Listener::Tcp(5201), READY).unwrap();
    let sent = |segment| lab.topology().host_link(segment).stats().unwrap().tx_packets;
    let received = |interface: &str, balances: &[Balance]| {
        balances.iter().find(|balance| balance.interface == interface).map_or(0, |balance| balance.received)
    };
    let before = at_rest(&lab);
    let sent_before = [Segment::Lan, Segment::Wan].map(sent);

    for to in server_ips() {
        for options in ["-t 1", "-t 1 -R", "-u -b 200M -t 1", "-u -b 100M -t 1 -l 4000"] {
            let line = format!("iperf3 -c {to} {options} --connect-timeout 5000");
            lab.client().exec_within(Duration::from_secs(60), &line).unwrap();
        }
        lab.client().exec(&format!("ping -c 3 -i 0.05 -t 1 {to}")).unwrap_err();
    }

    let after = at_rest(&lab);
    for balance in &after {
        assert_eq!(balance.received, balance.ended, "{after:?}");
    }
    for (number, segment) in [Segment::Lan, Segment::Wan].into_iter().enumerate() {
        let counted = received(segment.dev(), &after) - received(segment.dev(), &before);
        assert_eq!(counted, sent(segment) - sent_before[number], "{}: {after:?}", segment.dev());
        assert!(counted > 10_000, "there was load: {counted}");
    }
}
