use flumen_api::ConfigMessage;
use flumen_engine::EngineError;
use flumen_kernel::KernelError;
use flumen_store::StoreError;
use std::path::PathBuf;

/// Why the daemon did not start, or ended. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DaemonError {
    /// Not root.
    #[error("flumen must run as root (it attaches programs to network devices): try again with sudo")]
    NotRoot,
    /// Another daemon has the lock.
    #[error(
        "a daemon is running already (process {pid}, {lock}); stop it with `flumen stop` or `systemctl stop flumen`, or give this one its own --run-dir, --state-dir and --bpf-dir"
    )]
    Running {
        /// Its process id; `?` when it did not write it.
        pid: String,
        /// The lock file.
        lock: PathBuf,
    },
    /// A file or directory cannot be used.
    #[error("{action}: {source}")]
    File {
        /// What was tried, with the path.
        action: String,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A file of the state directory is damaged.
    #[error(
        "{path} is damaged: {source}; move it away to start with fresh numbers (sessions that are still alive may then show wrong names)"
    )]
    State {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// Neither a file was given, nor was a configuration applied before.
    #[error(
        "there is no configuration: give one with --config FILE (none was applied before: there is none in {path})"
    )]
    NoConfig {
        /// Where the last applied one would be.
        path: PathBuf,
    },
    /// The configuration is refused.
    #[error("{source_name} is refused ({} {}):{}", messages.len(), if messages.len() == 1 { "message" } else { "messages" }, lines(source_name, messages))]
    Refused {
        /// File name, or what stands for it.
        source_name: String,
        /// Every complaint.
        messages: Vec<ConfigMessage>,
    },
    /// The store of the configurations failed.
    #[error(transparent)]
    Configurations(#[from] StoreError),
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A door for gRPC cannot be opened.
    #[error(transparent)]
    Grpc(#[from] flumen_grpc::GrpcError),
    /// The kernel failed.
    #[error(transparent)]
    Kernel(#[from] KernelError),
}

impl DaemonError {
    pub(crate) fn file(action: impl Into<String>, source: impl Into<std::io::Error>) -> DaemonError {
        DaemonError::File { action: action.into(), source: source.into() }
    }
}

fn lines(source_name: &str, messages: &[ConfigMessage]) -> String {
    messages.iter().map(|message| format!("\n  {source_name}:{message}")).collect()
}
