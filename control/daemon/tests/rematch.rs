//! What becomes of live sessions when a configuration becomes active.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{
    Applied, Checked, ConfigurationAction as Action, ConfigurationAnswer as Answer, EndedSessions, Rematched,
    Request, Response, SessionsAtCommit,
};
use flumen_store::FakeClock;
use std::time::Duration;
use support::{Lab, Running, session};

const TEXT: &str = include_str!("../../cli/tests/gateway.conf");
const NO_DNS: &str = "
set security policies from-zone trust to-zone untrust policy no-dns match source-address any destination-address any application junos-dns-udp
set security policies from-zone trust to-zone untrust policy no-dns then deny
insert security policies from-zone trust to-zone untrust policy no-dns before policy out
";
const REMATCH: &str = "set security policies policy-rematch\n";

/// A gateway with a session of TCP, one of DNS, and one that the rules would not translate as it is.
fn started() -> (Lab, Running) {
    let mut lab = Lab::new();
    lab.configure(TEXT);
    let daemon = lab.start();
    lab.options.config = None;
    let mut other = session(2, 6, "192.168.1.9", "198.51.100.7", (50_000, 22), (1, 2));
    other.row.src = other.key.src;
    lab.engines.kernel().sessions = vec![
        session(0, 6, "192.168.1.9", "198.51.100.7", (50_000, 443), (1, 2)),
        session(1, 17, "192.168.1.9", "198.51.100.53", (50_001, 53), (1, 2)),
        other,
    ];
    (lab, daemon)
}

/// Records of the sessions that live.
fn live(lab: &Lab) -> Vec<u32> {
    lab.engines.kernel().sessions.iter().map(|session| session.row.slot.0).collect()
}

fn commit(daemon: &Running, sessions: Option<SessionsAtCommit>) -> Option<Rematched> {
    let commit = support::commit(sessions, None);
    match daemon.configure(commit).unwrap() {
        Answer::Committed(committed) => committed.rematched,
        other => panic!("{other:?}"),
    }
}

fn check(daemon: &Running, sessions: Option<SessionsAtCommit>) -> Checked {
    match daemon.configure(Action::Check { sessions, unused_days: None }).unwrap() {
        Answer::Checked(checked) => checked,
        other => panic!("{other:?}"),
    }
}

