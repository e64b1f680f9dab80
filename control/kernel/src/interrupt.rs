//! Which interrupts serve the queues of a device, from sysfs and `/proc/interrupts`.

use crate::{Interrupt, KernelError};
use std::collections::BTreeSet;
use std::path::Path;

/// Names of interrupts that serve a device, but no queue.
const OTHERS: [&str; 7] = ["async", "cmd", "config", "control", "ctrl", "event", "mgmnt"];

/// Interrupts of the queues of the device `name`, whose hardware sysfs has at `place`.
pub(crate) fn of_device(place: &Path, name: &str) -> Result<Vec<Interrupt>, KernelError> {
    // A virtio device has its interrupts in the PCI device above it.
    let folder = place.ancestors().take(2).map(|at| at.join("msi_irqs")).find(|folder| folder.is_dir());
    let own: BTreeSet<u32> = match folder.map(std::fs::read_dir) {
        Some(Ok(entries)) => {
            entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
        }
        _ => BTreeSet::new(),
    };
    let table = std::fs::read_to_string("/proc/interrupts")
        .map_err(|error| KernelError::system("read /proc/interrupts", error))?;
    Ok(queues(&table, |irq, action| own.contains(&irq) || (own.is_empty() && belongs(action, name))))
}

/// Rows of the table that are wanted and end with the number of a queue.
fn queues(table: &str, wanted: impl Fn(u32, &str) -> bool) -> Vec<Interrupt> {
    let row = |line: &str| {
        let (irq, rest) = line.split_once(':')?;
        let irq = irq.trim().parse().ok()?;
        let action = rest.split_whitespace().next_back()?;
        let queue = queue(action)?;
        wanted(irq, action).then(|| Interrupt { irq, name: action.to_owned(), queue })
    };
    table.lines().filter_map(row).collect()
}

/// `eth0-TxRx-3`, `ens5-Tx-Rx-3`, `mlx5_comp3@pci:0000:01:00.0`, `virtio2-input.3` serve queue 3.
fn queue(action: &str) -> Option<u32> {
    let name = action.split('@').next()?;
    let stem = name.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let other = OTHERS.iter().any(|other| stem.contains(other));
    (!other).then(|| name[stem.len()..].parse().ok()).flatten()
}

/// The name of the device is a word of the interrupt's name.
fn belongs(action: &str, device: &str) -> bool {
    action.split(['-', '@', ':']).any(|word| word == device)
}

#[cfg(test)]
mod tests {
    use super::{belongs, queue, queues};

    const TABLE: &str = "\
           CPU0       CPU1
 24:          1          0  IO-APIC   5-edge      ACPI:Ged
 37:          0          0 PCI-MSIX-0000:00:03.0   0-edge      virtio2-config
 38:          0      56313 PCI-MSIX-0000:00:03.0   1-edge      virtio2-input.0
 39:      37315          0 PCI-MSIX-0000:00:03.0   2-edge      virtio2-output.0
NMI:          0          0   Non-maskable interrupts
";

    #[test]
    fn the_interrupts_of_queues_are_told_from_the_others() {
        let found = queues(TABLE, |irq, _| (37..=39).contains(&irq));
        let found: Vec<_> = found.iter().map(|row| (row.irq, row.name.as_str(), row.queue)).collect();
        assert_eq!(found, [(38, "virtio2-input.0", 0), (39, "virtio2-output.0", 0)]);
    }

    #[test]
    fn drivers_name_queues_in_many_ways() {
        for (name, number) in [
            ("eth0-TxRx-3", Some(3)),
            ("ens5-Tx-Rx-12", Some(12)),
            ("i40e-ens1f0-TxRx-7", Some(7)),
            ("mlx5_comp3@pci:0000:01:00.0", Some(3)),
            ("mlx5_async0@pci:0000:01:00.0", None),
            ("ena-mgmnt@pci:0000:00:05.0", None),
            ("virtio2-config", None),
            ("ACPI:Ged", None),
        ] {
            assert_eq!(queue(name), number, "{name}");
        }
        assert!(belongs("ens5-Tx-Rx-1", "ens5") && !belongs("ens50-Tx-Rx-1", "ens5"));
    }

    #[test]
    fn no_table_makes_the_parser_panic() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let table = String::from_utf8_lossy(bytes);
            assert!(queues(&table, |_, _| true).len() <= table.lines().count());
        });
    }
}
