//! The real kernel, in a network namespace of the test's own: it has no name, and ends with the test's thread.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_abi::Addr;
use flumen_engine::HostFacts;
use flumen_kernel::network::{Effort, Settings};
use flumen_kernel::{
    Change, Feature, Host, KernelError, KernelTables, Ledger, LinkProperty, LinuxHost, Neighbour,
    NeighbourState, Quantity, Route, RouteHop, RouteKind, RouteOutcome, RouteQuery, Setting, restore,
};
use std::collections::BTreeMap;
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};
use support::{in_namespace, ip};

fn addr(text: &str) -> Addr {
    text.parse::<IpAddr>().unwrap().into()
}

/// `lan` and `wan`, each one end of a veth pair whose other end is beside it.
fn two_links() {
    for (link, peer, v4, v6) in [
        ("lan", "lan-p", "10.1.0.1/24", "2001:db8:1::1/64"),
        ("wan", "wan-p", "10.2.0.1/24", "2001:db8:2::1/64"),
    ] {
        ip(&format!("link add {link} type veth peer name {peer}"));
        ip(&format!("addr add {v4} dev {link}"));
        ip(&format!("addr add {v6} dev {link} nodad"));
        ip(&format!("link set {link} up"));
        ip(&format!("link set {peer} up"));
    }
}

#[test]
fn tables_show_what_ip_was_told() {
    in_namespace(|| {
        two_links();
        ip("route add 192.0.2.0/24 via 10.1.0.9 metric 7");
        ip("route add default proto static nexthop via 10.1.0.9 weight 2 nexthop via 10.2.0.9");
        ip("route add blackhole 203.0.113.0/24");
        ip("route add 198.51.100.0/24 via inet6 2001:db8:1::9 dev lan");
        ip("route add 2001:db8:9::/48 via 2001:db8:2::9 table 100");
        let routes = LinuxHost.routes(&|route| route.table != 255).unwrap();
        let to = |destination: &str, bits| {
            let destination = (destination.parse().unwrap(), bits);
            routes.iter().find(|route| route.destination == destination).unwrap()
        };
        let hop = |gateway: &str, link: &str, weight| RouteHop {
            gateway: (!gateway.is_empty()).then(|| gateway.parse().unwrap()),
            link: link.to_owned(),
            weight,
        };
        let single = to("192.0.2.0", 24);
        assert_eq!((single.table, single.metric, single.protocol), (254, 7, 3));
        assert_eq!(single.hops, [hop("10.1.0.9", "lan", 1)]);
        let default = to("0.0.0.0", 0);
        assert_eq!((default.protocol, default.kind), (4, RouteKind::Unicast));
        assert_eq!(default.hops, [hop("10.1.0.9", "lan", 2), hop("10.2.0.9", "wan", 1)]);
        assert_eq!(
            (to("203.0.113.0", 24).kind, &to("203.0.113.0", 24).hops[..]),
            (RouteKind::Blackhole, &[][..])
        );
        assert_eq!(to("198.51.100.0", 24).hops, [hop("2001:db8:1::9", "lan", 1)]);
        assert_eq!(to("2001:db8:9::", 48).table, 100);
        let direct = to("10.1.0.0", 24);
        assert_eq!((direct.protocol, direct.source), (2, Some("10.1.0.1".parse().unwrap())));
        assert_eq!(direct.hops, [hop("", "lan", 1)]);
        let local = LinuxHost.routes(&|route| route.kind == RouteKind::Local).unwrap();
        assert!(local.iter().any(|route| route.destination == ("10.1.0.1".parse().unwrap(), 32)));

        ip("neigh add 10.1.0.9 lladdr 02:00:00:00:00:09 dev lan nud permanent");
        ip("neigh add 2001:db8:2::9 lladdr 02:00:00:00:00:0a dev wan nud stale router");
        let mut neighbours = LinuxHost.neighbours().unwrap();
        neighbours.sort_by_key(|neighbour| neighbour.address);
        let shown: Vec<_> = neighbours.iter().map(|own| (own.link.as_str(), own.state, own.router)).collect();
        assert_eq!(shown, [("lan", NeighbourState::Permanent, false), ("wan", NeighbourState::Stale, true)]);
        assert_eq!(neighbours[0].mac, Some([2, 0, 0, 0, 0, 9]));

        ip("neigh add 10.2.0.9 lladdr 02:00:00:00:00:09 dev wan nud permanent");
        let sender = UdpSocket::bind("10.2.0.1:0").unwrap();
        sender.send_to(b"counted", "10.2.0.9:9").unwrap();
        ip("link set lan-p down");
        let links = LinuxHost.link_entries().unwrap();
        let link = |name: &str| links.iter().find(|link| link.name == name).unwrap();
        let (lan, wan) = (link("lan"), link("wan"));
        assert_eq!((lan.kind.as_str(), lan.up, lan.carrier, wan.carrier), ("veth", true, false, true));
        assert!(lan.carrier_changes > 0 && lan.queues.0 > 0);
        let own: IpAddr = "10.2.0.1".parse().unwrap();
        assert!(wan.addresses.contains(&(own, 24)));
        assert!(wan.counters.sent[0] > 0, "{:?}", wan.counters);
    });
}

