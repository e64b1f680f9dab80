//! Links, addresses and routes that come from the configuration, with traffic.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use flumen_scenarios::{HttpServer, Lab};
use flumen_testkit::netns::veth;
use flumen_testkit::topology::{Gateway, Segment};
use flumen_testkit::wait_until;

use crate::support::{SOON, count, curl, server_ips, url};

/// Networks behind the server that only static routes lead to, and a host in each.
const BEHIND: [(&str, &str); 2] = [("198.18.0.0/15", "198.18.7.7"), ("2001:db8:77::/48", "2001:db8:77::7")];

/// What makes a configuration another one.
#[derive(Clone, Copy)]
struct Plan<'a> {
    /// More of `interfaces`.
    interfaces: &'a str,
    /// More of the WAN's unit.
    wan: &'a str,
    /// Static routes.
    routes: &'a str,
    /// More zones.
    zones: &'a str,
}

const PLAN: Plan<'_> = Plan {
    interfaces: "",
    wan: "",
    routes: "route 198.18.0.0/15 next-hop 203.0.113.2; route 2001:db8:77::/48 next-hop 2001:db8:2::2;",
    zones: "",
};

/// Two zones, everything permitted out, IPv4 sources hidden; addresses as the topology's plan has them.
fn text(plan: Plan<'_>) -> String {
    let Plan { interfaces, wan, routes, zones } = plan;
    format!(
        "system {{ dataplane {{ sessions {{ maximum 16384; }} }} }}
        interfaces {{
            lan {{ unit 0 {{ family inet {{ address 10.1.0.1/24; }} family inet6 {{ address 2001:db8:1::1/64; }} }} }}
            wan {{ unit 0 {{
                family inet {{ address 203.0.113.1/24; }} family inet6 {{ address 2001:db8:2::1/64; }} {wan}
            }} }}
            {interfaces}
        }}
        routing-options {{ static {{ {routes} }} }}
        security {{
            zones {{
                security-zone trust {{
                    interfaces {{ lan.0; }} host-inbound-traffic {{ system-services {{ ping; }} }}
                }}
                security-zone untrust {{ interfaces {{ wan.0; }} }}
                {zones}
            }}
            policies {{ global {{ policy out {{
                match {{ source-address any; destination-address any; application any; }}
                then {{ permit; }}
            }} }} }}
            nat {{ source {{ rule-set out {{
                from zone trust; to zone untrust;
                rule hide {{ match {{ source-address 0.0.0.0/0; }} then {{ source-nat {{ interface; }} }} }}
            }} }} }}
        }}"
    )
}

/// A topology whose gateway has links and nothing else.
fn bare() -> Lab {
    let lab = Lab::idle(Gateway::new().expect("root")).expect("the program is built");
    for dev in ["lan", "wan"] {
        lab.gateway().ip(&format!("address flush dev {dev} scope global")).expect("ip");
    }
    for (_, host) in BEHIND {
        lab.server().link("lo").up().and_then(|lo| lo.address(host)).expect("ip");
    }
    lab
}

/// Flumen runs on it with this configuration.
fn started(plan: Plan<'_>) -> Lab {
    let mut lab = bare();
    let file = write(&lab, "flumen.conf", plan);
    lab.flumen_mut().start_with(&file).expect("it serves");
    lab
}

fn write(lab: &Lab, name: &str, plan: Plan<'_>) -> PathBuf {
    let file = lab.flumen().places().file(name);
    std::fs::write(&file, text(plan)).expect("room on the disk");
    file
}

fn apply(lab: &Lab, plan: Plan<'_>) {
    let file = write(lab, "next.conf", plan);
    lab.flumen().run(&format!("apply {}", file.display())).expect("it is applied");
}

/// Addresses and static routes of the gateway.
fn network(lab: &Lab) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in ["-o address show scope global", "-4 route show", "-6 route show"] {
        let shown = lab.gateway().ip(line).expect("ip");
        let own = shown.lines().filter(|line| !line.contains("fe80"));
        // how long a link-local prefix lives counts down
        lines.extend(own.map(|line| line.split("valid_lft").next().unwrap_or_default().trim().to_owned()));
    }
    lines.join("\n")
}

/// Whether the client reaches the hosts behind the server, by family.
fn reached(lab: &Lab) -> [bool; 2] {
    BEHIND.map(|(_, host)| lab.client().exec(&format!("ping -c 1 -W 1 {host}")).is_ok())
}

