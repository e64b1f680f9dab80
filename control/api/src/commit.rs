use serde::{Deserialize, Serialize};
use std::fmt;

/// What becomes of the sessions that live when a configuration becomes active.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionsAtCommit {
    /// They go on until they end, whatever the new rules say of them.
    Keep,
    /// Those that the new rules deny, or translate otherwise, end. All others go on.
    Rematch,
}

/// Sessions that were asked about again because the rules had changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rematched {
    /// So many were judged.
    pub judged: u64,
    /// So many of them ended because no policy permits them any more.
    pub denied: u64,
    /// So many ended because they would be translated otherwise.
    pub retranslated: u64,
}

/// Sessions that ended since the daemon was started, by what ended them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EndedSessions {
    /// They were idle for too long, or closed by both sides. One whose place a new session took at once is not counted.
    pub aged: u64,
    /// Somebody cleared them.
    pub cleared: u64,
    /// A commit denied them.
    pub denied: u64,
    /// A commit translates them otherwise.
    pub retranslated: u64,
}

impl fmt::Display for Rematched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rematched { judged, denied, retranslated } = self;
        write!(f, "{denied} denied, {retranslated} translated otherwise, of {judged}")
    }
}