#[test]
fn a_link_that_gets_ipv6_with_its_mtu_is_prepared_for_it_in_the_same_go() {
    in_namespace(|| {
        two_links();
        ip("link set lan mtu 600");
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&dir.path().join("originals.json"), "boot").unwrap();
        let setting = |name: &str| Setting::conf("ipv6", "lan", name);
        assert_eq!(LinuxHost.read_setting(&setting("mtu")).unwrap(), None, "no IPv6");
        let configured = Settings {
            values: vec![
                (Setting::link("lan", LinkProperty::Mtu), "1500".into()),
                (setting("mtu"), "1300".into()),
            ],
            impossible: Vec::new(),
        };
        let links = ["lan".to_owned()];
        let mut prepare = |configured: &Settings| {
            let configured = (configured, Effort::All);
            let done = flumen_kernel::prepare(&LinuxHost, &mut ledger, &links, &links, configured).unwrap();
            flumen_kernel::open(&LinuxHost, done.openings).unwrap();
        };
        prepare(&configured);
        let read = |name: &str| LinuxHost.read_setting(&setting(name)).unwrap();
        assert_eq!(read("mtu").as_deref(), Some("1300"));
        assert_eq!(read("forwarding").as_deref(), Some("1"));
        let low = Settings {
            values: vec![(Setting::link("lan", LinkProperty::Mtu), "600".into())],
            impossible: Vec::new(),
        };
        prepare(&low);
        assert_eq!(read("mtu"), None);
        let back = Settings {
            values: vec![(Setting::link("lan", LinkProperty::Mtu), "1280".into())],
            impossible: Vec::new(),
        };
        prepare(&back);
        assert_eq!(read("forwarding").as_deref(), Some("1"));
    });
}

#[test]
fn facts_are_what_ip_was_told() {
    in_namespace(|| {
        ip("link add eth0 mtu 9000 type veth peer name eth0-p");
        ip("link set eth0-p up");
        ip("addr add 192.0.2.1/24 dev eth0");
        ip("addr add 192.0.2.2/24 dev eth0");
        ip("addr add 10.9.0.1 peer 10.9.0.2 dev eth0");
        ip("addr add fd00::1/64 dev eth0 nodad");
        ip("addr add 2001:db8::1/64 dev eth0 nodad");
        ip("link set eth0 up");
        ip("link add eth1 type veth peer name eth1-p");
        let facts = LinuxHost.facts().unwrap();
        let eth0 = facts.link("eth0").unwrap();
        assert_eq!((eth0.mtu, eth0.running), (9000, true));
        assert_eq!((eth0.v4, eth0.v6), (Some(addr("192.0.2.1")), Some(addr("2001:db8::1"))));
        let eth1 = facts.link("eth1").unwrap();
        assert_eq!((eth1.v4, eth1.v6, eth1.running), (None, None, false));
        let local = |text: &str| {
            facts.locals.iter().find(|local| local.addr == addr(text)).map(|local| local.broadcast)
        };
        for own in ["127.0.0.1", "192.0.2.1", "192.0.2.2", "10.9.0.1", "fd00::1", "2001:db8::1", "::1"] {
            assert_eq!(local(own), Some(false), "{own}");
        }
        assert_eq!(local("192.0.2.255"), Some(true));
        assert_eq!(local("10.9.0.2"), None, "the peer's address is not ours");
        assert!(facts.locals.iter().any(|local| local.link == eth0.index));
    });
}

