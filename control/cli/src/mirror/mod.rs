//! `flumen mirror`: a traffic mirror from one line. One file for each command.

mod arguments;
mod canary;
mod check;
mod import;
mod monitor;
mod report;
mod send;
mod start;
mod status;
mod validate;

pub(crate) use status::services;

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
    /// Would the configuration that variables, rules and options describe be accepted? Needs neither a daemon nor root
    #[command(after_help = "Exit status: 0 accepted, 1 refused, 2 wrong usage or no such file.")]
    Validate(Box<validate::ValidateArguments>),
    /// Run a mirror in the foreground, with a line of statistics for each interval, until Ctrl-C; then the host is as it was
    #[command(after_help = "Example: flumen mirror start -i ens5 -t ens6 -a 10.2.41.17 -p 8081 -s 42844 -v")]
    Start(Box<start::StartArguments>),
    /// A line for each interval: rates, share of translated packets, losses by stage and reason; until Ctrl-C
    #[command(
        after_help = "With --json each line is what was counted so far: flumen mirror report reads them."
    )]
    Monitor(monitor::MonitorArguments),
    /// Send VXLAN to a mirror, as a source of copies does: made up, or from a capture file
    #[command(
        after_help = "It ends by itself. Example: flumen mirror send --to 10.2.41.5 --rate 85000 --size 128,1450,2852 --flows 8"
    )]
    Send(Box<send::SendArguments>),
    /// Counters of each interface with services, rates, drops by reason, and the hits of rules
    Status(status::StatusArguments),
    /// Move from NFQUEUE to XDP a share of the flows at a time, where only DF is cleared
    #[command(
        after_help = "XDP gets back to 0 percent by itself when it leaves DF on a packet of its share, a header checksum\n\
                            is wrong behind it, or it is not attached any more; `--hold` keeps the share.\n\
                            Example: flumen mirror canary --steps 10,50,90,100 --every 300 && flumen mirror canary --end"
    )]
    Canary(canary::CanaryArguments),
    /// Give all flows back to NFQUEUE, at once; no packet is lost
    Rollback,
    /// Make one page of HTML with plots from what a monitor has recorded
    Report(report::ReportArguments),
}

/// Runs `flumen mirror`.
pub(crate) fn run(command: &Mirror, connection: &Connection, output: Output) -> Outcome {
    match command {
        Mirror::Check(arguments) => check::run(arguments, output),
        Mirror::Import(arguments) => import::run(arguments, output),
        Mirror::Validate(arguments) => validate::run(arguments, output),
        Mirror::Start(arguments) => start::run(arguments, connection, output.json),
        Mirror::Monitor(arguments) => monitor::run(arguments, connection, output.json),
        Mirror::Send(arguments) => send::run(arguments, output),
        Mirror::Status(arguments) => status::run(arguments, connection, output),
        Mirror::Canary(arguments) => canary::canary(arguments, connection, output),
        Mirror::Rollback => canary::rollback(connection, output),
        Mirror::Report(arguments) => report::run(arguments, output),
    }
}
