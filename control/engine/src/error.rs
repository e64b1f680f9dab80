use std::path::PathBuf;

/// Why an engine could not do what it was asked. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// A device of the ruleset is not there.
    #[error("interface {device}: there is no such device on this host")]
    NoDevice {
        /// Its name.
        device: String,
    },
    /// Somebody else's XDP program is attached.
    #[error(
        "interface {device}: another XDP program is attached; look at it with `ip link show dev {device}`, and remove it first: `ip link set dev {device} xdp off`, or, when a link holds it (`bpftool net`), by the program that made the link; another flumen: `flumen detach` with its directories"
    )]
    Occupied {
        /// Device name.
        device: String,
    },
    /// A switch without a preparation.
    #[error("no ruleset was prepared to switch to")]
    NothingPrepared,
    /// More rows than a table holds.
    #[error("the ruleset needs {needed} rows of table {table}, which holds {size}")]
    TooManyRows {
        /// Table name.
        table: &'static str,
        /// Rows needed.
        needed: usize,
        /// Rows there is room for.
        size: usize,
    },
    /// Neither mode attaches.
    #[error("interface {device}: cannot attach in driver mode ({driver}) nor in generic mode ({generic})")]
    Attach {
        /// Device name.
        device: String,
        /// Why not in driver mode.
        driver: String,
        /// Why not in generic mode.
        generic: String,
    },
    /// Pinned tables of another release.
    #[error(
        "{path}: pinned tables have layout version {found}, this release needs {wanted}; run the other release, or `flumen detach` to drop its state"
    )]
    Layout {
        /// Pin directory.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// Version of this release.
        wanted: u32,
    },
    /// The host cannot run the engine.
    #[error("{problem}; {remedy}")]
    Unsupported {
        /// What is missing.
        problem: String,
        /// What to do.
        remedy: String,
    },
    /// A system call failed.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: String,
        /// The kernel's answer.
        #[source]
        source: std::io::Error,
    },
    /// The BPF library failed.
    #[error("{action}: {reason}")]
    Bpf {
        /// What was tried.
        action: String,
        /// The library's chain of causes.
        reason: String,
    },
}
