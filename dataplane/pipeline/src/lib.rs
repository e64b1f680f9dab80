//! The packet pipeline, written once.
//!
//! [`run`] takes one frame to its [`Verdict`]. It is generic over where bytes, rows, time and routes come
//! from ([`Frame`](flumen_frame::Frame), [`Tables`], [`Environment`]) and over who watches ([`Trace`]), so
//! that the eBPF programs, the native engines, the tests and `explain` run the same code. No heap, no log, no
//! panic; every packet ends with exactly one [`Reason`](flumen_abi::Reason).
//!
//! ```text
//! decode → interface and zone → session?
//!   hit  → state check                                                              ┐
//!   miss → destination NAT → route → egress zone → policy → source NAT → admit      ┤
//!                                                                                   └→ route → translate → TTL → emit
//! ```
#![no_std]
#![forbid(unsafe_code)]

mod admit;
mod ahead;
mod answer;
mod classify;
mod context;
mod decode;
mod emit;
mod environment;
mod fast;
mod first;
mod fragment;
mod host;
mod icmp_error;
mod mirror;
mod packet;
mod partial;
mod run;
pub mod sessions;
mod state;
mod tables;
mod trace;
mod translate;

pub use classify::RuleHit;
pub use context::{Context, Scratch};
pub use environment::{Environment, Route, RouteKind, RouteQuery, Turn};
pub use mirror::{ServiceTables, intercept};
pub use packet::{Fragment, Kind, Packet};
pub use run::{Verdict, run};
pub use sessions::SessionTables;
pub use tables::Tables;
pub use trace::{NoTrace, Step, Trace};
