use super::{Finding, Level, Ports, readiness};
use flumen_kernel::{
    AttachedXdp, DeviceFacts, FakeHost, Feature, MachineFacts, Quantity, Setting, Span, XdpFeatures, XdpMode,
};

const DRIVER: XdpFeatures = XdpFeatures { driver_mode: true, transmit: true, multi_buffer: false };

fn device(name: &str) -> DeviceFacts {
    DeviceFacts {
        name: name.into(),
        driver: "ixgbe".into(),
        running: true,
        mtu: 1600,
        xdp: Some(DRIVER),
        ..DeviceFacts::default()
    }
}

/// A host on which everything is as it should be.
fn ready() -> FakeHost {
    let host = FakeHost::default();
    host.set_machine(MachineFacts {
        release: "6.12.48+deb13-amd64".into(),
        cpus: vec![0, 1],
        bpf_filesystem: true,
        root: true,
        irqbalance: false,
    });
    host.set_device(device("ens5"));
    host.set_device(device("ens6"));
    host.set(Setting::conf("ipv4", "all", "rp_filter"), "0");
    host.set(Setting::conf("ipv4", "ens5", "rp_filter"), "2");
    host
}

fn ports() -> Ports {
    Ports { input: "ens5".into(), output: Some("ens6".into()), inner_mtu: 1500 }
}

/// What is found beside what is good.
fn complaints(host: &FakeHost) -> Vec<Finding> {
    let found = readiness(host, &ports()).unwrap();
    assert_eq!(found.ready, found.findings.iter().all(|finding| finding.level != Level::Bad));
    found.findings.into_iter().filter(|finding| finding.level != Level::Good).collect()
}

/// The one complaint about the input when it is like this.
fn complaint(facts: DeviceFacts) -> (Level, &'static str, String) {
    let host = ready();
    host.set_device(facts);
    let found = complaints(&host);
    assert_eq!(found.len(), 1, "{found:?}");
    (found[0].level, found[0].topic, found[0].remedy.clone())
}

#[test]
fn a_ready_host_has_nothing_to_change() {
    let host = ready();
    assert_eq!(complaints(&host), []);
    assert!(readiness(&host, &ports()).unwrap().ready);
}

#[test]
fn a_device_that_is_missing_or_down_is_bad() {
    let host = ready();
    let ports = Ports { input: "nosuch".into(), ..ports() };
    let found = readiness(&host, &ports).unwrap();
    assert!(!found.ready);
    assert!(found.findings.iter().any(|one| one.subject == "nosuch" && one.topic == "device"));
    assert_eq!(complaint(DeviceFacts { running: false, ..device("ens5") }).0, Level::Bad);
}

#[test]
fn an_old_kernel_is_bad_and_an_interpreted_program_is_slow() {
    let host = ready();
    host.set_machine(MachineFacts {
        release: "5.15.0-1".into(),
        cpus: vec![0, 1],
        root: true,
        ..Default::default()
    });
    host.set(Setting::Sysctl("net/core/bpf_jit_enable".into()), "0");
    let found: Vec<_> = complaints(&host).into_iter().map(|one| (one.topic, one.level)).collect();
    assert_eq!(found, [("kernel", Level::Bad), ("bpf-filesystem", Level::Warning), ("jit", Level::Warning)]);
}

#[test]
fn merged_frames_are_bad_where_the_program_would_see_them() {
    let on = |name: &str| [(name.to_owned(), Feature { on: true, fixed: false })].into();
    let lro = DeviceFacts { features: on("rx-lro"), ..device("ens5") };
    assert_eq!(complaint(lro), (Level::Bad, "offload", "ethtool -K ens5 rx-lro off".into()));
    let host = ready();
    host.set_device(DeviceFacts { features: on("rx-gro"), ..device("ens5") });
    assert_eq!(complaints(&host), [], "in driver mode the program comes before GRO");
    let xdp = Some(XdpFeatures { driver_mode: false, ..DRIVER });
    host.set_device(DeviceFacts { features: on("rx-gro"), xdp, ..device("ens5") });
    let found: Vec<_> = complaints(&host).into_iter().map(|one| (one.topic, one.level)).collect();
    assert_eq!(found, [("xdp", Level::Warning), ("gro", Level::Bad)]);
}

#[test]
fn the_mtu_must_hold_the_outer_headers_and_fit_one_buffer() {
    let with = |mtu: u32| DeviceFacts { mtu, ..device("ens5") };
    assert_eq!(complaint(with(1500)), (Level::Warning, "mtu", "ip link set ens5 mtu 1550".into()));
    assert_eq!(complaint(with(9001)), (Level::Bad, "mtu", "ip link set ens5 mtu 3498".into()));
    let host = ready();
    let multi_buffer = XdpFeatures { multi_buffer: true, ..DRIVER };
    host.set_device(DeviceFacts { xdp: Some(multi_buffer), ..with(9001) });
    assert_eq!(complaints(&host), []);
}

#[test]
fn a_small_ring_and_too_few_channels_are_slow_and_too_many_are_refused_by_ena() {
    let with = |quantity: Quantity, now: u32, max: u32| DeviceFacts {
        quantities: [(quantity, Span { now, max: Some(max) })].into(),
        ..device("ens5")
    };
    let ring = complaint(with(Quantity::RxRing, 256, 8192));
    assert_eq!(ring, (Level::Warning, "ring", "ethtool -G ens5 rx 4096".into()));
    let few = complaint(with(Quantity::CombinedChannels, 1, 8));
    assert_eq!(few, (Level::Warning, "channels", "ethtool -L ens5 combined 2".into()));
    let ena = DeviceFacts { driver: "ena".into(), ..with(Quantity::CombinedChannels, 2, 2) };
    assert_eq!(complaint(ena), (Level::Bad, "channels", "ethtool -L ens5 combined 1".into()));
}

#[test]
fn another_program_is_named_with_its_mode() {
    let attached = Some(AttachedXdp { mode: XdpMode::Driver, program: Some(77) });
    let host = ready();
    host.set_device(DeviceFacts { attached, ..device("ens5") });
    let found = complaints(&host);
    assert_eq!(found[0].found, "XDP program 77 is attached in driver mode");
}

#[test]
fn strict_reverse_path_filtering_of_all_counts_for_the_device() {
    let host = ready();
    host.set(Setting::conf("ipv4", "ens5", "rp_filter"), "0");
    host.set(Setting::conf("ipv4", "all", "rp_filter"), "1");
    assert_eq!(complaints(&host)[0].topic, "rp_filter");
}

#[test]
fn an_output_that_takes_no_frames_of_xdp_is_bad() {
    let host = ready();
    let xdp = Some(XdpFeatures { transmit: false, ..DRIVER });
    host.set_device(DeviceFacts { xdp, mtu: 1400, ..device("ens6") });
    let found: Vec<_> = complaints(&host).into_iter().map(|one| (one.topic, one.level)).collect();
    assert_eq!(found, [("redirect", Level::Bad), ("mtu", Level::Warning)]);
}
