//! Power cuts after every call, and every call failing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_store::{CandidateName, Clock, Request, Source, Time};
use nix::libc::{EIO, ENOSPC, EROFS};
use std::time::Duration;
use support::{Fault, Lab, PowerDisk, Snapshot, candidate, confirmed, editor, open, private, text};

/// What may be left by a power cut is tried so often, each time another part of it.
const SEEDS: u64 = 12;

type Operation = fn(&mut Lab) -> Result<(), String>;
type Start = fn() -> Lab;

fn told<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

/// Three commits, two candidates, a rescue configuration.
fn usual() -> Lab {
    let long = "interfaces { lan0; }\n".repeat(40);
    let mut lab = Lab::with(&["one\n", "two\n", &long]);
    lab.store.save_rescue(&editor("root")).unwrap();
    lab.store.save_candidate(&editor("alice"), &private("alice"), "alice was here\n").unwrap();
    lab.store.save_candidate(&editor("bob"), &CandidateName::Shared, "shared\n").unwrap();
    lab
}

/// A candidate, and a commit that was made since it began.
fn moved() -> Lab {
    let mut lab = Lab::with(&["a\nb\nc\n"]);
    lab.store.save_candidate(&editor("alice"), &private("alice"), "a\nb\nC\n").unwrap();
    lab.commit(text("A\nb\nc\n")).unwrap();
    lab
}

/// As many commits as are kept, so that a commit removes the oldest.
fn full() -> Lab {
    let mut lab = Lab::new();
    for number in 0..50 {
        lab.commit(text(&format!("text {number}\n"))).unwrap();
    }
    lab
}

/// A commit is to be confirmed within ten minutes.
fn waiting() -> Lab {
    let mut lab = usual();
    lab.commit(confirmed(text("new\n"), 10)).unwrap();
    lab.minutes(3);
    lab
}

/// A commit is planned, and its time has come.
fn planned() -> Lab {
    let mut lab = usual();
    let at = lab.clock.wall().after(Duration::from_secs(60));
    let source = Source::Candidate(private("alice"));
    lab.store.schedule(&editor("alice"), source, None, at, &mut lab.gateway).unwrap();
    lab.minutes(2);
    lab
}

const OPERATIONS: &[(&str, Start, Operation)] = &[
    ("first commit", Lab::new, |lab| told(lab.commit(text("first\n")))),
    ("commit of a text", usual, |lab| told(lab.commit(text("next\n")))),
    ("commit with comment", usual, |lab| {
        told(lab.commit(Request { comment: Some("why\nnot".into()), ..text("next\n") }))
    }),
    ("commit of a private candidate", usual, |lab| told(lab.commit_by("alice", candidate(private("alice"))))),
    ("commit of the shared candidate", usual, |lab| {
        told(lab.commit_by("bob", candidate(CandidateName::Shared)))
    }),
    ("commit that drops the oldest", full, |lab| told(lab.commit(text("next\n")))),
    ("commit confirmed", usual, |lab| {
        told(lab.commit_by("alice", confirmed(candidate(private("alice")), 10)))
    }),
    ("commit confirmed once more", waiting, |lab| told(lab.commit(confirmed(text("newer\n"), 5)))),
    ("confirm", waiting, |lab| told(lab.store.confirm(&editor("root"), Some("fine".into())))),
    ("confirm by a commit without changes", waiting, |lab| told(lab.commit(text("new\n")))),
    ("confirm by a commit with changes", waiting, |lab| told(lab.commit(text("newer\n")))),
    ("rollback", usual, |lab| told(lab.store.load_rollback(&editor("bob"), &CandidateName::Shared, 2))),
    ("save rescue", full, |lab| told(lab.store.save_rescue(&editor("root")))),
    ("update a candidate", moved, |lab| {
        told(lab.store.update_candidate(&editor("alice"), &private("alice")))
    }),
    ("commit that merges", moved, |lab| told(lab.commit_by("alice", candidate(private("alice"))))),
    ("save rescue again", waiting, |lab| told(lab.store.save_rescue(&editor("root")))),
    ("delete rescue", usual, |lab| told(lab.store.delete_rescue())),
    ("save a new candidate", usual, |lab| {
        told(lab.store.save_candidate(&editor("bob"), &private("bob"), "bob\n"))
    }),
    ("save a candidate again", usual, |lab| {
        told(lab.store.save_candidate(&editor("alice"), &private("alice"), "alice again\n"))
    }),
    ("discard a candidate", usual, |lab| {
        told(lab.store.discard_candidate(&editor("alice"), &private("alice")))
    }),
    ("plan a commit", usual, |lab| {
        let at = Time::from_unix_s(1_800_000_000);
        let source = Source::Candidate(private("alice"));
        told(lab.store.schedule(&editor("alice"), source, None, at, &mut lab.gateway))
    }),
    ("cancel a planned commit", planned, |lab| told(lab.store.cancel_scheduled())),
];