#[test]
fn changes_arrive_once_and_bursts_arrive_together() {
    in_namespace(|| {
        let mut watch = LinuxHost.watch().unwrap();
        let first = watch.next(Duration::ZERO).unwrap().unwrap();
        assert!(first.link("eth0").is_none());
        assert_eq!(watch.next(Duration::from_millis(50)).unwrap(), None, "nothing happens");

        ip("link add eth0 type veth peer name eth0-p");
        ip("addr add 192.0.2.1/24 dev eth0");
        ip("link set eth0 up");
        ip("link set eth0-p up");
        let last = until(&mut *watch, |facts| {
            facts.link("eth0").is_some_and(|link| link.running && link.v4.is_some())
        });
        assert_eq!(last.link("eth0").unwrap().v4, Some(addr("192.0.2.1")));
        let index = last.link("eth0").unwrap().index;

        ip("link del eth0");
        ip("link add eth0 type veth peer name eth0-p");
        let last = until(&mut *watch, |facts| facts.link("eth0").is_some_and(|link| link.index != index));
        assert_eq!(last.link("eth0").unwrap().v4, None);
    });
}

#[test]
fn a_veth_takes_frames_of_xdp_while_its_peer_has_gro_and_each_change_arrives() {
    in_namespace(|| {
        ip("link add eth0 type veth peer name eth0-p");
        ip("link set eth0 up");
        ip("link set eth0-p up");
        let takes = |facts: &HostFacts, link: &str| facts.link(link).unwrap().xdp_transmit;
        let facts = LinuxHost.facts().unwrap();
        if takes(&facts, "lo") {
            eprintln!("skipped: the kernel does not tell XDP features (before Linux 6.3)");
            return;
        }
        assert!(!takes(&facts, "eth0"), "GRO of a new veth is off");

        let mut watch = LinuxHost.watch().unwrap();
        assert_eq!(watch.next(Duration::ZERO).unwrap(), Some(facts));
        let gro = Setting::Feature { device: "eth0-p".to_owned(), feature: "rx-gro".to_owned() };
        let begin = Instant::now();
        for (value, expected) in [("on", true), ("off", false), ("on", true)] {
            LinuxHost.write_setting(&gro, value).unwrap();
            let facts = until(&mut *watch, |facts| takes(facts, "eth0") == expected);
            assert!(!takes(&facts, "eth0-p"), "the own end's GRO is the peer's business");
        }
        assert!(begin.elapsed() < Duration::from_secs(2), "heard, and not found by looking now and then");
    });
}

fn until(watch: &mut dyn flumen_kernel::HostWatch, wanted: impl Fn(&HostFacts) -> bool) -> HostFacts {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        if let Some(facts) = watch.next(Duration::from_millis(200)).unwrap()
            && wanted(&facts)
        {
            return facts;
        }
    }
    panic!("the change did not arrive");
}

