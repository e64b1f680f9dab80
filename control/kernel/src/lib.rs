//! What the Linux kernel knows of the host, and what Flumen asks it to change.
//!
//! [`Host`] is the trait, [`LinuxHost`] the kernel of the network namespace that the process is in, and
//! [`FakeHost`] one made of plain values, for tests. Netlink is spoken directly: a dozen attributes are read,
//! and what is not known is skipped, so that a newer kernel's additions cannot make a link disappear.
#![forbid(unsafe_code)]

mod address;
mod bpffs;
mod clock;
mod device;
mod durable;
mod error;
mod ethtool;
mod facts;
mod fake;
mod host;
mod interrupt;
mod ledger;
mod link;
mod linux;
mod machine;
mod neighbour;
mod netdev;
mod netlink;
pub mod network;
mod preparation;
mod reach;
mod restoration;
mod route;
mod setting;
mod socket_table;
mod static_route;
mod tables;
mod watch;

pub use bpffs::pin_directory;
pub use clock::{boot_id, monotonic_ms, monotonic_ns};
pub use device::{AttachedXdp, DeviceFacts, Interrupt, XdpFeatures, XdpMode};
pub use durable::replace_file;
pub use error::KernelError;
pub use ethtool::{Feature, Quantity, Span};
pub use fake::FakeHost;
pub use host::{Host, HostWatch};
pub use ledger::Ledger;
pub use linux::LinuxHost;
pub use machine::MachineFacts;
pub use neighbour::Neighbour;
pub use preparation::{Change, Prepared, close, open, prepare, restore};
pub use reach::{ConnectionState, Target};
pub use restoration::{Restoration, put_back};
pub use route::{Route, RouteOutcome, RouteQuery};
pub use setting::{LinkProperty, Setting};
pub use socket_table::ConnectedSocket;
pub use tables::{
    KernelTables, LinkCounters, LinkEntry, NeighbourEntry, NeighbourState, RouteEntry, RouteHop, RouteKind,
};
