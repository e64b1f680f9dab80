//! Commits, confirmations and the way back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_store::{
    Cause, Clock, CommitError, Condition, Confirm, FakeClock, Finding, LogResult, Origin, Probes, Request,
    StoreError, Time, Watched,
};
use nix::libc::{ENOSPC, EROFS};
use std::time::Duration;
use support::{Fault, Lab, Snapshot, confirmed, editor, open, text};

const MINUTE: Duration = Duration::from_secs(60);

fn results(lab: &Lab) -> Vec<LogResult> {
    lab.store.log().map(|entry| entry.result.clone()).collect()
}

#[test]
fn commits_are_rollbacks_of_those_after_them_and_fifty_are_kept() {
    let mut lab = Lab::new();
    for number in 1..=60 {
        assert_eq!(lab.commit(text(&format!("text {number}"))).unwrap().number, number);
    }
    assert_eq!(lab.gateway.in_force, "text 60");
    let texts = lab.texts();
    assert_eq!(
        (texts.len(), texts[0].as_str(), texts[1].as_str(), texts[49].as_str()),
        (50, "text 60", "text 59", "text 11")
    );
    let error = lab.store.rollback(50).unwrap_err().to_string();
    assert_eq!(error, "there is no rollback 50: there are 0 to 49");
    assert_eq!(lab.disk.names().len(), 51, "{:?}", lab.disk.names());
    assert_eq!(lab.store.log().count(), 60, "the log knows more than is kept");
    let before = Snapshot::of(&lab.store);
    lab.kill_and_restart();
    assert_eq!(Snapshot::of(&lab.store), before);
}

#[test]
fn a_commit_tells_who_when_by_what_and_why() {
    let mut lab = Lab::new();
    assert!(lab.store.active().is_none());
    lab.commit_by("alice", Request { comment: Some("two\nlines".into()), ..text("a") }).unwrap();
    let slots = lab.store.slots();
    let record = slots[0].record.as_ref().unwrap();
    assert_eq!((record.author.user.as_str(), record.author.client.as_str()), ("alice", "cli"));
    assert_eq!((record.time, record.comment.as_deref()), (lab.clock.wall(), Some("two\nlines")));
    assert_eq!(record.cause, Cause::Commit);
    let entry = lab.store.log().next().unwrap();
    assert_eq!(
        (entry.number, entry.author.user.as_str(), &entry.result),
        (Some(1), "alice", &LogResult::Committed)
    );
}

#[test]
fn a_refused_commit_changes_nothing_and_is_logged_even_if_the_power_goes_then() {
    for committed in [&[][..], &["old"]] {
        let mut lab = Lab::with(committed);
        let before = (lab.texts(), lab.gateway.in_force.clone());
        lab.gateway.refuse = Some("bad");
        let error = lab.commit(text("bad")).unwrap_err();
        assert!(matches!(&error, CommitError::Refused(reason) if reason == "line 1: not today"));
        assert_eq!(
            (lab.texts(), lab.gateway.in_force.clone(), lab.gateway.reserved),
            (before.0, before.1, 0)
        );
        let store = open(&lab.disk.after_power_cut(0), &lab.clock);
        let last = store.log().next_back().unwrap();
        let reason = "line 1: not today".to_owned();
        assert_eq!((last.number, &last.result), (None, &LogResult::Refused { reason }));
    }
}

#[test]
fn a_commit_that_cannot_be_applied_is_taken_back_from_force_and_disk() {
    let mut lab = Lab::with(&["old"]);
    lab.gateway.fail = Some("bad");
    let error = lab.commit(text("bad")).unwrap_err();
    assert!(matches!(error, CommitError::NotApplied(_)), "{error}");
    assert!(error.to_string().contains("the device is gone"), "{error}");
    assert_eq!((lab.gateway.in_force.as_str(), lab.active(), lab.gateway.reserved), ("old", "old".into(), 0));
    assert_eq!(*open(&lab.disk.after_power_cut(0), &lab.clock).active().unwrap().1, *"old");
    lab.gateway.fail = None;
    assert_eq!(lab.commit(text("good")).unwrap().number, 3, "no number is used twice");
    assert_eq!(lab.texts(), ["good", "old"]);
    assert!(matches!(results(&lab)[1], LogResult::NotApplied { .. }));
}