#[test]
fn routes_are_answered_as_the_datapath_finds_them() {
    in_namespace(|| {
        two_links();
        let mut ledger = ledger();
        prepare(&LinuxHost, &mut ledger.1, &names(&["lan", "wan"]), &[]).unwrap();
        ip("link set wan address 02:00:00:00:02:01");
        ip("route add 198.51.100.0/24 via 10.2.0.254");
        ip("neigh add 10.2.0.254 lladdr 02:00:00:00:02:54 dev wan");
        ip("route add blackhole 198.18.0.0/16");
        ip("route add prohibit 198.19.0.0/16");
        ip("route add unreachable 203.0.113.0/24");
        ip("-6 route add 2001:db8:ffff::/48 via 2001:db8:2::fe");
        ip("-6 route add blackhole 2001:db8:dead::/48");
        let facts = LinuxHost.facts().unwrap();
        let (lan, wan) = (facts.link("lan").unwrap().index, facts.link("wan").unwrap().index);
        let route = |source: &str, destination: &str| {
            let query = RouteQuery {
                ingress: lan,
                source: addr(source),
                destination: addr(destination),
                protocol: 6,
                source_port: 40_000,
                destination_port: 443,
            };
            LinuxHost.route(&query).unwrap()
        };
        let forward = |next_hop: &str, neighbour| Route {
            outcome: RouteOutcome::Forward,
            egress: Some(wan),
            egress_mac: [2, 0, 0, 0, 2, 1],
            next_hop: Some(addr(next_hop)),
            neighbour: Some(neighbour),
        };
        let known = Neighbour::Known([2, 0, 0, 0, 2, 0x54]);
        assert_eq!(route("10.1.0.7", "198.51.100.9"), forward("10.2.0.254", known));
        assert_eq!(route("10.1.0.7", "10.2.0.9"), forward("10.2.0.9", Neighbour::Unknown));
        assert_eq!(route("2001:db8:1::7", "2001:db8:ffff::1"), forward("2001:db8:2::fe", Neighbour::Unknown));
        assert_eq!(
            route("8.8.8.8", "198.51.100.9"),
            forward("10.2.0.254", known),
            "no reverse path is asked for"
        );
        for (destination, outcome) in [
            ("10.1.0.1", RouteOutcome::Local),
            ("10.2.0.255", RouteOutcome::Broadcast),
            ("198.18.0.1", RouteOutcome::Blackhole),
            ("198.19.0.1", RouteOutcome::Prohibit),
            ("203.0.113.1", RouteOutcome::Unreachable),
            ("192.0.2.1", RouteOutcome::None),
        ] {
            let found = route("10.1.0.7", destination);
            assert_eq!((found.outcome, found.egress), (outcome, None), "{destination}");
        }
        for (destination, outcome) in [
            ("2001:db8:1::1", RouteOutcome::Local),
            ("2001:db8:dead::1", RouteOutcome::Blackhole),
            ("2001:db9::1", RouteOutcome::None),
        ] {
            assert_eq!(route("2001:db8:1::7", destination).outcome, outcome, "{destination}");
        }
    });
}

#[test]
fn the_host_is_prepared_and_put_back_to_the_last_setting() {
    in_namespace(|| {
        two_links();
        ip("link add mgmt type veth peer name mgmt-p");
        std::fs::write("/proc/sys/net/ipv4/conf/all/rp_filter", "2").unwrap();
        std::fs::write("/proc/sys/net/ipv4/conf/mgmt/rp_filter", "1").unwrap();
        let gro = Setting::Feature { device: "lan".to_owned(), feature: "rx-gro".to_owned() };
        LinuxHost.write_setting(&gro, "off").unwrap();
        let before = settings();
        let links = names(&["lan", "wan"]);
        let (dir, mut ledger) = ledger();

        prepare(&LinuxHost, &mut ledger, &links, &links).unwrap();
        let read = |family: &str, device: &str, name: &str| {
            LinuxHost.read_setting(&Setting::conf(family, device, name)).unwrap().unwrap()
        };
        assert_eq!(read("ipv4", "lan", "accept_local"), "1");
        assert_eq!(
            (read("ipv4", "all", "rp_filter"), read("ipv4", "lan", "rp_filter")),
            ("0".into(), "0".into())
        );
        assert_eq!(read("ipv4", "mgmt", "rp_filter"), "2", "what `all` did for the others stays");
        assert_eq!(
            (read("ipv4", "wan", "forwarding"), read("ipv4", "mgmt", "forwarding")),
            ("1".into(), "0".into())
        );
        assert_eq!(
            (read("ipv6", "wan", "forwarding"), read("ipv6", "mgmt", "forwarding")),
            ("1".into(), "0".into())
        );
        assert_eq!(read("ipv6", "wan", "accept_ra"), "2");
        assert_eq!(LinuxHost.read_setting(&gro).unwrap().as_deref(), Some("on"));
        assert_eq!(
            prepare(&LinuxHost, &mut ledger, &links, &links).unwrap(),
            [],
            "a second time changes nothing"
        );

        let mut ledger = Ledger::open(&dir.path().join("originals.json"), "boot").unwrap();
        restore(&LinuxHost, &mut ledger).unwrap();
        let after = settings();
        let differ: Vec<_> = before.iter().filter(|(path, value)| after.get(*path) != Some(value)).collect();
        assert!(differ.is_empty(), "{differ:?}");
        assert_eq!(LinuxHost.read_setting(&gro).unwrap().as_deref(), Some("off"));
    });
}