/// What a store opens to, at once or after a restart of the host.
fn found(disk: &PowerDisk, lab: &Lab, reboot: bool) -> Snapshot {
    let mut clock = lab.clock.clone();
    if reboot {
        clock = flumen_store::FakeClock::default();
        clock.set_wall(lab.clock.wall());
        clock.reboot();
    }
    Snapshot::of(&open(disk, &clock))
}

/// What a store opens to before and after an operation, and how many calls that takes.
fn expected(start: Start, operation: Operation, reboot: bool) -> (Snapshot, Snapshot, u64, u64) {
    let lab = start();
    let before = found(&lab.disk, &lab, reboot);
    let mut lab = start();
    let begin = lab.disk.calls();
    operation(&mut lab).unwrap();
    let (calls, writes) = lab.disk.calls();
    let after = found(&lab.disk, &lab, reboot);
    (before, after, calls - begin.0, writes - begin.1)
}

#[test]
fn a_power_cut_after_any_call_leaves_the_state_of_before_or_of_after() {
    for (name, start, operation) in OPERATIONS {
        for reboot in [false, true] {
            let (before, after, _, writes) = expected(*start, *operation, reboot);
            let (mut olds, mut news) = (0, 0);
            for cut in 0..=writes {
                let mut lab = start();
                lab.disk.cut_after(cut);
                let done = operation(&mut lab);
                for seed in 0..SEEDS {
                    let disk = lab.disk.after_power_cut(seed);
                    let place =
                        format!("{name}, reboot {reboot}, power cut after call {cut}, seed {seed}: {done:?}");
                    let seen = found(&disk, &lab, reboot);
                    assert!(
                        seen == after || (seen == before && done.is_err()),
                        "{place}\nagainst before:\n{}against after:\n{}",
                        before.difference(&seen),
                        after.difference(&seen)
                    );
                    olds += u32::from(seen == before);
                    news += u32::from(seen == after);
                    assert_eq!(found(&disk, &lab, reboot), seen, "{place}: it opens twice to the same");
                    let mut store = open(&disk, &lab.clock);
                    store.commit(&editor("root"), text("goes on\n"), &mut lab.gateway).expect(&place);
                    let names = disk.names();
                    assert!(!names.iter().any(|name| name.ends_with(".new")), "{place}: {names:?}");
                }
            }
            assert!(before == after || (olds > 0 && news > 0), "{name}: {olds} old, {news} new");
        }
    }
}

#[test]
fn a_call_that_fails_fails_the_operation_or_nothing_and_leaves_no_half() {
    for (name, start, operation) in OPERATIONS {
        let (before, after, calls, _) = expected(*start, *operation, false);
        for errno in [EIO, ENOSPC, EROFS] {
            for (call, forever) in (1..=calls).flat_map(|call| [(call, false), (call, true)]) {
                let place = format!("{name}, errno {errno} at call {call}, forever {forever}");
                let mut lab = start();
                let in_force = lab.gateway.in_force.clone();
                lab.disk.fail(Fault { call, errno, forever });
                let done = operation(&mut lab);
                assert_eq!(lab.gateway.reserved, 0, "{place}");
                lab.disk.heal();
                let live = Snapshot::of(&lab.store);
                let same = |seen: &Snapshot, wanted: &Snapshot, what: &str| {
                    assert!(seen == wanted, "{place}: {done:?}: {what}\n{}", wanted.difference(seen));
                };
                match &done {
                    Ok(()) => same(&live, &after, "live"),
                    // A disk that failed for good may keep the new file, whole: nothing could be put back.
                    Err(error) if error.contains("could not be put back") => {
                        assert!(live == before || live == after, "{place}: {error}");
                        continue;
                    }
                    Err(_) => {
                        same(&live, &before, "live");
                        assert_eq!(lab.gateway.in_force, in_force, "{place}");
                    }
                }
                if !forever || done.is_ok() {
                    same(&found(&lab.disk, &lab, false), &live, "opened");
                }
                lab.commit(text("goes on\n")).unwrap_or_else(|error| panic!("{place}: next: {error}"));
                same(&found(&lab.disk, &lab, false), &Snapshot::of(&lab.store), "after the next one");
                for seed in 0..3 {
                    let disk = lab.disk.after_power_cut(seed);
                    same(
                        &found(&disk, &lab, false),
                        &Snapshot::of(&lab.store),
                        "after the next one and a power cut",
                    );
                }
            }
        }
    }
}

#[test]
fn opening_needs_no_writing_and_outlives_a_single_failure_of_any_call() {
    for start in [usual as Start, waiting, planned] {
        let wanted = found(&start().disk, &start(), false);
        let lab = start();
        let begin = lab.disk.calls();
        drop(open(&lab.disk, &lab.clock));
        let calls = lab.disk.calls().0 - begin.0;
        for call in 1..=calls {
            for errno in [EIO, ENOSPC, EROFS] {
                let lab = start();
                lab.disk.fail(Fault { call, errno, forever: errno != EIO });
                if let Ok(store) = support::try_open(&lab.disk, &lab.clock) {
                    lab.disk.heal();
                    let seen = Snapshot::of(&store);
                    assert!(seen == wanted, "errno {errno} at call {call}\n{}", wanted.difference(&seen));
                } else {
                    assert_eq!(
                        (errno, call),
                        (EIO, 1),
                        "only a directory that cannot be listed is in the way"
                    );
                }
                assert!(found(&lab.disk, &lab, false) == wanted, "errno {errno} at call {call}");
            }
        }
    }
}

