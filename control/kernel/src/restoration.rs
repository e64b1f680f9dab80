use crate::{Change, Host, KernelError, Ledger, Setting};

/// What came of putting settings back.
#[derive(Debug, Default)]
pub struct Restoration {
    /// What had another value, in the order in which it was set back.
    pub changes: Vec<Change>,
    /// What could not be set back, and why; it stays in the ledger.
    pub failures: Vec<(Setting, KernelError)>,
}

/// Gives these settings the values that they have in the ledger, and strikes them out there. One that is gone with
/// its device is struck out, too.
///
/// # Errors
/// When the ledger cannot be written. The settings have their values then, and are still in it.
pub fn put_back(
    host: &dyn Host,
    ledger: &mut Ledger,
    settings: &[Setting],
) -> Result<Restoration, KernelError> {
    let mut changes = Vec::new();
    let mut failures: Vec<(Setting, KernelError)> = Vec::new();
    // Last changed, first restored. Then once more from the start: IPv6's `all` writes to every device.
    for setting in settings.iter().rev().chain(settings) {
        let Some(original) = ledger.original(setting) else {
            continue;
        };
        let outcome = match host.read_setting(setting) {
            Ok(Some(from)) if from != original => host.write_setting(setting, original).map(|()| {
                changes.push(Change { setting: setting.clone(), from, to: original.to_owned() });
            }),
            Ok(_) => Ok(()), // it has the value, or its device is gone
            Err(error) => Err(error),
        };
        failures.retain(|(failed, _)| failed != setting); // what counts is the last attempt
        failures.extend(outcome.err().map(|error| (setting.clone(), error)));
    }
    let failed = |setting: &Setting| failures.iter().any(|(failed, _)| failed == setting);
    let done: Vec<Setting> = settings.iter().filter(|setting| !failed(setting)).cloned().collect();
    ledger.strike(&done)?;
    Ok(Restoration { changes, failures })
}

#[cfg(test)]
mod tests {
    use super::put_back;
    use crate::network::Effort;
    use crate::{FakeHost, Ledger, Setting};

    #[test]
    fn one_refusal_keeps_nothing_else_from_being_put_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::open(&dir.path().join("originals.json"), "boot").unwrap();
        let host = FakeHost::default();
        let settings: Vec<Setting> = ["a", "b", "c", "gone"].map(|name| Setting::Sysctl(name.into())).into();
        ledger
            .record(settings.iter().map(|setting| (setting.clone(), "0".into())).collect(), Effort::All)
            .unwrap();
        for setting in &settings[..3] {
            host.set(setting.clone(), "1");
        }
        host.refuse(settings[1].clone());
        let restoration = put_back(&host, &mut ledger, &settings).unwrap();
        assert_eq!(
            restoration.changes.iter().map(|change| &change.setting).collect::<Vec<_>>(),
            [&settings[2], &settings[0]]
        );
        assert_eq!(restoration.failures.len(), 1);
        assert_eq!(restoration.failures[0].0, settings[1]);
        assert!(ledger.settings().map(|(setting, _)| setting).eq([&settings[1]]), "it can be tried again");
    }
}
