//! The daemon from the outside: what it answers, what it keeps, what it leaves.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{
    ApiError, ConfigMessage, ExplainInput, ExplainRequest, LinkState, Probe, Protocol, Request, Response,
    SessionFilter, SessionsReport,
};
use flumen_client::ClientError;
use flumen_daemon::DaemonError;
use flumen_kernel::{Host, Neighbour, Route, RouteOutcome, Setting};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use support::{Lab, Running, config, counters, session};

fn started() -> (Lab, Running) {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    (lab, daemon)
}

fn apply(daemon: &Running, text: &str) -> Result<Response, ClientError> {
    daemon.ask(Request::apply(text, "test", None))
}

fn refusal(answer: Result<Response, ClientError>) -> ApiError {
    match answer {
        Err(ClientError::Refused(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}

fn messages(answer: Result<Response, ClientError>) -> Vec<ConfigMessage> {
    match refusal(answer) {
        ApiError::Refused { messages } => messages,
        other => panic!("not a refused configuration: {other}"),
    }
}

fn status(daemon: &Running) -> flumen_api::StatusReport {
    match daemon.ask(Request::Status).unwrap() {
        Response::Status(report) => report,
        other => panic!("{other:?}"),
    }
}

fn sessions(daemon: &Running, filter: SessionFilter, limit: u32) -> SessionsReport {
    match daemon.ask(Request::ShowSessions { filter, limit, order: None }).unwrap() {
        Response::Sessions(report) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_started_daemon_enforces_its_file_and_says_so() {
    let (lab, daemon) = started();
    assert_eq!(lab.engines.devices(), ["lan0", "wan0"]);
    let report = status(&daemon);
    assert_eq!((report.engine.as_str(), report.generation, report.adopted), ("fake", 1, false));
    assert_eq!((report.interfaces, report.attached, report.absent), (2, 2, vec![]));
    assert!(report.source.ends_with("flumen.json"));
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o666);
    daemon.stop();
    assert_eq!(lab.engines.generation(), 1, "the engine keeps enforcing");
    assert!(!socket.exists());
}

#[test]
fn a_bad_configuration_is_refused_whole_with_places_and_the_running_one_stays() {
    let (lab, daemon) = started();
    let bad =
        config().replace("\"permit\"", "\"permitt\"").replace("\"to-zone\": \"wan\"", "\"to-zone\": \"wam\"");
    let messages = messages(apply(&daemon, &bad));
    assert!(messages.len() >= 2, "{messages:?}");
    assert!(messages.iter().all(|message| message.line > 0 && !message.path.is_empty()), "{messages:?}");
    assert_eq!((lab.engines.generation(), lab.engines.kernel().installs), (1, 1));
    assert_eq!(status(&daemon).generation, 1);
    daemon.stop();
}

#[test]
fn an_applied_configuration_is_active_and_comes_back_with_the_same_numbers() {
    let (mut lab, daemon) = started();
    let zones = |daemon: &Running| match daemon.ask(Request::ShowZones).unwrap() {
        Response::Zones(report) => {
            report.zones.into_iter().map(|zone| (zone.name, zone.id)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let before = zones(&daemon);
    let next = config().replace("\"lan\": {", "\"aaa\": {}, \"lan\": {");
    let Response::Applied(applied) = apply(&daemon, &next).unwrap() else { panic!("not applied") };
    assert_eq!(applied.generation, 2);
    assert!(applied.warnings.iter().any(|warning| warning.text.contains("aaa")), "{:?}", applied.warnings);
    let after = zones(&daemon);
    assert!(before.iter().all(|zone| after.contains(zone)), "{before:?} {after:?}");
    daemon.stop();

    lab.options.config = None;
    let daemon = lab.start();
    assert_eq!(zones(&daemon), after);
    let report = status(&daemon);
    assert_eq!((report.generation, report.adopted, report.source.as_str()), (3, true, "test"));
    daemon.stop();
}

#[test]
fn a_commit_outlives_the_daemon_until_the_file_changes() {
    let mut lab = Lab::new();
    lab.configure(&config());
    let daemon = lab.start();
    let next = config().replace("\"lan\": {", "\"aaa\": {}, \"lan\": {");
    apply(&daemon, &next).unwrap();
    daemon.stop();
    // The same file: a crash and a watchdog start it so.
    let daemon = lab.start();
    assert_eq!(status(&daemon).source, "test");
    daemon.stop();
    let edited = config().replace("\"lan\": {", "\"bbb\": {}, \"lan\": {");
    lab.configure(&edited);
    for _ in 0..2 {
        let daemon = lab.start();
        assert!(status(&daemon).source.ends_with("flumen.json"));
        daemon.stop();
    }
}

#[test]
fn an_engine_that_refuses_leaves_everything_as_it_was() {
    let (lab, daemon) = started();
    lab.host.add_link("dmz0", &[]);
    let setting = Setting::conf("ipv4", "dmz0", "forwarding");
    lab.host.set(setting.clone(), "0");
    let next = config()
        .replace("\"wan0\": {}", "\"wan0\": {}, \"dmz0\": {}")
        .replace("\"lan\": {", "\"dmz\": {\"interfaces\": [\"dmz0\"]}, \"lan\": {");
    lab.engines.kernel().refuse = Some("table full".into());
    let error = refusal(apply(&daemon, &next)).to_string();
    assert!(error.contains("table full"), "{error}");
    assert_eq!((lab.engines.generation(), lab.host.get(&setting)), (1, "0".into()));
    assert_eq!(status(&daemon).generation, 1);
    apply(&daemon, &next).unwrap();
    assert_eq!(lab.host.get(&setting), "1");
    assert!(lab.engines.generation() > 1);
    daemon.stop();
}

#[test]
fn a_missing_device_is_named_and_waited_for_also_when_the_configuration_is_new() {
    let (mut lab, daemon) = started();
    let next = config().replace("wan0", "wan9");
    let Ok(Response::Applied(applied)) = apply(&daemon, &next) else { panic!("refused") };
    let missing = &applied.warnings[0];
    assert_eq!(missing.path, "interfaces wan9");
    assert!(missing.text.contains("no device wan9"), "{}", missing.text);
    assert_eq!(status(&daemon).absent, ["wan9"]);
    daemon.stop();
    lab.configure(&next.replace("wan9", "wan8"));
    let daemon = lab.start();
    assert_eq!(status(&daemon).absent, ["wan8"]);
    lab.host.add_link("wan8", &[]);
    daemon.wait_until("it is attached", || lab.engines.devices() == ["lan0", "wan8"]);
    daemon.stop();
}

#[test]
fn a_device_that_goes_and_comes_back_is_shown_absent_and_attached_again() {
    let (lab, daemon) = started();
    let state = |daemon: &Running| match daemon.ask(Request::ShowInterfaces).unwrap() {
        Response::Interfaces(report) => {
            report.interfaces.iter().find(|interface| interface.name == "wan0").unwrap().clone()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(state(&daemon).state, LinkState::Up);
    lab.host.remove_link("wan0");
    daemon.wait_until("absence", || state(&daemon).state == LinkState::Absent);
    assert_eq!(state(&daemon).mode, None);
    assert_eq!(status(&daemon).absent, ["wan0"]);
    daemon.stop();

    let daemon = lab.start(); // the configuration is known: the device is waited for
    assert_eq!(lab.engines.devices(), ["lan0"]);
    lab.engines.kernel().refuse = Some("not yet".into());
    lab.host.add_link("wan0", &[]);
    daemon.wait_until("refusal", || lab.engines.kernel().refuse.is_none());
    assert_eq!(lab.engines.devices(), ["lan0"]);
    lab.host.add_link("wan0-peer", &[]); // any change is a reason to try again
    daemon.wait_until("return", || lab.engines.devices() == ["lan0", "wan0"]);
    daemon.wait_until("state", || state(&daemon).state == LinkState::Up);
    daemon.stop();
}

#[test]
fn a_device_that_takes_no_frames_from_xdp_reaches_the_engine_and_is_noted() {
    let (lab, daemon) = started();
    let note = || match daemon.ask(Request::ShowInterfaces).unwrap() {
        Response::Interfaces(report) => {
            report.interfaces.iter().find(|interface| interface.name == "wan0").unwrap().note.clone()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(note(), None);
    let before = lab.engines.kernel().host_changes;
    lab.host.set_xdp_transmit("wan0", false);
    daemon.wait_until("host change", || lab.engines.kernel().host_changes > before);
    assert!(note().unwrap().contains("the kernel sends"));
    lab.host.set_xdp_transmit("wan0", true);
    daemon.wait_until("no note", || note().is_none());
    daemon.stop();
}

#[test]
fn new_addresses_reach_the_engine() {
    let (lab, daemon) = started();
    let before = lab.engines.kernel().host_changes;
    lab.host.add_link("dummy0", &["10.9.9.9".parse().unwrap()]);
    daemon.wait_until("host change", || lab.engines.kernel().host_changes > before);
    daemon.stop();
}

#[test]
fn sessions_are_filtered_counted_limited_and_cleared() {
    let (lab, daemon) = started();
    lab.engines.kernel().sessions = vec![
        session(1, 6, "192.168.1.10", "198.51.100.80", (50_001, 443), (1, 2)),
        session(2, 6, "192.168.1.11", "198.51.100.80", (50_002, 80), (1, 2)),
        session(3, 17, "192.168.1.10", "198.51.100.53", (50_003, 53), (1, 2)),
        session(4, 17, "198.51.100.9", "192.168.1.9", (50_004, 53), (2, 1)),
    ];
    let ids = |filter: &str| {
        let filter = serde_json::from_str(filter).unwrap();
        sessions(&daemon, filter, 100).sessions.iter().map(|session| session.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("{}"), [1, 2, 3, 4]);
    assert_eq!(ids(r#"{"source":"192.168.1.10/32"}"#), [1, 3]);
    assert_eq!(
        ids(r#"{"source":"203.0.113.5/32"}"#),
        [1, 2, 3, 4],
        "the translated address is the source, too"
    );
    assert_eq!(ids(r#"{"host":"192.168.1.0/24","protocol":17}"#), [3, 4]);
    assert_eq!(ids(r#"{"destination-port":"50-100"}"#), [2, 3, 4]);
    assert_eq!(ids(r#"{"source-port":"1026"}"#), [2], "the translated port, too");
    assert_eq!(ids(r#"{"from-zone":"wan"}"#), [4]);
    assert_eq!(ids(r#"{"to-zone":"wan","policy":"lan-out","nat":true}"#), [1, 2, 3]);
    assert_eq!(ids(r##"{"policy":"#7"}"##), [0_u32; 0]);

    let report = sessions(&daemon, SessionFilter::default(), 3);
    assert_eq!((report.sessions.len(), report.matching, report.live), (3, 4, 4));
    assert_eq!(
        (report.sessions[0].from_zone.as_str(), report.sessions[0].policy.as_str()),
        ("lan", "lan-out")
    );
    assert_eq!(report.sessions[0].remaining_ms, 1_798_500);

    let unknown = SessionFilter { from_zone: Some("lam".into()), ..SessionFilter::default() };
    let error =
        refusal(daemon.ask(Request::ShowSessions { filter: unknown, limit: 1, order: None })).to_string();
    assert_eq!(error, "there is no zone lam in the configuration; there are lan, wan");

    let filter = serde_json::from_str(r#"{"protocol":17}"#).unwrap();
    let Response::Cleared(cleared) = daemon.ask(Request::ClearSessions { filter }).unwrap() else { panic!() };
    assert_eq!((cleared.removed, cleared.left), (2, 2));
    assert_eq!(ids("{}"), [1, 2]);
    daemon.stop();
}

#[test]
fn reasons_add_up_by_interface() {
    let (lab, daemon) = started();
    lab.engines.kernel().counters = counters(1);
    let Response::Reasons(report) = daemon.ask(Request::ShowReasons { zeroes: true }).unwrap() else {
        panic!()
    };
    let names: Vec<_> = report.interfaces.iter().map(|interface| interface.interface.as_str()).collect();
    assert_eq!(names, ["lan0", "wan0", "unconfigured"]);
    let lan = &report.interfaces[0];
    assert_eq!((lan.received.packets, lan.forwarded.packets, lan.delivered.packets), (100, 90, 4));
    assert_eq!((lan.dropped.packets, lan.difference), (6, 0));
    assert_eq!(lan.reasons.len(), flumen_engine::Reason::COUNT);
    let Response::Policies(policies) = daemon.ask(Request::ShowPolicies).unwrap() else { panic!() };
    assert_eq!(policies.policies[0].hits.packets, u64::from(policies.policies[0].id) * 10);
    let Response::Nat(nat) = daemon.ask(Request::ShowNat).unwrap() else { panic!() };
    assert_eq!(nat.rules[0].becomes, "interface 1024-65535");
    daemon.stop();
}

#[test]
fn detach_puts_the_host_back_and_ends_the_daemon() {
    let mut lab = Lab::new();
    let setting = Setting::conf("ipv4", "lan0", "rp_filter");
    lab.host.set(setting.clone(), "1");
    lab.configure(&config());
    let daemon = lab.start();
    assert_eq!(lab.host.get(&setting), "0");
    assert_eq!(daemon.ask(Request::Detach).unwrap(), Response::Detached);
    daemon.join();
    assert_eq!((lab.engines.generation(), lab.host.get(&setting)), (0, "1".into()));
    lab.start().stop(); // and the last configuration is still there to start again
}

#[test]
fn a_renamed_device_stays_wanted_and_is_set_back_under_the_name_that_it_has() {
    let setting = |device: &str| Setting::conf("ipv4", device, "forwarding");
    let alarms = |daemon: &Running| match daemon.ask(Request::ShowSystem).unwrap() {
        Response::System(report) => report.alarms,
        other => panic!("{other:?}"),
    };
    for restarted in [false, true] {
        let mut lab = Lab::new();
        lab.host.set(setting("wan0"), "0");
        lab.configure(&config());
        let mut running = Some(lab.start());
        assert_eq!(lab.host.get(&setting("wan0")), "1");
        if restarted {
            running.take().unwrap().stop();
        }
        lab.engines.rename("wan0", "wan9");
        lab.host.rename_link("wan0", "wan9");
        let daemon = running.unwrap_or_else(|| lab.start());
        daemon.wait_until("absence", || status(&daemon).absent == ["wan0"]);
        assert!(
            alarms(&daemon).iter().any(|alarm| alarm.major && alarm.text.contains("is called wan9 now")),
            "{:?}",
            alarms(&daemon)
        );
        let Ok(Response::Interfaces(shown)) = daemon.ask(Request::ShowInterfaces) else { panic!() };
        let wan = shown.interfaces.iter().find(|interface| interface.name == "wan0").unwrap();
        assert_eq!((wan.state, wan.mode.as_deref()), (LinkState::Absent, Some("driver")));
        apply(&daemon, &config()).unwrap();
        let wanted = lab.engines.kernel().ruleset.clone().unwrap().absent;
        assert_eq!(wanted, ["wan0"], "the engine keeps what was attached under that name");
        daemon.ask(Request::Detach).unwrap();
        daemon.join();
        assert_eq!(lab.host.get(&setting("wan9")), "0");
    }
}

#[test]
fn a_start_that_fails_leaves_no_trace() {
    let mut lab = Lab::new();
    let setting = Setting::conf("ipv4", "lan0", "forwarding");
    lab.host.set(setting.clone(), "0");
    lab.configure(&config());
    lab.engines.kernel().refuse = Some("no BPF here".into());
    assert!(lab.try_start().is_err_and(|error| error.to_string().contains("no BPF here")));
    assert_eq!((lab.engines.generation(), lab.host.get(&setting)), (0, "0".into()));
    let kept = std::fs::read_dir(lab.options.state_dir.join("config")).unwrap();
    let names = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!names.collect::<Vec<_>>().iter().any(|name| name.starts_with("commit-")));
    assert!(lab.host.read_setting(&setting).is_ok());
}

#[test]
fn without_a_file_and_without_a_past_there_is_nothing_to_start() {
    let lab = Lab::new();
    assert!(matches!(lab.try_start(), Err(DaemonError::NoConfig { .. })));
}

#[test]
fn a_second_daemon_is_refused_and_a_stale_socket_is_not_in_the_way() {
    let (lab, daemon) = started();
    assert!(matches!(lab.try_start(), Err(DaemonError::Running { .. })));
    assert_eq!(status(&daemon).generation, 1, "the first one still answers");
    daemon.stop();
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    lab.start().stop();
}

#[test]
fn sessions_of_a_policy_that_was_removed_are_found_and_cleared_by_its_name() {
    let (lab, daemon) = started();
    lab.engines.kernel().sessions =
        vec![session(7, 17, "192.168.1.10", "198.51.100.53", (50_002, 53), (1, 2))];
    let by_name = |name: &str| SessionFilter { policy: Some(name.to_owned()), ..SessionFilter::default() };
    apply(&daemon, &config().replace("lan-out", "renamed")).unwrap();
    let found = sessions(&daemon, by_name("lan-out"), 9).sessions;
    assert_eq!(found.iter().map(|session| session.policy.as_str()).collect::<Vec<_>>(), ["lan-out"]);
    assert_eq!(sessions(&daemon, by_name("renamed"), 9).matching, 0);
    let error =
        refusal(daemon.ask(Request::ShowSessions { filter: by_name("lan-uot"), limit: 1, order: None }));
    assert!(error.to_string().ends_with("there is renamed"), "{error}");
    let Response::Cleared(cleared) =
        daemon.ask(Request::ClearSessions { filter: by_name("lan-out") }).unwrap()
    else {
        panic!("not cleared")
    };
    assert_eq!((cleared.removed, cleared.left), (1, 0));
    daemon.stop();
}

#[test]
fn sessions_age_at_least_twice_a_second() {
    let (lab, daemon) = started();
    daemon.wait_until("ageing", || lab.engines.kernel().sweeps.len() >= 4);
    let sweeps = lab.engines.kernel().sweeps.clone();
    let gaps: Vec<u32> = sweeps.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    assert!(gaps.iter().all(|gap| *gap >= 300), "{gaps:?}: an idle daemon sleeps");
    assert!(gaps.iter().min().is_some_and(|gap| *gap <= 500), "{gaps:?}");
    daemon.stop();
}

#[test]
fn one_connection_too_many_is_closed_and_the_place_is_free_again_after() {
    let (_lab, daemon) = started();
    let mut clients: Vec<_> = (0..256).map(|_| daemon.client()).collect();
    for client in &mut clients {
        client.ask(&Request::Status).unwrap();
    }
    let refused = daemon.ask(Request::Status);
    assert!(matches!(&refused, Err(ClientError::Lost(_))), "{refused:?}");
    drop(clients);
    daemon.wait_until("a free place", || daemon.ask(Request::Status).is_ok());
    daemon.stop();
}

#[test]
fn bytes_that_are_no_request_do_no_harm() {
    let (lab, daemon) = started();
    let socket = flumen_daemon::Options::socket_in(&lab.options.run_dir);
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = [&preface[..], &[0, 0, 0, 4, 0, 0, 0, 0, 0]].concat();
    let huge_frame = [&preface[..], &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]].concat();
    let headers = [&settings[..], &[0, 0, 4, 1, 4, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]].concat();
    for bytes in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 64], &preface[..9], &settings, &huge_frame, &headers]
    {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
    }
    assert_eq!(status(&daemon).generation, 1);
    daemon.stop();
}

#[test]
fn a_packet_is_explained_on_the_active_and_on_a_candidate_configuration() {
    let (lab, daemon) = started();
    let wan = lab.host.facts().unwrap().link("wan0").unwrap().index;
    let route = Route {
        outcome: RouteOutcome::Forward,
        egress: Some(wan),
        egress_mac: [2, 0, 0, 0, 0, 0x11],
        next_hop: None,
        neighbour: Some(Neighbour::Known([2, 0, 0, 0, 0, 0x22])),
    };
    lab.host.add_route("198.51.100.80".parse().unwrap(), route);
    let probe = Probe {
        interface: "lan0".into(),
        source: "192.168.1.10".parse().unwrap(),
        destination: "198.51.100.80".parse().unwrap(),
        protocol: Protocol::TCP,
        source_port: 50_000,
        destination_port: 443,
        icmp: None,
        tcp_flags: None,
    };
    let explain = |probe: &Probe, candidate: Option<String>| {
        let request = ExplainRequest { input: ExplainInput::Probe(probe.clone()), candidate };
        match daemon.ask(Request::Explain(request)) {
            Ok(Response::Explained(report)) => Ok(report.packets[0].clone()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    };
    let packet = explain(&probe, None).unwrap();
    assert_eq!((packet.outcome.as_str(), packet.reason.as_str()), ("forward", "forwarded"), "{packet:?}");
    assert_eq!(packet.egress_interface.as_deref(), Some("wan0"));
    let rows: Vec<&str> = packet.steps.iter().filter_map(|step| step.row.as_deref()).collect();
    assert!(rows.contains(&"policy lan-out, lan to wan"), "{rows:?}");
    assert!(rows.contains(&"source NAT rule masquerade, lan to wan"), "{rows:?}");
    assert!(packet.frame_after.starts_with("020000000022020000000011"), "{}", packet.frame_after);
    assert!(packet.frame_after.contains("cb007105"), "the gateway's address is the source now");
    assert_eq!(lab.engines.kernel().sessions.len(), 0, "nothing was opened");

    let denied = explain(&probe, Some(config().replace("permit", "deny"))).unwrap();
    assert_eq!((denied.outcome.as_str(), denied.reason.as_str()), ("drop", "policy-denied"));
    assert_eq!((denied.frame_after.as_str(), denied.egress_interface), ("", None));
    assert!(explain(&probe, Some("{".into())).unwrap_err().contains("refused"));

    let elsewhere = Probe { destination: "192.0.2.1".parse().unwrap(), ..probe.clone() };
    assert_eq!(explain(&elsewhere, None).unwrap().reason, "no-route");
    lab.host.set(Setting::conf("ipv4", "lan0", "forwarding"), "0");
    assert_eq!(explain(&probe, None).unwrap().reason, "forwarding-disabled");
    let unknown = Probe { interface: "lan9".into(), ..probe };
    assert_eq!(
        explain(&unknown, None).unwrap_err(),
        "there is no interface lan9 in the configuration; there are lan0, wan0"
    );
    daemon.stop();
}
