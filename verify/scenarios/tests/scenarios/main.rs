//! Flumen end to end: real clients and servers in network namespaces.
#![forbid(unsafe_code)]

mod ageing;
mod attachment;
mod commit;
mod confirmed;
mod conservation;
mod explain;
mod fragments;
mod host;
mod idle;
mod language;
mod limits;
mod manual;
mod mirror;
mod mtu;
mod nat;
mod network;
mod nfqueue;
mod operations;
mod policy;
mod probes;
mod reachability;
mod readme;
mod refusals;
mod rematch;
mod shell;
mod support;
mod survival;
mod tuning;
mod vlan;
