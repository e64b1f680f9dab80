//! Candidates, locks, plans, the rescue configuration.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_store::{
    CandidateName, Clock, CommitError, Conflict, Editor, LogResult, Merge, Source, StoreError, Time,
};
use std::time::Duration;
use support::{Lab, candidate, confirmed, editor, private, text};

const BASE: &str = "a\nb\nc\nd\ne\n";

fn save(lab: &mut Lab, user: &str, text: &str) {
    lab.store.save_candidate(&editor(user), &private(user), text).unwrap();
}

fn edited(lab: &Lab, name: &CandidateName) -> String {
    lab.store.candidate(name).unwrap().text
}

#[test]
fn a_candidate_is_the_active_configuration_until_it_is_changed_and_again_after_its_commit() {
    let mut lab = Lab::with(&["one"]);
    let name = private("alice");
    assert_eq!((edited(&lab, &name), lab.store.candidate(&name).unwrap().author), ("one".into(), None));
    save(&mut lab, "alice", "two");
    lab.kill_and_restart();
    let found = lab.store.candidate(&name).unwrap();
    assert_eq!(
        (found.text.as_str(), found.base, found.author.unwrap().user.as_str()),
        ("two", Some(1), "alice")
    );
    assert_eq!(edited(&lab, &CandidateName::Shared), "one");
    lab.commit_by("alice", candidate(name.clone())).unwrap();
    lab.commit(text("three")).unwrap();
    assert_eq!((edited(&lab, &name), lab.store.candidate(&name).unwrap().author), ("three".into(), None));
    save(&mut lab, "alice", "four");
    lab.store.discard_candidate(&editor("alice"), &name).unwrap();
    assert_eq!(edited(&lab, &name), "three");
}

#[test]
fn a_private_candidate_is_for_its_user_alone() {
    let mut lab = Lab::with(&["one"]);
    let error = lab.store.save_candidate(&editor("bob"), &private("alice"), "x").unwrap_err();
    assert!(matches!(error, StoreError::NotYours { owner } if owner == "alice"));
}

#[test]
fn an_empty_store_has_nothing_to_commit_until_somebody_writes_it() {
    let mut lab = Lab::new();
    let error = lab.commit(candidate(CandidateName::Shared)).unwrap_err();
    assert!(matches!(error, CommitError::Store(StoreError::Empty)));
    lab.store.save_candidate(&editor("bob"), &CandidateName::Shared, "first").unwrap();
    lab.commit_by("bob", candidate(CandidateName::Shared)).unwrap();
    assert_eq!(lab.active(), "first");
}

#[test]
fn two_users_who_changed_different_lines_both_get_theirs() {
    let mut lab = Lab::with(&[BASE]);
    save(&mut lab, "alice", "A\nb\nc\nd\ne\n");
    save(&mut lab, "bob", "a\nb\nc\nd\nE\n");
    assert!(!lab.commit_by("alice", candidate(private("alice"))).unwrap().merged);
    assert!(lab.commit_by("bob", candidate(private("bob"))).unwrap().merged);
    assert_eq!(lab.gateway.in_force, "A\nb\nc\nd\nE\n");
    assert_eq!(edited(&lab, &private("bob")), lab.gateway.in_force);
}

