//! Links, addresses and routes of the real kernel, in a network namespace of the test's own: it has no name, and ends
//! with the test's thread.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_kernel::network::{
    Effort, Hop, Network, NetworkLink, OURS, Offload, RouteTarget, StaticRoute, VlanLink, Waiting, converge,
    make_links, remove_all, remove_links, settings,
};
use flumen_kernel::{Host, KernelError, Ledger, LinkProperty, LinuxHost, Quantity, Setting};
use support::{in_namespace, ip};

/// Two veth links, `lan` and `wan`, with nothing on them.
fn two_links() {
    for link in ["lan", "wan"] {
        ip(&format!("link add {link} type veth peer name {link}-p"));
        ip(&format!("link set {link}-p up"));
    }
}

fn link(addresses: &[&str]) -> NetworkLink {
    let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    NetworkLink { up: true, addresses, ..NetworkLink::default() }
}

fn route(to: &str, metric: u32, target: RouteTarget) -> StaticRoute {
    StaticRoute { to: to.parse().unwrap(), metric, target }
}

fn via(gateways: &[&str]) -> RouteTarget {
    let hop = |gateway: &&str| Hop { gateway: Some(gateway.parse().unwrap()), link: None };
    RouteTarget::Via(gateways.iter().map(hop).collect())
}

fn dev(link: &str) -> RouteTarget {
    RouteTarget::Via(vec![Hop { gateway: None, link: Some(link.into()) }])
}

fn network(links: &[(&str, NetworkLink)], routes: &[StaticRoute]) -> Network {
    let links = links.iter().map(|(name, link)| ((*name).to_owned(), link.clone())).collect();
    Network { links, routes: routes.to_vec() }
}

/// Does all of it, and says what was done and what waits.
fn apply(wanted: &Network) -> (Vec<String>, Vec<Waiting>) {
    let (steps, waiting) = converge(&LinuxHost, wanted, true, Effort::All).unwrap();
    (steps.iter().map(ToString::to_string).collect(), waiting)
}

#[test]
fn addresses_and_routes_of_both_families_come_and_go_and_a_second_time_changes_nothing() {
    in_namespace(|| {
        two_links();
        let wanted = network(
            &[
                ("lan", link(&["10.1.0.1/24", "10.1.0.2/24", "2001:db8:1::1/64"])),
                ("wan", link(&["192.0.2.1/30", "2001:db8:2::1/64"])),
            ],
            &[
                route("0.0.0.0/0", 5, via(&["192.0.2.2"])),
                route("198.51.100.0/24", 7, via(&["192.0.2.2", "10.1.0.9"])),
                route("203.0.113.0/24", 5, dev("lan")),
                route("198.18.0.0/15", 5, RouteTarget::Discard),
                route("198.19.0.0/16", 5, RouteTarget::Reject),
                route("::/0", 5, via(&["2001:db8:2::2"])),
                route("2001:db8:dead::/48", 5, RouteTarget::Discard),
                route("2001:db8:beef::/48", 5, RouteTarget::Reject),
                route("2001:db8:cafe::/48", 5, via(&["2001:db8:2::2", "2001:db8:1::2"])),
                route("2001:db8:d0::/48", 5, dev("lan")),
            ],
        );
        let (steps, waiting) = apply(&wanted);
        assert_eq!((steps.len(), waiting.len()), (2 + 5 + 10, 0), "{steps:?} {waiting:?}");
        assert_eq!(apply(&wanted).0, [""; 0], "a second time");
        assert!(ip("-4 addr show dev lan").contains("inet 10.1.0.1/24 brd 10.1.0.255"));
        let routes = ip("-4 route show");
        assert!(routes.contains("default via 192.0.2.2 dev wan proto 70 metric 5"), "{routes}");
        assert!(routes.contains("blackhole 198.18.0.0/15 proto 70 metric 5"), "{routes}");
        assert!(routes.contains("unreachable 198.19.0.0/16 proto 70 metric 5"), "{routes}");
        assert!(routes.contains("203.0.113.0/24 dev lan proto 70 scope link metric 5"), "{routes}");
        assert_eq!(OURS, 70);
        let fewer = network(
            &[("lan", link(&["10.1.0.2/24"])), ("wan", link(&["192.0.2.1/30"]))],
            &[route("0.0.0.0/0", 5, via(&["192.0.2.2"]))],
        );
        apply(&fewer);
        assert_eq!(apply(&fewer).0, [""; 0]);
        let left = ip("-4 addr show dev lan");
        assert!(left.contains("10.1.0.2/24") && !left.contains("10.1.0.1/24"), "{left}");
        assert_eq!(ip("route show proto 70").lines().count(), 1);
        assert_eq!(ip("-6 route show proto 70"), "");
    });
}

