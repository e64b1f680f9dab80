//! What the gateway cannot do never lets more pass: each line of the table says what it would be without.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{
    ConfigurationAction as Action, ConfigurationAnswer as Answer, ExplainInput, ExplainRequest, Form,
    LoadHow, Probe, Protocol, Request, Response, Which,
};
use flumen_config::LoadMode;
use flumen_kernel::{Neighbour, Route, RouteOutcome};
use flumen_syntax::{parse, print};
use support::{Lab, Running, commit};

/// Three zones; what the cases add decides.
const BASE: &str = "set interfaces lan0 unit 0
set interfaces wan0 unit 0
set interfaces dmz0 unit 0
set security zones security-zone lan interfaces lan0.0
set security zones security-zone wan interfaces wan0.0
set security zones security-zone dmz interfaces dmz0.0
set applications application web protocol tcp
set applications application web destination-port 443
";

/// Everything from wan to dmz is permitted, above nothing.
const OPEN: &str = "set security policies from-zone wan to-zone dmz policy all match source-address any
set security policies from-zone wan to-zone dmz policy all match destination-address any
set security policies from-zone wan to-zone dmz policy all match application any
set security policies from-zone wan to-zone dmz policy all then permit
";

/// What comes from wan for 203.0.113.80 goes to a server in dmz.
const PORT_FORWARD: &str = "set security nat destination pool server address 10.0.0.80/32
set security nat destination rule-set in from zone wan
set security nat destination rule-set in rule forward match destination-address 203.0.113.80/32
set security nat destination rule-set in rule forward then destination-nat pool server
";

/// A policy `p` from wan to dmz with everything that it must have, and these lines.
fn policy(lines: &str) -> String {
    let words = "security policies from-zone wan to-zone dmz policy p";
    let own = lines.lines().map(|line| match line.split_once(' ') {
        Some(("!", rest)) => format!("! {words} {rest}\n"),
        _ => format!("{words} {line}\n"),
    });
    let must = ["source-address", "destination-address", "application"];
    let must = must.into_iter().filter(|must| !lines.contains(&format!("match {must} ")));
    let must: String = must.map(|must| format!("{words} match {must} any\n")).collect();
    must + &own.collect::<String>()
}

/// A case: what it is, its lines (`!`: what a reading that skips what it cannot do leaves out), and whether the packet
/// goes through the gateway or to it.
struct Case {
    what: &'static str,
    lines: String,
    to: &'static str,
}

fn case(what: &'static str, to: &'static str, lines: &[&str]) -> Case {
    Case { what, lines: lines.concat(), to }
}

const THROUGH: &str = "10.0.0.80";
const PUBLIC: &str = "203.0.113.80";
const HOST: &str = "203.0.113.5";

