//! What statements and JSON mean for the host's links, addresses and routes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use flumen_config::{DeviceName, Link, LoadMode, Model, Network, OffloadFeature, OffloadSize, RouteThen};

fn read(text: &str) -> Model {
    match Model::from_text(text, None, LoadMode::Strict) {
        Ok(loaded) => loaded.model,
        Err(errors) => panic!("{errors:?}"),
    }
}

/// Each complaint about a text on a line.
fn refused(text: &str) -> String {
    let errors = Model::from_text(text, None, LoadMode::Strict).map(drop).unwrap_err();
    errors.iter().map(|error| format!("{error}\n")).collect()
}

fn link<'n>(network: &'n Network, name: &str) -> &'n Link {
    network.links.get(&DeviceName::new(name).unwrap()).unwrap_or_else(|| panic!("no {name}"))
}

fn shown(link: &Link) -> Vec<String> {
    link.addresses.iter().map(ToString::to_string).collect()
}

#[test]
fn units_become_links_with_their_addresses_and_tagged_ones_sub_interfaces() {
    let network = read(
        "interfaces {
            ge-0/0/0 {
                description uplink; device eth0; mtu 1522; flexible-vlan-tagging;
                unit 0 { family inet { address 192.0.2.1/24; address 192.0.2.2/24; } family inet6 { address 2001:db8::1/64; } }
                unit 7 { vlan-id 7; description office; family inet { mtu 1400; address 10.7.0.1/24; } }
                unit 9 { vlan-tags outer 9 inner 5; family inet6 { mtu 1280; address 2001:db8:9::1/64; } }
                unit 11 { vlan-id 11; link shim; family inet { address 10.11.0.1/24; } }
            }
        }",
    )
    .network;
    let eth0 = link(&network, "eth0");
    assert_eq!((eth0.description.as_deref(), eth0.mtu, eth0.disable), (Some("uplink"), Some(1500), false));
    assert_eq!(shown(eth0), ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64"]);
    let tagged = link(&network, "eth0.7");
    let vlan = tagged.vlan.as_ref().unwrap();
    assert_eq!((vlan.parent.as_str(), vlan.id.unwrap().number(), vlan.service), ("eth0", 7, false));
    assert_eq!((tagged.mtu, tagged.description.as_deref()), (Some(1400), Some("office")));
    let outer = link(&network, "eth0.9");
    assert!(outer.vlan.as_ref().unwrap().service && outer.addresses.is_empty());
    assert_eq!(outer.mtu, Some(1500), "as its device");
    let inner = link(&network, "eth0.9.5");
    let vlan = inner.vlan.as_ref().unwrap();
    assert_eq!((vlan.parent.as_str(), vlan.id.unwrap().number(), vlan.service), ("eth0.9", 5, false));
    assert_eq!((inner.mtu, inner.ipv6_mtu), (Some(1500), Some(1280)));
    assert_eq!(link(&network, "shim").vlan, None, "who names a link makes it");
    assert_eq!(network.links.len(), 5);
}

#[test]
fn an_mtu_of_junos_counts_the_header_and_one_of_a_family_does_not() {
    for (text, mtu) in [
        ("mtu 1514; unit 0;", 1500),
        ("mtu 1518; vlan-tagging; unit 1 { vlan-id 1; }", 1500),
        ("mtu 9192; unit 0 { family inet { mtu 9000; } }", 9000),
    ] {
        let network = read(&format!("interfaces {{ eth0 {{ {text} }} }}")).network;
        assert_eq!(link(&network, "eth0").mtu, Some(mtu), "{text}");
    }
}

#[test]
fn an_mtu_that_is_too_small_for_ipv6_is_a_warning() {
    for (mtu, warned) in [(600, true), (1279, true), (1280, false)] {
        let text = format!("interfaces {{ eth0 {{ unit 0 {{ family inet {{ mtu {mtu}; }} }} }} }}");
        let warnings = Model::from_text(&text, None, LoadMode::Strict).unwrap().warnings;
        let told: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        let about =
            |told: &&String| told.starts_with("interfaces eth0: below 1280 the kernel turns IPv6 off");
        assert_eq!(told.iter().any(|told| about(&told)), warned, "{mtu}: {told:?}");
    }
}

