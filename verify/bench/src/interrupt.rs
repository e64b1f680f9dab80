//! SIGINT and SIGTERM end the program between two runs, with everything taken down.

use anyhow::{Result, bail};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The signals are blocked, here and in threads started later, and read where it suits.
#[derive(Debug)]
pub(crate) struct Interrupt {
    signals: SignalFd,
}

// === impl Interrupt ===

impl Interrupt {
    /// Blocks the signals in the calling thread.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(crate) fn new() -> Result<Self> {
        let set = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM]);
        set.thread_block()?;
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { signals })
    }

    /// # Errors
    /// When a signal has come.
    pub(crate) fn check(&self) -> Result<()> {
        if self.signals.read_signal()?.is_some() {
            bail!("interrupted");
        }
        Ok(())
    }
}

impl std::os::fd::AsFd for Interrupt {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.signals.as_fd()
    }
}
