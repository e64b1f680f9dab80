use crate::DaemonError;
use crate::stop::Stop;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;
use std::time::Duration;

/// What the main thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Time has passed.
    Tick,
    /// End: SIGTERM, SIGINT, or a request.
    Stop,
    /// Read the configuration file again: SIGHUP.
    Reload,
}

/// Signals of the process as a descriptor.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks the signals for this thread and all that it starts from now on.
    ///
    /// # Errors
    /// When the system has no descriptors left.
    pub fn block() -> Result<Signals, DaemonError> {
        let mut mask = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            mask.add(signal);
        }
        let failed = |errno: Errno| DaemonError::file("listen for signals", errno);
        mask.thread_block().map_err(failed)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        SignalFd::with_flags(&mask, flags).map(Signals).map_err(failed)
    }

    fn read(&self) -> Result<Option<Event>, Errno> {
        let Some(info) = self.0.read_signal()? else {
            return Ok(None);
        };
        Ok(Some(match Signal::try_from(info.ssi_signo as i32)? {
            Signal::SIGHUP => Event::Reload,
            signal => {
                tracing::info!("{signal} from process {}: stopping", info.ssi_pid);
                Event::Stop
            }
        }))
    }
}

/// Waits for a signal (when there are any to listen for), the order to stop, or the end of `timeout`.
pub(crate) fn wait(signals: Option<&Signals>, stop: &Stop, timeout: Duration) -> Event {
    let mut fds = vec![PollFd::new(stop.as_fd(), PollFlags::POLLIN)];
    fds.extend(signals.map(|signals| PollFd::new(signals.0.as_fd(), PollFlags::POLLIN)));
    let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
    let waited = poll(&mut fds, timeout).and_then(|_| match signals {
        Some(signals) => signals.read(),
        None => Ok(None),
    });
    if stop.is_given() {
        return Event::Stop;
    }
    match waited {
        Ok(event) => event.unwrap_or(Event::Tick),
        Err(Errno::EINTR) => Event::Tick,
        Err(errno) => {
            tracing::error!("cannot listen for signals: {errno}");
            Event::Stop
        }
    }
}
