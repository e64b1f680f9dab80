use crate::error::Refusal;
use crate::plan::{Plan, Stage, display};
use crate::{Scope, TuneError};
use flumen_kernel::network::Effort;
use flumen_kernel::{Change, Host, KernelError, Ledger, Restoration, Setting, put_back};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// What was tuned on this host since it was started: the values before, on disk before anything is changed. Holding
/// it keeps other runs out.
#[derive(Debug)]
pub struct Tuning {
    ledger: Ledger,
    _lock: File,
}

/// What [`Tuning::apply`] did.
#[derive(Debug, Default, Serialize)]
pub struct Applied {
    /// What was changed, in order.
    pub changes: Vec<Changed>,
    /// How everything stands now.
    pub plan: Plan,
}

/// What [`Tuning::undo`] did.
#[derive(Debug, Default, Serialize)]
pub struct Undone {
    /// What was set back, in order.
    pub changes: Vec<Changed>,
    /// What could not be set back; it stays saved.
    pub failures: Vec<Failed>,
}

/// A setting that was changed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Which.
    #[serde(serialize_with = "display")]
    pub setting: Setting,
    /// Its value before.
    pub from: String,
    /// Its value now.
    pub to: String,
}

/// A setting that was not set back.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Which.
    #[serde(serialize_with = "display")]
    pub setting: Setting,
    /// Why.
    pub reason: String,
}

const LEDGER: &str = "tune.json";
const LOCK: &str = "tune.lock";
/// How often a lock is tried.
const POLL: Duration = Duration::from_millis(20);

impl Tuning {
    /// Opens what is saved in a directory, which is made when need be; waits up to `patience` for another run. `boot` is the kernel's name of this boot: after
    /// another start the host has its own values again, and what was saved is forgotten.
    ///
    /// # Errors
    /// When another run has it open, or it cannot be read.
    pub fn open(folder: &Path, boot: &str, patience: Duration) -> Result<Tuning, TuneError> {
        let lock = folder.join(LOCK);
        let place = |path: &Path| {
            let path = path.to_owned();
            |source| TuneError::Place { path, source }
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(place(folder))?;
        let file = File::options().create(true).append(true).mode(0o600).open(&lock).map_err(place(&lock))?;
        let begin = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if begin.elapsed() < patience => std::thread::sleep(POLL),
                Err(TryLockError::WouldBlock) => return Err(TuneError::Busy { path: lock }),
                Err(TryLockError::Error(source)) => return Err(TuneError::Place { path: lock, source }),
            }
        }
        Ok(Tuning { ledger: Ledger::open(&folder.join(LEDGER), boot)?, _lock: file })
    }

    /// How everything stands.
    ///
    /// # Errors
    /// When there is no such device, or the kernel cannot be asked.
    pub fn show(&self, host: &dyn Host, scope: &Scope) -> Result<Plan, TuneError> {
        Plan::new(host, &self.ledger, scope)
    }

    /// Changes what differs. What it was is on disk before anything is changed, so that a run that is killed can be
    /// undone, too.
    ///
    /// # Errors
    /// When something is refused: then everything that this run changed is put back, and what could not be is named.
    pub fn apply(&mut self, host: &dyn Host, scope: &Scope) -> Result<Applied, TuneError> {
        let mut run = Run::new(&self.ledger);
        for stage in [Stage::Settings, Stage::Interrupts] {
            let done = Plan::of_stage(host, &self.ledger, scope, stage)
                .map_err(Stop::Before)
                .and_then(|plan| run.change(host, &mut self.ledger, &plan));
            match done {
                Ok(()) => {}
                Err(stop) => return Err(run.take_back(host, &mut self.ledger, stop)),
            }
        }
        let changes = run.changes.into_iter().map(Changed::from).collect();
        Ok(Applied { changes, plan: Plan::new(host, &self.ledger, scope)? })
    }

    /// Gives settings that were tuned the value that they had before: those of these devices, or all when none is
    /// named.
    ///
    /// # Errors
    /// When what is saved cannot be written. That a setting refuses is in the answer.
    pub fn undo(&mut self, host: &dyn Host, devices: &[String]) -> Result<Undone, TuneError> {
        let mut interrupts = BTreeSet::new();
        for name in devices {
            let device = host.device(name)?;
            interrupts.extend(device.into_iter().flat_map(|device| device.interrupts).map(|one| one.irq));
        }
        let concerned = |setting: &Setting| match setting {
            _ if devices.is_empty() => true,
            Setting::Feature { device, .. }
            | Setting::Quantity { device, .. }
            | Setting::Link { device, .. } => devices.contains(device),
            Setting::IrqAffinity(irq) => interrupts.contains(irq),
            Setting::Sysctl(_) | Setting::Governor(_) => false,
        };
        let saved = self.ledger.settings().map(|(setting, _)| setting);
        let settings: Vec<Setting> = saved.filter(|setting| concerned(setting)).cloned().collect();
        let Restoration { changes, failures } = put_back(host, &mut self.ledger, &settings)?;
        let failed = |(setting, error): (Setting, KernelError)| Failed { setting, reason: error.to_string() };
        Ok(Undone {
            changes: changes.into_iter().map(Changed::from).collect(),
            failures: failures.into_iter().map(failed).collect(),
        })
    }
}

