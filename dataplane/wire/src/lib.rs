//! Header views on bytes as they are on the wire, and the Internet checksum. One file per protocol.
//!
//! Every view has alignment 1 and no padding, so it can be laid over any offset of a frame. Field names are
//! those of the RFCs; multi-byte fields carry their byte order in the type.
#![no_std]
#![forbid(unsafe_code)]

pub mod arp;
pub mod checksum;
pub mod ethernet;
pub mod icmp;
pub mod ipv4;
pub mod ipv6;
pub mod proto;
pub mod tcp;
pub mod udp;
pub mod vlan;
pub mod vxlan;
