//! Links, addresses and routes of a configuration: put in force with its rules, and back with them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{ApiError, Applied, InterfacesReport, Request, Response};
use flumen_client::ClientError;
use flumen_kernel::network::{RouteTarget, StaticRoute};
use flumen_kernel::{DeviceFacts, Host, LinkProperty, Quantity, Setting, Span};
use flumen_store::FakeClock;
use std::time::Duration;
use support::{Lab, Running};

/// Two zones on `lan0` and `wan0`, with more of interfaces and of routes.
fn text(lan: &str, wan: &str, more: &str, routes: &str) -> String {
    format!(
        "interfaces {{
            lan0 {{ unit 0 {{ family inet {{ {lan} }} }} }}
            wan0 {{ unit 0 {{ family inet {{ {wan} }} }} }}
            {more}
        }}
        routing-options {{ static {{ {routes} }} }}
        security {{ zones {{
            security-zone lan {{ interfaces {{ lan0.0; }} }}
            security-zone wan {{ interfaces {{ wan0.0; }} }}
        }} }}"
    )
}

const LAN: &str = "address 10.1.0.1/24;";
const WAN: &str = "address 198.51.100.1/24;";
const OUT: &str = "route 0.0.0.0/0 next-hop 198.51.100.254;";

fn simple() -> String {
    text(LAN, WAN, "", OUT)
}

/// A host with an address and a route by hand, and a daemon with a configuration that has neither.
fn started() -> (Lab, Running) {
    let mut lab = Lab::new();
    lab.configure(&text("", "", "", ""));
    let by_hand =
        StaticRoute { to: "192.0.2.0/24".parse().unwrap(), metric: 9, target: RouteTarget::Discard };
    lab.host.add_static_route(by_hand);
    let daemon = lab.start();
    (lab, daemon)
}

fn apply(daemon: &Running, text: &str) -> Result<Applied, ClientError> {
    commit(daemon, text, None)
}

fn commit(daemon: &Running, text: &str, confirm_minutes: Option<u32>) -> Result<Applied, ClientError> {
    let (text, source) = (text.to_owned(), "test".to_owned());
    let request = Request::Apply { text, source, confirm_minutes, conditions: Vec::new(), sessions: None };
    daemon.ask(request).map(|answer| match answer {
        Response::Applied(applied) => applied,
        other => panic!("{other:?}"),
    })
}