#[test]
fn a_device_that_is_gone_does_not_keep_the_rest_from_being_restored() {
    in_namespace(|| {
        two_links();
        let links = names(&["lan", "wan"]);
        let (_dir, mut ledger) = ledger();
        prepare(&LinuxHost, &mut ledger, &links, &links).unwrap();
        ip("link del lan");
        restore(&LinuxHost, &mut ledger).unwrap();
        let forwarding = LinuxHost.read_setting(&Setting::conf("ipv4", "wan", "forwarding")).unwrap();
        assert_eq!(forwarding.as_deref(), Some("0"));
        assert_eq!(ledger.settings().count(), 0);
    });
}

#[test]
fn a_device_says_what_it_is_and_what_a_veth_lacks_is_absent() {
    in_namespace(|| {
        two_links();
        assert_eq!(LinuxHost.device("nosuch").unwrap(), None);
        let lan = LinuxHost.device("lan").unwrap().unwrap();
        assert_eq!((lan.name.as_str(), lan.driver.as_str(), lan.is_virtual), ("lan", "veth", true));
        assert_eq!((lan.mtu, lan.max_mtu, lan.running, lan.attached), (1500, Some(65535), true, None));
        assert!(lan.features["rx-gro"] == Feature { on: false, fixed: false }, "{:?}", lan.features);
        let lro = lan.features.get("rx-lro").copied();
        assert!(lro.is_none_or(|lro| lro == Feature { on: false, fixed: true }), "{lro:?}");
        assert!(!lan.quantities.contains_key(&Quantity::RxRing) && lan.interrupts.is_empty());
        assert_eq!(lan.quantities[&Quantity::RxChannels].now, 1);
        let rings = Setting::Quantity { device: "lan".into(), quantity: Quantity::RxRing };
        assert_eq!(LinuxHost.read_setting(&rings).unwrap(), None);
        assert!(LinuxHost.write_setting(&rings, "512").is_err());
    });
}

#[test]
fn channels_of_a_device_are_set_and_read_back() {
    in_namespace(|| {
        ip("link add lan numrxqueues 2 numtxqueues 2 type veth peer name lan-p");
        let channels = Setting::Quantity { device: "lan".into(), quantity: Quantity::RxChannels };
        let before = LinuxHost.read_setting(&channels).unwrap().unwrap();
        let other = if before == "1" { "2" } else { "1" };
        for value in [other, &before] {
            LinuxHost.write_setting(&channels, value).unwrap();
            assert_eq!(LinuxHost.read_setting(&channels).unwrap().as_deref(), Some(value));
        }
        assert!(LinuxHost.write_setting(&channels, "9").is_err(), "more than it has");
    });
}

#[test]
fn the_machine_says_which_kernel_it_runs() {
    let machine = LinuxHost.machine().unwrap();
    assert!(machine.kernel().unwrap() >= (5, 6) && !machine.cpus.is_empty(), "{machine:?}");
    assert_eq!(machine.root, nix::unistd::geteuid().is_root());
}

/// With a configuration that sets nothing.
fn prepare(
    host: &dyn Host,
    ledger: &mut Ledger,
    links: &[String],
    devices: &[String],
) -> Result<Vec<Change>, KernelError> {
    let prepared = flumen_kernel::prepare(host, ledger, links, devices, (&Settings::default(), Effort::All))?;
    Ok([prepared.changes, flumen_kernel::open(host, prepared.openings)?].concat())
}

fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&dir.path().join("originals.json"), "boot").unwrap();
    (dir, ledger)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Every per-device setting of both families.
fn settings() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for family in ["ipv4", "ipv6"] {
        for device in Path::new("/proc/sys/net").join(family).join("conf").read_dir().unwrap() {
            for file in device.unwrap().path().read_dir().unwrap() {
                let path = file.unwrap().path();
                if let Ok(value) = std::fs::read_to_string(&path) {
                    all.insert(path.display().to_string(), value);
                }
            }
        }
    }
    all
}
