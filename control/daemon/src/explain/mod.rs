//! How a packet would fare: frames are made from the request here; the pipeline that says what becomes of
//! them is behind [`Explain`].

mod input;
mod probe;

pub(crate) use input::frames;

use flumen_abi::InterfaceId;
use flumen_api::{ApiError, ExplainReport};
use flumen_compile::Names;
use flumen_engine::{Engine, HostFacts, InterfaceBinding, Ruleset};
use flumen_kernel::Host;

/// Asks the pipeline.
pub trait Explain: Send + Sync {
    /// Runs every frame through the pipeline with a trace, on the rows of `frames.ruleset` and the sessions
    /// of `frames.engine`. Nothing is sent, and no table of the engine changes.
    ///
    /// # Errors
    /// When the engine's tables or the kernel's routes cannot be read.
    fn explain(&self, frames: &ExplainFrames<'_>) -> Result<ExplainReport, ApiError>;
}

/// Frames, and the state that they are asked on.
pub struct ExplainFrames<'a> {
    /// In order of the input, each from its Ethernet header on, tags included.
    pub frames: Vec<Vec<u8>>,
    /// Number of the interface that they arrive on.
    pub interface: InterfaceId,
    /// What it is bound to.
    pub binding: &'a InterfaceBinding,
    /// The active ruleset, or the candidate's.
    pub ruleset: &'a Ruleset,
    /// Names of that ruleset's numbers.
    pub names: &'a Names,
    /// Sessions.
    pub engine: &'a dyn Engine,
    /// Links and addresses.
    pub facts: &'a HostFacts,
    /// Routes and neighbours.
    pub host: &'a dyn Host,
}
