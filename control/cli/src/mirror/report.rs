use crate::failure::{Failure, Outcome};
use crate::file;
use crate::output::{Output, complain};
use clap::Args;
use flumen_mirror::{Heading, records, report};
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

/// Of `flumen mirror report`.
#[derive(Args, Debug)]
pub(crate) struct ReportArguments {
    /// Lines of `flumen mirror monitor --json`; - for standard input
    file: PathBuf,
    /// File that the page goes to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Title of the page
    #[arg(long, value_name = "TEXT", default_value = "Traffic mirror")]
    title: String,
    /// Packets a second that were aimed at
    #[arg(long, value_name = "PPS", default_value_t = 85_000)]
    target: u64,
    /// Packets a second below which it was bad [default: 70 % of the target]
    #[arg(long, value_name = "PPS")]
    threshold: Option<u64>,
}

#[derive(Serialize)]
struct Written {
    file: String,
    records: usize,
}

/// Writes the page.
pub(super) fn run(arguments: &ReportArguments, output: Output) -> Outcome {
    let name = file::name(&arguments.file);
    let about = |error: flumen_mirror::ReportError| Failure::Failed(format!("{name}: {error}"));
    let records = records(&file::read_text(&arguments.file)?).map_err(about)?;
    let threshold_pps = arguments.threshold.unwrap_or(arguments.target / 10 * 7);
    let heading = Heading { title: arguments.title.clone(), target_pps: arguments.target, threshold_pps };
    let page = report(&heading, &records).map_err(about)?;
    let Some(path) = &arguments.output else {
        match std::io::stdout().lock().write_all(page.as_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => return Ok(()),
        }
    };
    std::fs::write(path, page)
        .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
    let written = Written { file: path.display().to_string(), records: records.len() };
    if output.json {
        return Ok(output.report(&written, |_| String::new())?);
    }
    complain(&format!("{} records: {}\n", written.records, written.file));
    Ok(())
}
