use flumen_abi::{Counter, CounterIndex, IfIndex, InterfaceId, Reason, SessionKey, SessionRow, Tally};
use std::time::Duration;

/// How a program hangs on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachMode {
    /// In the driver (`xdpdrv`).
    Driver,
    /// In the kernel's generic path (`xdpgeneric`): works everywhere, slower.
    Generic,
}

impl AttachMode {
    /// As shown.
    pub const fn name(self) -> &'static str {
        match self {
            AttachMode::Driver => "driver",
            AttachMode::Generic => "generic",
        }
    }
}

/// One device that the engine is attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Device name, as it is now.
    pub device: String,
    /// Mode in use.
    pub mode: AttachMode,
    /// Why not the driver mode, when it is not.
    pub note: Option<String>,
    /// The name that it was attached under, when it has been given another one since: no rules are for it.
    pub attached_as: Option<String>,
    /// It ends with this process, because somebody has removed its pin.
    pub unpinned: bool,
}

/// A device that the engine could not be attached to, and that goes without: it is in no zone, and only DF was to be cleared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unattached {
    /// Device name.
    pub device: String,
    /// Its number.
    pub index: IfIndex,
    /// Why not.
    pub reason: String,
}

/// Use of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapUse {
    /// Table name.
    pub name: &'static str,
    /// Rows in use.
    pub used: u64,
    /// Rows there is room for.
    pub size: u64,
}

/// All interface counters, summed over CPUs.
#[derive(Clone, Debug)]
pub struct CounterView {
    counters: Vec<Counter>,
}

impl CounterView {
    /// From [`CounterIndex::COUNT`] sums in index order; missing ones count as zero.
    pub fn new(mut counters: Vec<Counter>) -> CounterView {
        counters.resize(CounterIndex::COUNT as usize, Counter::default());
        CounterView { counters }
    }

    /// Frames of `interface` that ended with `reason`.
    pub fn reason(&self, interface: InterfaceId, reason: Reason) -> Counter {
        self.counters[CounterIndex::reason(interface, reason).0 as usize]
    }

    /// Frames that arrived on `interface`.
    pub fn received(&self, interface: InterfaceId) -> Counter {
        self.counters[CounterIndex::received(interface).0 as usize]
    }

    /// Frames sent out of `interface`.
    pub fn transmitted(&self, interface: InterfaceId) -> Counter {
        self.counters[CounterIndex::transmitted(interface).0 as usize]
    }
}

/// What the services of one interface have counted, summed over CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TallyView {
    tallies: [Counter; Tally::ALL.len()],
}

impl TallyView {
    /// Asks `read` for each tally.
    ///
    /// # Errors
    /// The first of `read`.
    pub fn read<E>(mut read: impl FnMut(Tally) -> Result<Counter, E>) -> Result<TallyView, E> {
        let mut view = TallyView::default();
        for tally in Tally::ALL {
            view.tallies[tally as usize] = read(tally)?;
        }
        Ok(view)
    }

    /// Frames, and bytes as they arrived.
    pub fn get(&self, tally: Tally) -> Counter {
        self.tallies[tally as usize]
    }
}

/// A live session, copied out of its rows.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// Forward direction as it arrives.
    pub key: SessionKey,
    /// What the forward direction becomes.
    pub row: SessionRow,
    /// Admitting policy.
    pub policy: flumen_abi::PolicyId,
    /// Ruleset that admitted it.
    pub generation: flumen_abi::Generation,
    /// Packets and bytes from the opener.
    pub forward: Counter,
    /// Packets and bytes back to it.
    pub reverse: Counter,
    /// TCP flags seen, by direction.
    pub tcp_seen: [u8; 2],
    /// Since admission.
    pub age: Duration,
    /// Since the last packet.
    pub idle: Duration,
    /// Idle time at which it ends.
    pub timeout: Duration,
}

/// What one ageing pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Sessions that are left.
    pub live: u64,
    /// Sessions that were removed.
    pub removed: u64,
}
