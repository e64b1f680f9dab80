//! Links, addresses and static routes that a configuration wants: made, put back, told apart from the host's own.
//!
//! What is ours carries a mark in the kernel, so that it is known for as long as it exists, whoever dies meanwhile:
//! routes the protocol number [`OURS`], addresses the same number (`IFA_PROTO`, Linux 5.18). Links that we made are
//! in the [`crate::Ledger`], as is what settings were before. Nothing else is ever removed: an address or a route that
//! is there already, without our mark, serves as it is and stays when the configuration lets go of it.

mod converge;
mod facts;
mod limits;
mod plan;
mod step;
mod wanted;

pub use converge::{Effort, Waiting, converge, make_links, remove_all, remove_links};
pub use facts::{LinkAddress, LinkState, NetworkFacts, VlanTag};
pub use limits::{Settings, settings};
pub use step::Step;
pub use wanted::{Hop, Network, NetworkLink, Offload, RouteTarget, StaticRoute, VlanLink};

/// Protocol number of our routes and addresses; `/etc/iproute2/rt_protos` has no name for it.
pub const OURS: u8 = 70;
