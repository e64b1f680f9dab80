//! What `commit check` tells, and that it changes nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_api::{
    ConfigurationAction as Action, ConfigurationAnswer as Answer, PoliciesReport, Preview, Request, Response,
    UnusedRule,
};
use flumen_store::FakeClock;
use std::time::Duration;
use support::{Lab, Running};

const TEXT: &str = include_str!("../../cli/tests/gateway.conf");
const DAY: Duration = Duration::from_secs(86_400);

fn preview(daemon: &Running, unused_days: Option<u32>) -> Preview {
    match daemon.configure(Action::Check { sessions: None, unused_days }).unwrap() {
        Answer::Checked(checked) => checked.preview.unwrap(),
        other => panic!("{other:?}"),
    }
}

fn commit(daemon: &Running) -> u32 {
    let commit = support::commit(None, None);
    match daemon.configure(commit).unwrap() {
        Answer::Committed(committed) => committed.generation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_check_and_a_plan_take_no_generation_and_write_no_numbers() {
    let mut lab = Lab::new();
    lab.configure(TEXT);
    let daemon = lab.start();
    let numbers = lab.options.state_dir.join("identities.json");
    let (before, text) = (lab.engines.generation(), std::fs::read(&numbers).unwrap());
    daemon.load("set security zones security-zone dmz");
    for _ in 0..3 {
        preview(&daemon, None);
    }
    let planned = support::commit(None, Some(4_000_000_000));
    daemon.configure(planned).unwrap();
    daemon.configure(Action::CancelPlanned).unwrap();
    assert_eq!(std::fs::read(&numbers).unwrap(), text);
    assert_eq!(commit(&daemon), before + 1);
    daemon.stop();
}

#[test]
fn rules_that_were_not_hit_for_long_are_told_also_by_the_next_daemon() {
    let clock = FakeClock::default();
    let mut lab = Lab::new();
    lab.configure(TEXT);
    let daemon = lab.start_by(clock.clone());
    lab.options.config = None;
    assert_eq!(preview(&daemon, None).unused, []);
    clock.advance(20 * DAY);
    daemon.stop();
    let daemon = lab.start_by(clock.clone());
    clock.advance(11 * DAY);
    daemon.load("delete security policies global");
    daemon.load("set security policies from-zone untrust to-zone trust policy new match source-address any destination-address any application any",
    );
    daemon.load("set security policies from-zone untrust to-zone trust policy new then deny");
    let rule =
        |rule: &str| UnusedRule { rule: rule.to_owned(), days: 31, last_hit_unix_s: Some(1_700_000_000) };
    let unused = preview(&daemon, None).unused;
    assert_eq!(
        unused,
        [
            rule("policy out from zone trust to zone untrust"),
            rule("source NAT rule hide from zone trust to zone untrust")
        ]
    );
    assert_eq!(preview(&daemon, Some(32)).unused, []);
    let Response::Policies(PoliciesReport { policies }) = daemon.ask(Request::ShowPolicies).unwrap() else {
        panic!("no policies")
    };
    assert!(policies.iter().all(|policy| policy.last_hit_unix_s == Some(1_700_000_000)), "{policies:?}");
    daemon.stop();
}
