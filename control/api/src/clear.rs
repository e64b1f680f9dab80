use serde::{Deserialize, Serialize};

/// Answer to [`crate::Request::ClearSessions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// Sessions that were removed.
    pub removed: u64,
    /// Sessions that are left.
    pub left: u64,
}
