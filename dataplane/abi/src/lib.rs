//! Every byte layout that crosses a line: kernel and user space, one engine and the next, one release and the
//! next. Plain data only; no heap, no unsafe code. A layout is defined here once or not at all.
//!
//! Numbers are in host byte order unless the type says otherwise ([`PortBe`], [`Addr`]).
#![no_std]
#![forbid(unsafe_code)]

mod addr;
mod answer;
mod classifier;
mod control;
mod counter;
mod fragment;
mod id;
mod interface;
mod layout;
pub mod limits;
mod nat;
mod policy;
mod reason;
mod service;
mod session;
mod settings;
mod word;

pub use addr::{Addr, Family, PortBe};
pub use answer::AnswerBudget;
pub use classifier::{
    Cut, DIMENSIONS, Dimension, LeafRef, MAX_DEPTH, NodeRow, RootKey, RootRow, RuleRow, Stage, TREES_PER_ROOT,
};
pub use control::Control;
pub use counter::{Counter, CounterIndex};
pub use fragment::{FragmentKey, FragmentRow};
pub use id::{Generation, IfIndex, InterfaceId, PolicyId, Slot, ZoneId};
pub use interface::{
    InterfaceKey, InterfaceRow, LinkIndex, LinkKey, LinkRow, LocalFilter, LocalKey, LocalRow, Vlan,
};
pub use layout::{Field, LAYOUTS, Layout};
pub use nat::{NatKind, NatRow};
pub use policy::{Action, PolicyRow};
pub use reason::{Outcome, Reason};
pub use service::{MirrorKey, MirrorRow, ServiceRow, Tally, TallyIndex};
pub use session::{
    Direction, Flow, FreeLink, FreeRecords, Hop, IdleTimeout, Occupancy, SessionFlags, SessionKey,
    SessionPlace, SessionRecord, SessionRow, SessionRow4, SessionRow6, SessionSlot, StoredRow,
};
pub use settings::{Settings, Timeouts};
pub use word::{Word8, Word16, Word32, Word64};

/// Version of every layout in this crate. Pinned maps of another version are refused, never reinterpreted.
///
/// Raised with any change to `layout.txt` (a test compares).
pub const VERSION: u32 = 6;
