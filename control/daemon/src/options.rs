use std::path::{Path, PathBuf};

/// Where a daemon keeps its things, and what it starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Socket and lock: gone after a reboot.
    pub run_dir: PathBuf,
    /// Configurations, numbers in use, original settings of the host, audit log: kept across reboots.
    pub state_dir: PathBuf,
    /// Where programs and tables are pinned; in a bpf filesystem, which is mounted if need be.
    pub bpf_dir: PathBuf,
    /// Configuration to start with; the active one of the last daemon when there is none.
    pub config: Option<PathBuf>,
    /// What opens a TCP door for gRPC (`flumen_grpc::Access`); none when there is to be none.
    pub grpc: Option<PathBuf>,
}

impl Options {
    /// Usual place of `run_dir`.
    pub const RUN_DIR: &'static str = "/run/flumen";
    /// Usual place of `state_dir`.
    pub const STATE_DIR: &'static str = "/var/lib/flumen";
    /// Usual place of `bpf_dir`.
    pub const BPF_DIR: &'static str = "/sys/fs/bpf/flumen";

    /// The socket of the daemon with this `run_dir`.
    pub fn socket_in(run_dir: &Path) -> PathBuf {
        run_dir.join("flumen.sock")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        Options::socket_in(&self.run_dir)
    }

    /// The audit log; older ones have a number after it.
    pub(crate) fn audit(&self) -> PathBuf {
        self.state_dir.join("audit.log")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.run_dir.join("flumen.lock")
    }

    /// Where configurations are.
    pub(crate) fn configurations(&self) -> PathBuf {
        self.state_dir.join("config")
    }

    /// The file of `--config` as it was when its configuration was put in force.
    pub(crate) fn taken(&self) -> PathBuf {
        self.state_dir.join("taken.conf")
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.state_dir.join("host-settings.json")
    }
}

impl Default for Options {
    fn default() -> Options {
        Options {
            run_dir: Options::RUN_DIR.into(),
            state_dir: Options::STATE_DIR.into(),
            bpf_dir: Options::BPF_DIR.into(),
            config: None,
            grpc: None,
        }
    }
}
