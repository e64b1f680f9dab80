//! Measures what Flumen costs per packet and per new session, beside the floor and beside the kernel's own firewall.
#![forbid(unsafe_code)]

mod args;
mod bed;
mod configuration;
mod conntrack;
mod external;
mod figures;
mod gateway;
mod interrupt;
mod load;
mod measure;
mod native;
mod nfqueue;
mod report;
mod requirements;
mod row;

use std::os::fd::AsFd;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Parser;
use flumen_nfqueue::{Places, QueueSocket};

use args::{Arguments, Command, EngineUnderTest, QueueArgs, RunArgs};
use interrupt::Interrupt;
use measure::Plan;
use report::Document;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        Some(Command::Daemon(args)) => figures::run_daemon(args),
        Some(Command::Queue(args)) => work(args),
        Some(Command::Load(args)) => prepare().and_then(|interrupt| load::send(args, &interrupt)),
        Some(Command::Run(args)) => run(args),
        None => run(&arguments.run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Looks for what is needed, and removes what a killed run has left.
fn prepare() -> Result<Interrupt> {
    requirements::check()?;
    let interrupt = Interrupt::new()?;
    gateway::remove_leftovers()?;
    flumen_testkit::netns::remove_leftovers()?;
    Ok(interrupt)
}

/// The process of a queue, as `flumen df-clear-queue` is.
fn work(args: &QueueArgs) -> Result<()> {
    let socket = QueueSocket::inherited(args.queue, std::io::stdin().as_fd().try_clone_to_owned()?);
    Ok(flumen_nfqueue::work(socket, &Places::new(&args.folder), args.succeeds)?)
}

fn run(args: &RunArgs) -> Result<()> {
    let interrupt = prepare()?;
    let plan = if args.short { Plan::SHORT } else { Plan::FULL };
    let (name, rows, figures) = match args.engine_under_test {
        EngineUnderTest::Flumen => {
            let rows = row::select(row::rows(), &args.rows);
            let mut results = report::results(&measure::measure(&rows, &plan, &interrupt)?);
            results.extend(native::measure(&args.rows, &plan, &interrupt)?);
            let (df_clear, added) = nfqueue::measure(&args.rows, &plan, &interrupt)?;
            results.extend(df_clear);
            let mut figures = figures::measure(&args.rows, args.short, &interrupt)?;
            figures.extend(added);
            ("bench", results, figures)
        }
        EngineUnderTest::None => {
            let rows = row::select(row::external(), &args.rows);
            match external::measure(&rows, &plan, &interrupt)? {
                Some(series) => ("external", report::results(&series), Vec::new()),
                None => return Ok(()),
            }
        }
    };
    let document = Document::new(rows, figures, args.short);
    print!("{}", report::text(&document));
    report::write(&document, &args.out, name)?;
    println!("\nwritten: {name}.json and {name}.svg in {}", args.out.display());
    let failures = document.failures();
    if !failures.is_empty() {
        bail!("not measured: {}", failures.join(", "));
    }
    Ok(())
}