fn ended(daemon: &Running) -> EndedSessions {
    match daemon.ask(Request::Status).unwrap() {
        Response::Status(status) => status.ended,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_commit_leaves_sessions_alone_unless_it_or_its_configuration_says_rematch() {
    let (lab, daemon) = started();
    daemon.load(NO_DNS);
    assert_eq!(commit(&daemon, None), None);
    assert_eq!(live(&lab), [0, 1, 2]);
    daemon.load(REMATCH);
    assert_eq!(commit(&daemon, Some(SessionsAtCommit::Keep)), None);
    assert_eq!(live(&lab), [0, 1, 2]);
    daemon.load("set system host-name gw");
    let rematched = commit(&daemon, None).unwrap();
    assert_eq!(rematched, Rematched { judged: 3, denied: 1, retranslated: 1 });
    assert_eq!(live(&lab), [0]);
    assert_eq!(ended(&daemon), EndedSessions { denied: 1, retranslated: 1, ..EndedSessions::default() });
    daemon.stop();
}

#[test]
fn a_commit_that_says_rematch_ends_the_sessions_it_concerns_alone() {
    let (lab, daemon) = started();
    daemon.load(NO_DNS);
    let rematched = commit(&daemon, Some(SessionsAtCommit::Rematch)).unwrap();
    assert_eq!((rematched.denied, rematched.retranslated), (1, 1));
    assert_eq!(live(&lab), [0]);
    daemon.load("delete security nat");
    let text = check(&daemon, None).preview.unwrap();
    assert_eq!((text.sessions, text.retranslated["out"]), (1, 1));
    daemon.stop();
}

#[test]
fn a_check_says_what_would_become_of_every_session_and_touches_none() {
    let (lab, daemon) = started();
    daemon.load(NO_DNS);
    let preview = check(&daemon, None).preview.unwrap();
    assert_eq!(preview.sessions, 3);
    assert_eq!(preview.denied.into_iter().collect::<Vec<_>>(), [("out".to_owned(), 1)]);
    assert_eq!(preview.retranslated.into_iter().collect::<Vec<_>>(), [("out".to_owned(), 1)]);
    assert!(!preview.rematch);
    assert!(check(&daemon, Some(SessionsAtCommit::Rematch)).preview.unwrap().rematch);
    daemon.load(REMATCH);
    assert!(check(&daemon, None).preview.unwrap().rematch);
    assert!(!check(&daemon, Some(SessionsAtCommit::Keep)).preview.unwrap().rematch);
    assert_eq!(live(&lab), [0, 1, 2]);
    assert_eq!(ended(&daemon), EndedSessions::default());
    daemon.stop();
}

#[test]
fn a_daemon_that_dies_before_the_sessions_were_judged_leaves_it_to_the_next() {
    let (lab, daemon) = started();
    daemon.load(NO_DNS);
    lab.engines.kernel().removals_fail = true;
    assert_eq!(commit(&daemon, Some(SessionsAtCommit::Rematch)), None);
    assert_eq!(live(&lab), [0, 1, 2]);
    daemon.stop();
    lab.engines.kernel().removals_fail = false;
    let daemon = lab.start();
    assert_eq!(live(&lab), [0]);
    lab.engines.kernel().sessions.push(session(1, 17, "192.168.1.9", "198.51.100.53", (50_001, 53), (1, 2)));
    daemon.stop();
    let daemon = lab.start();
    assert_eq!(live(&lab), [0, 1], "judged once");
    daemon.stop();
}

#[test]
fn a_commit_that_is_refused_leaves_nothing_to_be_judged() {
    let (lab, daemon) = started();
    daemon.load(NO_DNS);
    lab.engines.kernel().refuse = Some("no room".to_owned());
    let commit = support::commit(Some(SessionsAtCommit::Rematch), None);
    daemon.configure(commit).unwrap_err();
    assert!(!lab.options.state_dir.join("rematch.json").exists());
    daemon.stop();
    let daemon = lab.start();
    assert_eq!(live(&lab), [0, 1, 2]);
    daemon.stop();
}

#[test]
fn the_way_back_judges_sessions_if_the_configuration_of_before_says_so() {
    for says_so in [true, false] {
        let clock = FakeClock::default();
        let mut lab = Lab::new();
        lab.configure(TEXT);
        let daemon = lab.start_by(clock.clone());
        daemon.load(NO_DNS);
        if says_so {
            daemon.load(REMATCH);
        }
        commit(&daemon, None);
        let open = Request::apply(TEXT, "test", Some(1));
        assert!(matches!(daemon.ask(open).unwrap(), Response::Applied(Applied { rematched: None, .. })));
        lab.engines.kernel().sessions =
            vec![session(1, 17, "192.168.1.9", "198.51.100.53", (50_001, 53), (1, 2))];
        let installs = lab.engines.kernel().installs;
        clock.advance(Duration::from_secs(61));
        daemon.wait_until("the way back", || lab.engines.kernel().installs > installs);
        daemon.ask(Request::Status).unwrap();
        let wanted: &[u32] = if says_so { &[] } else { &[1] };
        daemon.wait_until("the sessions are judged", || live(&lab) == wanted);
        daemon.stop();
    }
}

#[test]
fn a_planned_commit_cannot_say_what_becomes_of_sessions() {
    let (_lab, daemon) = started();
    daemon.load(NO_DNS);
    let planned = support::commit(Some(SessionsAtCommit::Rematch), Some(4_000_000_000));
    let told = daemon.configure(planned).unwrap_err().to_string();
    assert!(told.contains("policy-rematch"), "{told}");
    daemon.stop();
}