#[test]
fn a_route_is_replaced_in_one_step() {
    in_namespace(|| {
        two_links();
        let links = [("wan", link(&["192.0.2.1/24", "2001:db8:2::1/64"]))];
        let routes =
            |four: &str, six: &str| [route("0.0.0.0/0", 5, via(&[four])), route("::/0", 5, via(&[six]))];
        apply(&network(&links, &routes("192.0.2.2", "2001:db8:2::2")));
        let next = network(&links, &routes("192.0.2.3", "2001:db8:2::3"));
        let (steps, _) = apply(&next);
        assert!(steps.len() == 2 && steps.iter().all(|step| step.starts_with("replace")), "{steps:?}");
        assert_eq!(apply(&next).0, [""; 0]);
        assert!(ip("route show").contains("192.0.2.3") && !ip("route show").contains("192.0.2.2 "));
    });
}

#[test]
fn what_others_set_serves_as_it_is_and_stays() {
    in_namespace(|| {
        two_links();
        ip("link set wan up");
        ip("addr add 192.0.2.1/24 dev wan");
        ip("addr add 192.0.2.7/24 dev wan");
        ip("addr add 2001:db8:2::1/64 dev wan nodad");
        ip("route add 198.51.100.0/24 via 192.0.2.2 metric 5");
        ip("-6 route add 2001:db8:5::/48 via 2001:db8:2::2 metric 5");
        ip("route add 203.0.113.0/24 via 192.0.2.2");
        let shown = || (ip("addr show dev wan scope global"), ip("route show"), ip("-6 route show"));
        let before = shown();
        let wanted = network(
            &[("wan", link(&["192.0.2.1/24", "192.0.2.9/24", "2001:db8:2::1/64"]))],
            &[
                route("198.51.100.0/24", 5, via(&["192.0.2.2"])),
                route("2001:db8:5::/48", 5, via(&["2001:db8:2::2"])),
            ],
        );
        apply(&wanted);
        assert!(ip("addr show dev wan").contains("192.0.2.9/24"));
        apply(&Network::default());
        assert_eq!(shown(), before);

        let other = network(&[], &[route("198.51.100.0/24", 5, via(&["192.0.2.3"]))]);
        let error = converge(&LinuxHost, &other, true, Effort::All).unwrap_err().to_string();
        assert!(error.contains("another route of the same metric"), "{error}");
    });
}

#[test]
fn an_address_of_ours_goes_without_those_of_others_in_its_network() {
    in_namespace(|| {
        two_links();
        std::fs::write("/proc/sys/net/ipv4/conf/wan/promote_secondaries", "0").unwrap();
        apply(&network(&[("wan", link(&["192.0.2.1/24"]))], &[]));
        ip("addr add 192.0.2.7/24 dev wan");
        apply(&network(&[("wan", link(&[]))], &[]));
        let left = ip("-4 addr show dev wan");
        assert!(left.contains("192.0.2.7/24") && !left.contains("192.0.2.1/24"), "{left}");
        let promote = std::fs::read_to_string("/proc/sys/net/ipv4/conf/wan/promote_secondaries").unwrap();
        assert_eq!(promote.trim(), "0", "as it was");
    });
}

