//! What the engine counts, in the words of the configuration: one report, one file.

mod interfaces;
mod nat;
mod policies;
mod reasons;
mod zones;

pub(crate) use interfaces::{interfaces, note};
pub(crate) use nat::nat;
pub(crate) use policies::policies;
pub(crate) use reasons::reasons;
pub(crate) use zones::zones;

use flumen_api::Traffic;
use flumen_engine::{Counter, PolicyId};
use flumen_engine::{Engine, EngineError};

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
