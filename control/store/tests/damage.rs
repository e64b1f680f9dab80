//! Files that are not what was written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_store::{CandidateName, Store, StoreError, SystemClock};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{Gateway, Lab, confirmed, editor, private, text};

#[test]
fn a_damaged_rollback_is_told_by_number_file_and_fault_and_concerns_no_other() {
    let mut lab = Lab::with(&["one", "two", "three"]);
    lab.disk.flip("commit-00000002.conf", usize::MAX);
    lab.kill_and_restart();
    let told = lab.store.rollback(1).unwrap_err();
    assert!(matches!(told, StoreError::DamagedSlot { slot: 1, .. }));
    let told = told.to_string();
    assert!(
        told.starts_with("rollback 1 cannot be used: /disk/commit-00000002.conf is damaged: its text was changed: the checksum is "),
        "{told}"
    );
    assert_eq!((lab.texts()[0].as_str(), lab.texts()[2].as_str()), ("three", "one"));
    assert_eq!(lab.store.slots().len(), 3, "its place is kept");
    assert!(lab.store.load_rollback(&editor("root"), &CandidateName::Shared, 1).is_err());
    assert_eq!(lab.tick(), [""; 0], "nothing is wrong with what is active");
}

#[test]
fn every_kind_of_damage_to_the_newest_commit_makes_the_one_before_active() {
    let damages: [(&str, &[u8]); 4] = [
        ("three lines of its header", b""),
        ("three lines of its header", b"system {}"),
        ("format 9", b"## flumen commit, format 9\n## {}\n## x\n"),
        ("checksum", b"## flumen commit, format 1\n## {}\n## header 00000000 text 00000000 bytes 0\n"),
    ];
    for (fault, content) in damages {
        let mut lab = Lab::with(&["one", "two"]);
        lab.disk.overwrite("commit-00000002.conf", content);
        lab.kill_and_restart();
        assert_eq!(lab.active(), "one");
        let events = lab.tick();
        assert!(
            events[0].contains("commit-00000002.conf is damaged") && events[0].contains(fault),
            "{events:?}"
        );
        assert_eq!(lab.commit(text("three")).unwrap().number, 3);
        assert_eq!((lab.texts()[0].as_str(), lab.texts()[2].as_str()), ("three", "one"));
        assert!(lab.texts()[1].contains("damaged"));
    }
}

#[test]
fn a_commit_under_the_name_of_another_is_damaged() {
    let mut lab = Lab::with(&["one", "two"]);
    let one = lab.disk.content("commit-00000001.conf");
    lab.disk.overwrite("commit-00000002.conf", &one);
    lab.kill_and_restart();
    assert!(lab.tick()[0].contains("it holds commit 1, which is not what its name says"));
    assert_eq!(lab.active(), "one");
}

#[test]
fn a_store_whose_every_commit_is_damaged_opens_and_says_so() {
    let mut lab = Lab::with(&["one", "two"]);
    lab.store.save_rescue(&editor("root")).unwrap();
    for file in ["commit-00000001.conf", "commit-00000002.conf"] {
        lab.disk.flip(file, 200);
    }
    lab.kill_and_restart();
    assert!(lab.store.active().is_none());
    assert_eq!((lab.tick().len(), lab.store.rescue().unwrap().as_str()), (2, "two"));
    lab.commit(text("three")).unwrap();
    assert_eq!(lab.active(), "three");
}

#[test]
fn a_damaged_fallback_is_replaced_by_the_next_older_one() {
    let mut lab = Lab::with(&["one", "two"]);
    lab.commit(confirmed(text("three"), 10)).unwrap();
    lab.disk.flip("commit-00000002.conf", usize::MAX);
    lab.minutes(11);
    lab.kill_and_restart();
    assert_eq!(lab.active(), "one");
    let events = lab.tick().concat();
    assert!(
        events.contains("commit-00000002.conf is damaged") && events.contains("commit 1 is active again"),
        "{events}"
    );
}

#[test]
fn without_any_fallback_the_unconfirmed_commit_stays_and_that_is_told() {
    let mut lab = Lab::with(&["one"]);
    lab.commit(confirmed(text("two"), 10)).unwrap();
    lab.disk.flip("commit-00000001.conf", usize::MAX);
    lab.clock.reboot();
    lab.kill_and_restart();
    assert_eq!(lab.active(), "two");
    assert!(lab.tick().concat().contains("no readable configuration to return to"));
}

#[test]
fn a_running_daemon_goes_back_also_when_the_file_of_the_fallback_rots_meanwhile() {
    let mut lab = Lab::with(&["one"]);
    lab.commit(confirmed(text("two"), 10)).unwrap();
    lab.disk.flip("commit-00000001.conf", usize::MAX);
    lab.minutes(10);
    lab.tick();
    assert_eq!(lab.gateway.in_force, "one");
    lab.kill_and_restart();
    assert_eq!(lab.active(), "one");
}

