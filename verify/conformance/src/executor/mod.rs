//! The engines under test, behind one trait.

mod kernel;
mod namespace;
mod native;
pub(crate) mod sessions;
mod snapshot;

pub use kernel::KernelExecutor;
pub use namespace::WorldNamespace;
pub use native::{FIRST_BUFFER, NativeExecutor, NextHops};
pub use snapshot::{RecordView, SessionTable, counter_name, counters_of};

use anyhow::Result;
use flumen_abi::{Counter, CounterIndex, IfIndex, Outcome, Reason};
use flumen_engine::Ruleset;

/// What a device's driver is told to do with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Hand it to the kernel.
    Pass,
    /// Discard it.
    Drop,
    /// Send it out of a device: forwarded, or an answer of ours.
    Redirect,
}

/// What an engine did with one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What the driver is told.
    pub action: Action,
    /// Reason and egress device, when the engine tells; the kernel does not.
    pub verdict: Option<(Reason, IfIndex)>,
    /// The bytes after.
    pub frame: Vec<u8>,
}

/// An engine on the host of [`crate::world`].
pub trait Executor {
    /// For messages.
    fn name(&self) -> &'static str;

    /// Starts anew: no sessions, no fragments, no answers sent, and this ruleset in force.
    ///
    /// # Errors
    /// When a table cannot be written.
    fn begin(&mut self, ruleset: &Ruleset) -> Result<()>;

    /// Switches to another ruleset; sessions stay.
    ///
    /// # Errors
    /// When a table cannot be written.
    fn install(&mut self, ruleset: &Ruleset) -> Result<()>;

    /// Takes a frame that arrived on `device`.
    ///
    /// # Errors
    /// When the engine cannot be run; never because of the frame.
    fn take(&mut self, device: IfIndex, frame: &[u8]) -> Result<Taken>;

    /// Lets `ms` milliseconds pass for everything that has a deadline.
    ///
    /// # Errors
    /// When a table cannot be written.
    fn advance(&mut self, ms: u32) -> Result<()>;

    /// Waits until at least half a second of the rate limit's current second is left.
    fn align_second(&mut self);

    /// Takes session records away until `count` are free.
    ///
    /// # Errors
    /// When a table cannot be written.
    fn leave_free_records(&mut self, count: u32) -> Result<()>;

    /// One counter; none of them ever goes back.
    ///
    /// # Errors
    /// When the table cannot be read.
    fn counter(&self, index: CounterIndex) -> Result<Counter>;

    /// Every session.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn sessions(&self) -> Result<SessionTable>;
}

impl Action {
    /// What an outcome tells the driver.
    pub const fn of(outcome: Outcome) -> Action {
        match outcome {
            Outcome::Forward | Outcome::Consume => Action::Redirect,
            Outcome::Deliver => Action::Pass,
            Outcome::Drop => Action::Drop,
        }
    }
}