fn cases() -> Vec<Case> {
    let leave = |lines: String| lines.lines().map(|line| format!("! {line}\n")).collect::<String>();
    let nat = "security nat destination rule-set";
    let inbound = "security zones security-zone wan host-inbound-traffic system-services";
    vec![
        case("a permit of users only", THROUGH, &[&policy("! match source-identity staff\nthen permit")]),
        case(
            "a permit with an unknown condition",
            THROUGH,
            &[&policy("! match moon-phase full\nthen permit")],
        ),
        case("a permit at times only", THROUGH, &[&policy("! scheduler-name night\nthen permit")]),
        case(
            "a permit of all but one",
            THROUGH,
            &[&policy("match source-address 10.9.9.9/32\n! match source-address-excluded\nthen permit")
                .replace("10.9.9.9/32", "198.51.100.0/24")],
        ),
        case(
            "a permit with inspection above a plain one",
            THROUGH,
            &[&leave(policy("then permit application-services idp")), OPEN],
        ),
        case(
            "a permit into a tunnel above a plain one",
            THROUGH,
            &[&leave(policy("then permit tunnel ipsec-vpn v")), OPEN],
        ),
        case("a denial of users", THROUGH, &[&leave(policy("match source-identity staff\nthen deny")), OPEN]),
        case(
            "a denial with an unknown condition",
            THROUGH,
            &[&leave(policy("match moon-phase full\nthen deny")), OPEN],
        ),
        case("a denial at times", THROUGH, &[&leave(policy("scheduler-name night\nthen reject")), OPEN]),
        case(
            "a denial of all but one",
            THROUGH,
            &[&policy("match source-address 10.9.9.9/32\n! match source-address-excluded\nthen deny"), OPEN],
        ),
        case(
            "a denial of a name",
            THROUGH,
            &[
                "! security address-book global address site dns-name www.example.net\n",
                &leave(policy("match destination-address site\nthen deny")),
                OPEN,
            ],
        ),
        case(
            "a denial of an application that is not understood",
            THROUGH,
            &[
                "! applications application odd protocol tcp\n! applications application odd frobnicate 1\n",
                &leave(policy("match application odd\nthen deny")),
                OPEN,
            ],
        ),
        case(
            "a default that is not understood",
            THROUGH,
            &["security policies default-policy permit-all\n! security policies default-policy frobnicate\n"],
        ),
        case(
            "an exception from destination NAT",
            PUBLIC,
            &[
                &leave(format!(
                    "{nat} in rule except match frobnicate 1\n{nat} in rule except then destination-nat off\n"
                )),
                PORT_FORWARD,
                OPEN,
            ],
        ),
        case(
            "destination NAT to several servers above that to one",
            PUBLIC,
            &[
                &leave(format!(
                    "security nat destination pool many address 10.0.0.1/32 to 10.0.0.9/32\n\
                     {nat} in rule many match destination-address 203.0.113.80/32\n\
                     {nat} in rule many then destination-nat pool many\n"
                )),
                PORT_FORWARD,
                OPEN,
            ],
        ),
        case(
            "an exception for a name that is not understood",
            PUBLIC,
            &[
                "! security address-book global address site dns-name www.example.net\n",
                &leave(format!(
                    "{nat} in rule except match destination-address-name site\n{nat} in rule except then destination-nat off\n"
                )),
                PORT_FORWARD,
                OPEN,
            ],
        ),
        case(
            "an exception for one interface",
            PUBLIC,
            &[
                &leave(format!(
                    "{nat} by-interface from interface wan0.0\n\
                     {nat} by-interface rule except match destination-address 203.0.113.80/32\n\
                     {nat} by-interface rule except then destination-nat off\n"
                )),
                PORT_FORWARD,
                OPEN,
            ],
        ),
        case(
            "a destination that static NAT takes elsewhere",
            "10.0.0.80",
            &[
                &leave(
                    "security nat static rule-set s from zone wan\n\
                     security nat static rule-set s rule r match destination-address 10.0.0.80/32\n\
                     security nat static rule-set s rule r then static-nat prefix 10.0.0.81/32\n"
                        .to_owned(),
                ),
                OPEN,
            ],
        ),
        case(
            "services with an exception",
            HOST,
            &[&format!("{inbound} any-service\n! {inbound} frobnicate except\n")],
        ),
        case(
            "a service with a condition",
            HOST,
            &[&format!("{inbound} https\n! {inbound} https frobnicate\n")],
        ),
        case(
            "services of an interface that are not understood",
            HOST,
            &[&format!(
                "{inbound} https\n! security zones security-zone wan interfaces wan0.0 host-inbond-traffic none\n"
            )],
        ),
        case(
            "a filter before the gateway itself",
            HOST,
            &[&format!("{inbound} https\n! interfaces lo0 unit 0 family inet filter input protect\n")],
        ),
        case(
            "a filter",
            THROUGH,
            &[
                OPEN,
                "interfaces wan0 unit 5 vlan-id 5\nsecurity zones security-zone wan interfaces wan0.5\n! interfaces wan0 unit 0 family inet filter input f\n",
            ],
        ),
        case(
            "tags that are not understood",
            THROUGH,
            &[
                OPEN,
                "interfaces wan0 unit 5 vlan-id 5\nsecurity zones security-zone wan interfaces wan0.5\n! interfaces wan0 unit 0 vlan-id-list 9\n",
            ],
        ),
        case(
            "a VLAN of frames without a tag",
            THROUGH,
            &[
                OPEN,
                "interfaces wan0 unit 5 vlan-id 5\nsecurity zones security-zone wan interfaces wan0.5\n! interfaces wan0 native-vlan-id 5\n",
            ],
        ),
        case(
            "an interface of another routing table",
            THROUGH,
            &[
                OPEN,
                "interfaces wan0 unit 5 vlan-id 5\nsecurity zones security-zone wan interfaces wan0.5\n! routing-instances other interface wan0.0\n",
            ],
        ),
    ]
}

/// The statements of a case in braces, with or without those that the gateway cannot do, as a daemon keeps them.
fn text(case: &Case, lenient: bool) -> String {
    let lines = case.lines.lines().filter_map(|line| match line.strip_prefix("! ") {
        Some(line) => lenient.then_some(line),
        None => Some(line),
    });
    let lines = lines.map(|line| format!("set {}\n", line.strip_prefix("set ").unwrap_or(line)));
    let commands: String = [BASE.to_owned()].into_iter().chain(lines).collect();
    let mode = if lenient { LoadMode::Lenient } else { LoadMode::Strict };
    let (tree, findings) = parse::set(&commands, None, mode);
    assert_eq!(findings, [], "{}: {commands}", case.what);
    print::curly(&tree)
}

fn lab() -> (Lab, Running) {
    let mut lab = Lab::new();
    let egress = lab.host.add_link("dmz0", &["10.0.0.1".parse().unwrap()]);
    let route = Route {
        outcome: RouteOutcome::Forward,
        egress: Some(egress),
        egress_mac: [2, 0, 0, 0, 0, 0x11],
        next_hop: None,
        neighbour: Some(Neighbour::Known([2, 0, 0, 0, 0, 0x22])),
    };
    for destination in [THROUGH, "10.0.0.81"] {
        lab.host.add_route(destination.parse().unwrap(), route);
    }
    lab.configure(BASE);
    let daemon = lab.start();
    (lab, daemon)
}

