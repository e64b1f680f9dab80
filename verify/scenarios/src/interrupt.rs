//! Ctrl-C and its relatives: the demo ends at the next look, and takes everything down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Says whether a signal has come. Signals are not blocked, so that children start as usual.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt {
    signal: Arc<AtomicUsize>,
}

/// The demo was asked to end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interrupted;

// === impl Interrupt ===

impl Interrupt {
    /// Takes the signals from now on.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn new() -> Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register_usize(number, Arc::clone(&signal), 1)?;
        }
        Ok(Self { signal })
    }

    /// # Errors
    /// [`Interrupted`] when a signal has come.
    pub(crate) fn check(&self) -> Result<()> {
        if self.signal.load(Ordering::Relaxed) != 0 {
            return Err(Interrupted.into());
        }
        Ok(())
    }
}

// === impl Interrupted ===

impl Interrupted {
    /// The exit status that shells give to a program ended by Ctrl-C.
    pub(crate) const EXIT: u8 = 130;
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}
