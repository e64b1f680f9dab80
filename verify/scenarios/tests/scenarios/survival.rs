//! The daemon dies, and comes back.

use std::time::Duration;

use flumen_api::SessionInfo;
use flumen_scenarios::{Configuration, HttpServer, Lab, content};
use flumen_testkit::wait_until;

use crate::support::{SOON, UdpEcho, ask, count, curl, server_ips, udp_to, url};

/// At 4 MB/s, longer than the restart of a daemon takes.
const LENGTH: usize = 48_000_000;

/// What tells a session from others, without its counters.
fn identity(session: &SessionInfo) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        session.id,
        session.protocol,
        session.arrives,
        session.departs,
        session.policy.clone(),
        (session.from_zone.clone(), session.to_zone.clone()),
    )
}

#[test]
fn a_download_goes_on_while_the_daemon_is_dead_and_completes_when_it_is_back() {
    let closed = Configuration::new().application("closed", "tcp", 8000).policy_first(
        "deny",
        ("trust", "untrust"),
        "closed",
        "deny",
    );
    for to in server_ips() {
        let mut lab = Lab::new(&closed).unwrap();
        let servers = [80, 8000].map(|port| HttpServer::start(lab.server(), port).unwrap());
        let copy = lab.flumen().places().file("copy.bin");
        let arrived = || std::fs::metadata(&copy).map_or(0, |facts| facts.len());
        let line =
            format!("curl --silent --max-time 60 --output {} {}/slow/{LENGTH}", copy.display(), url(to, 80));
        let mut download = lab.client().spawn(&line).unwrap();
        wait_until("some has arrived", SOON, || arrived() > 1_000_000).unwrap();
        let before = lab.flumen().sessions().unwrap();
        assert_eq!(before.len(), 1, "{before:?}");

        lab.flumen_mut().kill().unwrap();
        let then = arrived();
        wait_until("more arrives", SOON, || arrived() > then + 1_000_000).unwrap();
        curl(lab.client(), &format!("{}/whoami", url(to, 80))).unwrap();
        assert!(curl(lab.client(), &format!("--max-time 0.3 {}/whoami", url(to, 8000))).is_err());

        lab.flumen_mut().start_again().unwrap();
        assert!(lab.flumen().status().unwrap().adopted);
        let after = lab.flumen().sessions().unwrap();
        let same = after.iter().find(|session| session.id == before[0].id).unwrap();
        assert_eq!(identity(same), identity(&before[0]));
        assert!(same.reverse.packets > before[0].reverse.packets);
        assert!(download.status().is_none(), "the restart falls into the download");
        servers[0].hurry();
        download.wait(Duration::from_secs(60)).unwrap();
        assert!(std::fs::read(&copy).unwrap() == content(LENGTH), "it arrives whole");
    }
}

#[test]
fn a_stopped_daemon_leaves_the_gateway_enforcing_and_the_next_one_adopts_it() {
    let mut lab = Lab::new(&Configuration::new()).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let [v4, v6] = server_ips();
    let sockets = [v4, v6].map(|to| udp_to(lab.client(), (to, 7000).into()).unwrap());
    let first = sockets.each_ref().map(|socket| ask(socket, "?").unwrap());
    let before = lab.flumen().sessions().unwrap();

    lab.flumen().run("stop").unwrap();
    let log = lab.flumen_mut().wait().unwrap();
    assert!(log.contains("keeps enforcing"), "{log}");
    let between = sockets.each_ref().map(|socket| ask(socket, "?").unwrap());

    lab.flumen_mut().start(&Configuration::new()).unwrap();
    let status = lab.flumen().status().unwrap();
    assert!(status.adopted && status.generation > 1, "{status:?}");
    let after = lab.flumen().sessions().unwrap();
    assert_eq!(
        after.iter().map(identity).collect::<Vec<_>>(),
        before.iter().map(identity).collect::<Vec<_>>()
    );
    let last = sockets.each_ref().map(|socket| ask(socket, "?").unwrap());
    assert_eq!([&between, &last], [&first, &first], "the same translation throughout");
    let interfaces = lab.flumen().interfaces().unwrap().interfaces;
    assert!(interfaces.iter().all(|interface| interface.mode.as_deref() == Some("driver")), "{interfaces:?}");
}

#[test]
fn counters_go_on_over_a_restart() {
    let mut lab = Lab::new(&Configuration::new()).unwrap();
    let [to, _] = lab.server_addresses();
    lab.client().exec(&format!("ping -c 3 -i 0.05 -W 5 {to}")).unwrap();
    let before = count(&lab, "wan", "forwarded");
    lab.flumen_mut().kill().unwrap();
    lab.client().exec(&format!("ping -c 3 -i 0.05 -W 5 {to}")).unwrap();
    lab.flumen_mut().start_again().unwrap();
    assert_eq!(count(&lab, "wan", "forwarded"), before + 3);
}

#[test]
fn a_daemon_that_starts_with_other_rules_keeps_the_sessions() {
    let mut lab = Lab::new(&Configuration::new()).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let [to, _] = server_ips();
    let socket = udp_to(lab.client(), (to, 7000).into()).unwrap();
    let before = ask(&socket, "?").unwrap();
    lab.flumen_mut().kill().unwrap();
    let closed = Configuration::new().policy_first("none", ("trust", "untrust"), "any", "deny");
    lab.flumen_mut().start(&closed).unwrap();
    assert_eq!(ask(&socket, "?").unwrap(), before, "an open session asks no policy");
    let [_, v6] = lab.server_addresses();
    lab.client().exec(&format!("ping -c 1 -W 0.3 {v6}")).unwrap_err();
}

#[test]
fn cleared_sessions_are_gone_and_the_policies_decide_again() {
    let lab = Lab::new(&Configuration::new()).unwrap();
    let _echo = UdpEcho::start(lab.server(), 7000).unwrap();
    let [v4, v6] = server_ips();
    let sockets = [v4, v6].map(|to| udp_to(lab.client(), (to, 7000).into()).unwrap());
    for socket in &sockets {
        ask(socket, "?").unwrap();
    }
    let said = lab.flumen().run(&format!("clear sessions --host {v6}")).unwrap();
    assert!(said.contains("1 session cleared, 1 left"), "{said}");
    let closed = Configuration::new().policy_first("none", ("trust", "untrust"), "any", "deny");
    lab.flumen().apply(&closed).unwrap();
    ask(&sockets[0], "open").unwrap();
    sockets[1].set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    ask(&sockets[1], "closed").unwrap_err();
    let said = lab.flumen().run("clear sessions").unwrap();
    assert!(said.contains("1 session cleared, 0 left"), "{said}");
    assert_eq!(lab.flumen().sessions().unwrap(), []);
    sockets[0].set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    ask(&sockets[0], "closed").unwrap_err();
    assert!(count(&lab, "lan", "policy-denied") >= 2);
}