#[test]
fn an_address_may_get_another_length() {
    in_namespace(|| {
        two_links();
        apply(&network(&[("wan", link(&["192.0.2.1/24", "2001:db8:2::1/64"]))], &[]));
        let next = network(&[("wan", link(&["192.0.2.1/25", "2001:db8:2::1/96"]))], &[]);
        apply(&next);
        assert_eq!(apply(&next).0, [""; 0]);
        let addresses = ip("addr show dev wan");
        assert!(addresses.contains("192.0.2.1/25") && addresses.contains("2001:db8:2::1/96"), "{addresses}");
        assert!(!addresses.contains("192.0.2.1/24"), "{addresses}");
    });
}

#[test]
fn a_link_whose_only_address_gets_another_length_keeps_the_routes_of_others() {
    in_namespace(|| {
        two_links();
        apply(&network(&[("lan", link(&["172.20.0.1/24"]))], &[]));
        ip("route add default via 172.20.0.8");
        for length in [25, 24] {
            apply(&network(&[("lan", link(&[&format!("172.20.0.1/{length}")]))], &[]));
            let (addresses, routes) = (ip("-4 addr show dev lan"), ip("route show"));
            assert!(addresses.contains(&format!("inet 172.20.0.1/{length} ")), "{addresses}");
            assert_eq!(addresses.matches("inet ").count(), 1, "{addresses}");
            assert!(routes.contains("default via 172.20.0.8 dev lan"), "{routes}");
        }
    });
}

#[test]
fn a_route_follows_the_network_of_its_gateway_to_another_link() {
    in_namespace(|| {
        two_links();
        let routes = [
            route("10.20.0.0/16", 5, via(&["10.9.0.9"])),
            route("2001:db8:20::/48", 5, via(&["2001:db8:9::9"])),
        ];
        let (here, there) = (["10.9.0.1/24", "2001:db8:9::1/64"], ["10.8.0.1/24", "2001:db8:8::1/64"]);
        let mut links = [("lan", link(&here)), ("wan", link(&there))];
        for (by, next) in [("lan", [&there, &here]), ("wan", [&here, &there]), ("lan", [&there, &here])] {
            apply(&network(&links, &routes));
            for family in ["-4", "-6"] {
                let found = ip(&format!("{family} route show proto 70"));
                assert!(found.contains(&format!("dev {by} ")), "{found}");
            }
            assert_eq!(apply(&network(&links, &routes)).0, [""; 0], "a second time");
            links = [("lan", link(next[0])), ("wan", link(next[1]))];
        }
    });
}

#[test]
fn a_route_whose_new_gateway_is_waited_for_is_not_served_by_the_old_one() {
    in_namespace(|| {
        two_links();
        let wanted = |gateways: &[&str]| {
            network(&[("lan", link(&["10.1.0.1/24"]))], &[route("10.60.0.0/16", 5, via(gateways))])
        };
        for gateways in [&["10.99.0.1"][..], &["10.1.0.9", "10.99.0.1"]] {
            apply(&wanted(&["10.1.0.9", "10.1.0.8"]));
            let (steps, waiting) = apply(&wanted(gateways));
            assert_eq!((steps.len(), waiting.len()), (1, 1), "{steps:?} {waiting:?}");
            assert_eq!(ip("route show proto 70"), "");
            let (steps, waiting) = apply(&wanted(gateways));
            assert_eq!((steps.len(), waiting.len()), (0, 1), "a second time: {steps:?}");
        }
    });
}

#[test]
fn the_first_address_of_a_network_is_its_source_again_when_it_comes_back() {
    in_namespace(|| {
        two_links();
        let [first, second, third] = ["10.9.0.1/24", "10.9.0.2/24", "10.9.0.3/24"];
        let orders: [&[&str]; 5] =
            [&[first, second], &[second], &[first, second], &[third, second, first], &[first, second, third]];
        for order in orders {
            let wanted = network(&[("lan", link(order))], &[]);
            apply(&wanted);
            let addresses = ip("-4 -o addr show dev lan");
            let found: Vec<&str> =
                addresses.lines().filter_map(|line| line.split_whitespace().nth(3)).collect();
            assert_eq!(found, order);
            assert_eq!(addresses.matches("secondary").count(), order.len() - 1, "{addresses}");
            assert_eq!(apply(&wanted).0, [""; 0], "a second time");
        }
    });
}