fn refusal(answer: Result<Applied, ClientError>) -> String {
    match answer {
        Err(ClientError::Refused(ApiError::Refused { messages })) => {
            messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        Err(ClientError::Refused(error)) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

fn interfaces(daemon: &Running) -> InterfacesReport {
    match daemon.ask(Request::ShowInterfaces).unwrap() {
        Response::Interfaces(report) => report,
        other => panic!("{other:?}"),
    }
}

/// Addresses of both links, and all static routes.
fn seen(lab: &Lab) -> [Vec<String>; 3] {
    [lab.host.addresses("lan0"), lab.host.addresses("wan0"), lab.host.static_routes()]
}

fn property(lab: &Lab, link: &str, property: LinkProperty) -> String {
    lab.host.read_setting(&Setting::link(link, property)).unwrap().unwrap()
}

#[test]
fn a_commit_sets_addresses_and_routes_and_the_next_takes_them_back_and_nothing_else() {
    let (lab, daemon) = started();
    let before = seen(&lab);
    apply(&daemon, &simple()).unwrap();
    let [lan, wan, routes] = seen(&lab);
    assert_eq!(lan, ["192.168.1.1/24", "2001:db8:1::1/64", "10.1.0.1/24"], "the host's own stay");
    assert_eq!(wan, ["203.0.113.5/24", "198.51.100.1/24"]);
    assert_eq!(
        routes,
        ["route 192.0.2.0/24 metric 9 discard", "route 0.0.0.0/0 metric 5 via 198.51.100.254"]
    );
    lab.host.take_steps();
    apply(&daemon, &simple()).unwrap();
    assert_eq!(lab.host.take_steps(), [""; 0], "the same again changes nothing");
    apply(&daemon, &text("", "", "", "")).unwrap();
    assert_eq!(seen(&lab), before);
    daemon.stop();
}

#[test]
fn an_address_of_the_host_that_is_configured_too_stays_the_hosts() {
    let (lab, daemon) = started();
    let before = seen(&lab);
    apply(&daemon, &text("address 192.168.1.1/24;", "", "", "route 192.0.2.0/24 { discard; metric 9; }"))
        .unwrap();
    assert_eq!(seen(&lab), before);
    apply(&daemon, &text("", "", "", "")).unwrap();
    assert_eq!(seen(&lab), before);
    daemon.stop();
}

#[test]
fn what_the_kernel_refuses_in_the_middle_leaves_nothing_half_applied() {
    let (lab, daemon) = started();
    apply(&daemon, &text(LAN, "", "", "")).unwrap();
    let (before, generation) = (seen(&lab), lab.engines.generation());
    let next = text("address 10.2.0.1/24;", WAN, "lan1 { mtu 1314; }", OUT);
    lab.host.add_link("lan1", &[]);
    for words in ["198.51.100.1/24", "0.0.0.0/0", "MTU of lan1", "remove 10.1.0.1"] {
        lab.host.refuse(words);
        let reason = refusal(apply(&daemon, &next));
        assert!(reason.contains(words) && reason.contains("as the test says"), "{words}: {reason}");
        assert_eq!(seen(&lab), before, "{words}");
        assert_eq!(lab.engines.generation(), generation, "{words}");
        assert_eq!(property(&lab, "lan1", LinkProperty::Mtu), "1500", "{words}");
        lab.host.refuse_nothing();
    }
    lab.engines.kernel().refuse = Some("no room".into());
    assert!(refusal(apply(&daemon, &next)).contains("no room"));
    assert_eq!((seen(&lab), lab.engines.generation()), (before, generation));
    apply(&daemon, &next).unwrap();
    assert_eq!(property(&lab, "lan1", LinkProperty::Mtu), "1300");
    daemon.stop();
}

#[test]
fn an_unconfirmed_commit_goes_with_its_addresses_and_routes() {
    let mut lab = Lab::new();
    lab.configure(&text(LAN, "", "", ""));
    let clock = FakeClock::default();
    let daemon = lab.start_by(clock.clone());
    let before = seen(&lab);
    commit(&daemon, &text("address 10.2.0.1/24;", WAN, "", OUT), Some(5)).unwrap();
    assert_ne!(seen(&lab), before);
    clock.advance(Duration::from_secs(301));
    daemon.wait_until("the way back", || seen(&lab) == before);
    daemon.stop();
}

#[test]
fn a_daemon_that_starts_converges_to_the_active_configuration_whatever_was_half_done() {
    let (lab, daemon) = started();
    apply(&daemon, &simple()).unwrap();
    let wanted = seen(&lab);
    daemon.stop();
    assert_eq!(seen(&lab), wanted, "what is in force stays without a daemon");
    // as a kill in the middle of the next commit leaves it: one of ours is gone, one is too many
    lab.host.remove_address("lan0", "10.1.0.1/24".parse().unwrap());
    let step = |link: &str, address: &str| flumen_kernel::network::Step::AddAddress {
        link: link.into(),
        address: address.parse().unwrap(),
    };
    lab.host.change(&step("wan0", "10.7.0.1/24")).unwrap();
    let daemon = lab.start_again();
    assert_eq!(seen(&lab), wanted);
    daemon.stop();
}

#[test]
fn a_new_configuration_that_fails_at_the_start_leaves_the_network_of_the_one_that_is_enforced() {
    let (mut lab, daemon) = started();
    apply(&daemon, &simple()).unwrap();
    let (wanted, generation) = (seen(&lab), lab.engines.generation());
    daemon.stop();
    lab.configure(&text("address 10.2.0.1/24;", WAN, "", "route 10.0.0.0/8 discard;"));
    lab.host.refuse("10.0.0.0/8");
    let Err(error) = lab.try_start() else { panic!("started") };
    assert!(error.to_string().contains("10.0.0.0/8"), "{error}");
    assert_eq!((seen(&lab), lab.engines.generation()), (wanted, generation));
}

#[test]
fn an_mtu_that_driver_mode_may_not_take_is_refused_with_the_remedy() {
    let (lab, daemon) = started();
    lab.host.refuse("MTU of wan0");
    let reason = refusal(apply(&daemon, &simple().replace("wan0 {", "wan0 { mtu 9014;")));
    assert!(reason.contains("as the test says") && reason.contains("flumen detach"), "{reason}");
    daemon.stop();
}

#[test]
fn a_host_that_refuses_a_part_of_the_known_configuration_is_protected_all_the_same() {
    let (lab, daemon) = started();
    apply(&daemon, &simple()).unwrap();
    daemon.stop();
    lab.host.remove_address("lan0", "10.1.0.1/24".parse().unwrap());
    lab.host.refuse("10.1.0.1/24");
    let daemon = lab.start_again();
    let waiting = interfaces(&daemon).waiting;
    assert!(waiting.len() == 1 && waiting[0].contains("add 10.1.0.1/24 to lan0 waits"), "{waiting:?}");
    assert_eq!(lab.engines.devices(), ["lan0", "wan0"]);
    lab.host.refuse_nothing();
    lab.host.add_link("other", &[]); // any change is a reason to try again
    daemon.wait_until("the address", || interfaces(&daemon).waiting.is_empty());
    assert!(lab.host.addresses("lan0").contains(&"10.1.0.1/24".to_owned()));
    daemon.stop();
}

#[test]
fn a_known_configuration_is_enforced_at_the_start_though_the_disk_takes_nothing() {
    let (lab, daemon) = started();
    apply(&daemon, &simple()).unwrap();
    daemon.stop();
    // A restart of the host: nothing is attached, settings are the kernel's own, and the ledger is of another boot.
    *lab.engines.kernel() = support::Kernel::default();
    let forwarding = Setting::conf("ipv4", "lan0", "forwarding");
    lab.host.set(forwarding.clone(), "0");
    // Files that cannot be replaced: as on a full disk.
    let files = ["host-settings.json", "identities.json"].map(|name| lab.options.state_dir.join(name));
    for file in &files {
        drop(std::fs::remove_file(file));
        std::fs::create_dir_all(file.with_extension("json.new")).unwrap();
    }
    let daemon = lab.start_again();
    assert_eq!(lab.engines.devices(), ["lan0", "wan0"]);
    assert_eq!(lab.host.get(&forwarding), "1");
    // What is new must be on disk before it is done.
    let next = simple().replace("10.1.0.1/24", "10.1.0.2/24");
    let refused = apply(&daemon, &next).unwrap_err().to_string();
    assert!(refused.contains(".json"), "{refused}");
    assert_eq!(lab.engines.devices(), ["lan0", "wan0"]);
    for file in &files {
        std::fs::remove_dir(file.with_extension("json.new")).unwrap();
    }
    apply(&daemon, &next).unwrap();
    assert!(files.iter().all(|file| file.is_file()), "what could not be written is, as soon as it can be");
    daemon.ask(Request::Detach).unwrap();
    assert_eq!(lab.host.get(&forwarding), "0");
    daemon.join();
}

#[test]
fn an_absent_interface_waits_and_is_configured_when_it_appears() {
    let (lab, daemon) = started();
    let more = "dmz0 { description servers; mtu 1414; unit 0 { family inet { address 10.9.0.1/24; } } }";
    let next = text(LAN, "", more, "route 10.10.0.0/16 next-hop 10.9.0.9;");
    let applied = apply(&daemon, &next).unwrap();
    let warned: Vec<String> = applied.warnings.iter().map(ToString::to_string).collect();
    assert!(warned.iter().any(|warning| warning.contains("there is no device dmz0")), "{warned:?}");
    assert_eq!(
        interfaces(&daemon).waiting,
        [
            "interface dmz0 waits: there is no such device",
            "route 10.10.0.0/16 metric 5 via 10.9.0.9 waits: its gateway is on no network of the host",
        ]
    );
    lab.host.add_link("dmz0", &[]);
    daemon.wait_until("its configuration", || interfaces(&daemon).waiting.is_empty());
    assert_eq!(lab.host.addresses("dmz0"), ["10.9.0.1/24"]);
    assert_eq!(property(&lab, "dmz0", LinkProperty::Mtu), "1400");
    assert_eq!(property(&lab, "dmz0", LinkProperty::Alias), "servers");
    assert!(lab.host.static_routes().iter().any(|route| route.contains("10.10.0.0/16")));
    daemon.stop();
}

#[test]
fn what_somebody_takes_away_comes_back_but_a_link_set_down_by_hand_stays_down() {
    let (lab, daemon) = started();
    apply(&daemon, &simple()).unwrap();
    let wanted = seen(&lab);
    lab.host.remove_address("wan0", "198.51.100.1/24".parse().unwrap());
    daemon.wait_until("address and route", || seen(&lab) == wanted);

    lab.host.write_setting(&Setting::link("wan0", LinkProperty::Up), "down").unwrap();
    daemon.wait_until("that the route waits", || interfaces(&daemon).waiting.len() == 1);
    assert_eq!(property(&lab, "wan0", LinkProperty::Up), "down");
    apply(&daemon, &simple()).unwrap();
    assert_eq!(property(&lab, "wan0", LinkProperty::Up), "up", "a commit sets it up again");
    assert_eq!(seen(&lab), wanted);
    daemon.stop();
}

#[test]
fn an_interface_out_of_use_is_down_and_still_closed_by_the_gateway() {
    let (lab, daemon) = started();
    apply(&daemon, &simple().replace("wan0 {", "wan0 { disable;")).unwrap();
    assert_eq!(property(&lab, "wan0", LinkProperty::Up), "down");
    assert_eq!(lab.host.addresses("wan0"), ["203.0.113.5/24"]);
    assert_eq!(lab.engines.devices(), ["lan0", "wan0"]);
    apply(&daemon, &text("", "", "", "")).unwrap();
    assert_eq!(property(&lab, "wan0", LinkProperty::Up), "up");
    daemon.stop();
}

#[test]
fn sub_interfaces_are_made_with_their_addresses_and_go_with_their_statement() {
    let (lab, daemon) = started();
    let zones = "security-zone dmz { interfaces { wan0.7; } } security-zone lan {";
    let next = text(LAN, WAN, "", "")
        .replace("wan0 {", "wan0 { vlan-tagging; unit 7 { vlan-id 7; family inet { address 10.7.0.1/24; } }")
        .replacen("unit 0 { family inet { address 198", "unit 9 { vlan-id 9; family inet { address 198", 1)
        .replace("wan0.0;", "wan0.9;")
        .replace("security-zone lan {", zones);
    apply(&daemon, &next).unwrap();
    assert_eq!(lab.host.addresses("wan0.7"), ["10.7.0.1/24"]);
    assert_eq!(property(&lab, "wan0.7", LinkProperty::Up), "up");
    assert!(interfaces(&daemon).waiting.is_empty());
    let links =
        |lab: &Lab| lab.host.facts().unwrap().links.iter().map(|link| link.name.clone()).collect::<Vec<_>>();
    lab.host.remove_link("wan0.7");
    daemon.wait_until("it is made again", || lab.host.addresses("wan0.7") == ["10.7.0.1/24"]);
    apply(&daemon, &text("", "", "", "")).unwrap();
    assert_eq!(links(&lab), ["lan0", "wan0"]);

    lab.host.refuse("make wan0.7");
    assert!(refusal(apply(&daemon, &next)).contains("make wan0.7"));
    assert_eq!(links(&lab), ["lan0", "wan0"], "wan0.9 is not left behind");
    daemon.stop();
}

#[test]
fn a_check_and_a_commit_refuse_what_a_device_cannot_do() {
    let (lab, daemon) = started();
    let upto = |most| Span { now: 1, max: Some(most) };
    lab.host.set_device(DeviceFacts {
        name: "wan0".into(),
        quantities: [(Quantity::RxRing, upto(1024)), (Quantity::CombinedChannels, upto(2048))].into(),
        ..DeviceFacts::default()
    });
    let with = |more: &str| simple().replace("wan0 {", &format!("wan0 {{ {more}"));
    for (more, why) in [
        ("mtu 9100;", "takes packets of 68 to 9000 bytes, not 9086"),
        ("offload { rx-ring 2048; }", "1024 at most as its rx ring, not 2048"),
        ("offload { tx-ring 512; }", "no tx ring to be set"),
        ("offload { channels 1024; }", "so 1024 channels are too many"),
        ("offload { lro on; }", "lro cannot be turned on"),
    ] {
        let reason = refusal(apply(&daemon, &with(more)));
        assert!(reason.contains("interfaces wan0") && reason.contains(why), "{reason}");
    }
    apply(&daemon, &with("mtu 9014;")).unwrap();
    assert_eq!(property(&lab, "wan0", LinkProperty::Mtu), "9000");
    daemon.stop();
}

#[test]
fn detaching_takes_everything_of_ours_from_the_host() {
    let (lab, daemon) = started();
    let before = seen(&lab);
    apply(&daemon, &simple().replace("wan0 {", "wan0 { mtu 1414;")).unwrap();
    assert_eq!(daemon.ask(Request::Detach).unwrap(), Response::Detached);
    daemon.join();
    assert_eq!(seen(&lab), before);
    assert_eq!(property(&lab, "wan0", LinkProperty::Mtu), "1500");
}
