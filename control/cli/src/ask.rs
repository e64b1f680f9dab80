use crate::args::{Arguments, Clear, Connection, Show};
use crate::explain::{self, ExplainArguments};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, complain};
use crate::words::{WARN, plural};
use crate::{file, show};
use flumen_api::{Condition, Request, Response, SessionsAtCommit};
use flumen_client::{Client, ClientError};
use flumen_daemon::Options;
use std::path::Path;
use std::time::{Duration, Instant};

/// A question to the daemon, and its answer.
pub(crate) fn ask(connection: &Connection, request: &Request) -> Result<Response, ClientError> {
    let socket = Options::socket_in(&connection.run_dir);
    Client::connect(&socket, connection.timeout())?.ask(request)
}

/// `flumen show`.
pub(crate) fn show(arguments: &Arguments, what: &Show) -> Outcome {
    let output = Output { json: arguments.json };
    let request = match what.clone() {
        Show::Sessions { filter, limit } => {
            Request::ShowSessions { filter: filter.into(), limit, order: None }
        }
        Show::Zones => Request::ShowZones,
        Show::Policies => Request::ShowPolicies,
        Show::Nat => Request::ShowNat,
        Show::Interfaces => Request::ShowInterfaces,
        Show::Reasons { .. } => Request::ShowReasons { zeroes: true },
        Show::Status => Request::Status,
    };
    match (ask(&arguments.connection, &request)?, what) {
        (Response::Sessions(report), _) => output.report(&report, show::sessions)?,
        (Response::Zones(report), _) => output.report(&report, show::zones)?,
        (Response::Policies(report), _) => output.report(&report, show::policies)?,
        (Response::Nat(report), _) => output.report(&report, show::nat)?,
        (Response::Interfaces(report), _) => output.report(&report, show::interfaces)?,
        (Response::Status(report), _) => output.report(&report, show::status)?,
        (Response::Reasons(mut report), Show::Reasons { interface, seen }) => {
            show::select(&mut report, interface.as_deref(), *seen).map_err(Failure::Failed)?;
            output.report(&report, show::reasons)?;
        }
        _ => return Err(ClientError::Mismatch.into()),
    }
    Ok(())
}

/// `flumen clear`.
pub(crate) fn clear(arguments: &Arguments, what: &Clear) -> Outcome {
    let Clear::Sessions { filter } = what.clone();
    match ask(&arguments.connection, &Request::ClearSessions { filter: filter.into() })? {
        Response::Cleared(cleared) => Ok(Output { json: arguments.json }.report(&cleared, |cleared| {
            format!("{} cleared, {} left\n", plural(cleared.removed, "session", "sessions"), cleared.left)
        })?),
        _ => Err(ClientError::Mismatch.into()),
    }
}

/// `flumen apply`.
pub(crate) fn apply(
    arguments: &Arguments,
    path: &Path,
    confirm_minutes: Option<u32>,
    conditions: Vec<Condition>,
    sessions: Option<SessionsAtCommit>,
) -> Outcome {
    let name = file::name(path);
    let (text, source) = (file::read_text(path)?, source(path));
    let request = Request::Apply { text, source, confirm_minutes, conditions, sessions };
    match ask(&arguments.connection, &request).map_err(|error| Failure::about(&name, error))? {
        Response::Applied(applied) => {
            for warning in &applied.warnings {
                complain(&format!("{name}:{warning} {WARN}(warning){WARN:#}\n"));
            }
            Ok(Output { json: arguments.json }.report(&applied, |applied| {
                let until = applied.confirm_minutes.map(|minutes| {
                    format!("The configuration of before comes back in {minutes} min; `flumen confirm` keeps this one.\n")
                });
                let active = format!("generation {} is active ({} ms)\n", applied.generation, applied.took_ms);
                let rematched = applied.rematched.map(|rematched| format!("Live sessions by the new rules: {rematched}\n"));
                active + &rematched.unwrap_or_default() + &until.unwrap_or_default()
            })?)
        }
        _ => Err(ClientError::Mismatch.into()),
    }
}

/// `flumen confirm`.
pub(crate) fn confirm(arguments: &Arguments) -> Outcome {
    match ask(&arguments.connection, &Request::Confirm)? {
        Response::Confirmed { commit } => {
            Ok(Output { json: arguments.json }
                .report(&commit, |commit| format!("commit {commit} stays\n"))?)
        }
        _ => Err(ClientError::Mismatch.into()),
    }
}

/// Where a configuration came from, for whoever looks later: the whole path.
fn source(path: &Path) -> String {
    let whole = std::fs::canonicalize(path).ok();
    whole.map_or_else(|| "flumen apply".to_owned(), |path| path.display().to_string())
}

/// `flumen explain`.
pub(crate) fn explain(arguments: &Arguments, wanted: &ExplainArguments) -> Outcome {
    let request = Request::Explain(wanted.request()?);
    let candidate = wanted.candidate.as_deref().map(file::name).unwrap_or_default();
    match ask(&arguments.connection, &request).map_err(|error| Failure::about(&candidate, error))? {
        Response::Explained(report) => Ok(Output { json: arguments.json }.report(&report, explain::render)?),
        _ => Err(ClientError::Mismatch.into()),
    }
}

/// `flumen stop`.
pub(crate) fn stop(arguments: &Arguments) -> Outcome {
    match ask(&arguments.connection, &Request::Stop)? {
        Response::Stopping => {
            wait_for_the_end(arguments);
            Ok(Output { json: arguments.json }.report(&"stopping", |_| {
                "The daemon ends; what is attached keeps enforcing until `flumen detach`.\n".to_owned()
            })?)
        }
        _ => Err(ClientError::Mismatch.into()),
    }
}

/// Returns when nothing listens any more, so that the next command finds no daemon; after ten seconds in any case.
fn wait_for_the_end(arguments: &Arguments) {
    const PATIENCE: Duration = Duration::from_secs(10);
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE && ask(&arguments.connection, &Request::Status).is_ok() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// `flumen detach`: asks the daemon, or does it when there is none.
pub(crate) fn detach(arguments: &Arguments, options: &Options) -> Outcome {
    match ask(&arguments.connection, &Request::Detach) {
        Ok(Response::Detached) => wait_for_the_end(arguments),
        Ok(_) => return Err(ClientError::Mismatch.into()),
        Err(ClientError::NotRunning { .. }) => flumen_daemon::detach(options, &flumen_daemon::XdpEngines)?,
        Err(error) => return Err(error.into()),
    }
    Ok(Output { json: arguments.json }.report(&"detached", |_| {
        "Nothing of this gateway is attached any more, and its settings of the host are undone.\n".to_owned()
    })?)
}
