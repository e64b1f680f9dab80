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

    /// A system call failed, and this is why.
    pub(crate) fn is(&self, errno: Errno) -> bool {
        matches!(self, KernelError::System { source, .. } if source.raw_os_error() == Some(errno as i32))
    }
}
