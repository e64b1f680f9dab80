use nix::errno::Errno;
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells every thread to end. Clones are the same order; threads poll its descriptor, or ask.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<Order>);

#[derive(Debug)]
struct Order {
    given: AtomicBool,
    event: EventFd,
}

impl Stop {
    pub(crate) fn new() -> Result<Stop, Errno> {
        let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Stop(Arc::new(Order { given: AtomicBool::new(false), event })))
    }

    /// Gives the order; it is never taken back.
    pub(crate) fn give(&self) {
        self.0.given.store(true, Ordering::SeqCst);
        if let Err(errno) = self.0.event.write(1) {
            tracing::error!("cannot wake the threads to stop them: {errno}");
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.0.given.load(Ordering::SeqCst)
    }
}

impl AsFd for Stop {
    /// Readable from the order on.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.event.as_fd()
    }
}