#[test]
fn a_check_looks_at_what_was_prepared_and_leaves_nothing() {
    let mut lab = Lab::with(&["old"]);
    let before = Snapshot::of(&lab.store);
    let source = || flumen_store::Source::Text("new".into());
    let seen = lab.store.check(source(), &mut lab.gateway, |_| 7).unwrap();
    assert_eq!((seen, lab.gateway.reserved, lab.gateway.in_force.as_str()), (7, 0, "old"));
    lab.gateway.refuse = Some("new");
    assert!(lab.store.check(source(), &mut lab.gateway, |_| 7).is_err());
    assert_eq!(Snapshot::of(&lab.store), before);
}

#[test]
fn a_commit_that_is_not_confirmed_is_undone_at_its_deadline() {
    let mut lab = Lab::with(&["old"]);
    let done = lab.commit(confirmed(text("new"), 10)).unwrap();
    let deadline = done.deadline.unwrap();
    assert_eq!(
        (deadline.minutes, deadline.fallback, deadline.wall),
        (10, 1, lab.clock.wall().after(10 * MINUTE))
    );
    assert_eq!(lab.gateway.in_force, "new");
    lab.minutes(9);
    assert_eq!(lab.tick(), [""; 0]);
    assert_eq!(lab.store.pending().unwrap().left, MINUTE);
    lab.minutes(1);
    assert_eq!(lab.store.pending(), None);
    let events = lab.tick();
    assert_eq!(
        events,
        [
            "the configuration of commit 1 is active again instead of commit 2: it was not confirmed within 10 minutes"
        ]
    );
    assert_eq!(
        (lab.gateway.in_force.as_str(), lab.texts()),
        ("old", vec!["old".into(), "new".into(), "old".into()])
    );
    assert_eq!(lab.gateway.origins.last(), Some(&Origin::Known));
    assert!(matches!(results(&lab)[2], LogResult::Returned { of: 2, to: 1, .. }));
    assert_eq!(lab.tick(), [""; 0], "once");
    let before = Snapshot::of(&lab.store);
    lab.kill_and_restart();
    assert_eq!((Snapshot::of(&lab.store), lab.tick().len()), (before, 0));
}

#[test]
fn a_confirmed_commit_stays_whatever_happens_then() {
    let confirmations: [fn(&mut Lab); 3] = [
        |lab| assert_eq!(lab.store.confirm(&editor("root"), None).unwrap(), 2),
        |lab| {
            let done = lab.commit(text("new")).unwrap();
            assert_eq!((done.number, done.confirmed), (2, Some(2)), "without changes it is no new commit");
        },
        |lab| {
            let done = lab.commit(text("new and more")).unwrap();
            assert_eq!((done.number, done.confirmed, done.deadline), (3, Some(2), None));
        },
    ];
    for confirm in confirmations {
        let mut lab = Lab::with(&["old"]);
        lab.commit(confirmed(text("new"), 10)).unwrap();
        lab.minutes(9);
        confirm(&mut lab);
        assert_eq!(lab.store.pending(), None);
        assert!(matches!(lab.store.confirm(&editor("root"), None), Err(StoreError::NothingToConfirm)));
        lab.minutes(60);
        assert_eq!(lab.tick(), [""; 0]);
        assert!(lab.active().starts_with("new"));
        lab.kill_and_restart();
        assert!(lab.active().starts_with("new"));
        lab.clock.reboot();
        lab.kill_and_restart();
        assert!(lab.active().starts_with("new"));
    }
}

#[test]
fn a_confirmation_that_comes_too_late_is_told_so() {
    let mut lab = Lab::with(&["old"]);
    lab.commit(confirmed(text("new"), 10)).unwrap();
    lab.minutes(10);
    let error = lab.store.confirm(&editor("root"), None).unwrap_err().to_string();
    assert_eq!(
        error,
        "commit 2 cannot be confirmed any more: it was not confirmed within 10 minutes; commit again"
    );
    let error = lab.commit(text("new")).unwrap_err().to_string();
    assert!(error.contains("cannot be confirmed any more"), "{error}");
    lab.tick();
    assert_eq!(lab.gateway.in_force, "old");
}

#[test]
fn a_daemon_killed_inside_the_window_goes_on_waiting_for_the_rest_of_it() {
    let mut lab = Lab::with(&["old"]);
    lab.commit(confirmed(text("new"), 10)).unwrap();
    lab.minutes(4);
    lab.kill_and_restart();
    assert_eq!((lab.active().as_str(), lab.store.pending().unwrap().left), ("new", 6 * MINUTE));
    lab.minutes(5);
    lab.kill_and_restart();
    assert_eq!((lab.tick().len(), lab.store.pending().unwrap().left), (0, MINUTE));
    lab.minutes(1);
    assert_eq!(lab.tick().len(), 1);
    assert_eq!((lab.gateway.in_force.as_str(), lab.active()), ("old", "old".into()));
}

