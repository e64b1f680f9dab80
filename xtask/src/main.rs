//! `cargo xtask`: builds, checks and runs Flumen. The Makefile is a thin front of it.
#![forbid(unsafe_code)]

mod artifacts;
mod check;
mod child;
mod deb;
mod deployment;
mod ebpf;
mod install;
mod kernels;
mod lab;
mod lane;
mod layers;
mod linker;
mod metadata;
mod packages;
mod stack;
mod suite;
mod tally;
mod toolchain;
mod tree;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::tree::Tree;

/// The exit code when a command cannot do its work, so that a lane can tell it from a failed test.
const EXIT_FAILURE: u8 = 1;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, checks and runs Flumen", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find or install the eBPF toolchain, and say which
    Bootstrap,
    /// Compile the eBPF programs to target/ebpf
    BuildEbpf,
    /// Check that every chain of calls in the compiled eBPF programs fits the stack of the oldest kernel
    Stack,
    /// Check that every dependency points down, and that unsafe code stays on its islands
    Layers,
    /// Formatting, lints, layers, licences, forbidden words, eBPF stacks, table layouts, deployment files
    Check,
    /// Every test that needs no hardware
    Test(TestArgs),
    /// Run a command, by default the conformance fixtures, on stock Debian kernels in QEMU
    Kernels(KernelArgs),
    /// Two hosts talk through Flumen in network namespaces
    Demo(Rest),
    /// Cost per packet beside the floor and beside the kernel
    Bench(Rest),
    /// Install the flumen program and its systemd unit
    Install(InstallArgs),
    /// Make the Debian package in target/debian, unpack it and try what is in it
    Deb(DebArgs),
    /// Validate the cloud templates, Kubernetes objects, container file and scripts of deploy
    Deployment,
    /// Remove what an interrupted demo, test or benchmark left behind
    CleanLab,
}

#[derive(Args)]
struct TestArgs {
    /// Leave out the packages whose tests need root
    #[arg(long)]
    unprivileged: bool,
    /// Handed to `cargo test`, for example `-- -p flumen-wire`
    #[arg(last = true)]
    cargo: Vec<String>,
}

#[derive(Args)]
struct KernelArgs {
    /// Debian suites whose kernels are booted
    #[arg(long, value_delimiter = ',', default_value = "bookworm,trixie,sid")]
    suites: Vec<String>,
    /// Kernel modules loaded in the guest before the command
    #[arg(long, value_delimiter = ',')]
    modules: Vec<String>,
    /// Seconds after which a guest is stopped
    #[arg(long, default_value_t = 900)]
    timeout: u64,
    /// Guest memory in MiB
    #[arg(long, default_value_t = 2048)]
    memory: u32,
    /// Print the guest's console too
    #[arg(long)]
    console: bool,
    /// The command and its arguments
    #[arg(last = true)]
    command: Vec<String>,
}

#[derive(Args)]
struct Rest {
    /// Handed to the program unchanged
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

#[derive(Args)]
struct InstallArgs {
    /// Where the programs go on the running system
    #[arg(long, default_value = "/usr/local")]
    prefix: PathBuf,
    /// A folder put in front of every path, for packages
    #[arg(long)]
    destdir: Option<PathBuf>,
}

#[derive(Args)]
struct DebArgs {
    /// From a debug build: quick, for tests of the package alone
    #[arg(long)]
    debug: bool,
}

fn main() -> ExitCode {
    let tree = Tree::of_this_checkout();
    let outcome = match Cli::parse().command {
        Command::Bootstrap => ebpf::bootstrap(),
        Command::BuildEbpf => ebpf::build(&tree),
        Command::Stack => stack::check(&tree),
        Command::Layers => layers::check(&tree),
        Command::Check => check::run(&tree),
        Command::Test(args) => suite::run(&tree, args.unprivileged, &args.cargo),
        Command::Kernels(args) => kernels::run(&tree, args),
        Command::Demo(rest) => lab::demo(&tree, &rest.args),
        Command::Bench(rest) => lab::bench(&tree, &rest.args),
        Command::Install(args) => install::run(&tree, &args.prefix, args.destdir.as_deref()),
        Command::Deb(args) => deb::run(&tree, args.debug),
        Command::Deployment => deployment::check(&tree),
        Command::CleanLab => lab::clean(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(EXIT_FAILURE)
        }
    }
}
