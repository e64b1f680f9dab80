//! `flumen tune`: what makes this host fast. Works without the daemon.

use crate::failure::{Failure, Outcome};
use crate::output::{Output, complain};
use crate::table::{Cell, Table};
use crate::words::{BAD, GOOD, WARN, plural};
use clap::{Args, Subcommand};
use flumen_daemon::Options;
use flumen_kernel::{LinuxHost, boot_id};
use flumen_tune::{Applied, Goal, Plan, Scope, State, TuneError, Tuning, Undone};
use std::path::PathBuf;
use std::time::Duration;

/// How long another run may take: at the start of the host each device has one.
const PATIENCE: Duration = Duration::from_secs(10);

/// A command about tuning.
#[derive(Debug, Subcommand)]
pub(crate) enum Tune {
    /// Show every setting that matters, what it is and what it should be; changes nothing
    Show(ScopeArguments),
    /// Set what differs, all or nothing; what it was is saved first
    Apply(ScopeArguments),
    /// Give every setting the value that it had before the first apply since the host started
    Undo {
        /// Only what concerns this network device; may be given again
        #[arg(short, long = "interface", value_name = "DEVICE")]
        interfaces: Vec<String>,
        #[command(flatten)]
        saved: Saved,
    },
}

/// What is tuned.
#[derive(Args, Debug)]
pub(crate) struct ScopeArguments {
    /// Network device, with its offloads, rings, channels, coalescing and interrupts; may be given again
    #[arg(short, long = "interface", value_name = "DEVICE")]
    interfaces: Vec<String>,
    /// Leave alone what concerns the whole host: sysctls and CPUs
    #[arg(long)]
    no_host: bool,
    /// What interrupts are set for: throughput or latency
    #[arg(long, default_value_t)]
    goal: Goal,
    #[command(flatten)]
    saved: Saved,
}

/// Where the values of before are.
#[derive(Args, Debug)]
pub(crate) struct Saved {
    /// Directory of what is saved: tune.json
    #[arg(long, value_name = "DIR", env = "FLUMEN_STATE_DIR", default_value = Options::STATE_DIR)]
    state_dir: PathBuf,
}

/// Runs `flumen tune`.
pub(crate) fn run(command: &Tune, output: Output) -> Outcome {
    match command {
        Tune::Show(arguments) => {
            let plan = arguments.saved.open()?.show(&LinuxHost, &arguments.scope())?;
            Ok(output.report(&plan, plan_text)?)
        }
        Tune::Apply(arguments) => {
            let applied = arguments.saved.open()?.apply(&LinuxHost, &arguments.scope())?;
            Ok(output.report(&applied, applied_text)?)
        }
        Tune::Undo { interfaces, saved } => {
            let undone = saved.open()?.undo(&LinuxHost, interfaces)?;
            output.report(&undone, undone_text)?;
            for failed in &undone.failures {
                complain(&format!("{BAD}error:{BAD:#} {}\n", failed.reason));
            }
            if undone.failures.is_empty() { Ok(()) } else { Err(Failure::Reported) }
        }
    }
}

fn plan_text(plan: &Plan) -> String {
    let mut table = Table::new(["SETTING", ">NOW", ">WANTED", "", ">BEFORE", "WHY"]);
    for item in &plan.items {
        let (word, style) = match item.state {
            State::Good => ("ok", GOOD),
            State::Differs => ("differs", WARN),
            State::Absent => ("absent", WARN),
            State::Fixed => ("fixed", WARN),
        };
        table.row([
            item.setting.to_string().into(),
            item.now.clone().unwrap_or_default().into(),
            item.wanted.clone().into(),
            Cell::styled(word, style),
            item.before.clone().unwrap_or_default().into(),
            item.why.into(),
        ]);
    }
    let notes: String = plan.notes.iter().map(|note| format!("note: {note}\n")).collect();
    let differing = plan.differing().count();
    let verdict = match differing {
        0 => "nothing to change\n".to_owned(),
        count => format!("{} to change\n", plural(count as u64, "setting", "settings")),
    };
    table.print() + &notes + &verdict
}

fn applied_text(applied: &Applied) -> String {
    let lines: String = applied
        .changes
        .iter()
        .map(|change| format!("{}: {} -> {}\n", change.setting, change.from, change.to))
        .collect();
    let notes: String = applied.plan.notes.iter().map(|note| format!("note: {note}\n")).collect();
    let count = applied.changes.len() as u64;
    format!(
        "{lines}{notes}{} changed; `flumen tune undo` sets all back\n",
        plural(count, "setting", "settings")
    )
}

fn undone_text(undone: &Undone) -> String {
    let lines: String = undone
        .changes
        .iter()
        .map(|change| format!("{}: {} -> {}\n", change.setting, change.from, change.to))
        .collect();
    let count = undone.changes.len() as u64;
    let left = match undone.failures.len() as u64 {
        0 => String::new(),
        left => format!(", {} not", plural(left, "setting", "settings")),
    };
    format!("{lines}{} set back{left}\n", plural(count, "setting", "settings"))
}

// === impl ScopeArguments ===

impl ScopeArguments {
    fn scope(&self) -> Scope {
        Scope { host: !self.no_host, devices: self.interfaces.clone(), goal: self.goal }
    }
}

// === impl Saved ===

impl Saved {
    fn open(&self) -> Result<Tuning, TuneError> {
        Tuning::open(&self.state_dir, &boot_id(), PATIENCE)
    }
}

impl From<TuneError> for Failure {
    fn from(error: TuneError) -> Failure {
        match error {
            TuneError::NoDevice(_) => Failure::Usage(error.to_string()),
            other => Failure::Failed(other.to_string()),
        }
    }
}