#[test]
fn what_is_not_there_yet_is_waited_for() {
    in_namespace(|| {
        two_links();
        let wanted = network(
            &[("later", link(&["10.9.0.1/24"])), ("wan", NetworkLink { up: false, ..link(&[]) })],
            &[
                route("0.0.0.0/0", 5, via(&["10.9.0.9"])),
                route("::/0", 5, via(&["2001:db8:9::9"])),
                route("10.0.0.0/8", 5, dev("later")),
                route("11.0.0.0/8", 5, dev("wan")),
            ],
        );
        let (_, waiting) = apply(&wanted);
        let told: Vec<String> = waiting.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "interface later waits: there is no such device",
                "route 0.0.0.0/0 metric 5 via 10.9.0.9 waits: its gateway is on no network of the host",
                "route ::/0 metric 5 via 2001:db8:9::9 waits: its gateway is on no network of the host",
                "route 10.0.0.0/8 metric 5 dev later waits: its link is not there",
                "route 11.0.0.0/8 metric 5 dev wan waits: its link is down",
            ]
        );
        ip("link add later type veth peer name later-p");
        ip("link set later-p up");
        let (_, waiting) = apply(&wanted);
        assert_eq!(waiting.len(), 2, "the IPv6 gateway, and the link that is down: {waiting:?}");
        assert!(ip("route show").contains("default via 10.9.0.9 dev later"));
    });
}

#[test]
fn a_link_that_was_down_gets_back_what_the_kernel_took_away_and_is_not_set_up_unasked() {
    in_namespace(|| {
        two_links();
        let wanted = network(
            &[("wan", link(&["192.0.2.1/24", "2001:db8:2::1/64"]))],
            &[route("0.0.0.0/0", 5, via(&["192.0.2.2"]))],
        );
        apply(&wanted);
        ip("link set wan down");
        let (_, waiting) = converge(&LinuxHost, &wanted, false, Effort::AsFarAsPossible).unwrap();
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        let state = ip("link show wan");
        assert!(!state.contains(",UP"), "{state}");
        ip("link set wan up");
        converge(&LinuxHost, &wanted, false, Effort::All).unwrap();
        assert!(ip("route show").contains("default via 192.0.2.2"));
        assert!(ip("-6 addr show dev wan").contains("2001:db8:2::1/64"));
    });
}

#[test]
fn a_refusal_comes_in_the_words_of_the_kernel_and_what_can_be_done_is_done_when_asked() {
    in_namespace(|| {
        two_links();
        std::fs::write("/proc/sys/net/ipv6/conf/wan/disable_ipv6", "1").unwrap();
        let wanted = network(&[("lan", link(&["10.1.0.1/24"])), ("wan", link(&["2001:db8:2::1/64"]))], &[]);
        let error = converge(&LinuxHost, &wanted, true, Effort::All).unwrap_err();
        assert_eq!(error.to_string().split(": ").next(), Some("add 2001:db8:2::1/64 to wan"), "{error}");
        // the kernel's own words, where it has some (Linux 6.3)
        assert!(
            !matches!(error, KernelError::Refused { .. }) || error.to_string().contains("IPv6 is disabled")
        );
        apply(&Network::default());
        let (_, waiting) = converge(&LinuxHost, &wanted, true, Effort::AsFarAsPossible).unwrap();
        assert_eq!(waiting.len(), 1);
        assert!(ip("addr show dev lan").contains("10.1.0.1/24"));
    });
}