#[test]
fn a_daemon_killed_inside_the_window_and_started_after_it_finds_the_configuration_of_before() {
    let mut lab = Lab::with(&["old"]);
    lab.commit(confirmed(text("new"), 10)).unwrap();
    lab.minutes(11);
    lab.kill_and_restart();
    assert_eq!((lab.active().as_str(), lab.store.pending()), ("old", None));
    assert!(matches!(lab.store.confirm(&editor("root"), None), Err(StoreError::NothingToConfirm)));
    assert_eq!(lab.tick().len(), 1, "it is told once");
    assert_eq!(lab.texts(), ["old", "new", "old"]);
}

#[test]
fn a_restart_of_the_host_inside_the_window_ends_it_at_once() {
    let mut lab = Lab::with(&["old"]);
    lab.commit(confirmed(text("new"), 10)).unwrap();
    lab.clock.reboot();
    lab.kill_and_restart();
    assert_eq!((lab.active().as_str(), lab.store.pending()), ("old", None));
    assert!(lab.tick()[0].contains("the host was restarted"));
}

#[test]
fn a_wall_clock_that_jumps_neither_ends_nor_prolongs_the_window() {
    for jump in [0, 1_000, 4_000_000_000] {
        let mut lab = Lab::with(&["old"]);
        lab.commit(confirmed(text("new"), 10)).unwrap();
        lab.clock.set_wall(Time::from_unix_s(jump));
        assert_eq!((lab.tick().len(), lab.store.pending().unwrap().left), (0, 10 * MINUTE));
        lab.kill_and_restart();
        assert_eq!((lab.active().as_str(), lab.store.pending().unwrap().left), ("new", 10 * MINUTE));
        lab.minutes(10);
        lab.clock.set_wall(Time::from_unix_s(jump));
        assert_eq!(lab.tick().len(), 1, "{jump}");
        assert_eq!(lab.gateway.in_force, "old");
    }
}

#[test]
fn a_second_unconfirmed_commit_begins_a_new_window_that_leads_back_to_the_same() {
    let mut lab = Lab::with(&["old"]);
    lab.commit(confirmed(text("new"), 10)).unwrap();
    lab.minutes(9);
    let done = lab.commit(confirmed(text("newer"), 5)).unwrap();
    assert_eq!((done.confirmed, done.deadline.unwrap().fallback), (None, 1));
    lab.minutes(4);
    assert_eq!(lab.tick(), [""; 0]);
    lab.kill_and_restart();
    assert_eq!((lab.active().as_str(), lab.store.pending().unwrap().left), ("newer", MINUTE));
    lab.minutes(1);
    lab.tick();
    assert_eq!(lab.gateway.in_force, "old");

    // however often, and with more commits between than are kept
    for number in 0..60 {
        lab.commit(confirmed(text(&format!("try {number}")), 5)).unwrap();
    }
    lab.clock.reboot();
    lab.kill_and_restart();
    assert_eq!(lab.active(), "old");
}

#[test]
fn a_commit_with_nothing_to_return_to_or_a_window_out_of_range_is_refused() {
    let mut lab = Lab::new();
    let error = lab.commit(confirmed(text("first"), 10)).unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::NoFallback)));
    lab.commit(text("first")).unwrap();
    for minutes in [0, 65_536, u32::MAX] {
        let error = lab.commit(confirmed(text("new"), minutes)).unwrap_err();
        assert!(error.to_string().ends_with("1 to 65535 are"), "{error}");
    }
    lab.commit(confirmed(text("new"), 65_535)).unwrap();
    assert_eq!(lab.store.pending().unwrap().left, 65_535 * MINUTE);
}

#[test]
fn where_boots_have_no_names_a_deadline_is_refused() {
    struct Nameless(FakeClock);

    impl Clock for Nameless {
        fn wall(&self) -> Time {
            self.0.wall()
        }

        fn boottime(&self) -> Duration {
            self.0.boottime()
        }

        fn boot_id(&self) -> String {
            String::new()
        }
    }

    let mut lab = Lab::with(&["old"]);
    let clock = std::sync::Arc::new(Nameless(lab.clock.clone()));
    lab.store = flumen_store::Store::open_on(Box::new(lab.disk.clone()), clock).unwrap();
    let error = lab.commit(confirmed(text("new"), 10)).unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::NoBootId)), "{error}");
    assert_eq!((lab.gateway.in_force.as_str(), lab.gateway.reserved), ("old", 0));
    lab.commit(text("new")).unwrap();
}