#[test]
fn a_commit_stays_confirmed_whatever_becomes_of_the_file_or_the_log_that_says_so() {
    let start = || {
        let mut lab = Lab::with(&["one"]);
        lab.commit(confirmed(text("two"), 10)).unwrap();
        lab.store.confirm(&editor("root"), None).unwrap();
        lab.clock.reboot();
        lab
    };
    let mut lab = start();
    lab.disk.overwrite("commit-00000002.confirmed", b"");
    lab.kill_and_restart();
    assert_eq!(lab.active(), "two");
    let mut lab = start();
    lab.disk.lose("commit-00000002.confirmed");
    lab.kill_and_restart();
    assert_eq!(lab.active(), "two");
    let mut lab = start();
    lab.disk.overwrite("commits.log", b"\xff\xff{}\n");
    lab.kill_and_restart();
    assert_eq!(lab.active(), "two");
    assert!(lab.tick()[0].contains("lines [1] of the commit log"));
}

#[test]
fn a_newer_commit_that_rots_does_not_bring_back_what_was_before_an_older_unconfirmed_one() {
    let mut lab = Lab::with(&["one"]);
    lab.commit(confirmed(text("two"), 10)).unwrap();
    lab.commit(text("three")).unwrap(); // confirms it
    lab.disk.flip("commit-00000003.conf", usize::MAX);
    lab.clock.reboot();
    lab.kill_and_restart();
    assert_eq!(lab.active(), "two");
}

#[test]
fn a_log_that_was_lost_or_cut_is_made_anew_from_what_is_kept() {
    let mut lab = Lab::with(&["one", "two"]);
    lab.disk.lose("commits.log");
    lab.kill_and_restart();
    assert_eq!(lab.store.log().map(|entry| entry.number).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let log = lab.disk.content("commits.log");
    lab.disk.overwrite("commits.log", &log[..log.len() - 9]);
    lab.kill_and_restart();
    lab.commit(text("three")).unwrap();
    lab.kill_and_restart();
    assert_eq!(lab.store.log().map(|entry| entry.number).collect::<Vec<_>>(), [Some(1), Some(2), Some(3)]);
}

#[test]
fn damaged_candidates_plans_and_rescues_are_told_and_can_be_written_again() {
    let mut lab = Lab::with(&["one"]);
    lab.store.save_candidate(&editor("bob"), &private("bob"), "x").unwrap();
    lab.store.save_rescue(&editor("root")).unwrap();
    lab.disk.flip("candidate-private-bob.conf", usize::MAX);
    lab.disk.flip("rescue.conf", usize::MAX);
    lab.kill_and_restart();
    assert!(matches!(lab.store.candidate(&private("bob")), Err(StoreError::Damaged { .. })));
    assert!(matches!(lab.store.rescue(), Err(StoreError::Damaged { .. })));
    lab.store.save_candidate(&editor("bob"), &private("bob"), "y").unwrap();
    lab.store.save_rescue(&editor("root")).unwrap();
    assert_eq!(lab.store.candidate(&private("bob")).unwrap().text, "y");
    assert_eq!(lab.store.rescue().unwrap(), "one");
}

#[test]
fn a_hundred_thousand_lines_are_committed_and_opened_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock);
    let line =
        |number| format!("set security policies from-zone lan to-zone wan policy p{number} then permit\n");
    let long: String = (0..100_000).map(line).collect();
    let mut gateway = Gateway::default();
    let mut store = Store::open(dir.path(), clock.clone()).unwrap();
    let begin = Instant::now();
    for number in 0..3 {
        store.commit(&editor("root"), text(&format!("{long}{number}")), &mut gateway).unwrap();
    }
    drop(store);
    let store = Store::open(dir.path(), clock).unwrap();
    assert!(*store.active().unwrap().1 == format!("{long}2"));
    assert!(store.rollback(2).unwrap().1 == format!("{long}0"));
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    println!("3 commits of {} bytes, opened and read: {:?}", long.len(), begin.elapsed());
    let file = std::fs::read_to_string(dir.path().join("commit-00000001.conf")).unwrap();
    assert_eq!(file.lines().next(), Some("## flumen commit, format 1"), "it is a text that people can read");
}

#[test]
fn a_second_process_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), Arc::new(SystemClock)).unwrap();
    let error = Store::open(dir.path(), Arc::new(SystemClock)).unwrap_err().to_string();
    assert!(
        error.contains(&format!("is in use by process {}: stop that daemon", std::process::id())),
        "{error}"
    );
    drop(store);
    Store::open(dir.path(), Arc::new(SystemClock)).unwrap();
}