#[test]
fn what_is_out_of_use_is_down_without_addresses_and_its_device_stays_closed() {
    let zones =
        |units: &str| format!("security {{ zones {{ security-zone a {{ interfaces {{ {units} }} }} }} }}");
    let address = "family inet { address 192.0.2.1/24; }";
    let model =
        read(&format!("interfaces {{ eth0 {{ disable; unit 0 {{ {address} }} }} }} {}", zones("eth0.0;")));
    assert!(link(&model.network, "eth0").disable);
    assert!(model.interfaces.contains_key("eth0.0"), "the gateway stays on it");

    let model =
        read(&format!("interfaces {{ eth0 {{ unit 0 {{ disable; {address} }} }} }} {}", zones("eth0.0;")));
    assert!(link(&model.network, "eth0").disable && link(&model.network, "eth0").addresses.is_empty());
    assert!(model.interfaces.contains_key("eth0.0"));

    let other = "unit 5 { vlan-id 5; family inet { address 10.0.0.1/24; } }";
    let model = read(&format!(
        "interfaces {{ eth0 {{ unit 0 {{ disable; {address} }} {other} }} }} {}",
        zones("eth0.0; eth0.5;")
    ));
    assert!(!link(&model.network, "eth0").disable, "another unit needs it");
    assert!(link(&model.network, "eth0").addresses.is_empty());
    assert_eq!(model.interfaces.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["eth0.5"]);

    let model = read("interfaces { eth0 { unit 5 { vlan-id 5; disable; } unit 6 { vlan-id 6; } } }");
    let five = link(&model.network, "eth0.5");
    assert!(five.disable && five.vlan.is_none(), "set down where it is, and not made");
}

#[test]
fn offloads_and_queues_are_read_and_what_is_not_said_is_left() {
    let network =
        read("interfaces { eth0 { offload { tso off; gro on; rx-ring 512; channels 2; } } }").network;
    let offload = &link(&network, "eth0").offload;
    assert_eq!(
        offload.features.clone().into_iter().collect::<Vec<_>>(),
        [(OffloadFeature::Tso, false), (OffloadFeature::Gro, true)]
    );
    assert_eq!(
        offload.sizes.clone().into_iter().collect::<Vec<_>>(),
        [(OffloadSize::RxRing, 512), (OffloadSize::Channels, 2)]
    );
}

#[test]
fn static_routes_have_gateways_interfaces_or_drop() {
    let network = read(
        "interfaces { ge-0/0/1 { device tun0; unit 0; } }
         routing-options {
             static {
                 route 0.0.0.0/0 { next-hop [ 192.0.2.9 192.0.2.8 ]; qualified-next-hop 198.51.100.1 { preference 100; } }
                 route 10.0.0.0/8 next-hop ge-0/0/1.0;
                 route 10.1.0.0/16 { discard; metric 0; }
                 route 2001:db8:5::/48 { reject; preference 200; metric 20; }
             }
             rib inet6.0 { static { route ::/0 next-hop 2001:db8::9; } }
         }",
    )
    .network;
    let text = |route: &flumen_config::StaticRoute| {
        let then = match &route.then {
            RouteThen::NextHop(hops) => hops
                .iter()
                .map(|hop| {
                    let address = hop.address.map(|address| address.to_string());
                    address.or(hop.link.as_ref().map(ToString::to_string)).unwrap()
                })
                .collect::<Vec<_>>()
                .join(" "),
            other => format!("{other:?}").to_lowercase(),
        };
        format!("{} {} {then}", route.destination, route.metric)
    };
    let routes: Vec<String> = network.routes.iter().map(text).collect();
    assert_eq!(
        routes,
        [
            "0.0.0.0/0 5 192.0.2.9 192.0.2.8",
            "0.0.0.0/0 100 198.51.100.1",
            "10.0.0.0/8 5 tun0",
            "10.1.0.0/16 1 discard",
            "2001:db8:5::/48 20 reject",
            "::/0 5 2001:db8::9",
        ]
    );
}

