use crate::KernelError;
use std::path::Path;

/// What the machine is, as far as fast packets depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MachineFacts {
    /// Kernel release: `6.12.48+deb13-amd64`.
    pub release: String,
    /// CPUs that are online, by number.
    pub cpus: Vec<u32>,
    /// The bpf filesystem is mounted at its conventional place.
    pub bpf_filesystem: bool,
    /// Runs as root, with the powers to load programs and change settings.
    pub root: bool,
    /// A program that moves interrupts around by itself runs: `irqbalance`.
    pub irqbalance: bool,
}

impl MachineFacts {
    /// Major and minor number of the kernel; none when the release begins with something else.
    pub fn kernel(&self) -> Option<(u32, u32)> {
        let mut numbers = self.release.split(['.', '-', '+']).map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    }
}

pub(crate) fn read_machine() -> Result<MachineFacts, KernelError> {
    let read = |path: &str| {
        std::fs::read_to_string(path).map_err(|error| KernelError::system(format!("read {path}"), error))
    };
    Ok(MachineFacts {
        release: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
        cpus: cpus(read("/sys/devices/system/cpu/online")?.trim()),
        bpf_filesystem: crate::bpffs::in_bpffs(Path::new(crate::bpffs::CONVENTION))?,
        root: nix::unistd::geteuid().is_root(),
        irqbalance: runs("irqbalance"),
    })
}

/// Numbers of a list as the kernel writes it: `0-3,8`.
fn cpus(list: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse::<u32>().ok()?..=last.parse::<u32>().ok()?)
    };
    list.split(',').filter_map(range).flatten().collect()
}

/// Whether a process of this name runs.
fn runs(name: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    let mut commands = processes.flatten().map(|entry| entry.path().join("comm"));
    commands.any(|comm| std::fs::read_to_string(comm).is_ok_and(|comm| comm.trim_end() == name))
}

#[cfg(test)]
mod tests {
    use super::{MachineFacts, cpus};

    #[test]
    fn a_list_of_cpus_has_ranges() {
        assert_eq!(cpus("0-3,8"), [0, 1, 2, 3, 8]);
        assert_eq!(cpus("0"), [0]);
        assert!(cpus("").is_empty());
    }

    #[test]
    fn a_release_begins_with_two_numbers() {
        let kernel = |release: &str| MachineFacts { release: release.into(), ..Default::default() }.kernel();
        assert_eq!(kernel("6.12.48+deb13-amd64"), Some((6, 12)));
        assert_eq!(kernel("6.18-rc1"), Some((6, 18)));
        assert_eq!(kernel("unknown"), None);
    }
}
