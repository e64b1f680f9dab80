use crate::canary::Canary;
use crate::commit::source;
use crate::enforce::leave;
use crate::fallback::Fallback;
use crate::instance::Instance;
use crate::numbers::make_directory;
use crate::signals::Signals;
use crate::{Daemon, DaemonError, Engines, Options};
use flumen_kernel::{Ledger, LinuxHost, boot_id, pin_directory};
use flumen_store::{Store, SystemClock};
use std::sync::Arc;

/// Runs the daemon on this host, in this network namespace, until it is told to end.
///
/// # Errors
/// Why it did not start; the host's traffic is as it was.
pub fn run(options: &Options, engines: &dyn Engines) -> Result<(), DaemonError> {
    run_beside(options, engines, || ())
}

/// The same, with something beside it that `begin` starts once the daemon serves: threads of it hear no signals. Returns what `begin`
/// did when the daemon has ended.
///
/// # Errors
/// As [`run`]; then `begin` was not called.
pub fn run_beside<T>(
    options: &Options,
    engines: &dyn Engines,
    begin: impl FnOnce() -> T,
) -> Result<T, DaemonError> {
    root_only()?;
    let signals = Signals::block()?;
    find_bpf_filesystem(options)?;
    let daemon = Daemon::start(options, Arc::new(LinuxHost), engines)?;
    let beside = begin();
    daemon.serve(Some(&signals));
    Ok(beside)
}

/// Where the configuration came from that a daemon would start with of itself; none when nothing was ever applied.
///
/// # Errors
/// [`DaemonError::Running`] when a daemon runs; others when the configurations cannot be read.
pub fn active_source(options: &Options) -> Result<Option<String>, DaemonError> {
    root_only()?;
    let _instance = Instance::claim(options)?;
    make_directory(&options.state_dir, 0o700)?;
    let configurations = Store::open(&options.configurations(), Arc::new(SystemClock))?;
    Ok(configurations.active().map(|(record, _)| source(record)))
}

/// Removes everything that a dead daemon left attached, and restores the host.
///
/// # Errors
/// [`DaemonError::Running`] when a daemon runs: it must be asked; others when something cannot be removed.
pub fn detach(options: &Options, engines: &dyn Engines) -> Result<(), DaemonError> {
    root_only()?;
    let _instance = Instance::claim(options)?;
    make_directory(&options.state_dir, 0o700)?;
    find_bpf_filesystem(options)?;
    let mut ledger = Ledger::open(&options.ledger(), &boot_id())?;
    Fallback::new(options).end();
    let forgotten = Canary::open(&options.state_dir)?.forget();
    forgotten.map_err(|error| DaemonError::file("end the canary", std::io::Error::other(error)))?;
    let removed = leave(&LinuxHost, &mut ledger, || engines.remove(&options.bpf_dir))?;
    Ok(removed?)
}

fn root_only() -> Result<(), DaemonError> {
    if nix::unistd::geteuid().is_root() { Ok(()) } else { Err(DaemonError::NotRoot) }
}

fn find_bpf_filesystem(options: &Options) -> Result<(), DaemonError> {
    if let Some(mounted) = pin_directory(&options.bpf_dir)? {
        tracing::info!("mounted a bpf filesystem at {}", mounted.display());
    }
    Ok(())
}
