//! Flumen end to end: real clients and servers in network namespaces.
#![forbid(unsafe_code)]

mod reachability;
mod support;
