use super::{Finding, Findings};
use crate::TuneError;
use flumen_kernel::{Host, MachineFacts, Setting};

/// The oldest kernel that the programs load on.
const KERNEL: (u32, u32) = (6, 1);

pub(super) fn look(host: &dyn Host, machine: &MachineFacts) -> Result<Vec<Finding>, TuneError> {
    let mut findings = Findings::of("host");
    let release = format!("Linux {}", machine.release);
    match machine.kernel() {
        Some(kernel) if kernel >= KERNEL => findings.good("kernel", &release),
        Some(_) => findings.bad("kernel", &release, "use Linux 6.1 or newer"),
        None => findings.warning("kernel", &release, "make sure that it is Linux 6.1 or newer"),
    }
    if machine.root {
        findings.good("privileges", "root");
    } else {
        findings.warning(
            "privileges",
            "not root",
            "flumen run needs root; check as root to see what root sees",
        );
    }
    if machine.bpf_filesystem {
        findings.good("bpf-filesystem", "mounted at /sys/fs/bpf");
    } else {
        findings.warning(
            "bpf-filesystem",
            "not mounted",
            "flumen run mounts it where it may; else: mount -t bpf bpf /sys/fs/bpf",
        );
    }
    // Only the first network namespace has it.
    match host.read_setting(&Setting::Sysctl("net/core/bpf_jit_enable".to_owned()))?.as_deref() {
        Some("0") => findings.warning(
            "jit",
            "programs are interpreted, many times slower",
            "sysctl -w net.core.bpf_jit_enable=1",
        ),
        Some(_) => findings.good("jit", "programs run as machine code"),
        None => {}
    }
    let cpus = machine.cpus.len();
    if cpus < 2 {
        findings.warning("cpus", "one CPU", "packets and everything else share it: give the machine two");
    } else {
        findings.good("cpus", &format!("{cpus} CPUs"));
    }
    Ok(findings.all)
}