#[test]
fn a_gateway_is_made_of_its_configuration_and_unmade_by_detaching() {
    let before = network(&bare());
    let lab = started(PLAN);
    let _web = HttpServer::start(lab.server(), 80).unwrap();
    assert_eq!(reached(&lab), [true; 2]);
    for to in server_ips() {
        let page = curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();
        let seen: IpAddr =
            if to.is_ipv4() { Segment::Wan.gateway().v4.into() } else { Segment::Lan.host().v6.into() };
        assert!(page.contains(&seen.to_string()), "{page}");
    }
    assert!(count(&lab, "lan.0", "forwarded") > 10);
    assert!(lab.flumen().interfaces().unwrap().waiting.is_empty());
    lab.flumen().run("detach").unwrap();
    assert_eq!(network(&lab), before);
}

#[test]
fn a_rollback_brings_addresses_and_routes_of_before_back() {
    let lab = started(PLAN);
    let before = network(&lab);
    apply(&lab, Plan { wan: "description moved;", routes: "route 198.18.0.0/15 discard;", ..PLAN });
    let discarded = network(&lab);
    assert!(discarded.contains("blackhole 198.18.0.0/15") && !discarded.contains("2001:db8:77::/48"));
    assert_eq!(reached(&lab), [false; 2]);
    let line = "configure; rollback 1; commit";
    let output = lab.flumen().command(["cli", "-c", line]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(network(&lab), before);
    assert_eq!(reached(&lab), [true; 2]);
}

#[test]
fn a_commit_that_moves_an_address_away_comes_back_by_itself_though_the_daemon_is_killed_meanwhile() {
    let mut lab = started(PLAN);
    let before = network(&lab);
    let moved =
        text(PLAN).replace("203.0.113.1/24", "203.0.113.77/25").replace("next-hop 203.0.113.2", "reject");
    let file = lab.flumen().places().file("moved.conf");
    std::fs::write(&file, moved).unwrap();
    lab.flumen().run(&format!("apply {} --confirmed 1", file.display())).unwrap();
    let after = network(&lab);
    assert!(after.contains("203.0.113.77/25") && after.contains("unreachable 198.18.0.0/15"), "{after}");
    assert_eq!(reached(&lab), [false, true]);

    lab.flumen_mut().kill().unwrap();
    assert_eq!(network(&lab), after, "what is in force stays without a daemon");
    lab.flumen_mut().start_again().unwrap();
    assert_eq!(network(&lab), after, "its time is not over");
    wait_until("the way back", Duration::from_secs(75), || network(&lab) == before).unwrap();
    assert_eq!(reached(&lab), [true; 2]);
}

#[test]
fn what_the_operator_set_by_hand_stays_whatever_is_committed() {
    let lab = bare();
    for by_hand in [
        "address add 192.0.2.1/24 dev wan",
        "address add 203.0.113.1/24 dev wan",
        "route add 198.51.100.0/24 via 203.0.113.2",
        "-6 address add 2001:db8:99::1/64 dev lan nodad",
        "-6 route add 2001:db8:98::/48 dev lan",
    ] {
        lab.gateway().ip(by_hand).unwrap();
    }
    let before = network(&lab);
    let mut lab = lab;
    let file = write(&lab, "flumen.conf", PLAN);
    lab.flumen_mut().start_with(&file).unwrap();
    let with = network(&lab);
    assert!(before.lines().all(|line| with.contains(line)), "{before}\n---\n{with}");
    let empty = lab.flumen().places().file("empty.conf");
    std::fs::write(&empty, "interfaces { lan; wan; }").unwrap();
    lab.flumen().run(&format!("apply {}", empty.display())).unwrap();
    assert_eq!(network(&lab), before);
    apply(&lab, PLAN);
    assert_eq!(reached(&lab), [true; 2]);
    lab.flumen().run("detach").unwrap();
    assert_eq!(network(&lab), before);
}

#[test]
fn an_interface_that_appears_later_is_configured_then_and_its_routes_with_it() {
    let dmz = Plan {
        interfaces: "dmz { unit 0 { family inet { address 10.3.0.1/24; } family inet6 { address 2001:db8:3::1/64; } } }",
        routes: "route 198.18.0.0/15 next-hop 10.3.0.2; route 2001:db8:77::/48 next-hop 2001:db8:3::2;",
        zones: "security-zone dmz { interfaces { dmz.0; } }",
        ..PLAN
    };
    let lab = started(dmz);
    let shown = lab.flumen().run("show interfaces").unwrap();
    assert!(shown.contains("interface dmz waits: there is no such device"), "{shown}");
    assert!(shown.contains("route 198.18.0.0/15 metric 5 via 10.3.0.2 waits"), "{shown}");
    assert_eq!(reached(&lab), [false; 2]);
    // the server gets a second leg
    veth((lab.server(), "eth1"), (lab.gateway(), "dmz")).unwrap();
    let host = Segment::Dmz.host();
    let leg = lab.server().link("eth1").features("tx off tso off gso off").unwrap().up().unwrap();
    leg.address(&format!("{}/24", host.v4)).unwrap().address(&format!("{}/64", host.v6)).unwrap();
    for route in ["10.1.0.0/24 via 10.3.0.1", "2001:db8:1::/64 via 2001:db8:3::1"] {
        lab.server().route(route).unwrap();
    }
    wait_until("nothing waits", SOON, || lab.flumen().interfaces().unwrap().waiting.is_empty()).unwrap();
    leg.features("gro on").unwrap();
    wait_until("they are reached", SOON, || reached(&lab) == [true; 2]).unwrap();
    assert!(count(&lab, "dmz.0", "forwarded") > 0, "through Flumen, not around it");
}

#[test]
fn a_step_that_the_kernel_refuses_leaves_nothing_half_applied_and_traffic_undisturbed() {
    let lab = started(PLAN);
    let (before, generation) = (network(&lab), lab.flumen().status().unwrap().generation);
    assert_eq!(reached(&lab), [true; 2]);
    // the last of the links refuses IPv6; everything before it works
    veth((lab.server(), "eth9"), (lab.gateway(), "zlast")).unwrap();
    lab.gateway().sysctl("net.ipv6.conf.zlast.disable_ipv6", "1").unwrap();
    let next = Plan {
        interfaces: "zlast { mtu 1414; unit 0 { family inet6 { address 2001:db8:9::1/64; } } }",
        wan: "family inet { address 203.0.113.99/24; }",
        routes: "route 198.18.0.0/15 discard; route 192.0.2.0/24 next-hop 203.0.113.2;",
        zones: "security-zone last { interfaces { zlast.0; } }",
    };
    let file = write(&lab, "next.conf", next);
    let said = lab.flumen().refused(&format!("apply {}", file.display())).unwrap();
    assert!(said.contains("add 2001:db8:9::1/64 to zlast") && said.contains("disabled"), "{said}");
    assert_eq!(network(&lab), before);
    let link = lab.gateway().ip("link show zlast").unwrap();
    assert!(link.contains("mtu 1500") && link.contains("state DOWN") && !link.contains("xdp"), "{link}");
    assert_eq!(lab.flumen().status().unwrap().generation, generation);
    assert_eq!(reached(&lab), [true; 2]);
    let history = lab.flumen().command(["cli", "-c", "show system commit"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&history.stdout).contains("next.conf"), "it is no commit");
}

#[test]
fn a_daemon_killed_at_any_moment_of_a_commit_converges_to_what_is_active_when_it_starts_again() {
    let many: String = (10..60).map(|host| format!("address 203.0.113.{host}/24; ")).collect();
    let wan = format!("family inet {{ {many} }}");
    let next = Plan { wan: &wan, routes: "route 198.18.0.0/15 reject;", ..PLAN };
    let mut lab = started(PLAN);
    let before = network(&lab);
    apply(&lab, next);
    let after = network(&lab);
    apply(&lab, PLAN);
    assert_eq!(network(&lab), before);
    let mut found = Vec::new();
    for moment in [0, 4, 8, 16, 32, 64, 128] {
        let file = write(&lab, "next.conf", next);
        let mut client = lab.flumen().command(["apply", &file.display().to_string()]).spawn().unwrap();
        // not to wait for something: to strike at different moments
        std::thread::sleep(Duration::from_millis(moment));
        lab.flumen_mut().kill().unwrap();
        client.wait().unwrap();
        lab.flumen_mut().start_again().unwrap();
        let now = network(&lab);
        let shown = lab.flumen().command(["cli", "-c", "configure; show routing-options"]).output().unwrap();
        let committed = String::from_utf8_lossy(&shown.stdout).contains("reject");
        assert_eq!(now, if committed { after.clone() } else { before.clone() }, "after {moment} ms");
        found.push(committed);
        apply(&lab, PLAN);
        assert_eq!(network(&lab), before);
    }
    assert_eq!(reached(&lab), [true; 2], "{found:?}");
}

#[test]
fn an_address_removed_by_hand_comes_back_and_a_link_set_down_by_hand_stays_down() {
    let lab = started(PLAN);
    let before = network(&lab);
    lab.gateway().ip("address del 203.0.113.1/24 dev wan").unwrap();
    lab.gateway().ip("-6 route del 2001:db8:77::/48").unwrap();
    wait_until("all is back", SOON, || network(&lab) == before).unwrap();
    assert_eq!(reached(&lab), [true; 2]);
    lab.gateway().link("wan").down().unwrap();
    wait_until("routes wait", SOON, || lab.flumen().interfaces().unwrap().waiting.len() == 2).unwrap();
    assert!(lab.gateway().ip("link show wan").unwrap().contains("state DOWN"));
    lab.gateway().link("wan").up().unwrap();
    wait_until("all is back", SOON, || network(&lab) == before).unwrap();
    wait_until("traffic is back", SOON, || reached(&lab) == [true; 2]).unwrap();
}
