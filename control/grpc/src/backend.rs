use crate::{Caller, v1};
use flumen_api::{ApiError, ReasonsReport, Request, Response, SessionFilter, SessionInfo};

/// Whoever answers: the daemon's gateway. Every method may block; none is called on the runtime's own thread.
pub trait Backend: Send + Sync + 'static {
    /// Answers a request, and writes it to the audit log if it changes something. Whether the caller may ask is decided
    /// before.
    ///
    /// # Errors
    /// Whatever is to be said to the caller.
    fn answer(&self, request: Request, caller: &Caller) -> Result<Response, ApiError>;

    /// The active configuration and its commit.
    ///
    /// # Errors
    /// When there is none in the store.
    fn active(&self) -> Result<v1::ShowActiveResponse, ApiError>;

    /// A part of the sessions that match, from the record `first` on, in order of their records.
    ///
    /// # Errors
    /// For names that the configuration does not have, or when the table cannot be read.
    fn sessions(
        &self,
        filter: &SessionFilter,
        first: u32,
        limits: PageLimits,
    ) -> Result<SessionsPage, ApiError>;

    /// A connection has ended, and so has every call that came by it.
    fn left(&self, connection: u64);

    /// How every frame ended.
    ///
    /// # Errors
    /// When the counters cannot be read.
    fn reasons(&self) -> Result<ReasonsReport, ApiError>;
}

/// How much of the table is read at once, so that nobody waits long for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// Sessions found.
    pub found: usize,
    /// Sessions looked at.
    pub looked_at: usize,
}

/// A part of the sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionsPage {
    /// In order of their records.
    pub sessions: Vec<SessionInfo>,
    /// The record where to go on; none at the end of the table.
    pub next: Option<u32>,
}

impl PageLimits {
    /// What one message holds, and some milliseconds of search.
    pub const PAGE: PageLimits = PageLimits { found: 512, looked_at: 16_384 };
}
