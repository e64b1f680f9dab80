use crate::failure::{Failure, Outcome};
use crate::file;
use crate::output::{Output, complain};
use crate::words::WARN;
use flumen_api::{Checked, ConfigMessage};
use flumen_daemon::{LoadMode, check, host_facts, missing_devices};
use serde::Serialize;
use std::path::Path;

/// What `flumen check --json` prints.
#[derive(Serialize)]
struct Verdict {
    file: String,
    accepted: bool,
    errors: Vec<ConfigMessage>,
    warnings: Vec<ConfigMessage>,
    /// Rows of each table; none when refused.
    rows: Option<std::collections::BTreeMap<String, u64>>,
}

/// `flumen check`: reads, checks and compiles a file, without a daemon.
pub(crate) fn run(path: &Path, host: bool, mode: LoadMode, output: Output) -> Outcome {
    of_text(&file::name(path), &file::read_text(path)?, host, mode, output)
}

/// The same of a text that messages call `file`.
pub(crate) fn of_text(file: &str, text: &str, host: bool, mode: LoadMode, output: Output) -> Outcome {
    let file = file.to_owned();
    let checked = match (check(text, mode), absent(text, mode)) {
        (Ok(checked), Ok(absent)) if host && !absent.is_empty() => {
            drop(checked);
            Err(absent)
        }
        (Ok(mut checked), Ok(absent)) => {
            checked.warnings.extend(absent);
            Ok(checked)
        }
        (Ok(_), Err(error)) if host => return Err(Failure::Failed(error)),
        (checked, _) => checked,
    };
    for warning in checked.iter().flat_map(|checked| &checked.warnings) {
        complain(&format!("{file}:{warning} {WARN}(warning){WARN:#}\n"));
    }
    if output.json {
        return verdict(file, checked, output);
    }
    let Checked { rows, .. } =
        checked.map_err(|messages| Failure::Refused { file: file.clone(), messages })?;
    let rows: Vec<String> = rows.iter().map(|(table, count)| format!("{count} {table}")).collect();
    Ok(output.report(&(), |()| format!("{file} is accepted ({})\n", rows.join(", ")))?)
}

fn verdict(file: String, checked: Result<Checked, Vec<ConfigMessage>>, output: Output) -> Outcome {
    let (errors, warnings, rows) = match checked {
        Ok(checked) => (Vec::new(), checked.warnings, Some(checked.rows)),
        Err(errors) => (errors, Vec::new(), None),
    };
    let verdict = Verdict { file: file.clone(), accepted: rows.is_some(), errors, warnings, rows };
    output.report(&verdict, |_| String::new())?;
    if verdict.accepted {
        return Ok(());
    }
    Failure::Refused { file, messages: verdict.errors }.complain();
    Err(Failure::Reported)
}

/// Complaints about devices that this host does not have.
fn absent(text: &str, mode: LoadMode) -> Result<Vec<ConfigMessage>, String> {
    let facts = host_facts().map_err(|error| error.to_string())?;
    Ok(missing_devices(text, mode, &facts))
}
