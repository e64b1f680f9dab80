//! What the engine counts and the kernel knows, in the words of the configuration: one report, one file.

mod interfaces;
mod links;
mod log;
mod nat;
mod neighbours;
mod policies;
mod policy_match;
mod reasons;
mod routes;
mod services;
mod system;
mod zones;

pub(crate) use interfaces::{DRIVER_MTU, interfaces, note};
pub(crate) use links::links;
pub(crate) use nat::nat;
pub(crate) use neighbours::neighbours;
pub(crate) use policies::policies;
pub(crate) use policy_match::policy_match;
pub(crate) use reasons::reasons;
pub(crate) use routes::routes;
pub(crate) use services::services;
pub(crate) use zones::zones;

use flumen_api::{ApiError, Traffic};
use flumen_engine::{Counter, PolicyId};
use flumen_engine::{Engine, EngineError};
use flumen_kernel::KernelError;

pub(crate) fn traffic(counter: Counter) -> Traffic {
    Traffic { packets: counter.packets, bytes: counter.bytes }
}

/// Hits of a rule; one that has no number yet has none.
fn hits(engine: &dyn Engine, id: PolicyId) -> Result<Traffic, EngineError> {
    engine.policy_hits(id).map(traffic)
}

/// Words of a list of references.
fn words<T: ToString>(references: &[T]) -> Vec<String> {
    references.iter().map(T::to_string).collect()
}

fn kernel_failed(error: KernelError) -> ApiError {
    ApiError::State { reason: error.to_string() }
}

/// `02:00:00:00:00:01`.
fn mac(octets: [u8; 6]) -> String {
    octets.map(|octet| format!("{octet:02x}")).join(":")
}