#[test]
fn a_commit_whose_fallback_is_damaged_is_refused_before_anything_happens() {
    let mut lab = Lab::with(&["old"]);
    lab.disk.flip("commit-00000001.conf", 1_000_000);
    let error = lab.commit(confirmed(text("new"), 10)).unwrap_err().to_string();
    assert!(error.contains("commit-00000001.conf is damaged"), "{error}");
    assert_eq!((lab.gateway.in_force.as_str(), lab.gateway.reserved), ("old", 0));
}

#[test]
fn a_text_that_was_undone_is_known_as_such_until_it_is_committed_again() {
    let mut lab = Lab::with(&["old", "older"]);
    assert_eq!(lab.store.undone("old"), None);
    lab.commit(confirmed(text("new"), 1)).unwrap();
    assert_eq!(lab.store.undone("new"), None, "not yet");
    lab.minutes(1);
    lab.tick();
    lab.kill_and_restart();
    assert_eq!(
        (lab.store.undone("new"), lab.store.undone("older"), lab.store.undone("else")),
        (Some(3), None, None)
    );
    lab.commit(text("another")).unwrap();
    assert_eq!(lab.store.undone("new"), Some(3));
    lab.commit(text("new")).unwrap();
    lab.commit(text("another")).unwrap();
    assert_eq!(lab.store.undone("new"), None);
}

#[test]
fn a_return_that_is_refused_is_tried_again_until_it_succeeds() {
    let mut lab = Lab::with(&["old"]);
    lab.commit(confirmed(text("new"), 1)).unwrap();
    lab.minutes(1);
    lab.gateway.refuse = Some("old");
    assert!(lab.tick()[0].contains("cannot be applied: line 1: not today"));
    assert_eq!(lab.tick(), [""; 0], "told once, and tried every few seconds");
    lab.clock.advance(Duration::from_secs(5));
    lab.gateway.refuse = None;
    lab.gateway.fail = Some("old");
    lab.tick();
    assert_eq!((lab.gateway.in_force.as_str(), lab.active(), lab.gateway.reserved), ("new", "new".into(), 0));
    lab.gateway.fail = None;
    assert_eq!(lab.tick(), [""; 0]);
    lab.clock.advance(Duration::from_secs(5));
    assert_eq!(lab.tick().len(), 1);
    assert_eq!((lab.gateway.in_force.as_str(), lab.texts().len()), ("old", 3));
    lab.kill_and_restart();
    assert_eq!((lab.active(), lab.texts().len(), lab.tick().len()), ("old".into(), 3, 0));
}

#[test]
fn a_commit_made_while_the_return_is_refused_takes_its_place() {
    for confirm in [None, Some(Confirm { minutes: 5, conditions: Vec::new() })] {
        let mut lab = Lab::with(&["old"]);
        lab.commit(confirmed(text("new"), 1)).unwrap();
        lab.minutes(1);
        lab.gateway.refuse = Some("old");
        lab.tick();
        let unconfirmed = confirm.is_some();
        lab.commit(Request { confirm, ..text("repaired") }).unwrap();
        lab.clock.advance(Duration::from_secs(6));
        assert_eq!((lab.tick(), lab.gateway.in_force.as_str()), (vec![], "repaired"));
        lab.gateway.refuse = None;
        lab.minutes(6);
        lab.tick();
        assert_eq!(lab.gateway.in_force, if unconfirmed { "old" } else { "repaired" });
    }
}

#[test]
fn an_overdue_commit_leads_back_also_on_a_disk_that_cannot_be_written() {
    for errno in [ENOSPC, EROFS] {
        let mut lab = Lab::with(&["old"]);
        lab.commit(confirmed(text("new"), 10)).unwrap();
        lab.clock.reboot();
        lab.disk.fail(Fault { call: 1, errno, forever: true });
        lab.store = open(&lab.disk, &lab.clock);
        assert_eq!((lab.active().as_str(), lab.store.undone("new")), ("old", Some(2)));
        let events = lab.tick().concat();
        let advice = if errno == ENOSPC { "free some space" } else { "mount it writable" };
        assert!(events.contains("commit 1 is active again") && events.contains(advice), "{events}");
        let error = lab.commit(text("next")).unwrap_err().to_string();
        assert!(error.contains("/disk/commit-") && error.contains(advice), "{error}");
        assert_eq!(lab.active(), "old");
        lab.disk.heal();
        lab.minutes(1);
        assert_eq!(lab.tick(), [""; 0]);
        assert_eq!(lab.texts(), ["old", "new", "old"], "written as soon as that is possible");
    }
}

