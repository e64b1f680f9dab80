use flumen_store::{Files, OpenFile};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// A file system that keeps apart what programs see and what is on the platter.
///
/// Clones are the same disk. Data reaches the platter with the file's sync, names with the directory's. When the power goes,
/// whatever was not synced is there, is not there, or is there in part: names one by one and in any combination, data cut
/// off anywhere or with zeros instead of its end.
#[derive(Clone, Default)]
pub struct PowerDisk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
struct State {
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    platter: BTreeMap<String, usize>,
    /// Changes of names since the last sync of the directory.
    pending: Vec<Rename>,
    /// Calls so far, and those among them that write.
    calls: u64,
    writes: u64,
    /// The power goes after so many writing calls.
    cut: Option<u64>,
    fault: Option<Fault>,
}

#[derive(Clone, Default)]
struct File {
    data: Vec<u8>,
    platter: Vec<u8>,
}

#[derive(Clone)]
struct Rename {
    set: Option<(String, usize)>,
    unset: Option<String>,
}

/// What calls answer.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// The first call that fails, from 1.
    pub call: u64,
    pub errno: i32,
    /// All later ones fail, too; else only that one.
    pub forever: bool,
}

/// A file under construction.
struct Handle {
    disk: PowerDisk,
    file: usize,
}

/// A write takes at most so much, so that a text is more than one.
const CHUNK: usize = 256;

// === impl PowerDisk ===

impl PowerDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Calls so far, and writing ones among them.
    pub fn calls(&self) -> (u64, u64) {
        let state = self.state();
        (state.calls, state.writes)
    }

    /// The power goes after `writes` more writing calls.
    pub fn cut_after(&self, writes: u64) {
        let mut state = self.state();
        state.cut = Some(state.writes + writes);
    }

    /// A fault from now on, counted from here.
    pub fn fail(&self, fault: Fault) {
        let mut state = self.state();
        state.fault = Some(Fault { call: state.calls + fault.call, ..fault });
    }

    /// No faults any more, and power.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.cut, state.fault) = (None, None);
    }

    /// What is found after the power went: 0 nothing that was not synced, 1 all of it, else some of it.
    pub fn after_power_cut(&self, seed: u64) -> PowerDisk {
        let mut state = self.state().clone();
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut chance = |of: u64| match seed {
            0 => 0,
            1 => of - 1,
            _ => random.next() % of,
        };
        for change in std::mem::take(&mut state.pending) {
            if chance(2) == 1 {
                if let Some(name) = change.unset {
                    state.platter.remove(&name);
                }
                state.platter.extend(change.set);
            }
        }
        for file in &mut state.files {
            if file.data != file.platter {
                let grown = file.data.starts_with(&file.platter);
                let from = if grown { file.platter.len() } else { 0 };
                let kept = from + chance((file.data.len() - from) as u64 + 1) as usize;
                let mut data = file.data[..kept].to_vec();
                if chance(4) == 2 {
                    data.resize(file.data.len(), 0);
                }
                file.platter = data;
            }
            file.data.clone_from(&file.platter);
        }
        state.names.clone_from(&state.platter);
        (state.cut, state.fault) = (None, None);
        PowerDisk(Arc::new(Mutex::new(state)))
    }

    /// Turns one bit of a file, or of its last byte, as a bad disk does.
    pub fn flip(&self, name: &str, byte: usize) {
        let mut state = self.state();
        let file = state.names[name];
        let byte = byte.min(state.files[file].data.len() - 1);
        state.files[file].data[byte] ^= 4;
    }

    /// Another content for a file, as an editor does.
    pub fn overwrite(&self, name: &str, data: &[u8]) {
        let mut state = self.state();
        let file = state.names[name];
        state.files[file] = File { data: data.to_vec(), platter: data.to_vec() };
    }

    pub fn content(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.files[state.names[name]].data.clone()
    }

    /// A file that somebody removed.
    pub fn lose(&self, name: &str) {
        let mut state = self.state();
        state.names.remove(name);
        state.platter.remove(name);
    }

    pub fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    /// Counts a call, and says whether it fails.
    fn call(&self, writes: bool) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if state.cut.is_some_and(|cut| state.writes >= cut) {
            return Err(io::Error::other("the power is off"));
        }
        state.calls += 1;
        state.writes += u64::from(writes);
        match state.fault {
            Some(fault) if state.calls == fault.call || (fault.forever && state.calls > fault.call) => {
                // A file system that cannot be written can still be read.
                if fault.errno == nix::libc::EIO || writes {
                    return Err(io::Error::from_raw_os_error(fault.errno));
                }
                Ok(state)
            }
            _ => Ok(state),
        }
    }
}

impl State {
    fn find(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or(io::ErrorKind::NotFound.into())
    }

    fn change(&mut self, unset: Option<&str>, set: Option<(&str, usize)>) {
        if let Some(name) = unset {
            self.names.remove(name);
        }
        let set = set.map(|(name, file)| (name.to_owned(), file));
        self.names.extend(set.clone());
        self.pending.push(Rename { set, unset: unset.map(str::to_owned) });
    }

    fn make(&mut self, name: &str) -> usize {
        self.files.push(File::default());
        let file = self.files.len() - 1;
        self.change(None, Some((name, file)));
        file
    }
}

impl Files for PowerDisk {
    fn place(&self) -> &Path {
        Path::new("/disk")
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.call(false)?.names.keys().cloned().collect())
    }

    fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        let state = self.call(false)?;
        let data = &state.files[state.find(name)?].data;
        Ok(data[..data.len().min(limit as usize)].to_vec())
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn OpenFile>> {
        let mut state = self.call(true)?;
        let file = match state.find(name) {
            Ok(file) => {
                state.files[file].data.clear();
                file
            }
            Err(_) => state.make(name),
        };
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn append(&self, name: &str) -> io::Result<Box<dyn OpenFile>> {
        let mut state = self.call(true)?;
        let file = state.find(name).unwrap_or_else(|_| state.make(name));
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.call(true)?;
        let file = state.find(from)?;
        state.change(Some(from), Some((to, file)));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.call(true)?;
        state.find(name)?;
        state.change(Some(name), None);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.call(true)?;
        state.pending.clear();
        state.platter = state.names.clone();
        Ok(())
    }
}

impl OpenFile for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        match self.disk.call(true) {
            Ok(mut state) => {
                state.files[self.file].data.extend_from_slice(bytes);
                Ok(bytes.len())
            }
            Err(error) => {
                // A disk that becomes full takes a part first.
                let data = &mut self.disk.state().files[self.file].data;
                data.extend_from_slice(&bytes[..bytes.len() / 2]);
                Err(error)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.call(true)?;
        let file = &mut state.files[self.file];
        file.platter.clone_from(&file.data);
        Ok(())
    }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