#[test]
fn a_deadline_leads_back_through_every_power_cut_and_every_failing_call() {
    let before = usual().active();
    let overdue = || {
        let mut lab = waiting();
        lab.minutes(7);
        lab.tick();
        lab
    };
    let begin = waiting().disk.calls();
    let end = overdue().disk.calls();
    let (calls, writes) = (end.0 - begin.0, end.1 - begin.1);
    assert!(writes > 4 && calls >= writes);
    for cut in 0..=writes {
        let mut lab = waiting();
        lab.minutes(7);
        lab.disk.cut_after(cut);
        let events = lab.tick();
        assert_eq!(lab.gateway.in_force, before, "{events:?}");
        for (seed, reboot) in (0..SEEDS).flat_map(|seed| [(seed, false), (seed, true)]) {
            let disk = lab.disk.after_power_cut(seed);
            let mut clock = lab.clock.clone();
            if reboot {
                clock = flumen_store::FakeClock::default();
                clock.reboot();
            }
            let store = open(&disk, &clock);
            assert_eq!(*store.active().unwrap().1, *before, "cut {cut} seed {seed} reboot {reboot}");
            assert_eq!(store.pending(), None);
        }
    }
    for call in 1..=calls {
        for (errno, forever) in
            [EIO, ENOSPC, EROFS].into_iter().flat_map(|errno| [(errno, false), (errno, true)])
        {
            let mut lab = waiting();
            lab.minutes(7);
            lab.disk.fail(Fault { call, errno, forever });
            let events = lab.tick();
            let place = format!("errno {errno} at call {call}, forever {forever}: {events:?}");
            assert_eq!(
                (lab.gateway.in_force.as_str(), lab.active()),
                (before.as_str(), before.clone()),
                "{place}"
            );
            assert!(events.iter().any(|event| event.contains("within 10 minutes")), "{place}");
            assert!(
                lab.store.pending().is_none() && lab.store.confirm(&editor("root"), None).is_err(),
                "{place}"
            );
            lab.disk.heal();
            assert_eq!(*open(&lab.disk, &lab.clock).active().unwrap().1, *before, "{place}");
            lab.clock.advance(Duration::from_secs(6));
            lab.tick();
            assert_eq!(lab.texts()[..3], [before.clone(), "new\n".to_owned(), before.clone()], "{place}");
            assert_eq!(lab.gateway.reserved, 0, "{place}");
        }
    }
}

#[test]
fn a_planned_commit_happens_once_through_every_power_cut() {
    let begin = planned().disk.calls();
    let mut lab = planned();
    assert_eq!(lab.tick(), ["the planned commit 5 is active"]);
    let writes = lab.disk.calls().1 - begin.1;
    for cut in 0..=writes {
        let mut lab = planned();
        lab.disk.cut_after(cut);
        let events = lab.tick();
        for seed in 0..SEEDS {
            let disk = lab.disk.after_power_cut(seed);
            let mut store = open(&disk, &lab.clock);
            let place = format!("cut {cut} seed {seed} {events:?}");
            store.tick(&mut lab.gateway, &mut flumen_store::NoProbes);
            assert_eq!(*store.active().unwrap().1, *"alice was here\n", "{place}");
            let times = store.log().filter(|entry| entry.author.user == "alice").count();
            assert_eq!((times, store.slots().len(), store.scheduled()), (1, 4, None), "{place}");
        }
    }
}

#[test]
fn a_commit_is_on_disk_with_its_deadline_before_it_is_applied() {
    use flumen_store::{Origin, Subject};

    /// Cuts the power at the moment of the application.
    struct Cutter {
        disk: PowerDisk,
        cuts: Vec<PowerDisk>,
    }

    impl Subject for Cutter {
        type Prepared = ();
        type Error = String;

        fn prepare(&mut self, _: &str, _: Origin) -> Result<(), String> {
            Ok(())
        }

        fn apply(&mut self, (): &mut ()) -> Result<(), String> {
            self.cuts = (0..SEEDS).map(|seed| self.disk.after_power_cut(seed)).collect();
            Ok(())
        }

        fn revert(&mut self, (): ()) {}
    }

    let mut lab = usual();
    let mut cutter = Cutter { disk: lab.disk.clone(), cuts: Vec::new() };
    let request = confirmed(text("risky\n"), 10);
    let done = lab.store.commit(&editor("root"), request, &mut cutter).unwrap();
    assert_eq!(cutter.cuts.len(), SEEDS as usize);
    for disk in cutter.cuts {
        let store = open(&disk, &lab.clock);
        assert_eq!(*store.active().unwrap().1, *"risky\n");
        assert_eq!(Some(store.pending().unwrap().deadline), done.deadline);
    }
}
