use std::io;

/// Why packets cannot be queued.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The kernel refused something about a queue.
    #[error("cannot {action} queue {queue}: {source}")]
    Queue {
        /// What was tried.
        action: &'static str,
        /// Number of the queue.
        queue: u16,
        /// What the kernel said.
        source: io::Error,
    },
    /// There is no number left.
    #[error("every queue from {first} on is somebody else's")]
    NoQueue {
        /// First one of ours.
        first: u16,
    },
    /// Neither tool could install the rules.
    #[error("no rule can hand packets to a queue: {}", said.join("; "))]
    Rules {
        /// What each tool said.
        said: Vec<String>,
    },
    /// A file or a process.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: String,
        /// Why not.
        source: io::Error,
    },
    /// A file of ours says something else.
    #[error("{file} is not ours: {source}")]
    Strange {
        /// Which.
        file: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

// === impl QueueError ===

impl QueueError {
    pub(crate) fn system(action: impl Into<String>, source: impl Into<io::Error>) -> QueueError {
        QueueError::System { action: action.into(), source: source.into() }
    }
}
