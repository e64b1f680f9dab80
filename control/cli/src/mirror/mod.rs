//! `flumen mirror`: a traffic mirror from one line. One file for each command.

mod arguments;
mod check;
mod import;
mod report;
mod send;
mod status;

use crate::args::Connection;
use crate::failure::Outcome;
use crate::output::Output;
use clap::Subcommand;

/// A command about traffic mirrors.
#[derive(Debug, Subcommand)]
pub(crate) enum Mirror {
    /// Is this host ready for a mirror? What is not, and what to do about it; changes nothing
    #[command(after_help = "Exit status: 0 ready, 1 not ready, 2 wrong usage.")]
    Check(check::CheckArguments),
    /// Print the configuration that variables, rules and options describe; changes nothing
    #[command(
        after_help = "Example: flumen mirror import --env .env --nat-rules nat_rules.conf > mirror.conf\n\
                            AWS_IPSEC_VM_IP and AWS_IPSEC_VM_PORT of the environment stand for NAT_IP and NAT_PORT."
    )]
    Import(Box<import::ImportArguments>),
    /// Send VXLAN to a mirror, as a source of copies does: made up, or from a capture file
    #[command(
        after_help = "It ends by itself. Example: flumen mirror send --to 10.2.41.5 --rate 85000 --size 128,1450,2852 --flows 8"
    )]
    Send(Box<send::SendArguments>),
    /// Counters of each interface with services, rates, drops by reason, and the hits of rules
    Status(status::StatusArguments),
    /// Make one page of HTML with plots from what a monitor has recorded
    Report(report::ReportArguments),
}

/// Runs `flumen mirror`.
pub(crate) fn run(command: &Mirror, connection: &Connection, output: Output) -> Outcome {
    match command {
        Mirror::Check(arguments) => check::run(arguments, output),
        Mirror::Import(arguments) => import::run(arguments, output),
        Mirror::Send(arguments) => send::run(arguments, output),
        Mirror::Status(arguments) => status::run(arguments, connection, output),
        Mirror::Report(arguments) => report::run(arguments, output),
    }
}
