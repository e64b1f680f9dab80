//! Whatever happens, in whatever order: the active configuration is the one that it must be.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use flumen_store::CandidateName;
use nix::libc::{EIO, ENOSPC, EROFS};
use proptest::prelude::{Strategy, any, prop, prop_oneof, proptest};
use proptest::test_runner::Config;
use std::time::Duration;
use support::{Fault, Lab, candidate, confirmed, editor, text};

/// Minutes within which a commit is to be confirmed here.
const WINDOW: u64 = 10;

#[derive(Clone, Debug)]
enum Step {
    Commit { confirmed: bool, candidate: bool, trouble: Trouble },
    Confirm,
    Wait { minutes: u64 },
    Kill,
    PowerCut { seed: u64 },
}

/// What happens to a commit.
#[derive(Clone, Debug)]
enum Trouble {
    None,
    Refused,
    NotApplied,
    /// One call fails.
    Fault {
        call: u64,
        errno: i32,
    },
    /// The power goes after so many writing calls.
    Cut {
        writes: u64,
        seed: u64,
    },
}

/// What must be active, and what it goes back to.
#[derive(Clone, Debug, Default)]
struct Model {
    active: String,
    fallback: Option<String>,
    left: Duration,
}

impl Model {
    fn committed(&mut self, text: &str, confirmed: bool) {
        let before = std::mem::replace(&mut self.active, text.to_owned());
        self.fallback = confirmed.then(|| self.fallback.take().unwrap_or(before));
        self.left = Duration::from_secs(60 * WINDOW);
    }

    fn returned(&mut self) {
        self.active = self.fallback.take().unwrap_or(std::mem::take(&mut self.active));
    }
}

fn step() -> impl Strategy<Value = Step> {
    let trouble = prop_oneof![
        4 => prop::strategy::Just(Trouble::None),
        1 => prop::strategy::Just(Trouble::Refused),
        1 => prop::strategy::Just(Trouble::NotApplied),
        3 => (1_u64..20, prop::sample::select(vec![EIO, ENOSPC, EROFS]))
            .prop_map(|(call, errno)| Trouble::Fault { call, errno }),
        3 => (0_u64..16, any::<u64>()).prop_map(|(writes, seed)| Trouble::Cut { writes, seed }),
    ];
    prop_oneof![
        6 => (any::<bool>(), any::<bool>(), trouble)
            .prop_map(|(confirmed, candidate, trouble)| Step::Commit { confirmed, candidate, trouble }),
        2 => prop::strategy::Just(Step::Confirm),
        2 => (0_u64..15).prop_map(|minutes| Step::Wait { minutes }),
        1 => prop::strategy::Just(Step::Kill),
        1 => any::<u64>().prop_map(|seed| Step::PowerCut { seed }),
    ]
}

/// The power goes, the host starts anew, and a daemon applies what is active.
fn power_cut(lab: &mut Lab, model: &mut Model, seed: u64) {
    lab.disk = lab.disk.after_power_cut(seed);
    lab.clock.reboot();
    lab.kill_and_restart();
    model.returned();
}

fn commit(lab: &mut Lab, model: &mut Model, wanted: &str, step: &Step) {
    let Step::Commit { confirmed: unconfirmed, candidate: by_candidate, trouble } = step else { return };
    let request = if *by_candidate {
        lab.store.discard_candidate(&editor("root"), &CandidateName::Shared).unwrap();
        lab.store.save_candidate(&editor("root"), &CandidateName::Shared, wanted).unwrap();
        candidate(CandidateName::Shared)
    } else {
        text(wanted)
    };
    let request = if *unconfirmed { confirmed(request, WINDOW as u32) } else { request };
    match trouble {
        Trouble::None => {}
        Trouble::Refused => lab.gateway.refuse = Some("text"),
        Trouble::NotApplied => lab.gateway.fail = Some("text"),
        Trouble::Fault { call, errno } => {
            lab.disk.fail(Fault { call: *call, errno: *errno, forever: false });
        }
        Trouble::Cut { writes, .. } => lab.disk.cut_after(*writes),
    }
    let done = lab.commit(request);
    (lab.gateway.refuse, lab.gateway.fail) = (None, None);
    let Trouble::Cut { seed, .. } = trouble else {
        lab.disk.heal();
        if done.is_ok() {
            model.committed(wanted, *unconfirmed);
        }
        return;
    };
    let old = model.clone();
    if done.is_ok() {
        model.committed(wanted, *unconfirmed);
    }
    power_cut(lab, model, *seed);
    if done.is_err() && lab.active() == wanted {
        // It was on disk before it could be told, and it does not have to be confirmed.
        assert!(!unconfirmed, "an unconfirmed commit outlived the boot");
        *model = old;
        model.committed(wanted, false);
    }
}

proptest! {
    #![proptest_config(Config { cases: 1_000, ..Config::default() })]

    #[test]
    fn the_active_configuration_is_what_was_committed_last_or_confirmed_last(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        let mut lab = Lab::with(&["text of the beginning"]);
        let mut model = Model { active: lab.active(), ..Model::default() };
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Commit { .. } => commit(&mut lab, &mut model, &format!("text {number}"), step),
                Step::Confirm => {
                    let confirmed = lab.store.confirm(&editor("root"), None);
                    assert_eq!(confirmed.is_ok(), model.fallback.take().is_some());
                }
                Step::Wait { minutes } => {
                    lab.minutes(*minutes);
                    model.left = model.left.saturating_sub(Duration::from_secs(60 * minutes));
                    if model.left.is_zero() {
                        model.returned();
                    }
                    lab.tick();
                }
                Step::Kill => lab.kill_and_restart(),
                Step::PowerCut { seed } => power_cut(&mut lab, &mut model, *seed),
            }
            assert_eq!(lab.active(), model.active, "after step {number}: {step:?}");
            assert_eq!(lab.gateway.in_force, model.active, "after step {number}: {step:?}");
            assert_eq!(lab.texts()[0], model.active, "after step {number}: {step:?}");
            assert_eq!(lab.store.pending().is_some(), model.fallback.is_some(), "after step {number}: {step:?}");
            assert_eq!(lab.gateway.reserved, 0);
        }
    }
}