#[test]
fn what_contradicts_itself_is_refused_with_its_statement() {
    let route = |route: &str| format!("routing-options {{ static {{ {route} }} }}");
    let units = "interfaces { eth0 { unit 0 { family inet { address 192.0.2.1/24; } } } ";
    for (text, complaint) in [
        (
            format!("{units} eth1 {{ unit 0 {{ family inet {{ address 192.0.2.1/30; }} }} }} }}"),
            "already an address of link",
        ),
        (
            "interfaces { eth0 { unit 0 { family inet { address 192.0.2.0/24; } } } }".into(),
            "a host can have",
        ),
        (
            "interfaces { eth0 { unit 0 { family inet6 { address 2001:db8::/64 { eui-64; } } } } }".into(),
            "write the whole",
        ),
        (
            "interfaces { eth0 { mtu 1014; unit 0 { family inet6 { address 2001:db8::1/64; } } } }".into(),
            "from 1280",
        ),
        (route("route 10.0.0.1/8 next-hop 192.0.2.9;"), "10.0.0.0/8"),
        (route("route 10.0.0.0/8 next-hop 2001:db8::1;"), "both are of one family"),
        (route("route 10.0.0.0/8 next-hop eth7;"), "there is no interface"),
        (route("route 10.0.0.0/8 next-hop 127.0.0.1;"), "cannot be a gateway"),
        (route("route 10.0.0.0/8 next-hop 255.255.255.255;"), "cannot be a gateway"),
        (route("route 10.0.0.0/8;"), "where to?"),
        (format!("{units} }} {}", route("route 10.0.0.0/8 next-hop 192.0.2.1;")), "cannot be a gateway"),
        (
            format!(
                "{} routing-options {{ rib inet.0 {{ static {{ route 10.0.0.0/8 discard; }} }} }}",
                route("route 10.0.0.0/8 reject;")
            ),
            "another route to",
        ),
        ("routing-options { rib red.inet.0 { static { route 10.0.0.0/8 discard; } } }".into(), "multi-WAN"),
        ("routing-options { rib inet6.0 { static { route 10.0.0.0/8 discard; } } }".into(), "other family"),
        (route("route 10.0.0.0/8 next-table red.inet.0;"), "multi-WAN"),
    ] {
        let errors = refused(&text);
        assert!(errors.contains(complaint) && errors.contains("line 1"), "{text}: {errors}");
    }
}

#[test]
fn a_route_that_drops_is_in_force_though_a_part_of_it_is_not_supported() {
    let text = "routing-options { static { route 10.0.0.0/8 { discard; moon-phase full; } route 11.0.0.0/8 { next-table x; } } }";
    let loaded = Model::from_text(text, None, LoadMode::Lenient).unwrap();
    // Without one to another table, its packets would follow a wider route.
    assert_eq!(loaded.model.network.routes.len(), 2);
    assert!(loaded.model.network.routes.iter().all(|route| route.then == RouteThen::Discard));
}

#[test]
fn the_json_of_the_network_is_read_as_it_is_written() {
    let text = r#"{"network": {
        "links": {
            "eth0": {"description": "d", "mtu": 1500, "ipv6-mtu": 1400, "addresses": ["192.0.2.1/24", "2001:db8::1/64"],
                     "offload": {"gro": true, "lro": false, "tx-ring": 256}},
            "eth0.5": {"vlan": {"parent": "eth0", "id": 5, "service": true}, "disable": true}
        },
        "routes": [
            {"destination": "0.0.0.0/0", "then": {"next-hop": [{"address": "192.0.2.9"}, {"link": "eth0.5"}]}},
            {"destination": "10.0.0.0/8", "metric": 7, "then": "reject"}
        ]
    }}"#;
    let model = Model::from_json(text).unwrap();
    assert_eq!(Model::from_json(&model.to_json()).unwrap(), model);
    assert_eq!(model.network.links.len(), 2);
    for (bad, complaint) in [
        (r#"{"network": {"links": {"a b": {}}}}"#, "device name"),
        (r#"{"network": {"links": {"e": {"addresses": "192.0.2.0/24"}}}}"#, "host can have"),
        (r#"{"network": {"links": {"e": {"mtu": 0}}}}"#, "whole number"),
        (r#"{"network": {"links": {"e": {"vlan": {"parent": "e", "id": 1}}}}}"#, "another link"),
        (r#"{"network": {"routes": [{"destination": "10.0.0.1/8", "then": "discard"}]}}"#, "host bits"),
        (
            r#"{"network": {"routes": [{"destination": "10.0.0.0/8", "then": {"next-hop": [{}]}}]}}"#,
            "where to?",
        ),
        (r#"{"network": {"routes": [{"destination": "10.0.0.0/8", "then": "drop"}]}}"#, "unknown action"),
    ] {
        let errors = refused(bad);
        assert!(errors.contains(complaint), "{bad}: {errors}");
    }
}