#[test]
fn properties_of_links_are_set_and_limits_are_known_before() {
    in_namespace(|| {
        two_links();
        let read = |property| LinuxHost.read_setting(&Setting::link("wan", property)).unwrap().unwrap();
        for (property, value) in
            [(LinkProperty::Mtu, "1400"), (LinkProperty::Alias, "uplink"), (LinkProperty::Up, "up")]
        {
            assert_ne!(read(property), value);
            LinuxHost.write_setting(&Setting::link("wan", property), value).unwrap();
            assert_eq!(read(property), value);
        }
        LinuxHost.write_setting(&Setting::link("wan", LinkProperty::Alias), "").unwrap();
        assert_eq!(read(LinkProperty::Alias), "");
        assert_eq!(LinuxHost.read_setting(&Setting::link("none", LinkProperty::Mtu)).unwrap(), None);
        LinuxHost.write_setting(&Setting::link("none", LinkProperty::Mtu), "1500").unwrap_err();

        let mut wan = link(&[]);
        wan.mtu = Some(65536);
        wan.offloads = [(Offload::Tso, false), (Offload::Lro, true)].into();
        wan.quantities = [(Quantity::RxRing, 512)].into();
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&dir.path().join("ledger"), "boot").unwrap();
        let settings = settings(&LinuxHost, &ledger, &network(&[("wan", wan)], &[])).unwrap();
        let why: Vec<&str> = settings.impossible.iter().map(|(_, why)| &**why).collect();
        assert_eq!(
            why,
            [
                "the device takes packets of 68 to 65535 bytes, not 65536",
                "offload lro cannot be turned on on this device",
                "the device has no rx ring to be set",
            ]
        );
        let tso: Vec<_> = settings
            .values
            .iter()
            .filter(|(setting, _)| matches!(setting, Setting::Feature { .. }))
            .collect();
        assert!(tso.len() >= 2 && tso.iter().all(|(_, value)| value == "off"), "{tso:?}");
        for (setting, value) in tso {
            LinuxHost.write_setting(setting, value).unwrap();
        }
    });
}

/// Whether this kernel has 802.1Q. A run that must not go without says so in `FLUMEN_NEED_VLANS`.
fn refused_for_want_of_vlans(error: &KernelError) -> bool {
    assert!(error.to_string().contains("this kernel has no 802.1Q sub-interfaces"), "{error}");
    assert!(std::env::var_os("FLUMEN_NEED_VLANS").is_none(), "{error}");
    true
}

#[test]
fn sub_interfaces_are_made_with_their_tags_and_removed_and_no_link_of_others_is() {
    in_namespace(|| {
        two_links();
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&dir.path().join("ledger"), "boot").unwrap();
        let vlan = |parent: &str, id, service| {
            let vlan = Some(VlanLink { parent: parent.into(), id, service });
            NetworkLink { vlan, ..link(&["10.9.0.1/24"]) }
        };
        let wanted = |service| {
            let mut wanted = network(
                &[
                    ("wan", link(&[])),
                    ("wan.9", vlan("wan", 9, service)),
                    ("wan.9.5", vlan("wan.9", 5, false)),
                ],
                &[],
            );
            wanted.links.get_mut("wan.9").unwrap().addresses.clear();
            wanted
        };
        let (made, waiting) = match make_links(&LinuxHost, &mut ledger, &wanted(true), Effort::All) {
            Err(error) if refused_for_want_of_vlans(&error) => return,
            made => made.unwrap(),
        };
        assert_eq!((made.len(), waiting.len()), (2, 0), "{made:?} {waiting:?}");
        apply(&wanted(true));
        let shown = ip("-d link show wan.9");
        assert!(shown.contains("802.1ad id 9"), "{shown}");
        assert!(ip("-d link show wan.9.5").contains("802.1Q id 5"));
        assert_eq!(make_links(&LinuxHost, &mut ledger, &wanted(true), Effort::All).unwrap().0, []);

        // other tags: made anew, since it is ours
        make_links(&LinuxHost, &mut ledger, &wanted(false), Effort::All).unwrap();
        assert!(ip("-d link show wan.9").contains("802.1Q id 9"));

        ip("link add link wan name wan.7 type vlan id 70");
        let other = network(&[("wan", link(&[])), ("wan.7", vlan("wan", 7, false))], &[]);
        let error = make_links(&LinuxHost, &mut ledger, &other, Effort::All).unwrap_err().to_string();
        assert!(error.contains("another link of this name"), "{error}");
        remove_links(&LinuxHost, &mut ledger, &Network::default()).unwrap();
        remove_all(&LinuxHost, &mut ledger).unwrap();
        let left = ip("link show");
        assert!(!left.contains("wan.9") && left.contains("wan.7"), "{left}");
        assert_eq!(ledger.links().count(), 0);
    });
}
