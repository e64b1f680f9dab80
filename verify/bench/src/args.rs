//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures what Flumen costs per packet and per new session, beside the floor and beside the kernel's own firewall
#[derive(Debug, Parser)]
#[command(name = "flumen-bench", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Measure (this is what happens without a command)
    Run(RunArgs),
    /// Send the traffic of one row through its device, for a profiler to look at
    Load(LoadArgs),
    /// The process of a queue
    #[command(hide = true)]
    Queue(QueueArgs),
    /// The daemon of the figures idle and ageing
    #[command(hide = true)]
    Daemon(DaemonArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Fewer and shorter runs: under a minute
    #[arg(long)]
    pub(crate) short: bool,
    /// Only rows and groups of figures with one of these in their names, and the rows they are compared with
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) rows: Vec<String>,
    /// What stands in the middle of the rig: Flumen, or a device of your own
    #[arg(long, value_enum, default_value_t)]
    pub(crate) engine_under_test: EngineUnderTest,
    /// Where bench.json and bench.svg go (external.json and external.svg for a device of your own)
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineUnderTest {
    /// Flumen beside floors and peers
    #[default]
    Flumen,
    /// Yours: the rig is set up and its two interfaces are named. Enter measures what you have put there; an interrupt
    /// takes the rig down
    None,
}

#[derive(Debug, Args)]
pub(crate) struct LoadArgs {
    /// Name of the row
    pub(crate) row: String,
    /// How long
    #[arg(long, default_value_t = 10)]
    pub(crate) seconds: u64,
}

#[derive(Debug, Args)]
pub(crate) struct DaemonArgs {
    /// Network namespace
    pub(crate) namespace: PathBuf,
    /// Folder with flumen.conf
    pub(crate) folder: PathBuf,
    /// Directory for pins
    pub(crate) pins: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct QueueArgs {
    /// Number of the queue; its socket is the standard input
    #[arg(long)]
    pub(crate) queue: u16,
    /// Where the targets are, and where statistics go
    #[arg(long)]
    pub(crate) folder: PathBuf,
    /// Another process had the queue before
    #[arg(long)]
    pub(crate) succeeds: bool,
}