#[test]
fn what_a_failing_disk_did_not_take_back_is_removed_as_soon_as_it_can_be() {
    let mut lab = Lab::with(&["old"]);
    lab.gateway.fail = Some("bad");
    let calls = Lab::with(&["old"]).disk.calls().0;
    lab.commit(text("bad")).unwrap_err();
    let call = lab.disk.calls().0 - calls;
    let mut found = Vec::new();
    for call in 1..=call {
        let mut lab = Lab::with(&["old"]);
        lab.gateway.fail = Some("bad");
        lab.disk.fail(Fault { call, errno: EROFS, forever: true });
        lab.commit(text("bad")).unwrap_err();
        lab.disk.heal();
        found.push(lab.disk.names().contains(&"commit-00000002.conf".to_owned()));
        lab.tick();
        lab.kill_and_restart();
        assert_eq!((lab.active(), lab.texts().len()), ("old".to_owned(), 1), "call {call}");
    }
    assert!(found.contains(&true), "one of the failures left it");
}

/// Answers as it is told.
struct Told(Vec<Finding>);

impl Probes for Told {
    fn look(&mut self, watched: &Watched) -> Finding {
        assert!(matches!(watched, Watched::Answers { .. }));
        self.0.remove(0)
    }
}

fn watched(lab: &mut Lab, tolerance: u32) {
    let watched = Watched::Answers { address: "192.0.2.1".parse().unwrap() };
    let conditions = vec![Condition { watched, tolerance }];
    lab.commit(Request { confirm: Some(Confirm { minutes: 10, conditions }), ..text("new") }).unwrap();
}

#[test]
fn a_condition_that_fails_too_often_in_a_row_ends_the_window_early() {
    let mut lab = Lab::with(&["old"]);
    watched(&mut lab, 2);
    let fails = || Finding::Fails("no echo".into());
    let mut probes = Told(vec![fails(), Finding::Holds, fails(), Finding::Unknown, fails()]);
    let mut events = Vec::new();
    for _ in 0..5 {
        assert_eq!((lab.gateway.in_force.as_str(), events.len()), ("new", 0), "{events:?}");
        events.extend(lab.store.tick(&mut lab.gateway, &mut probes));
        events.extend(lab.store.tick(&mut lab.gateway, &mut probes)); // looks once a second
        lab.clock.advance(Duration::from_secs(1));
    }
    assert_eq!((lab.gateway.in_force.as_str(), probes.0.len()), ("old", 0));
    assert_eq!(
        events[0].to_string(),
        "the configuration of commit 1 is active again instead of commit 2: a condition failed (192.0.2.1 answers): no echo, 2 times in a row"
    );
    lab.kill_and_restart();
    assert_eq!(lab.active(), "old");
}

#[test]
fn conditions_outlive_the_daemon_and_end_with_the_confirmation() {
    let mut lab = Lab::with(&["old"]);
    watched(&mut lab, 1);
    lab.kill_and_restart();
    assert_eq!(lab.store.pending().unwrap().deadline.conditions.len(), 1);
    lab.store.confirm(&editor("root"), None).unwrap();
    lab.store.tick(&mut lab.gateway, &mut Told(vec![]));
    assert_eq!(lab.active(), "new");
}

#[test]
fn words_and_texts_that_are_too_long_are_refused() {
    let mut lab = Lab::with(&["old"]);
    let error = lab.commit_by(&"x".repeat(65), text("a")).unwrap_err().to_string();
    assert_eq!(error, "the user name has 65 bytes; at most 64 are kept");
    let comment = Some("x".repeat(1025));
    assert!(lab.commit(Request { comment, ..text("a") }).unwrap_err().to_string().contains("comment"));
    let error = lab.commit(text(&"x".repeat(64 * 1024 * 1024 + 1))).unwrap_err().to_string();
    assert!(error.contains("at most 67108864"), "{error}");
    assert_eq!(lab.texts(), ["old"]);
}
