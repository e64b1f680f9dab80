//! The flumen program: runs the daemon, and asks it.
#![forbid(unsafe_code)]

mod args;
mod ask;
mod check;
mod explain;
mod failure;
mod file;
mod output;
mod show;
mod table;
mod words;

use args::{Arguments, Command};
use clap::Parser;
use failure::Outcome;
use flumen_daemon::LoadMode;
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(Output { json: arguments.json }),
    }
}

fn run(arguments: &Arguments) -> Outcome {
    match &arguments.command {
        Command::Run { config, places } => {
            flumen_daemon::init_log();
            let options = places.options(&arguments.connection, config.clone());
            Ok(flumen_daemon::run(&options, &flumen_daemon::XdpEngines)?)
        }
        Command::Check { file, host, lenient } => {
            let mode = if *lenient { LoadMode::Lenient } else { LoadMode::Strict };
            check::run(file, *host, mode, Output { json: arguments.json })
        }
        Command::Apply { file, confirmed } => ask::apply(arguments, file, *confirmed),
        Command::Confirm => ask::confirm(arguments),
        Command::Show(what) => ask::show(arguments, what),
        Command::Clear(what) => ask::clear(arguments, what),
        Command::Explain(wanted) => ask::explain(arguments, wanted),
        Command::Detach { places } => ask::detach(arguments, &places.options(&arguments.connection, None)),
        Command::Stop => ask::stop(arguments),
    }
}
