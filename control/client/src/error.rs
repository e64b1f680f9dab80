use flumen_api::ApiError;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens at the socket.
    #[error(
        "no daemon is running (nothing listens at {path}); start it with `systemctl start flumen` or `flumen run --config FILE`"
    )]
    NotRunning {
        /// Path of the socket.
        path: PathBuf,
    },
    /// The socket may not be opened.
    #[error("permission denied at {path}: its directory is not open to you; try again with sudo")]
    Permission {
        /// Path of the socket.
        path: PathBuf,
    },
    /// The socket cannot be connected to.
    #[error("cannot connect to {path}: {source}")]
    Connect {
        /// Path of the socket.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// This program cannot have what it needs to ask.
    #[error("cannot make a thread for the connection to the daemon: {0}")]
    Thread(#[source] std::io::Error),
    /// The daemon took longer than allowed.
    #[error("the daemon did not answer within {} s; it may be busy (try --timeout), or stuck (see its log)", .0.as_secs())]
    TimedOut(Duration),
    /// The connection failed.
    #[error("the connection to the daemon failed: {0}")]
    Lost(String),
    /// The question is larger than the daemon reads.
    #[error("a message of {bytes} bytes is more than the {limit} that are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// Most that is read.
        limit: usize,
    },
    /// The daemon refused.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The daemon's door refused, before the question was asked: for want of a role, mostly.
    #[error("{text}")]
    Turned {
        /// Its short name: `role`, `busy`, `stopping`, `events-queue-full`.
        code: String,
        /// What to do.
        text: String,
    },
    /// The daemon answered something else than was asked.
    #[error(
        "the daemon's answer does not belong to the question; use the flumen command of the same release"
    )]
    Mismatch,
}
