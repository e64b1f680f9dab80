//! A commit that is to be confirmed goes back early when a condition fails.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{
    Condition, ConfigurationAction as Action, ConfigurationAnswer as Answer, HistoryReport, Request,
    Response, Watched,
};
use flumen_client::ClientError;
use flumen_engine::{Counter, CounterIndex, InterfaceId, Reason};
use flumen_kernel::{ConnectionState, Target};
use flumen_store::FakeClock;
use std::net::SocketAddr;
use std::time::Duration;
use support::{Lab, Running, config};

const PEER: &str = "192.0.2.9:51234";
const OWN: &str = "203.0.113.5:22";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ping() -> Watched {
    Watched::Ping { address: "192.0.2.1".parse().unwrap() }
}

/// Applies another configuration for five minutes, under conditions.
fn apply(daemon: &Running, conditions: &[Watched]) -> Result<Response, ClientError> {
    daemon.ask(Request::Apply {
        text: config().replace("lan-out", "risky"),
        source: "test".to_owned(),
        confirm_minutes: Some(5),
        conditions: conditions.iter().map(|watched| Condition::of(*watched)).collect(),
        sessions: None,
    })
}

fn is_risky(daemon: &Running) -> bool {
    match daemon.ask(Request::ShowPolicies).unwrap() {
        Response::Policies(report) => report.policies[0].name == "risky",
        other => panic!("{other:?}"),
    }
}

fn history(daemon: &Running) -> HistoryReport {
    match daemon.configure(Action::History).unwrap() {
        Answer::History(history) => history,
        other => panic!("{other:?}"),
    }
}

/// Lets time pass until the configuration of before is back; says why it is.
fn back(daemon: &Running, clock: &FakeClock) -> String {
    let mut passed = Duration::ZERO;
    daemon.wait_until("the way back", || {
        clock.advance(Duration::from_millis(200));
        passed += Duration::from_millis(200);
        !is_risky(daemon)
    });
    assert!(passed < Duration::from_secs(290), "not because its time was over");
    let mut note = None;
    daemon.wait_until("its note", || {
        note.clone_from(&history(daemon).commits[0].note);
        note.is_some()
    });
    note.unwrap()
}

/// Lets six looks pass, after which the commit still waits.
fn stays(daemon: &Running, clock: &FakeClock) {
    for _ in 0..6 {
        clock.advance(Duration::from_secs(1));
        std::thread::sleep(Duration::from_millis(450));
        assert!(is_risky(daemon));
    }
}

#[test]
fn an_address_that_answers_no_more_ends_the_commit_early_and_the_reason_is_told() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    apply(&daemon, &[ping()]).unwrap();
    assert_eq!(history(&daemon).pending.unwrap().conditions, ["192.0.2.1 answers"]);
    stays(&daemon, &clock);
    lab.host.set_answers(Target::Ping("192.0.2.1".parse().unwrap()), false);
    let told = back(&daemon, &clock);
    assert!(
        told.contains("commit 2 was not confirmed: a condition failed (192.0.2.1 answers)")
            && told.contains("no answer within a second, 3 times in a row"),
        "{told}"
    );
    let audit = std::fs::read_to_string(lab.options.state_dir.join("audit.log")).unwrap();
    assert!(audit.contains("a condition failed"), "{audit}");
    daemon.stop();
}

#[test]
fn a_condition_outlives_the_daemon_that_was_told_of_it() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    let to = address("192.0.2.1:443");
    apply(&daemon, &[Watched::Tcp { to }]).unwrap();
    daemon.stop();
    let daemon = lab.start_by(clock.clone());
    assert!(is_risky(&daemon));
    lab.host.set_answers(Target::Tcp(to), false);
    let told = back(&daemon, &clock);
    assert!(told.contains("192.0.2.1:443 accepts connections"), "{told}");
    daemon.stop();
}

#[test]
fn a_management_connection_that_is_not_answered_or_closed_ends_the_commit() {
    for state in [ConnectionState::Unanswered { retransmits: 4 }, ConnectionState::Gone] {
        let clock = FakeClock::default();
        let (lab, daemon) = Lab::started_by(clock.clone());
        let (from, to) = (address(PEER), address(OWN));
        lab.host.set_connection(from, to, ConnectionState::Alive);
        apply(&daemon, &[Watched::Connection { from, to }]).unwrap();
        assert!(is_risky(&daemon));
        lab.host.set_connection(from, to, state);
        let told = back(&daemon, &clock);
        assert!(told.contains("the connection from 192.0.2.9:51234 to 203.0.113.5:22 lives"), "{told}");
        daemon.stop();
    }
}

#[test]
fn frames_that_are_dropped_faster_than_the_bound_end_the_commit() {
    let clock = FakeClock::default();
    let (lab, daemon) = Lab::started_by(clock.clone());
    let index = CounterIndex::reason(InterfaceId(1), Reason::PolicyDefault);
    let dropped = |packets| vec![(index, Counter { packets, bytes: 0 })];
    lab.engines.kernel().counters = dropped(1_000_000);
    apply(&daemon, &[Watched::Drops { max_pps: 100 }]).unwrap();
    stays(&daemon, &clock);
    let mut packets = 1_000_000;
    daemon.wait_until("the way back", || {
        packets += 10_000;
        lab.engines.kernel().counters = dropped(packets);
        clock.advance(Duration::from_millis(200));
        !is_risky(&daemon)
    });
    assert!(back(&daemon, &clock).contains("at most 100 packets are dropped in a second"));
    daemon.stop();
}

#[test]
fn conditions_that_mean_nothing_are_refused_and_change_nothing() {
    let clock = FakeClock::default();
    let (_lab, daemon) = Lab::started_by(clock.clone());
    let unknown = Watched::Connection { from: address(PEER), to: address(OWN) };
    let told = apply(&daemon, &[unknown]).unwrap_err().to_string();
    assert!(told.contains("there is no connection from 192.0.2.9:51234"), "{told}");
    let told = daemon
        .ask(Request::Apply {
            text: config().replace("lan-out", "risky"),
            source: "test".to_owned(),
            confirm_minutes: None,
            conditions: vec![Condition::of(ping())],
            sessions: None,
        })
        .unwrap_err();
    assert!(told.to_string().contains("to be confirmed"), "{told}");
    assert!(!is_risky(&daemon));
    daemon.stop();
}
