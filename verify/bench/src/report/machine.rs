//! Where it was measured.

use std::path::Path;
use std::process::Command;

use nix::sys::utsname::uname;

/// Processor, CPUs and memory in one line.
pub(crate) fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |line: &str| line.split_once(':').map(|(_, value)| value.trim().to_owned());
    let model = info.lines().find(|line| line.starts_with("model name")).and_then(field);
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default();
    let model = model.unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{model}, {cpus} CPUs, {} GiB", (kib + (1 << 19)) >> 20)
}

/// Release and architecture of the kernel.
pub(crate) fn kernel() -> String {
    match uname() {
        Ok(name) => format!("{} {}", name.release().display(), name.machine().display()),
        Err(error) => error.desc().to_owned(),
    }
}

/// The commit of the source tree, and whether files differ from it; none without git.
pub(crate) fn commit() -> Option<(String, bool)> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(Path::new(env!("CARGO_MANIFEST_DIR"))).args(arguments);
        let output = command.output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let hash = git(&["rev-parse", "HEAD"])?.trim().to_owned();
    let changed = git(&["status", "--porcelain"])?.lines().next().is_some();
    Some((hash, changed))
}

/// Processes that wanted a CPU in the last minute, on average.
pub(crate) fn load_average() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}
