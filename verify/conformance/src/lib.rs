//! What every engine must do with a frame, and a fuzzer that looks for frames on which two engines differ.
//!
//! A [`fixture`] is a configuration, compiled by the real compiler, and a sequence of steps on the host of [`world`]:
//! a frame in, and the reason, device, bytes, counters and sessions that must come of it. [`harness`] runs it on any
//! [`executor`]. [`differential`] generates configurations and frames and compares two executors after each step.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod differential;
pub mod executor;
pub mod fixture;
pub mod fixtures;
pub mod harness;
pub mod site;
pub mod world;
