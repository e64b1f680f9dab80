//! What makes a host fast for packets that pass in XDP: whether it is ready ([`readiness`]), what would be changed
//! ([`Plan`]), and changing it so that it can be put back exactly ([`Tuning`]). Works without the daemon.
//!
//! The kernel is reached through [`flumen_kernel::Host`] alone, so that all of it runs on the fake one.
#![forbid(unsafe_code)]

mod error;
mod goal;
mod plan;
mod readiness;
mod tuning;
mod wish;

pub use error::{Refusal, TuneError};
pub use goal::{Goal, Scope};
pub use plan::{Item, Plan, State};
pub use readiness::{Finding, Level, Ports, Readiness, readiness};
pub use tuning::{Applied, Changed, Failed, Tuning, Undone};
