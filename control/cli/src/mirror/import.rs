use super::arguments::MirrorArguments;
use crate::failure::Outcome;
use crate::output::Output;
use clap::Args;
use flumen_mirror::{Imported, Watch};
use serde::Serialize;

/// Of `flumen mirror import`.
#[derive(Args, Debug)]
pub(crate) struct ImportArguments {
    #[command(flatten)]
    mirror: MirrorArguments,
    /// Print the names of the devices instead, one on each line
    #[arg(long)]
    devices: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    /// In braces.
    configuration: String,
    devices: Vec<String>,
    watch: WatchReport,
}

#[derive(Serialize)]
struct WatchReport {
    interval_s: u32,
    target_pps: u64,
    threshold_pps: u64,
    colours: bool,
    log_file: Option<String>,
    verbosity: u8,
}

/// Prints the configuration of a mirror.
pub(super) fn run(arguments: &ImportArguments, output: Output) -> Outcome {
    let Imported { mirror, watch } = arguments.mirror.imported()?;
    let devices = mirror.devices().into_iter().map(str::to_owned).collect();
    let report = Report { configuration: mirror.configuration(), devices, watch: watch.into() };
    Ok(output.report(&report, |report| {
        if arguments.devices {
            report.devices.iter().map(|device| format!("{device}\n")).collect()
        } else {
            report.configuration.clone()
        }
    })?)
}

impl From<Watch> for WatchReport {
    fn from(watch: Watch) -> WatchReport {
        let Watch { interval_s, target_pps, threshold_pps, colours, log_file, verbosity } = watch;
        WatchReport { interval_s, target_pps, threshold_pps, colours, log_file, verbosity }
    }
}