#[test]
fn the_second_of_two_users_who_changed_a_line_is_told_which_and_loses_nothing() {
    let mut lab = Lab::with(&[BASE]);
    save(&mut lab, "alice", "a\nb\nalice\nd\ne\n");
    save(&mut lab, "bob", "a\nb\nbob\nd\nE\n");
    lab.commit_by("alice", candidate(private("alice"))).unwrap();
    let error = lab.commit_by("bob", candidate(private("bob"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the candidate began from commit 1; since then commit 2 by alice changed the same lines:\n  line 3\n    active: alice\n    candidate: bob"
    );
    assert_eq!((lab.active().as_str(), lab.gateway.reserved), ("a\nb\nalice\nd\ne\n", 0));
    assert_eq!(edited(&lab, &private("bob")), "a\nb\nbob\nd\nE\n");
    let error = lab.store.update_candidate(&editor("bob"), &private("bob")).unwrap_err();
    assert!(matches!(error, StoreError::Conflict { base: 1, active: 2, .. }));
    // what he wants in the end is his to say
    save(&mut lab, "bob", "a\nb\nalice\nd\nE\n");
    lab.store.update_candidate(&editor("bob"), &private("bob")).unwrap();
    assert_eq!(lab.store.candidate(&private("bob")).unwrap().base, Some(2));
    assert!(!lab.commit_by("bob", candidate(private("bob"))).unwrap().merged);
    assert_eq!(lab.gateway.in_force, "a\nb\nalice\nd\nE\n");
}

#[test]
fn the_merge_of_the_caller_decides() {
    struct Joined;

    impl Merge for Joined {
        fn merge(&self, base: &str, active: &str, candidate: &str) -> Result<String, Vec<Conflict>> {
            Ok(format!("{base}|{active}|{candidate}"))
        }
    }

    let mut lab = Lab::with(&["x"]);
    lab.store.set_merge(Box::new(Joined));
    save(&mut lab, "alice", "y");
    save(&mut lab, "bob", "z");
    lab.commit_by("alice", candidate(private("alice"))).unwrap();
    lab.commit_by("bob", candidate(private("bob"))).unwrap();
    assert_eq!(lab.active(), "x|y|z");

    // a commit that was undone changed nothing that would have to be merged
    save(&mut lab, "alice", "mine");
    lab.commit(confirmed(text("other"), 1)).unwrap();
    lab.minutes(1);
    lab.tick();
    lab.commit_by("alice", candidate(private("alice"))).unwrap();
    assert_eq!(lab.active(), "mine");
}

#[test]
fn a_candidate_whose_beginning_is_no_longer_kept_is_not_guessed_at() {
    let mut lab = Lab::with(&["x"]);
    save(&mut lab, "alice", "y");
    for number in 0..50 {
        lab.commit(text(&number.to_string())).unwrap();
    }
    let error = lab.commit_by("alice", candidate(private("alice"))).unwrap_err().to_string();
    assert!(error.contains("began from commit 1, which is no longer kept"), "{error}");
    save(&mut lab, "alice", "49");
    lab.commit_by("alice", candidate(private("alice"))).unwrap();
}

#[test]
fn a_rollback_is_loaded_and_takes_effect_with_the_commit() {
    let mut lab = Lab::with(&["one", "two", "three"]);
    lab.store.load_rollback(&editor("root"), &CandidateName::Shared, 2).unwrap();
    assert_eq!(lab.gateway.in_force, "three");
    lab.commit(confirmed(candidate(CandidateName::Shared), 5)).unwrap();
    assert_eq!(lab.gateway.in_force, "one");
    lab.minutes(5);
    lab.tick();
    assert_eq!(lab.texts(), ["three", "one", "three", "two", "one"]);
    let error = lab.store.load_rollback(&editor("root"), &CandidateName::Shared, 5).unwrap_err();
    assert!(matches!(error, StoreError::NoSuchSlot { slot: 5, count: 5 }));
}

#[test]
fn an_exclusive_session_keeps_others_from_committing_until_it_ends() {
    let mut lab = Lab::with(&["one"]);
    let alice = editor("alice");
    assert_eq!(lab.store.lock(&alice, |_| panic!("nobody to ask for")).unwrap(), None);
    let error = lab.commit_by("bob", text("two")).unwrap_err();
    assert_eq!(error.to_string(), "the configuration is locked by alice (cli) until that session ends");
    assert!(lab.store.save_candidate(&editor("bob"), &CandidateName::Shared, "x").is_err());
    save(&mut lab, "bob", "a private one may be edited");
    assert!(matches!(lab.store.lock(&editor("bob"), |_| true), Err(StoreError::Locked { .. })));
    lab.store.save_candidate(&alice, &CandidateName::Shared, "two").unwrap();
    lab.commit_by("alice", confirmed(candidate(CandidateName::Shared), 5)).unwrap();
    lab.store.confirm(&editor("bob"), None).unwrap();
    lab.store.unlock(editor("bob").id);
    assert!(lab.store.locked_by().is_some(), "only its owner gives it back");
    lab.store.unlock(alice.id);
    lab.commit_by("bob", text("three")).unwrap();
}

#[test]
fn the_lock_of_a_session_that_is_gone_goes_over_to_the_next() {
    let mut lab = Lab::with(&["one"]);
    lab.store.lock(&editor("alice"), |_| true).unwrap();
    let stale = lab.store.lock(&editor("bob"), |holder| holder.user != "alice").unwrap();
    assert_eq!(stale, Some(editor("alice")));
    assert_eq!(lab.store.locked_by().unwrap().user, "bob");
    assert!(lab.commit_by("alice", text("two")).is_err());
    lab.kill_and_restart();
    assert_eq!(lab.store.locked_by(), None, "a lock ends with the daemon of its session");
}

#[test]
fn a_shared_candidate_with_changes_of_another_cannot_be_had_exclusively() {
    let mut lab = Lab::with(&["one"]);
    lab.store.save_candidate(&editor("bob"), &CandidateName::Shared, "two").unwrap();
    let error = lab.store.lock(&editor("alice"), |_| true).unwrap_err().to_string();
    assert_eq!(error, "the shared candidate holds changes of bob (cli) that are not committed");
    lab.store.lock(&Editor { id: 1, ..editor("bob") }, |_| true).unwrap();
}

#[test]
fn the_rescue_configuration_is_the_active_one_of_its_time() {
    let mut lab = Lab::with(&["one"]);
    assert!(matches!(lab.store.rescue(), Err(StoreError::NoRescue)));
    lab.store.save_rescue(&editor("root")).unwrap();
    lab.commit(text("two")).unwrap();
    lab.kill_and_restart();
    assert_eq!(lab.store.rescue().unwrap(), "one");
    lab.store.delete_rescue().unwrap();
    assert!(lab.store.rescue().is_err());
}

fn plan(lab: &mut Lab, minutes: u64, wanted: &str) {
    let at = lab.clock.wall().after(Duration::from_secs(60 * minutes));
    let (source, comment) = (Source::Text(wanted.to_owned()), Some("by night".to_owned()));
    lab.store.schedule(&editor("alice"), source, comment, at, &mut lab.gateway).unwrap();
}

#[test]
fn a_planned_commit_happens_at_its_time_in_the_name_of_its_planner() {
    let mut lab = Lab::with(&[BASE]);
    plan(&mut lab, 30, "A\nb\nc\nd\ne\n");
    assert_eq!((lab.gateway.in_force.as_str(), lab.gateway.reserved), (BASE, 0));
    lab.commit(text("a\nb\nc\nd\nE\n")).unwrap();
    lab.minutes(29);
    lab.kill_and_restart();
    assert_eq!((lab.tick().len(), lab.store.scheduled().is_some()), (0, true));
    lab.minutes(1);
    assert_eq!(lab.tick(), ["the planned commit 4 is active"]);
    assert_eq!(lab.gateway.in_force, "A\nb\nc\nd\nE\n", "merged with what was committed since");
    let last = lab.store.log().next_back().unwrap();
    assert_eq!((last.author.user.as_str(), last.comment.as_deref()), ("alice", Some("by night")));
    assert_eq!((lab.tick().len(), lab.store.scheduled()), (0, None));
}

#[test]
fn a_plan_is_refused_now_if_it_would_be_now_or_is_in_the_past_or_the_second_one() {
    let mut lab = Lab::with(&["one"]);
    let now = lab.clock.wall();
    let mut plan = |text: &str, at| {
        let source = Source::Text(text.to_owned());
        lab.store
            .schedule(&editor("bob"), source, None, at, &mut lab.gateway)
            .map_err(|error| error.to_string())
    };
    assert_eq!(plan("x", now).unwrap_err(), format!("{now} is in the past: it is {now}"));
    let later = now.after(Duration::from_secs(60));
    plan("x", later).unwrap();
    assert_eq!(
        plan("y", later).unwrap_err(),
        format!("a commit by bob is planned for {later} already: cancel it first")
    );
    assert_eq!(lab.store.cancel_scheduled().unwrap().author.user, "bob");
    assert!(matches!(lab.store.cancel_scheduled(), Err(StoreError::NothingPlanned)));
    lab.gateway.refuse = Some("y");
    let source = Source::Text("y".to_owned());
    let error = lab.store.schedule(&editor("bob"), source, None, later, &mut lab.gateway).unwrap_err();
    assert!(matches!(error, CommitError::Refused(_)));
    assert_eq!(lab.store.scheduled(), None);
}

#[test]
fn a_plan_whose_time_went_by_unused_is_missed_and_not_made_up_for() {
    let mut lab = Lab::with(&["one"]);
    plan(&mut lab, 30, "two");
    lab.minutes(41);
    lab.kill_and_restart();
    assert_eq!(lab.tick(), ["the commit planned for 2023-11-14T22:43:20Z was missed and is dropped"]);
    assert_eq!((lab.active().as_str(), lab.store.scheduled()), ("one", None));
    assert!(matches!(lab.store.log().next_back().unwrap().result, LogResult::Missed { .. }));
}

#[test]
fn a_plan_follows_the_wall_clock_also_when_it_is_set() {
    let mut lab = Lab::with(&["one"]);
    plan(&mut lab, 30, "two");
    let at = lab.store.scheduled().unwrap().at;
    lab.clock.set_wall(Time::from_unix_s(0)); // a host without a battery, before it has asked for the time
    lab.minutes(60);
    assert_eq!(lab.tick(), [""; 0]);
    lab.clock.set_wall(at.after(Duration::from_secs(5)));
    assert_eq!(lab.tick().len(), 1);
    assert_eq!(lab.active(), "two");
    lab.clock.set_wall(Time::from_unix_s(at.unix_s() - 60));
    lab.minutes(2);
    assert_eq!(lab.tick(), [""; 0], "its time comes twice, the commit does not");
}

#[test]
fn a_plan_does_not_confirm_a_commit_that_is_to_be_confirmed() {
    let mut lab = Lab::with(&["one"]);
    plan(&mut lab, 5, "two");
    lab.commit(confirmed(text("risky"), 10)).unwrap();
    lab.minutes(6);
    assert_eq!((lab.tick().len(), lab.store.pending().is_some()), (0, true));
    lab.minutes(4);
    let events = lab.tick();
    assert!(
        events[0].contains("commit 1 is active again") && events[1].contains("planned commit"),
        "{events:?}"
    );
    assert_eq!(lab.gateway.in_force, "two");
}

#[test]
fn a_plan_that_fails_is_told_and_not_tried_again() {
    let mut lab = Lab::with(&[BASE]);
    plan(&mut lab, 5, "A\nb\nc\nd\ne\n");
    lab.commit(text("AA\nb\nc\nd\ne\n")).unwrap();
    lab.minutes(5);
    let events = lab.tick();
    assert!(
        events[0].starts_with("the planned commit failed: the candidate began from commit 1"),
        "{events:?}"
    );
    assert_eq!((lab.tick().len(), lab.store.scheduled()), (0, None));
    lab.kill_and_restart();
    assert_eq!((lab.store.scheduled(), lab.active().as_str()), (None, "AA\nb\nc\nd\ne\n"));
}
