//! SIGINT and SIGTERM end the program between two runs, with everything taken down.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use anyhow::{Result, bail};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// The signals are blocked, here and in threads started later, and looked at where it suits.
#[derive(Debug)]
pub(crate) struct Interrupt {
    signals: SignalFd,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// The Enter key.
    Enter,
    /// A signal.
    Signal,
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

    /// Waits for Enter or a signal. Where standard input has ended, for a signal alone.
    ///
    /// # Errors
    /// When standard input cannot be read.
    pub(crate) fn wait(&self) -> Result<Awaited> {
        let stdin = std::io::stdin();
        let mut listening = true;
        loop {
            let mut events = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            if listening {
                events.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
            }
            poll(&mut events, PollTimeout::NONE)?;
            let ready: Vec<bool> = events.iter().map(|event| event.any().unwrap_or(true)).collect();
            if ready[0] {
                self.signals.read_signal()?;
                return Ok(Awaited::Signal);
            }
            if stdin.read_line(&mut String::new())? > 0 {
                return Ok(Awaited::Enter);
            }
            listening = stdin.is_terminal(); // a file or a pipe that has ended says nothing more
        }
    }
}
