//! The flumen program: runs the daemon, and asks it.
#![forbid(unsafe_code)]

mod args;
mod ask;
mod check;
mod condition;
mod explain;
mod failure;
mod file;
mod generate;
mod metrics;
mod mirror;
mod output;
mod queue;
mod shell;
mod show;
mod table;
mod tune;
mod words;

use args::{Arguments, Command, Loose};
use clap::Parser;
use clap::error::ErrorKind;
use failure::{Failure, Outcome};
use flumen_daemon::{LoadMode, Options};
use output::Output;
use std::io::IsTerminal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return other_words(&error),
    };
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(Output { json: arguments.json }),
    }
}

/// Words that clap does not know may be a command of the shell: `flumen show security zones`.
fn other_words(error: &clap::Error) -> ExitCode {
    let Some(Loose { connection, json, words }) = Loose::of(std::env::args().skip(1)) else {
        return wrong_usage(error, std::env::args().any(|word| word == "--json"));
    };
    let unknown = matches!(
        error.kind(),
        ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument | ErrorKind::InvalidValue
    );
    let options = words.iter().any(|word| word.starts_with('-'));
    let operational = match words.first() {
        // The shell has no options: with some, the words are ours, if it does not know them.
        Some(word) if unknown && shell::is_operational(word) => !options || shell::is_command(&words),
        _ => false,
    };
    if !operational {
        return wrong_usage(error, json);
    }
    match shell::arguments(&connection, json, &words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(Output { json }),
    }
}

/// What clap has to say: also help, which is no failure.
fn wrong_usage(error: &clap::Error, json: bool) -> ExitCode {
    if json && error.use_stderr() {
        Failure::Usage(words::told(error)).print();
    }
    error.exit()
}

fn run(arguments: &Arguments) -> Outcome {
    let (connection, json) = (&arguments.connection, arguments.json);
    let Some(command) = &arguments.command else {
        return if std::io::stdin().is_terminal() && !json {
            shell::interactive(connection)
        } else {
            shell::script(connection, json, None)
        };
    };
    match command {
        Command::Cli { commands, line } => {
            let line = line.join(" ");
            let commands = commands.as_deref().or((!line.is_empty()).then_some(line.as_str()));
            shell::script(connection, json, commands)
        }
        Command::Run { config, grpc, places } => {
            flumen_daemon::init_log();
            let options = places.options(&arguments.connection, config.clone());
            let options = Options { grpc: grpc.clone(), ..options };
            Ok(flumen_daemon::run(&options, &flumen_daemon::XdpEngines)?)
        }
        Command::Check { file, host, lenient } => {
            let mode = if *lenient { LoadMode::Lenient } else { LoadMode::Strict };
            check::run(file, *host, mode, Output { json: arguments.json })
        }
        Command::Apply { file, confirmed, probe, tolerance, sessions } => {
            let read = |text: &String| condition::read(text, *tolerance).map_err(Failure::Usage);
            let conditions = probe.iter().map(read).collect::<Result<Vec<_>, _>>();
            let sessions = sessions.map(Into::into);
            conditions.and_then(|conditions| ask::apply(arguments, file, *confirmed, conditions, sessions))
        }
        Command::Confirm => ask::confirm(arguments),
        Command::Show(what) => ask::show(arguments, what),
        Command::Clear(what) => ask::clear(arguments, what),
        Command::Explain(wanted) => ask::explain(arguments, wanted),
        Command::Metrics(command) => metrics::run(command, connection, Output { json }),
        Command::Mirror(command) => mirror::run(command, connection, Output { json }),
        Command::Tune(command) => tune::run(command, Output { json }),
        Command::Generate { what } => generate::print(*what),
        Command::Detach { places } => ask::detach(arguments, &places.options(&arguments.connection, None)),
        Command::Stop => ask::stop(arguments),
        Command::DfClearQueue(arguments) => queue::run(arguments),
    }
}
