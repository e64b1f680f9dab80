//! What Flumen's tests stand on: frames, network namespaces, topologies, traffic and a clock.
//!
//! Nothing here is part of a running gateway. [`packet`] and [`clock`] work everywhere; the other modules change
//! the kernel's network configuration and need root.
#![forbid(unsafe_code)]

pub mod clock;
mod error;
pub mod generator;
pub mod netns;
pub mod packet;
mod probes;
mod raw_socket;
mod redirect;
pub mod rig;
mod sink;
pub mod topology;
mod vlan_shim;
mod wait;

pub use error::Error;
pub use raw_socket::{Direction, Gso, Offload, RawSocket, Received};
pub use redirect::Redirect;
pub use sink::{CapturedFrame, Sink, SinkCounts};
pub use vlan_shim::{VlanShim, vlan_shim};
pub use wait::wait_until;
