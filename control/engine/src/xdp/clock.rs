use super::pins::system;
use crate::EngineError;
use nix::time::{ClockId, clock_gettime};

/// The monotonic clock, as records keep it.
pub(crate) struct Now {
    /// Milliseconds, truncated.
    pub(crate) ms: u32,
    /// Seconds.
    pub(crate) s: u32,
}

impl Now {
    pub(crate) fn read() -> Result<Now, EngineError> {
        let now = clock_gettime(ClockId::CLOCK_MONOTONIC)
            .map_err(|error| system("read the clock".to_owned(), error.into()))?;
        let ms = now.tv_sec() as u64 * 1_000 + now.tv_nsec() as u64 / 1_000_000;
        Ok(Now { ms: ms as u32, s: now.tv_sec() as u32 })
    }
}
