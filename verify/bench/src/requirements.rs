//! What the host must have.

use std::path::Path;

use anyhow::{Result, bail};

/// Programs that set up namespaces and peers, with the Debian package of each.
const PROGRAMS: [(&str, &str); 3] = [("ip", "iproute2"), ("ethtool", "ethtool"), ("nft", "nftables")];

/// # Errors
/// Everything that is missing, at once.
pub(crate) fn check() -> Result<()> {
    let mut missing = Vec::new();
    if !nix::unistd::geteuid().is_root() {
        missing.push("root: network namespaces and eBPF programs".to_owned());
    }
    for (program, package) in PROGRAMS {
        if !is_on_path(program) {
            missing.push(format!("the program {program} (Debian package {package})"));
        }
    }
    if !missing.is_empty() {
        bail!("the benchmark needs {}", missing.join("; and "));
    }
    Ok(())
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_owned());
    std::env::split_paths(&path).chain(system).any(|folder| folder.join(program).is_file())
}