/// What becomes of a packet from wan, by this configuration; a refusal to name its interface is a drop.
fn outcome(daemon: &Running, to: &str, candidate: Option<String>) -> String {
    let probe = Probe {
        interface: "wan0.0".into(),
        source: "198.51.100.7".parse().unwrap(),
        destination: to.parse().unwrap(),
        protocol: Protocol::TCP,
        source_port: 50_000,
        destination_port: 443,
        icmp: None,
        tcp_flags: None,
    };
    let request = ExplainRequest { input: ExplainInput::Probe(probe), candidate };
    match daemon.ask(Request::Explain(request)) {
        Ok(Response::Explained(report)) => {
            let packet = &report.packets[0];
            format!("{} {}", packet.outcome, packet.reason)
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) if error.to_string().starts_with("there is no interface wan0.0") => {
            "drop no-interface".into()
        }
        Err(error) => panic!("{error}"),
    }
}

fn passes(outcome: &str) -> bool {
    outcome.starts_with("forward") || outcome.starts_with("deliver")
}

#[test]
fn what_cannot_be_done_never_lets_more_pass() {
    let (_lab, daemon) = lab();
    let mut wrong = String::new();
    for case in cases() {
        let without = outcome(&daemon, case.to, Some(text(&case, false)));
        let with = outcome(&daemon, case.to, Some(text(&case, true)));
        if !passes(&without) || passes(&with) {
            wrong.push_str(&format!("{}: without it {without}, with it {with}\n", case.what));
        }
    }
    daemon.stop();
    assert_eq!(wrong, "");
}

#[test]
fn a_lenient_load_is_committed_with_its_marks_and_read_again_by_the_next_daemon() {
    let (mut lab, daemon) = lab();
    let rule = "security nat destination rule-set in rule except";
    let text = format!(
        "{PORT_FORWARD}{OPEN}set {rule} match destination-address 203.0.113.80/32\nset {rule} match frobnicate [ 1 2 ]\nset {rule} then destination-nat off\n\
         insert {rule} before rule forward\n\
         set security zones security-zone wan screen outside\n"
    );
    let load = |lenient| Action::Load { how: LoadHow::Set, text: text.clone(), relative: false, lenient };
    let refused = daemon.configure(load(false)).unwrap_err().to_string();
    assert!(refused.contains("frobnicate"), "{refused}");
    daemon.configure(load(true)).unwrap();
    let show = |daemon: &Running, form| {
        let show = Action::Show { which: Which::Candidate, path: String::new(), form };
        match daemon.configure(show).unwrap() {
            Answer::Text(text) => text,
            other => panic!("{other:?}"),
        }
    };
    let shown = show(&daemon, Form::Curly);
    for line in ["unsupported: frobnicate [ 1 2 ];", "unsupported: screen outside;"] {
        assert!(shown.contains(line), "{shown}");
    }
    let set = show(&daemon, Form::Set);
    assert!(set.contains(&format!("unsupported {rule} match frobnicate 1\n")), "{set}");
    let Answer::Committed(committed) = daemon.configure(commit(None, None)).unwrap() else { panic!() };
    let said: String = committed.warnings.iter().map(|warning| format!("{warning}\n")).collect();
    assert!(
        said.contains(&format!("{rule}: a part of it is not supported, so its packets are dropped")),
        "{said}"
    );
    assert!(said.contains("screen has no effect"), "{said}");
    assert_eq!(outcome(&daemon, PUBLIC, None), "drop link-local");
    assert_eq!(outcome(&daemon, THROUGH, None), "forward forwarded");
    daemon.stop();

    lab.options.config = None;
    let daemon = lab.start();
    assert_eq!(outcome(&daemon, PUBLIC, None), "drop link-local", "the next daemon reads the same");
    assert_eq!(show(&daemon, Form::Curly), shown);
    // What the language does not have can be named once it is there.
    let edit = |line: &str| daemon.configure(Action::Edit { line: line.to_owned(), trial: false });
    edit(&format!("deactivate {rule} match frobnicate")).unwrap();
    assert!(show(&daemon, Form::Set).contains(&format!("deactivate {rule} match frobnicate\n")));
    edit(&format!("delete {rule} match frobnicate")).unwrap();
    let misspelt = edit(&format!("delete {rule} match frobnicat")).unwrap_err().to_string();
    assert!(misspelt.contains("frobnicat"), "{misspelt}");
    edit(&format!("unsupported {rule} match frobnicate 2")).unwrap();
    assert!(show(&daemon, Form::Set).contains(&format!("unsupported {rule} match frobnicate 2\n")));
    edit(&format!("delete {rule}")).unwrap();
    daemon.configure(commit(None, None)).unwrap();
    assert_eq!(outcome(&daemon, PUBLIC, None), "forward forwarded");
    daemon.stop();
}
