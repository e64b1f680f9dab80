use nix::errno::Errno;
use std::path::PathBuf;

/// Why the kernel did not tell, or did not do, what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// A system call failed.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: String,
        /// The kernel's answer.
        #[source]
        source: std::io::Error,
    },
    /// The kernel does not do it, and says why.
    #[error("{action}: {reason} ({source})")]
    Refused {
        /// What was tried.
        action: String,
        /// The kernel's words.
        reason: String,
        /// The kernel's answer.
        #[source]
        source: std::io::Error,
    },
    /// It cannot be done on this host as it is.
    #[error("{what}: {why}")]
    Taken {
        /// What was tried.
        what: String,
        /// What is in the way, or missing.
        why: String,
    },
    /// Netlink answered with something that is no message of its protocol.
    #[error("{action}: the kernel's answer cannot be read: {problem}")]
    Malformed {
        /// What was tried.
        action: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The tables changed during every attempt to read them.
    #[error("{action}: the tables changed while they were read, {attempts} times in a row")]
    Unsteady {
        /// What was tried.
        action: String,
        /// Attempts made.
        attempts: u32,
    },
    /// There is no bpf filesystem, and none can be mounted.
    #[error(
        "there is no bpf filesystem at {path}, and none can be mounted ({source}); as root: mount -t bpf bpf /sys/fs/bpf"
    )]
    NoBpfFilesystem {
        /// Where it belongs.
        path: PathBuf,
        /// The kernel's answer.
        #[source]
        source: std::io::Error,
    },
    /// The file of saved settings is damaged.
    #[error("{path}: {source}; remove the file if its settings need not be restored")]
    Ledger {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl KernelError {
    /// A failed system call.
    pub(crate) fn system(action: impl Into<String>, source: impl Into<std::io::Error>) -> KernelError {
        KernelError::System { action: action.into(), source: source.into() }
    }

    /// What was tried was refused, perhaps with words.
    pub(crate) fn answered(action: &str, reason: Option<String>, source: std::io::Error) -> KernelError {
        let action = action.to_owned();
        match reason {
            Some(reason) => KernelError::Refused { action, reason, source },
            None => KernelError::System { action, source },
        }
    }

    /// The kernel's error number; none when it is something else that went wrong.
    pub(crate) fn errno(&self) -> Option<Errno> {
        match self {
            KernelError::System { source, .. } | KernelError::Refused { source, .. } => {
                source.raw_os_error().map(Errno::from_raw)
            }
            _ => None,
        }
    }

    /// A system call failed, and this is why.
    pub(crate) fn is(&self, errno: Errno) -> bool {
        self.errno() == Some(errno)
    }
}