/// One call of [`Tuning::apply`]: what was saved before it, and what it has changed.
struct Run {
    saved_before: BTreeSet<Setting>,
    changes: Vec<Change>,
}

/// Why a run ends early.
enum Stop {
    /// Between settings.
    Before(TuneError),
    /// At this one, which had this value.
    At { setting: Setting, from: String, reason: Box<KernelError> },
}

impl Run {
    fn new(ledger: &Ledger) -> Run {
        let saved_before = ledger.settings().map(|(setting, _)| setting.clone()).collect();
        Run { saved_before, changes: Vec::new() }
    }

    fn change(&mut self, host: &dyn Host, ledger: &mut Ledger, plan: &Plan) -> Result<(), Stop> {
        let values =
            plan.differing().map(|item| (item.setting.clone(), item.now.clone().unwrap_or_default()));
        ledger.record(values.collect(), Effort::All).map_err(|error| Stop::Before(error.into()))?;
        for item in plan.differing() {
            let (setting, from) = (item.setting.clone(), item.now.clone().unwrap_or_default());
            match host.write_setting(&setting, &item.wanted) {
                Ok(()) => self.changes.push(Change { setting, from, to: item.wanted.clone() }),
                Err(reason) => return Err(Stop::At { setting, from, reason: Box::new(reason) }),
            }
        }
        Ok(())
    }

    /// Puts back what this run has changed; the setting that refused may have changed all the same.
    fn take_back(self, host: &dyn Host, ledger: &mut Ledger, stop: Stop) -> TuneError {
        let halfway = match &stop {
            Stop::At { setting, from, .. } => Some((setting.clone(), from.clone())),
            Stop::Before(_) => None,
        };
        let own = self.changes.into_iter().map(|change| (change.setting, change.from));
        let (mut undone, mut stuck) = (Vec::new(), Vec::new());
        for (setting, from) in own.chain(halfway).rev() {
            let refused = match host.read_setting(&setting) {
                Ok(Some(now)) if now != from => host.write_setting(&setting, &from).map(|()| {
                    undone.push(Change { setting: setting.clone(), from: now, to: from });
                }),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            stuck.extend(refused.err().map(|error| (setting, error)));
        }
        let kept = |setting: &Setting| {
            self.saved_before.contains(setting) || stuck.iter().any(|(stuck, _)| stuck == setting)
        };
        let fresh: Vec<Setting> =
            ledger.settings().map(|(setting, _)| setting.clone()).filter(|setting| !kept(setting)).collect();
        if let Err(error) = ledger.strike(&fresh) {
            // Nothing is lost: it is saved as what it is now.
            return error.into();
        }
        match stop {
            Stop::Before(error) => error,
            Stop::At { setting, reason, .. } => {
                Box::new(Refusal { setting, reason: *reason, undone, stuck }).into()
            }
        }
    }
}

impl From<Change> for Changed {
    fn from(Change { setting, from, to }: Change) -> Changed {
        Changed { setting, from, to }
    }
}

#[cfg(test)]
mod tests;
