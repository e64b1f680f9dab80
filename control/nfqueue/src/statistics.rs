use crate::QueueError;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What the process of a queue has done, also its predecessors at the same queue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statistics {
    /// The process.
    pub pid: u32,
    /// Packets that were taken out of the queue.
    pub received: u64,
    /// Packets that there was no room for: they went on with DF (`queue-overflow`).
    pub overflowed: u64,
    /// Packets that a process took and gave back before it died, and before it wrote down how (`queue-unaccounted`).
    pub unaccounted: u64,
    /// Number of the packet that comes after all of these.
    pub next: Option<u32>,
    /// Packets that a process took and did not give back before it died: they went on with DF (`queue-abandoned`).
    pub abandoned: u64,
    /// Verdicts that the kernel refused (`queue-refused`).
    pub refused: u64,
    /// Packets of devices that are no target: they went on as they came.
    pub strayed: u64,
    /// Packets that XDP should have taken DF from.
    pub missed: u64,
    /// Changed packets whose header checksum was summed up anew.
    pub samples: u64,
    /// Those among them where it was wrong.
    pub bad_checksums: u64,
    /// By interface.
    pub interfaces: Vec<InterfaceCounts>,
}

/// What was done on one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterfaceCounts {
    /// Its number.
    pub interface: u16,
    /// Packets, and bytes as frames have them.
    pub packets: u64,
    /// See `packets`.
    pub bytes: u64,
    /// Those that lost DF.
    pub df_cleared: u64,
    /// See `df_cleared`.
    pub df_cleared_bytes: u64,
}

// === impl Statistics ===

impl Statistics {
    /// What was written before; nothing when there is no such file.
    pub(crate) fn read(path: &Path) -> Statistics {
        let text = std::fs::read(path).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Puts the file in place of an older one.
    pub(crate) fn write(&self, path: &Path) -> Result<(), QueueError> {
        let text = serde_json::to_vec(self).expect("numbers are JSON");
        replace(path, &text)
    }

    /// The counts of an interface.
    pub fn interface(&self, number: u16) -> InterfaceCounts {
        let found = self.interfaces.iter().find(|counts| counts.interface == number);
        found.copied().unwrap_or(InterfaceCounts { interface: number, ..InterfaceCounts::default() })
    }

    /// Adds what another process has done.
    pub fn add(&mut self, other: &Statistics) {
        for (own, more) in [
            (&mut self.received, other.received),
            (&mut self.overflowed, other.overflowed),
            (&mut self.unaccounted, other.unaccounted),
            (&mut self.abandoned, other.abandoned),
            (&mut self.refused, other.refused),
            (&mut self.strayed, other.strayed),
            (&mut self.missed, other.missed),
            (&mut self.samples, other.samples),
            (&mut self.bad_checksums, other.bad_checksums),
        ] {
            *own += more;
        }
        for counts in &other.interfaces {
            self.count(counts);
        }
    }

    pub(crate) fn count(&mut self, more: &InterfaceCounts) {
        let place = match self.interfaces.iter().position(|own| own.interface == more.interface) {
            Some(place) => place,
            None => {
                self.interfaces.push(InterfaceCounts { interface: more.interface, ..Default::default() });
                self.interfaces.len() - 1
            }
        };
        let own = &mut self.interfaces[place];
        own.packets += more.packets;
        own.bytes += more.bytes;
        own.df_cleared += more.df_cleared;
        own.df_cleared_bytes += more.df_cleared_bytes;
    }
}

/// Writes a file whole or not at all.
pub(crate) fn replace(path: &Path, text: &[u8]) -> Result<(), QueueError> {
    let new = path.with_extension("new");
    let written = std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path));
    written.map_err(|error| QueueError::system(format!("write {}", path.display()), error))
}

#[cfg(test)]
mod tests {
    use super::{InterfaceCounts, Statistics};

    #[test]
    fn sums_are_kept_by_interface_and_survive_the_file() {
        let counts = |interface, packets| InterfaceCounts { interface, packets, ..Default::default() };
        let mut sum = Statistics { received: 3, interfaces: vec![counts(4, 3)], ..Default::default() };
        sum.add(&Statistics { received: 5, interfaces: vec![counts(9, 1), counts(4, 4)], ..sum.clone() });
        assert_eq!(sum.received, 8);
        assert_eq!((sum.interface(4).packets, sum.interface(9).packets, sum.interface(1).packets), (7, 1, 0));
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("queue.json");
        assert_eq!(Statistics::read(&file), Statistics::default());
        sum.write(&file).expect("written");
        assert_eq!(Statistics::read(&file), sum);
    }
}
