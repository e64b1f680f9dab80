//! The shell: in scripts, from the command line, and on a terminal.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../daemon/tests/support/mod.rs"]
mod support;

use flumen_kernel::{
    Host, LinkEntry, Neighbour, NeighbourEntry, NeighbourState, Route, RouteEntry, RouteHop, RouteKind,
    RouteOutcome,
};
use flumen_store::FakeClock;
use rexpect::session::{PtySession, spawn_command};
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::process::{Command, Stdio};
use std::time::Duration;
use support::{Lab, Running, counters, session};

const TEXT: &str = include_str!("gateway.conf");

fn lab() -> (Lab, Running, FakeClock) {
    let mut lab = Lab::new();
    lab.configure(TEXT);
    let clock = FakeClock::default();
    let daemon = lab.start_by(clock.clone());
    let mut kernel = lab.engines.kernel();
    kernel.sessions = vec![
        session(7, 6, "192.168.1.10", "198.51.100.80", (50_000, 443), (1, 2)),
        session(9, 17, "192.168.1.10", "198.51.100.53", (50_002, 53), (1, 2)),
    ];
    kernel.counters = counters(1);
    drop(kernel);
    (lab, daemon, clock)
}

fn flumen(lab: &Lab, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
    command.env_clear().env("FLUMEN_RUN_DIR", &lab.options.run_dir).args(words).stdin(Stdio::null());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Exit status, standard output, standard error.
fn ran(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// What it prints when it succeeds.
fn shown(lab: &Lab, words: &[&str]) -> String {
    let (status, shown, told) = ran(&mut flumen(lab, words));
    assert_eq!((status, told.as_str()), (0, ""), "{words:?}: {shown}");
    shown
}

fn script(lab: &Lab, commands: &str) -> String {
    shown(lab, &["cli", "-c", commands])
}

#[test]
fn a_script_edits_compares_and_commits() {
    let (lab, daemon, _) = lab();
    let shown = script(
        &lab,
        "configure; edit security zones security-zone trust; set description \"in; side\"; show | compare; \
         top; set sys host gw | no-more; commit check; commit comment \"two | things\" and-quit; show system commit",
    );
    assert!(
        shown.contains("[edit security zones security-zone trust]\n+  description \"in; side\";\n"),
        "{shown}"
    );
    assert!(
        shown.contains("configuration check succeeds\n") && shown.contains("commit complete (commit 2, "),
        "{shown}"
    );
    assert!(shown.contains("0   commit 2  ") && shown.contains("      two | things\n"), "{shown}");
    let set = script(&lab, "configure; run show conf sys | display set | match \"name|x\"");
    assert!(set.ends_with("set system host-name gw\n"), "{set}");
    let changes = script(&lab, "configure; set system host-name b; show sys | compare rollback 1; rollback");
    assert!(
        changes.contains("+") && changes.contains("host-name b;") && !changes.contains("zones"),
        "{changes}"
    );
    let set = script(&lab, "show configuration system | display set");
    assert_eq!(set, "set system host-name gw\n");
    assert_eq!(
        script(&lab, "configure; run sh conf sys; exit"),
        "Entering configuration mode\nhost-name gw;\nExiting configuration mode\n"
    );
    daemon.stop();
}

#[test]
fn a_script_ends_at_the_first_failure_with_its_status() {
    let (lab, daemon, _) = lab();
    let failed = |commands: &str| ran(&mut flumen(&lab, &["cli", "-c", commands]));
    let (status, shown, told) = failed("show version; shwo version; show version");
    assert_eq!((status, shown.lines().count()), (2, 1));
    assert!(told.contains("shwo version\n") && told.contains("did you mean \"show\"?"), "{told}");
    let (status, _, told) = failed("configure; set security zoens x");
    assert!(status == 1 && told.contains("did you mean \"zones\"?"), "{told}");
    let (status, _, told) = failed("configure; set security zones security-zone trust screen x; commit");
    assert!(status == 1 && told.contains("candidate:") && told.contains("not supported"), "{told}");
    let (status, _, told) = failed("configure; wildcard delete interfaces nothing");
    assert!(status == 1 && told.contains("nothing matches \"nothing\""), "{told}");
    let (status, _, told) = failed("configure; load merge /nonexistent");
    assert!(status == 2 && told.contains("cannot read /nonexistent"), "{told}");
    assert_eq!(ran(&mut flumen(&lab, &["cli", "-c", "rollback 0"])).0, 2, "it is no operational command");
    daemon.stop();
    let (status, _, told) = failed("show version");
    assert!(status == 1 && told.contains("no daemon is running"), "{told}");
}

#[test]
fn a_check_lists_rules_and_sessions_that_the_candidate_would_not_admit() {
    let (lab, daemon, _) = lab();
    let out = "security policies from-zone trust to-zone untrust policy out";
    let shown = script(
        &lab,
        &format!(
            "configure; copy {out} to policy again; set {out} match application junos-https; \
             delete {out} match application any; insert {out} after again; delete security nat; \
             set security policies from-zone trust to-zone untrust policy again then deny; commit check"
        ),
    );
    assert!(shown.contains("\n- source NAT rule hide from zone trust to zone untrust\n"), "{shown}");
    let policies =
        "+ policy again from zone trust to zone untrust\n~ policy out from zone trust to zone untrust\n";
    assert!(shown.contains(policies), "{shown}");
    assert!(shown.contains("warning: policy out from zone trust to zone untrust: never reached"), "{shown}");
    assert!(
        shown.contains("Of 2 live sessions, 2 would not be admitted any more (by policy: out 2)"),
        "{shown}"
    );
    let shown = script(
        &lab,
        &format!(
            "configure; rollback; set {out} match application junos-https; \
             delete {out} match application any; commit check"
        ),
    );
    assert!(
        shown.contains("Of 2 live sessions, 1 would not be admitted any more (by policy: out 1)"),
        "{shown}"
    );
    let shown = script(&lab, "configure; rollback; commit check");
    assert!(shown.ends_with("load complete\nconfiguration check succeeds\n"), "nothing changes: {shown}");
    daemon.stop();
}

#[test]
fn commands_are_read_from_standard_input() {
    let (lab, daemon, _) = lab();
    for words in [&["cli"][..], &[]] {
        let mut child = flumen(&lab, words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        input
            .write_all(b"# a remark\n\nconfigure\nset system host-name x\nshow | compare\nrollback\nexit\n")
            .unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert!(String::from_utf8(output.stdout).unwrap().contains("host-name x;"));
    }
    daemon.stop();
}

#[test]
fn operational_commands_are_commands_of_the_program() {
    let (lab, daemon, _) = lab();
    assert!(shown(&lab, &["show", "security", "zones"]).contains("untrust"));
    assert!(!shown(&lab, &["sh", "sec", "zones", "trust"]).contains("untrust"));
    assert!(shown(&lab, &["show", "security", "policies", "hit-count"]).starts_with("INDEX  FROM"));
    assert_eq!(
        shown(&lab, &["show", "security", "flow", "session", "protocol", "udp", "summary"]),
        "1 of 2 sessions\n"
    );
    lab.engines.kernel().sessions[1].forward.bytes = 1_000_000;
    let most = shown(&lab, &["show", "security", "flow", "session", "sort-by", "by", "limit", "1"]);
    assert!(most.contains("198.51.100.53:53") && most.contains("2 sessions, 1 shown"), "{most}");
    assert!(shown(&lab, &["show", "security", "flow", "session", "extensive"]).starts_with("Session 7: tcp"));
    assert!(shown(&lab, &["show", "interfaces", "terse"]).starts_with("INTERFACE"));
    let json = |words: &[&str]| serde_json::from_str::<serde_json::Value>(&shown(&lab, words)).unwrap();
    assert_eq!(json(&["show", "security", "flow", "session", "--json"])["live"], 2);
    assert_eq!(json(&["--json", "show", "system", "commit"])["commits"][0]["slot"], 0);
    assert_eq!(json(&["show", "security", "zones", "|", "display", "json"])["zones"][0]["name"], "trust");
    assert!(json(&["show", "configuration", "|", "display", "json"])["configuration"].is_object());
    assert_eq!(
        shown(&lab, &["show", "security", "zones", "|", "match", "UNTRUST", "|", "count"]),
        "Count: 1 lines\n"
    );
    assert!(shown(&lab, &["request", "system", "configuration", "rescue", "save"]).contains("saved"));
    assert_eq!(
        shown(&lab, &["clear", "security", "flow", "session", "protocol", "udp"]),
        "1 session cleared, 1 left\n"
    );
    let explained =
        shown(&lab, &["cli", "explain -i lan0.0 --source 192.168.1.10 --destination 198.51.100.80"]);
    assert!(explained.contains("is in zone trust"), "{explained}");
    for (words, told) in [
        (&["show", "securty", "zones"][..], "did you mean \"security\"?"),
        (&["show", "security", "flow", "session", "protocol", "tpc"], "tpc is no IP protocol"),
        (&["show", "security", "zones", "|", "mtach", "x"], "did you mean \"match\"?"),
        (&["show", "security", "flow", "session", "sort-by", "name"], "none of age, bytes, idle, packets"),
    ] {
        let (status, _, complaint) = ran(&mut flumen(&lab, words));
        assert!(status == 2 && complaint.contains(told), "{words:?}: {status} {complaint}");
    }
    daemon.stop();
}

#[test]
fn what_goes_on_is_shown_look_by_look() {
    let (lab, daemon, _) = lab();
    let more = |times: u64| {
        let mut counters = counters(1);
        counters.iter_mut().for_each(|(_, counter)| counter.packets *= times);
        lab.engines.kernel().counters = counters;
    };
    let begin = |words: &[&str]| {
        let mut child = flumen(&lab, words).stdout(Stdio::piped()).spawn().unwrap();
        (BufReader::new(child.stdout.take().unwrap()), child)
    };
    let mut told = String::new();
    let (mut drops, mut child) =
        begin(&["monitor", "security", "packet-drop", "--json", "interval", "1", "reason", "policy-default"]);
    // Nothing is told until something is dropped; the first look is only the one before.
    let mut times = 1;
    let told = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !told.contains("policy-default") {
                told.clear();
                drops.read_line(&mut told)?;
            }
            Ok::<_, std::io::Error>(told)
        });
        while !reader.is_finished() {
            times += 1;
            more(times);
            std::thread::sleep(Duration::from_millis(100));
        }
        reader.join().unwrap().unwrap()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let quiet = shown(&lab, &["monitor", "security", "packet-drop", "count", "1", "--json"]);
    let quiet: serde_json::Value = serde_json::from_str(&quiet).unwrap();
    assert_eq!(quiet["drops"], serde_json::json!([]), "each look is one line");
    assert_eq!(shown(&lab, &["monitor", "security", "packet-drop", "count", "1"]), "");
    let drops: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(drops["drops"][0]["reason"], "policy-default");
    assert!(drops["drops"][0]["frames"]["packets"].as_u64().unwrap() >= 6, "{told}");
    let rates = shown(&lab, &["monitor", "interface", "ge-0/0/0", "count", "2", "|", "except", "TIME"]);
    assert_eq!(rates.lines().count(), 2, "{rates}");
    assert!(rates.contains("  ge-0/0/0.0  "), "{rates}");
    for (words, told) in [
        (&["monitor", "interface", "eth9"][..], "there is no interface eth9; there is "),
        (&["monitor", "interface", "count", "0"], "count: \"0\" is no number from 1"),
        (&["monitor", "interface", "|", "count"], "match, except and display json alone"),
        (
            &["monitor", "security", "packet-drop", "reason", "polcy-default"],
            "did you mean \"policy-default\"?",
        ),
        (&["monitor", "traffic"], "needs interface"),
        (&["monitor", "traffic", "interface", "eth9"], "there is no interface eth9"),
        (&["monitor", "traffic", "interface", "ge-0/0/0", "count", "1"], "ge-0/0/0 is wan0 here"),
        (&["monitor", "traffic", "interface", "lan0", "count", "1"], "lan0 is lan0 here"),
        (&["request", "system", "reboot"], "use `systemctl reboot`"),
        (&["ping"], "ping needs a host"),
    ] {
        let (status, _, complaint) = ran(&mut flumen(&lab, words));
        assert!(status > 0 && complaint.contains(told), "{words:?}: {status} {complaint}");
    }
    daemon.stop();
}

#[test]
fn ctrl_c_ends_what_goes_on_and_the_shell_stays() {
    let (lab, daemon, _) = lab();
    let mut shell = terminal(&lab);
    shell.send_line("monitor interface").unwrap();
    shell.exp_string("DROP-PKT/S").unwrap();
    shell.send_control('c').unwrap();
    shell.exp_string(BEGIN).unwrap();
    assert!(typed(&mut shell, "show version").contains("flumen "));
    daemon.stop();
}

#[test]
fn a_program_that_the_host_lacks_is_named_with_its_package() {
    let (lab, daemon, _) = lab();
    for (words, package) in [
        (&["ping", "192.0.2.1"][..], "apt install iputils-ping"),
        (&["traceroute", "192.0.2.1"], "apt install traceroute"),
        (&["monitor", "traffic", "interface", "lo"], "apt install tcpdump"),
    ] {
        let (status, _, told) = ran(flumen(&lab, words).env("PATH", "/nonexistent"));
        assert!(status == 1 && told.contains(package), "{words:?}: {told}");
    }
    daemon.stop();
}

#[test]
fn earlier_configurations_are_shown_and_support_gets_all_in_one_text() {
    let (lab, daemon, _) = lab();
    script(&lab, "configure; set system host-name two; commit");
    assert!(!script(&lab, "show system rollback 1").contains("host-name two;"));
    let set =
        script(&lab, "configure; edit security; run show system rollback 0 | display set | match host-name");
    assert!(set.ends_with("set system host-name two\n"), "{set}");
    let changes = script(&lab, "show system rollback 1 compare 0");
    assert!(changes.contains("-") && changes.contains("host-name two;"), "{changes}");
    let (status, _, told) = ran(&mut flumen(&lab, &["show", "system", "rollback"]));
    assert!(status == 2 && told.contains("which one?"), "{told}");
    let all = shown(&lab, &["request", "support", "information"]);
    assert!(all.contains("==> show configuration\n") && all.contains("host-name two;"), "{all}");
    let json = shown(&lab, &["request", "support", "information", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["show interfaces extensive"]["interfaces"].as_array().unwrap().len(), 2);
    daemon.stop();
}

#[test]
fn explain_takes_words_and_asks_the_candidate_that_is_edited() {
    let (lab, daemon, _) = lab();
    let destination = "198.51.100.80".parse().unwrap();
    let egress = lab.host.facts().unwrap().link("wan0").unwrap().index;
    let route = Route {
        outcome: RouteOutcome::Forward,
        egress: Some(egress),
        egress_mac: [2, 0, 0, 0, 0, 1],
        next_hop: Some(IpAddr::into(destination)),
        neighbour: Some(Neighbour::Known([2, 0, 0, 0, 0, 9])),
    };
    lab.host.add_route(destination, route);
    let packet =
        "explain interface lan0.0 source 192.168.1.10 destination 198.51.100.80 destination-port 443";
    let shown = script(&lab, packet);
    assert!(shown.contains("=> forward by wan0"), "{shown}");
    let by_device = script(&lab, &packet.replace("lan0.0", "lan0"));
    assert!(by_device.contains("=> forward by wan0"), "the only unit of a device: {by_device}");
    let policy = "security policies from-zone trust to-zone untrust policy out";
    let shown = script(
        &lab,
        &format!("configure; edit system; top set {policy} then deny; run {packet} candidate; show"),
    );
    assert!(shown.contains("=> drop (policy-denied)"), "{shown}");
    let (status, _, told) = ran(&mut flumen(&lab, &["explain", "interface", "lan0.0", "source", "x"]));
    assert!(status == 2 && told.contains("invalid value 'x'"), "{told}");
    daemon.stop();
}

#[test]
fn what_the_kernel_knows_is_shown_by_the_names_of_the_configuration() {
    let (lab, daemon, _) = lab();
    let route = |table, destination: &str, bits, protocol| RouteEntry {
        table,
        destination: (destination.parse().unwrap(), bits),
        kind: RouteKind::Unicast,
        protocol,
        metric: 0,
        source: None,
        hops: vec![RouteHop {
            gateway: Some("203.0.113.1".parse().unwrap()),
            link: "wan0".into(),
            weight: 1,
        }],
    };
    lab.host.show_route(route(254, "0.0.0.0", 0, 4));
    lab.host.show_route(route(254, "192.0.2.0", 24, 186));
    lab.host.show_route(route(100, "10.0.0.0", 8, 70));
    let shown_by = |line: &str| shown(&lab, &line.split(' ').collect::<Vec<_>>());
    let routes = shown_by("show route");
    assert!(routes.contains("inet.0: 2 routes") && routes.contains("> to 203.0.113.1 via wan0"), "{routes}");
    assert!(!shown_by("show route 192.0.2.7").contains("0.0.0.0/0"));
    assert!(shown_by("show route 198.51.100.0/24").contains("0.0.0.0/0 *"));
    assert!(!shown_by("show route protocol bgp").contains("static"));
    assert!(shown_by("show route table all").contains("*![flumen/0]"));
    assert_eq!(shown_by("show route table inet.0"), routes, "the name that is shown is one");
    assert_eq!(shown_by("show route table inet.100"), shown_by("show route table 100"));
    assert_eq!(shown_by("show route table inet6.0"), "No route matches.\n");
    let json: serde_json::Value = serde_json::from_str(&shown_by("show route table 100 --json")).unwrap();
    assert_eq!((&json["routes"][0]["ours"], &json["matching"]), (&true.into(), &1.into()));

    for (address, link) in [("192.168.1.10", "lan0"), ("203.0.113.1", "wan0"), ("fe80::1", "wan0")] {
        lab.host.show_neighbour(NeighbourEntry {
            address: address.parse().unwrap(),
            link: link.into(),
            mac: Some([2, 0, 0, 0, 0, 9]),
            state: NeighbourState::Stale,
            router: false,
        });
    }
    assert!(shown_by("show arp").ends_with("2 neighbours\n"));
    let wan = shown_by("show arp interface ge-0/0/0.0");
    assert!(wan.contains("02:00:00:00:00:09  wan0       stale") && wan.ends_with("1 neighbour\n"), "{wan}");
    assert!(shown_by("show ipv6 neighbors").contains("fe80::1"));

    lab.host.show_link(LinkEntry {
        name: "lan0".into(),
        kind: "veth".into(),
        up: true,
        addresses: vec![("192.168.1.1".parse().unwrap(), 24)],
        ..LinkEntry::default()
    });
    let whole = shown_by("show interfaces lan0.0 extensive");
    assert!(whole.contains("no carrier") && whole.contains("192.168.1.1/24"), "{whole}");
    assert!(!whole.contains("wan0"), "{whole}");
    assert_eq!(shown_by("show interfaces statistics").lines().count(), 3);
    daemon.stop();
}

#[test]
fn the_host_the_alarms_and_the_logs_are_shown() {
    let (lab, daemon, _) = lab();
    let shown_by = |line: &str| shown(&lab, &line.split(' ').collect::<Vec<_>>());
    assert!(shown_by("show system uptime").contains("Configured"));
    assert!(shown_by("show system memory").contains(" MiB resident"));
    assert!(shown_by("show system processes").contains("flumen run"));
    let alarms = shown_by("show system alarms");
    assert!(alarms.contains("minor  there is no rescue configuration"), "{alarms}");
    shown_by("request system configuration rescue save");
    lab.host.remove_link("wan0");
    daemon.wait_until("the alarm", || {
        shown_by("show system alarms")
            == "CLASS  ALARM\nmajor  interface ge-0/0/0.0: the host has no device wan0\n"
    });
    shown_by("clear security flow session protocol udp");
    let audit = shown_by("show log audit");
    assert!(
        audit.contains("configuration.save-rescue: done") && audit.contains("clear-sessions: done"),
        "{audit}"
    );
    assert_eq!(shown_by("show log audit last 1").lines().count(), 1);
    daemon.stop();
}

#[test]
fn the_policy_that_decides_is_found_now_and_in_the_candidate() {
    let (lab, daemon, _) = lab();
    let packet = "from-zone trust to-zone untrust source-ip 192.168.1.10 destination-ip 198.51.100.80 destination-port 443";
    let found = script(&lab, &format!("show security match-policies {packet}"));
    assert!(found.starts_with("Policy out: permit\n  From         trust\n"), "{found}");
    let policy = "security policies from-zone trust to-zone untrust";
    let found = script(
        &lab,
        &format!(
            "configure; set {policy} policy no-web match source-address any destination-address any application junos-https; \
             set {policy} policy no-web then reject; insert {policy} policy no-web before policy out; \
             run test policy {packet} candidate; run test policy {packet}"
        ),
    );
    assert!(found.contains("Policy no-web: reject\n") && found.contains("Policy out: permit\n"), "{found}");
    let back = packet.replace("from-zone trust to-zone untrust", "from-zone untrust to-zone trust");
    assert_eq!(
        script(&lab, &format!("test policy {back}")),
        "Policy nothing-else: reject\n  From         any\n  To           any\n  \
                       Source       any\n  Destination  any\n  Application  any\n"
    );
    for (wrong, told) in [
        (packet.replace("untrust", "untrusted"), "there is no zone untrusted"),
        (packet.replace("198.51.100.80", "2001:db8::1"), "different families"),
        (packet.replace("192.168.1.10", "lan"), "source-ip: \"lan\" is no address"),
        (packet.replace("to-zone untrust ", ""), "to-zone is missing"),
    ] {
        let (status, _, complaint) = ran(&mut flumen(&lab, &["cli", "-c", &format!("test policy {wrong}")]));
        assert!(status > 0 && complaint.contains(told), "{wrong}: {complaint}");
    }
    daemon.stop();
}

#[test]
fn files_are_loaded_and_saved() {
    let (lab, daemon, _) = lab();
    let dir = lab.options.state_dir.parent().unwrap().to_owned();
    let (one, two) = (dir.join("one.set"), dir.join("two.conf"));
    std::fs::write(&one, "set system host-name one\nset system domain-name example.org\n").unwrap();
    let commands = format!(
        "configure; load set {}; save {}; rollback 0; load override {}; show system",
        one.display(),
        two.display(),
        two.display()
    );
    assert!(script(&lab, &commands).ends_with("load complete\nhost-name one;\ndomain-name example.org;\n"));
    std::fs::write(&one, "set system host-name one\nset sytem host-name\n").unwrap();
    let (status, _, told) =
        ran(&mut flumen(&lab, &["cli", "-c", &format!("configure; load set {}", one.display())]));
    assert!(status == 1 && told.contains("one.set:2:5: unknown statement"), "{told}");
    daemon.stop();
}

#[test]
fn the_scripts_of_the_manual_do_what_it_says() {
    let (lab, daemon, _) = lab();
    let manual = include_str!("../../../docs/manual/shell.md");
    let (_, block) = manual.split_once("```sh\n").unwrap();
    let lines: Vec<&str> = block.split("```").next().unwrap().lines().collect();
    assert!(lines.len() > 5);
    for line in lines {
        let words = match line.split_once('\'') {
            Some((_, commands)) => vec!["cli", "-c", commands.trim_end_matches('\'')],
            None => line.split(' ').skip(1).collect(),
        };
        shown(&lab, &words);
    }
    assert!(shown(&lab, &["show", "security", "policies"]).contains("junos-http,junos-https"));
    assert!(shown(&lab, &["show", "system", "commit"]).contains("confirmed within 5 minutes"));
    daemon.stop();
}

/// What a terminal is told when a line begins to be edited, and when that ends.
const BEGIN: &str = "\x1b[?2004h";
const END: &str = "\x1b[?2004l";

/// A shell on a terminal of its own.
fn terminal(lab: &Lab) -> PtySession {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flumen"));
    command.env_clear().env("FLUMEN_RUN_DIR", &lab.options.run_dir).env("TERM", "xterm");
    command.env("FLUMEN_HISTORY", lab.options.state_dir.join("history"));
    let mut shell = spawn_command(command, Some(20_000)).unwrap();
    shell.exp_string(BEGIN).unwrap();
    shell
}

/// Types keys and gives what is shown until the next line may be typed.
fn keys(shell: &mut PtySession, keys: &str) -> String {
    shell.send(keys).unwrap();
    shell.flush().unwrap();
    shell.exp_string(END).unwrap_or_else(|error| panic!("{keys}: {error}"));
    shell.exp_string(BEGIN).unwrap_or_else(|error| panic!("{keys}: {error}"))
}

/// Types a line and gives what it prints.
fn typed(shell: &mut PtySession, line: &str) -> String {
    keys(shell, &format!("{line}\n"))
}

#[test]
fn on_a_terminal_a_change_is_made_compared_confirmed_and_rolled_back() {
    let (lab, daemon, clock) = lab();
    let mut shell = terminal(&lab);
    let mut type_line = |line: &str| typed(&mut shell, line);
    assert!(type_line("configure").contains("Entering configuration mode"));
    type_line("edit sec pol from trust to untrust");
    type_line("rename policy out to risky");
    let told = type_line("set polcy x then permit");
    assert!(told.contains("did you mean \"policy\"?"), "{told}");
    type_line("top");
    let changes = type_line("show | compare");
    assert!(changes.contains("policy risky {") && changes.contains("[edit security policies"), "{changes}");
    assert!(type_line("commit confirmed 5").contains("comes back in 5 minutes"));
    let policies = type_line("run show security policies | match \"risky|out\"");
    assert!(policies.contains("risky"), "{policies}");
    clock.advance(Duration::from_secs(301));
    daemon.wait_until("the way back", || lab.engines.generation() == 3);
    let policies = type_line("run show security policies | match \"risky|out\"");
    assert!(policies.contains("out") && !policies.contains("risky"), "{policies}");
    assert!(type_line("rollback 1").contains("load complete"));
    assert!(type_line("commit and-quit").contains("Exiting configuration mode"));
    let commits = type_line("show system commit");
    assert!(commits.contains("0   commit 4 ") && commits.contains("was not confirmed"), "{commits}");
    shell.send_line("exit").unwrap();
    shell.exp_eof().unwrap();
    daemon.stop();
}

#[test]
fn a_shell_goes_on_when_the_daemon_was_started_anew() {
    let (lab, daemon, clock) = lab();
    let mut shell = terminal(&lab);
    typed(&mut shell, "configure exclusive");
    typed(&mut shell, "edit system");
    daemon.stop();
    assert!(typed(&mut shell, "set host-name b").contains("no daemon is running"));
    let daemon = lab.start_by(clock);
    assert!(!typed(&mut shell, "set host-name b").contains("error"));
    assert!(typed(&mut shell, "show").contains("host-name b;"));
    let (status, _, told) = ran(&mut flumen(&lab, &["cli", "-c", "configure; set system host-name c"]));
    assert!(status == 1 && told.contains("locked by"), "the lock was taken again: {told}");
    shell.send_control('d').unwrap();
    shell.exp_eof().unwrap();
    daemon.stop();
}

#[test]
fn on_a_terminal_help_completion_and_interruption_work_as_one_types() {
    let (lab, daemon, _) = lab();
    let mut shell = terminal(&lab);
    let help = keys(&mut shell, "show security ?");
    assert!(help.contains("Possible completions:"), "{help}");
    assert!(
        help.contains("  zones           Zones, their interfaces and what may reach the host itself"),
        "{help}"
    );
    // The line is there again, and goes on.
    let zones = keys(&mut shell, "zon\tunt\t\n");
    assert!(
        zones.contains("HOST-INBOUND") && zones.contains("untrust") && !zones.contains("lan0"),
        "{zones}"
    );
    // Tab, too, says what each word is for.
    shell.send("show s\t\t").unwrap();
    shell.flush().unwrap();
    shell.exp_string("security  Zones, policies, NAT and sessions ").unwrap();
    shell.exp_string("system    The daemon").unwrap();
    shell.send_control('c').unwrap();
    shell.exp_string(BEGIN).unwrap();
    shell.send("never mind").unwrap();
    shell.send_control('c').unwrap();
    shell.exp_string(BEGIN).unwrap();
    typed(&mut shell, "configure");
    let policy = "set security policies from-zone trust to-zone untrust policy p match application";
    keys(&mut shell, &format!("{policy} junos-ss\t\n"));
    let help = keys(&mut shell, "set security zones security-zone trust interfaces ?");
    assert!(help.contains("  ge-0/0/0.0  "), "{help}");
    shell.send_control('c').unwrap();
    shell.exp_string(BEGIN).unwrap();
    let shown = typed(&mut shell, "show security policies | display set | match junos-ssh | count");
    assert!(shown.contains("Count: 1 lines"), "{shown}");
    let both = keys(&mut shell, "set system host-name one\nset system host-name two\n");
    assert!(!both.contains("error"), "{both}");
    shell.exp_string(BEGIN).unwrap();
    assert!(typed(&mut shell, "show system").contains("host-name two;"), "what is typed ahead is not lost");
    assert!(!typed(&mut shell, "annotate system \"why?\"").contains("Possible"));
    assert!(typed(&mut shell, "show | compare").contains("/* why? */"));
    shell.send_control('d').unwrap();
    shell.exp_eof().unwrap();
    daemon.stop();
}

#[test]
fn on_a_terminal_a_text_is_typed_in_and_a_long_one_is_shown_page_by_page() {
    let (lab, daemon, _) = lab();
    let mut shell = terminal(&lab);
    typed(&mut shell, "configure");
    shell.send_line("load set terminal").unwrap();
    shell.exp_string("Ctrl-D").unwrap();
    let lines: String =
        (0..60).map(|n| format!("set security address-book global address a{n} 10.0.0.{n}/32\n")).collect();
    shell.send(&lines).unwrap();
    shell.send_control('d').unwrap();
    shell.exp_string("load complete").unwrap();
    shell.exp_string(BEGIN).unwrap();
    shell.send_line("show security address-book global").unwrap();
    shell.exp_string("---(more").unwrap();
    shell.send(" ").unwrap();
    shell.flush().unwrap();
    shell.exp_string("---(more").unwrap();
    shell.send("q").unwrap();
    shell.flush().unwrap();
    let rest = shell.exp_string(BEGIN).unwrap();
    assert!(!rest.contains("a59"), "{rest}");
    assert_eq!(
        typed(&mut shell, "show security address-book global | no-more").matches("address a").count(),
        60
    );
    shell.send_control('d').unwrap();
    shell.exp_eof().unwrap();
    daemon.stop();
}

/// Every command that users of Junos expect, and some of ours; `!` before those that are not reports.
const DEMANDED: &str = include_str!("demanded.txt");

#[test]
fn every_demanded_report_is_json_on_demand() {
    let (lab, daemon, _) = lab();
    for command in DEMANDED.lines().filter(|line| !line.starts_with('!')) {
        let words: Vec<&str> = command.split(' ').chain(["--json"]).collect();
        let (status, printed, told) = ran(&mut flumen(&lab, &words));
        assert_eq!((status, told.as_str()), (0, ""), "{command}");
        let json: Result<serde_json::Value, _> = serde_json::from_str(&printed);
        assert!(json.is_ok_and(|json| !json.is_null()), "{command}: {printed}");
    }
    let rescue = ["request", "system", "configuration", "rescue", "save", "--json"];
    let json: serde_json::Value = serde_json::from_str(&shown(&lab, &rescue)).unwrap();
    assert_eq!(json["done"], "The rescue configuration is saved");
    let rescue = ["request", "system", "configuration", "rescue", "delete", "--json"];
    let json: serde_json::Value = serde_json::from_str(&shown(&lab, &rescue)).unwrap();
    assert_eq!(json["done"], "The rescue configuration is deleted");
    let (status, printed, _) = ran(&mut flumen(&lab, &rescue));
    let json: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert!(status == 1 && json["error"].as_str().unwrap().contains("rescue"), "there is none: {printed}");
    script(&lab, "configure; set system host-name b; commit");
    for (compare, changes) in [("1", true), ("0", false)] {
        let line = ["show", "system", "rollback", "0", "compare", compare, "--json"];
        let json: serde_json::Value = serde_json::from_str(&shown(&lab, &line)).unwrap();
        assert_eq!(json.as_str().unwrap().contains("host-name b"), changes, "{json}");
    }
    for (line, told) in [
        ("show security zones nosuch --json", "there is no zone nosuch"),
        ("show security zoens --json", "did you mean \"zones\"?"),
        ("show sessions --source 10.0.0.0/33 --json", "invalid value '10.0.0.0/33'"),
        ("show sessions --protocol foo --json", "invalid value 'foo'"),
        ("show sessions --limit -1 --json", "invalid value '-1' for '--limit <N>'"),
        ("bogus --json", "unrecognized subcommand 'bogus'"),
        ("--timeout 0 stop --json", "invalid value '0'"),
    ] {
        let (status, printed, complaint) = ran(&mut flumen(&lab, &line.split(' ').collect::<Vec<_>>()));
        let json: serde_json::Value = serde_json::from_str(&printed).unwrap_or_default();
        let error = json["error"].as_str().unwrap_or_default();
        assert!(status > 0 && error.contains(told), "{line}: {printed}");
        assert!(complaint.contains(told), "{line}: {complaint}");
    }
    let screen = shown(&lab, &["show", "security", "screen"]);
    assert!(screen.starts_with("Screens are not applied") && screen.contains("tcp-flags"), "{screen}");
    let sockets = shown(&lab, &["show", "system", "connections"]);
    assert!(sockets.starts_with("PROTOCOL"), "{sockets}");
    daemon.stop();
}
