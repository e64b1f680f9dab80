//! What feeds frames to the pipeline, seen from the control plane.
//!
//! [`Engine`] is what the daemon drives; it knows rows, never configuration words.

mod binding;
mod error;
mod facts;
pub mod native;
mod view;
pub mod xdp;

pub use error::EngineError;
pub use facts::{HostFacts, LinkFacts, LocalFacts};
// The words of the datapath that others of the control plane need: names, numbers, and the keys of sessions.
pub use flumen_abi::{
    Addr, Counter, CounterIndex, Family, Generation, IfIndex, InterfaceId, Outcome, PolicyId, PortBe, Reason,
    SessionFlags, SessionKey, SessionRow, SessionSlot, Tally, Vlan, ZoneId,
};
pub use flumen_compile::{InterfaceBinding, Ruleset};
pub use flumen_native::{FoundRow, FoundSession, Line, Names};
pub use flumen_pipeline::{Route, RouteKind, RouteQuery};
pub use view::{AttachMode, Attachment, CounterView, MapUse, SessionView, Sweep, TallyView, Unattached};

use std::ops::ControlFlow;

/// An engine: two resident rulesets of which one is active, sessions, counters, attachments.
pub trait Engine: Send {
    /// `xdp` or `native`.
    fn name(&self) -> &'static str;

    /// Writes `ruleset` beside the running one and attaches to its devices; a device that is new drops everything until
    /// the switch. What was prepared before is given up.
    ///
    /// # Errors
    /// The running ruleset, its attachments and all sessions are untouched after any error; nothing is prepared then.
    fn prepare(&mut self, ruleset: &Ruleset, host: &HostFacts) -> Result<(), EngineError>;

    /// Switches to what was prepared with one write, with links and addresses as they are by now.
    ///
    /// # Errors
    /// Nothing was prepared, or a device of it is gone. The running ruleset is still in force, and what was prepared is to
    /// be given up.
    fn switch(&mut self, host: &HostFacts) -> Result<(), EngineError>;

    /// Gives up what was prepared: detaches from the devices that it was attached to for.
    fn abandon(&mut self);

    /// Prepares and switches.
    ///
    /// # Errors
    /// The running ruleset, its attachments and all sessions are untouched after any error.
    fn install(&mut self, ruleset: &Ruleset, host: &HostFacts) -> Result<(), EngineError> {
        self.prepare(ruleset, host)?;
        self.switch(host).inspect_err(|_| self.abandon())
    }

    /// Takes over what the kernel now says of links and addresses, in the active ruleset.
    ///
    /// # Errors
    /// When a table cannot be written.
    fn host_changed(&mut self, host: &HostFacts) -> Result<(), EngineError>;

    /// Counters of every interface and policy, summed over CPUs.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn counters(&self) -> Result<CounterView, EngineError>;

    /// Calls `visit` for each live session, in no order, until it breaks.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn sessions(&self, visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>) -> Result<(), EngineError>;

    /// Calls `visit` for each live session whose record is `first` or a later one, in order of their records, until it
    /// breaks. A session keeps its record: with what was visited last, a reader goes on where it stopped.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn sessions_from(
        &self,
        first: SessionSlot,
        visit: &mut dyn FnMut(SessionView) -> ControlFlow<()>,
    ) -> Result<(), EngineError>;

    /// Copies the session that `key` is a direction of.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn find_session(&self, key: &SessionKey) -> Result<Option<FoundSession>, EngineError>;

    /// Removes the sessions whose forward directions have `keys`, and says how many there were.
    ///
    /// # Errors
    /// When a table cannot be written.
    fn remove_sessions(&mut self, keys: &[SessionKey]) -> Result<u64, EngineError>;

    /// Removes every session whose deadline has passed at `now_ms` (monotonic clock, truncated to 32 bits).
    ///
    /// # Errors
    /// When a table cannot be written.
    fn sweep(&mut self, now_ms: u32) -> Result<Sweep, EngineError>;

    /// Packets and bytes that `policy` admitted.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn policy_hits(&self, policy: PolicyId) -> Result<flumen_abi::Counter, EngineError>;

    /// What the services of `interface` have counted.
    ///
    /// # Errors
    /// When a table cannot be read.
    fn tallies(&self, interface: InterfaceId) -> Result<TallyView, EngineError>;

    /// Where the engine is attached, and how.
    fn attachments(&self) -> Vec<Attachment>;

    /// Devices that go without the engine.
    fn unattached(&self) -> Vec<Unattached> {
        Vec::new()
    }

    /// Tries once more to attach to those. True when one is attached now.
    ///
    /// # Errors
    /// When the attempt fails for another reason than before.
    fn attach_again(&mut self, _host: &HostFacts) -> Result<bool, EngineError> {
        Ok(false)
    }

    /// How full each table is.
    fn tables(&self) -> Vec<MapUse>;

    /// The ruleset that is active, as far as the tables themselves tell.
    fn active_generation(&self) -> flumen_abi::Generation;

    /// Detaches from every device and removes what is pinned: the host is as it was.
    ///
    /// # Errors
    /// When something cannot be removed; the rest still is.
    fn detach(&mut self) -> Result<(), EngineError>;
}
