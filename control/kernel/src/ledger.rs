use crate::durable::replace_file;
use crate::network::Effort;
use crate::{KernelError, Setting};
use flumen_engine::HostFacts;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What settings were before they were changed, and which links we made: on disk before the change is made.
///
/// It belongs to one boot: after a reboot the kernel has its own values again, and the file is ignored.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    page: Page,
    /// The file lacks a part of it: it could not be written, and what was changed had to be.
    unsaved: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Page {
    boot: String,
    originals: Vec<Original>,
    #[serde(default)]
    links: BTreeSet<String>,
    /// Numbers of the devices that are named above. A name can be changed, and with it those of all settings.
    #[serde(default)]
    devices: BTreeMap<String, u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Original {
    setting: Setting,
    value: String,
}

impl Ledger {
    /// Reads the ledger at `path`, or begins an empty one.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn open(path: &Path, boot: &str) -> Result<Ledger, KernelError> {
        let empty = Page { boot: boot.to_owned(), ..Page::default() };
        let page = match std::fs::read(path) {
            Ok(text) => serde_json::from_slice::<Page>(&text)
                .map_err(|source| KernelError::Ledger { path: path.to_owned(), source })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => empty,
            Err(error) => return Err(KernelError::system(format!("read {}", path.display()), error)),
        };
        let page = if page.boot == boot { page } else { Page { boot: boot.to_owned(), ..Page::default() } };
        Ok(Ledger { path: path.to_owned(), page, unsaved: false })
    }

    /// The value that `setting` had before the first change.
    pub fn original(&self, setting: &Setting) -> Option<&str> {
        self.page
            .originals
            .iter()
            .find(|original| original.setting == *setting)
            .map(|original| &*original.value)
    }

    /// Every setting of the ledger, in order of the first change.
    pub fn settings(&self) -> impl DoubleEndedIterator<Item = (&Setting, &str)> {
        self.page.originals.iter().map(|original| (&original.setting, &*original.value))
    }

    /// Names of the links that we made.
    pub fn links(&self) -> impl Iterator<Item = &str> {
        self.page.links.iter().map(String::as_str)
    }

    /// Calls each device as it is called now, and notes the numbers of those that it did not know yet. What cannot be
    /// written is written as soon as it can be.
    pub fn follow(&mut self, host: &HostFacts) {
        let name = |index: u32| host.links.iter().find(|link| link.index.0 == index).map(|link| &link.name);
        let renamed: BTreeMap<String, String> = self
            .page
            .devices
            .iter()
            .filter_map(|(old, index)| Some((old.clone(), name(*index)?.clone())))
            .filter(|(old, new)| old != new)
            .collect();
        // What another device has left under the name is gone with it.
        let taken = |device: &str| !renamed.contains_key(device) && renamed.values().any(|new| new == device);
        let call = |device: &str| renamed.get(device).cloned().unwrap_or_else(|| device.to_owned());
        let page = &mut self.page;
        if !renamed.is_empty() {
            page.originals.retain(|original| !original.setting.device().is_some_and(taken));
            for original in &mut page.originals {
                if let Some(new) = original.setting.device().and_then(|device| renamed.get(device)) {
                    original.setting = original.setting.of(new);
                }
            }
            page.links = page.links.iter().filter(|link| !taken(link)).map(|link| call(link)).collect();
            page.devices = std::mem::take(&mut page.devices)
                .into_iter()
                .filter(|(device, _)| !taken(device))
                .map(|(device, index)| (call(&device), index))
                .collect();
        }
        let before = page.devices.clone();
        let named = page.originals.iter().filter_map(|original| original.setting.device());
        let named: BTreeSet<&str> = named.chain(page.links.iter().map(String::as_str)).collect();
        page.devices = named
            .into_iter()
            .filter_map(|device| Some((device.to_owned(), host.link(device)?.index.0)))
            .collect();
        if !renamed.is_empty() || page.devices != before {
            let saved = self.save();
            // With this effort it is no error.
            self.needed(saved, Effort::AsFarAsPossible).ok();
        }
    }

    /// Adds a link that is about to be made, and writes the file. With [`Effort::AsFarAsPossible`] it need not be written.
    pub(crate) fn record_link(&mut self, name: &str, effort: Effort) -> Result<(), KernelError> {
        if !self.page.links.insert(name.to_owned()) {
            return Ok(());
        }
        let saved = self.save();
        self.needed(saved, effort).inspect_err(|_| {
            self.page.links.remove(name);
        })
    }

    /// Strikes out links that are gone.
    pub(crate) fn strike_links(&mut self, names: &BTreeSet<String>) -> Result<(), KernelError> {
        let before = self.page.links.len();
        self.page.links.retain(|name| !names.contains(name));
        if self.page.links.len() == before {
            Ok(())
        } else {
            self.save().inspect_err(|_| self.unsaved = true)
        }
    }

    /// Adds what is not there yet, and writes the file. With [`Effort::AsFarAsPossible`] it need not be written: a host
    /// that is not protected for want of room on its disk would be worse than one whose settings this process alone
    /// can put back. It is written as soon as it can be.
    ///
    /// # Errors
    /// When it cannot be written; then nothing may be changed, and the ledger is as it was.
    pub fn record(&mut self, settings: Vec<(Setting, String)>, effort: Effort) -> Result<(), KernelError> {
        let before = self.page.originals.len();
        for (setting, value) in settings {
            if self.original(&setting).is_none() {
                self.page.originals.push(Original { setting, value });
            }
        }
        if self.page.originals.len() == before && !self.unsaved {
            return Ok(());
        }
        let saved = self.save();
        self.needed(saved, effort).inspect_err(|_| self.page.originals.truncate(before))
    }

    /// Whether what was to be written beforehand may be done now.
    fn needed(&mut self, saved: Result<(), KernelError>, effort: Effort) -> Result<(), KernelError> {
        match (saved, effort) {
            (Err(error), Effort::AsFarAsPossible) => {
                tracing::warn!("{error}; until that succeeds, only this process can put the host back");
                self.unsaved = true;
                Ok(())
            }
            (saved, _) => saved,
        }
    }

    /// Strikes out settings that have their original value again; the file goes with the last.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn strike(&mut self, settings: &[Setting]) -> Result<(), KernelError> {
        let before = self.page.originals.len();
        self.page.originals.retain(|original| !settings.contains(&original.setting));
        if self.page.originals.len() == before {
            Ok(())
        } else {
            self.save().inspect_err(|_| self.unsaved = true)
        }
    }

    fn save(&mut self) -> Result<(), KernelError> {
        self.write().inspect(|()| self.unsaved = false)
    }

    fn write(&self) -> Result<(), KernelError> {
        if !self.page.originals.is_empty() || !self.page.links.is_empty() {
            let text = serde_json::to_vec_pretty(&self.page).expect("plain strings are always JSON");
            return replace_file(&self.path, &text);
        }
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(KernelError::system(format!("remove {}", self.path.display()), error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ledger;
    use crate::Setting;
    use crate::network::Effort::{All, AsFarAsPossible};

    #[test]
    fn the_first_value_stays_across_processes_until_it_is_struck_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("originals.json");
        let setting = Setting::conf("ipv4", "eth0", "forwarding");
        let mut ledger = Ledger::open(&path, "boot-1").unwrap();
        ledger.record(vec![(setting.clone(), "0".into())], All).unwrap();
        ledger.record(vec![(setting.clone(), "1".into())], All).unwrap();

        let mut ledger = Ledger::open(&path, "boot-1").unwrap();
        assert_eq!(ledger.original(&setting), Some("0"));
        ledger.strike(&[setting]).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_link_that_was_made_is_known_until_it_is_struck_out_and_in_its_boot_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("originals.json");
        std::fs::write(&path, r#"{"boot": "boot-1", "originals": []}"#).unwrap();
        let mut ledger = Ledger::open(&path, "boot-1").unwrap();
        ledger.record_link("eth0.5", All).unwrap();
        let mut ledger = Ledger::open(&path, "boot-1").unwrap();
        assert_eq!(ledger.links().collect::<Vec<_>>(), ["eth0.5"]);
        assert_eq!(Ledger::open(&path, "boot-2").unwrap().links().count(), 0);
        ledger.strike_links(&["eth0.5".to_owned()].into()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn what_could_not_be_written_is_forgotten_or_written_later_by_how_much_it_was_needed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("originals.json");
        let of = |device| Setting::conf("ipv4", device, "forwarding");
        // As on a full disk, nothing can be put in its place.
        std::fs::create_dir_all(path.join("in-the-way")).unwrap();
        let mut ledger = Ledger { path: path.clone(), page: super::Page::default(), unsaved: false };
        let record =
            |ledger: &mut Ledger, device, effort| ledger.record(vec![(of(device), "0".into())], effort);
        for _ in 0..2 {
            record(&mut ledger, "eth0", All).unwrap_err();
            ledger.record_link("eth0.5", All).unwrap_err();
            assert_eq!((ledger.original(&of("eth0")), ledger.links().count()), (None, 0));
        }
        record(&mut ledger, "eth0", AsFarAsPossible).unwrap();
        ledger.record_link("eth0.5", AsFarAsPossible).unwrap();
        assert_eq!((ledger.original(&of("eth0")), ledger.links().count()), (Some("0"), 1));

        std::fs::remove_dir_all(&path).unwrap();
        ledger.record(Vec::new(), All).unwrap();
        let again = Ledger::open(&path, "").unwrap();
        assert_eq!((again.original(&of("eth0")), again.links().count()), (Some("0"), 1));
    }

    #[test]
    fn values_of_an_earlier_boot_are_forgotten_and_a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("originals.json");
        let setting = Setting::conf("ipv4", "eth0", "forwarding");
        Ledger::open(&path, "boot-1").unwrap().record(vec![(setting.clone(), "0".into())], All).unwrap();
        assert_eq!(Ledger::open(&path, "boot-2").unwrap().original(&setting), None);
        std::fs::write(&path, "{").unwrap();
        assert!(Ledger::open(&path, "boot-1").unwrap_err().to_string().contains("originals.json"));
    }
}
