use crate::wish::{self, Wish};
use crate::{Scope, TuneError};
use flumen_kernel::{DeviceFacts, Host, Ledger, Setting};
use serde::{Serialize, Serializer};

/// What would be changed, and what is so already.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Every setting that matters, in the order in which they are changed.
    pub items: Vec<Item>,
    /// What else somebody should know.
    pub notes: Vec<String>,
}

/// One setting.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Which.
    #[serde(serialize_with = "display")]
    pub setting: Setting,
    /// Its value; none when the kernel or the device has no such thing.
    pub now: Option<String>,
    /// What it should be.
    pub wanted: String,
    /// How it stands.
    pub state: State,
    /// What it was before it was tuned; none when it was not.
    pub before: Option<String>,
    /// Why it matters.
    pub why: &'static str,
}

/// How a setting stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// As it should be.
    Good,
    /// To be changed.
    Differs,
    /// The kernel or the device has no such thing.
    Absent,
    /// The driver does not let it be changed.
    Fixed,
}

/// A part of the plan. Interrupts come and go with channels, so they are looked at again after these were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The host, features, rings, channels, coalescing.
    Settings,
    /// Interrupts.
    Interrupts,
}

impl Plan {
    /// What would be changed now.
    ///
    /// # Errors
    /// When there is no such device, or the kernel cannot be asked.
    pub(crate) fn new(host: &dyn Host, ledger: &Ledger, scope: &Scope) -> Result<Plan, TuneError> {
        let mut plan = Plan::of_stage(host, ledger, scope, Stage::Settings)?;
        plan.items.extend(Plan::of_stage(host, ledger, scope, Stage::Interrupts)?.items);
        Ok(plan)
    }

    pub(crate) fn of_stage(
        host: &dyn Host,
        ledger: &Ledger,
        scope: &Scope,
        stage: Stage,
    ) -> Result<Plan, TuneError> {
        let machine = host.machine()?;
        let mut plan = Plan::default();
        if stage == Stage::Settings && scope.host {
            for wish in wish::of_host(&machine) {
                plan.add(host, ledger, None, wish)?;
            }
            let governed = plan.items.iter().any(|item| item.now.is_some() && item.is_governor());
            if !governed {
                plan.items.retain(|item| !item.is_governor());
                plan.notes.push("no CPU lets its frequency be governed here".to_owned());
            }
        }
        for name in &scope.devices {
            let device = host.device(name)?.ok_or_else(|| TuneError::NoDevice(name.clone()))?;
            let wishes = match stage {
                Stage::Settings => wish::of_device(&device, &machine, scope.goal),
                Stage::Interrupts => wish::of_interrupts(&device, &machine),
            };
            for wish in wishes {
                plan.add(host, ledger, Some(&device), wish)?;
            }
            if stage == Stage::Settings {
                plan.note(&device, machine.irqbalance);
            }
        }
        Ok(plan)
    }

    /// Settings to be changed.
    pub fn differing(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.state == State::Differs)
    }

    fn add(
        &mut self,
        host: &dyn Host,
        ledger: &Ledger,
        device: Option<&DeviceFacts>,
        Wish { setting, want, why }: Wish,
    ) -> Result<(), TuneError> {
        // A feature that a driver does not have is off, and stays off: that is a value.
        let fixed = match (&setting, device) {
            (Setting::Feature { feature, .. }, Some(device)) => {
                device.features.get(feature).is_none_or(|feature| feature.fixed)
            }
            _ => false,
        };
        let now = host.read_setting(&setting)?;
        let state = match &now {
            None => State::Absent,
            Some(now) if want.is_met(now) => State::Good,
            Some(_) if fixed => State::Fixed,
            Some(_) => State::Differs,
        };
        let before = ledger.original(&setting).map(str::to_owned);
        self.items.push(Item { setting, now, wanted: want.value(), state, before, why });
        Ok(())
    }

    fn note(&mut self, device: &DeviceFacts, irqbalance: bool) {
        let name = &device.name;
        if device.is_veth() {
            self.notes.push(format!(
                "rx-gro of {name} is left as it is: a veth takes redirected frames only with it"
            ));
        }
        if device.interrupts.is_empty() {
            self.notes.push(format!("{name} has no interrupts of its own"));
        } else if irqbalance {
            self.notes.push(format!(
                "irqbalance runs and moves the interrupts of {name} again: systemctl disable --now irqbalance"
            ));
        }
    }
}

impl Item {
    fn is_governor(&self) -> bool {
        matches!(self.setting, Setting::Governor(_))
    }
}

/// A setting in words.
pub(crate) fn display<S: Serializer>(setting: &Setting, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(setting)
}
