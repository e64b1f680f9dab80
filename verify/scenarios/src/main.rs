//! The lab: Flumen between hosts made of network namespaces, as a demo or to play with.
#![forbid(unsafe_code)]

mod demo;
mod interrupt;
mod standing;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};

use interrupt::Interrupted;
use standing::{Host, Service};

#[derive(Parser)]
#[command(name = "flumen-lab", about = "Flumen between hosts made of network namespaces", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The tour on real traffic, in under a minute; fails when a promise is not kept
    Demo,
    /// Make a lab that stays: client, gateway, server and vault
    Up,
    /// Run a command inside a host of the lab, by default a shell
    Enter {
        /// The host
        host: Host,
        /// The command and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Remove the lab, and whatever runs in it
    Down,
    /// What `up` starts inside a host
    #[command(hide = true)]
    Serve {
        /// The service
        service: Service,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => {
            anstream::eprintln!("{error}; everything is removed");
            ExitCode::from(Interrupted::EXIT)
        }
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    ensure!(
        nix::unistd::geteuid().is_root(),
        "the lab needs root: it makes network namespaces and loads eBPF programs; try again with sudo"
    );
    match command {
        Command::Demo => demo::run(),
        Command::Up => standing::up(),
        Command::Enter { host, command } => standing::enter(host, &command),
        Command::Down => standing::down(),
        Command::Serve { service } => standing::serve(service),
    }
}
