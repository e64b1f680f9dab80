//! The configuration as types: its words, its forms and its checks. Pure: no file, no clock, no host.
//!
//! [`Model::from_text`] is the way in, [`Model::from_json`] for JSON alone, [`Model::from_tree`] for what was read
//! already. Each refuses a text with every error it can find at once, each with its place in the configuration and
//! in the file ([`ConfigError`]). Words and defaults follow Junos where Junos has them.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod application;
mod check;
mod error;
mod flow;
mod host_inbound;
mod interface;
mod lower;
mod model;
mod name;
mod nat;
mod network;
mod path;
mod policy;
mod port;
mod predefined;
mod protocol;
mod read;
mod services;
mod system;
mod text;
mod warning;
mod zone;

pub use address::{AddressBook, AddressLiteral, AddressRef, IpFamily, IpRange};
pub use application::{Application, ApplicationRef, Applications, Term};
pub use error::{ConfigError, Position, Problem};
pub use flow::Flow;
pub use host_inbound::{HostInbound, RoutingProtocol, SystemService};
pub use interface::{DeviceName, Interface, VlanId};
pub use model::{Model, Security};
pub use name::Name;
pub use nat::{
    DestinationNatMatch, DestinationNatRule, DestinationNatThen, InterfaceNat, Nat, SourceNatMatch,
    SourceNatRule, SourceNatThen,
};
pub use network::{
    InterfaceAddress, Link, Network, NextHop, Offload, OffloadFeature, OffloadSize, RouteThen, StaticRoute,
    SubInterface,
};
pub use path::{Path, Segment};
pub use policy::{Policy, PolicyMatch, PolicyThen, ZoneRef};
pub use port::PortRange;
pub use protocol::IpProtocol;
pub use services::{
    DfClear, DfLimit, MirrorMatch, MirrorOutput, MirrorRule, MirrorThen, Services, TrafficMirror, UdpChecksum,
};
pub use system::{Dataplane, LoginClass, Mode, Sessions, System};
pub use text::{Form, Loaded};
pub use warning::Warning;
pub use zone::Zone;

/// What happens to statements of the language without support.
pub use flumen_syntax::parse::Mode as LoadMode;

/// Names of the predefined applications, sorted.
pub fn predefined_applications() -> impl Iterator<Item = &'static str> {
    predefined::names()
}
