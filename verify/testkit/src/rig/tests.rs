use super::*;
use crate::generator::Order;

#[test]
fn every_device_passes_every_kind_of_traffic_without_loss() {
    for device in [
        Device::XdpDrop,
        Device::XdpRedirect,
        Device::KernelForward,
        Device::NftStateful,
        Device::NftMasquerade,
    ] {
        let mut rig = Rig::new(device).unwrap();
        for spec in [
            Spec::udp4(),
            Spec::udp4().flows(1000).order(Order::Random),
            Spec::tcp4().flags(crate::packet::SYN).flows(100),
            Spec::udp6().flows(1000),
            Spec::tcp6().flags(crate::packet::SYN),
        ] {
            rig.warm_up(&spec).unwrap();
            let run = rig.measure(&spec, 20_000).unwrap();
            assert_eq!(run.packets, 20_000);
            let ns = run.ns_per_packet();
            assert!(ns > 20.0 && ns < 1e6, "{device:?} {spec:?}: {ns}");
            let tracked = run.conntrack.map(|conntrack| (conntrack.count > 0, conntrack.overflowed()));
            assert_eq!(tracked, device.uses_conntrack().then_some((true, false)));
        }
    }
}

#[test]
fn answers_pass_a_stateful_device_and_strangers_do_not() {
    let mut rig = Rig::new(Device::NftStateful).unwrap();
    let spec = Spec::udp4().flows(1 << 10).vary_source_port(4);
    let answers = spec.reply().unwrap();
    let refused = rig.run(&mut Traffic::back(answers.clone()), 1).unwrap_err();
    assert!(matches!(refused, Error::Loss { sent: 1, arrived: 0, .. }), "{refused}");
    rig.measure(&spec, 1 << 10).unwrap();
    rig.run(&mut Traffic::back(answers), 1 << 10).unwrap();
}

#[test]
fn handshakes_through_both_firewalls_leave_sessions_established() {
    for (device, seen) in [
        (Device::NftStateful, Spec::tcp4().source()),
        (Device::NftMasquerade, Segment::Wan.gateway().v4.into()),
    ] {
        let mut rig = Rig::new(device).unwrap();
        let spec = Spec::tcp4().flows(1 << 8);
        rig.establish(&spec, seen).unwrap();
        let table = rig.dut().read_proc_net("nf_conntrack").unwrap();
        let established =
            table.lines().filter(|line| line.contains("ESTABLISHED") && line.contains("[ASSURED]"));
        assert_eq!(established.count(), 1 << 8, "{table}");
    }
}

#[test]
fn traffic_goes_on_with_the_next_flow() {
    let mut rig = Rig::new(Device::NftStateful).unwrap();
    let mut traffic = Traffic::forward(Spec::udp4().flows(1 << 20));
    for run in 1..=3 {
        let run_to = rig.run(&mut traffic, 1000).unwrap();
        assert_eq!(run_to.conntrack.unwrap().count, run * 1000);
    }
}

#[test]
fn limits_of_the_connection_table_come_back() {
    // other tests of this process may hold the limits up while this one runs
    let max = || std::fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_max").unwrap();
    let rig = Rig::new(Device::NftMasquerade).unwrap();
    let raised: u64 = max().trim().parse().unwrap();
    assert!(raised >= 8 << 20);
    assert!(Conntrack::read(rig.dut()).unwrap().max >= 8 << 20);
}
