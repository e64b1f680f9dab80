use crate::DaemonError;
use crate::gateway::{Client, Gateway, lock};
use flumen_api::{ApiError, ConfigurationAnswer, Request, Response, SessionFilter, brief};
use flumen_grpc::{Caller, Identity, Role};
use flumen_store::Time;
use serde::Serialize;
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

/// A file is rotated when it has more bytes than this.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;
/// Older files that are kept: `audit.log.1` is the youngest of them.
const KEPT: u32 = 7;
/// A text in a line, bytes; the rest is cut off.
const MAX_TEXT_BYTES: usize = 512;

/// Who changed what, when, and what came of it: a line of JSON for each.
///
/// A change that must not be lost has two lines. The first is on disk before anything changes, and a log that cannot be
/// written refuses the change; the second says what came of it, and is on disk before the answer. A first line without a
/// second is a change that the power was cut in.
#[derive(Debug)]
pub(crate) struct Audit(Mutex<Log>);

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Counts changes since the daemon started.
    changes: u64,
    limit: u64,
}

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Who {
    /// `unix`, `tls`, `signal`, or `store` for what happens because a time has come.
    door: &'static str,
    /// Name of the user, certificate or token.
    user: String,
    /// What they were allowed to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<Role>,
    /// What they use: `cli (pid 4711)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    /// How they showed it: `peer`, `certificate`, `token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

/// What is to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Change {
    change: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Length of the text; the text itself is in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_minutes: Option<u32>,
    /// None for all sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<SessionFilter>,
    /// It concerns the configuration: on disk before the answer.
    #[serde(skip)]
    durable: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    pid: u32,
    number: u64,
    #[serde(flatten)]
    who: &'a Who,
    #[serde(flatten)]
    change: &'a Change,
    /// `begun`, `done`, `refused`.
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
}

// === impl Gateway ===

impl Gateway {
    /// As [`Gateway::answer`], and written down if it changes something.
    pub(crate) fn audited(&self, request: Request, client: &Client, who: &Who) -> Result<Response, ApiError> {
        match Change::of(&request) {
            None => self.answer(request, client),
            Some(change) => self.audit.recorded(who, &change, || self.answer(request, client)),
        }
    }
}

// === impl Audit ===

impl Audit {
    /// Opens the log, and ends a line that a power cut left in the middle.
    pub(crate) fn open(path: PathBuf) -> Result<Audit, DaemonError> {
        Audit::open_limited(path, MAX_FILE_BYTES)
    }

    fn open_limited(path: PathBuf, limit: u64) -> Result<Audit, DaemonError> {
        let failed = |error| DaemonError::file(format!("open {}", path.display()), error);
        let mut file = create(&path).map_err(failed)?;
        let bytes = end_line(&mut file).map_err(failed)?;
        Ok(Audit(Mutex::new(Log { path, file, bytes, changes: 0, limit })))
    }

    /// Does the work, and writes down that it was done, by whom, and what came of it.
    ///
    /// # Errors
    /// Those of the work; or, with nothing done, [`ApiError::State`] when a change that must not be lost cannot be
    /// written down.
    pub(crate) fn recorded<R: Outcome>(
        &self,
        who: &Who,
        change: &Change,
        work: impl FnOnce() -> Result<R, ApiError>,
    ) -> Result<R, ApiError> {
        let number = {
            let mut log = lock(&self.0);
            log.changes += 1;
            let number = log.changes;
            if change.durable {
                log.write(number, who, change, "begun", None).map_err(|error| ApiError::State {
                    reason: format!(
                        "the audit log {} cannot be written, and so nothing was changed: {error}",
                        log.path.display()
                    ),
                })?;
            }
            number
        };
        let done = work();
        let (result, outcome) = match &done {
            Ok(done) => ("done", done.outcome()),
            Err(error) => ("refused", Some(told(error))),
        };
        let mut log = lock(&self.0);
        if let Err(error) = log.write(number, who, change, result, outcome) {
            // What was done is done: to answer that it failed would be worse than a log without its last word.
            tracing::error!("the audit log {} lacks what came of a change: {error}", log.path.display());
        }
        done
    }

    /// What was written since the file was last rotated.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn text(&self) -> std::io::Result<String> {
        let path = lock(&self.0).path.clone();
        Ok(String::from_utf8_lossy(&std::fs::read(path)?).into_owned())
    }

    /// Writes down what happened by itself.
    pub(crate) fn happened(&self, change: &str, outcome: String) {
        let change = Change { durable: true, ..Change::named(change) };
        let mut log = lock(&self.0);
        log.changes += 1;
        let number = log.changes;
        if let Err(error) = log.write(number, &Who::daemon("store"), &change, "done", Some(outcome)) {
            tracing::error!("the audit log {} lacks {}: {error}", log.path.display(), change.change);
        }
    }
}

fn create(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)
}

/// Its length, with a line that has no end given one.
fn end_line(file: &mut File) -> std::io::Result<u64> {
    let bytes = file.seek(SeekFrom::End(0))?;
    if bytes == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(bytes - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(bytes);
    }
    file.write_all(b"\n")?;
    Ok(bytes + 1)
}

/// A refusal with its complaints, cut off.
fn told(error: &ApiError) -> String {
    let mut text = error.to_string();
    if let ApiError::Refused { messages } = error {
        text.extend(messages.iter().map(|message| format!("; {message}")));
    }
    brief(text, MAX_TEXT_BYTES)
}

// === impl Log ===

impl Log {
    fn write(
        &mut self,
        number: u64,
        who: &Who,
        change: &Change,
        result: &'static str,
        outcome: Option<String>,
    ) -> std::io::Result<()> {
        if self.bytes > self.limit
            && let Err(error) = self.rotate()
        {
            tracing::error!("the audit log {} cannot be rotated: {error}", self.path.display());
        }
        let time = Time::from(SystemTime::now()).to_string();
        let line = Line { time, pid: std::process::id(), number, who, change, result, outcome };
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        let written = self.file.write_all(&line);
        if written.is_err() {
            // Half a line is none.
            self.file.set_len(self.bytes)?;
        }
        written?;
        self.bytes += line.len() as u64;
        if change.durable { self.file.sync_data() } else { Ok(()) }
    }

    /// Gives each file the next number, from the oldest; that one is gone.
    fn rotate(&mut self) -> std::io::Result<()> {
        let numbered = |number: u32| {
            let mut path = self.path.as_os_str().to_owned();
            if number > 0 {
                path.push(format!(".{number}"));
            }
            PathBuf::from(path)
        };
        for number in (0..KEPT).rev() {
            match std::fs::rename(numbered(number), numbered(number + 1)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = create(&self.path)?;
        self.bytes = 0;
        match self.path.parent() {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }
}

// === impl Who ===

impl Who {
    /// The daemon itself, by a signal, or because it was time.
    pub(crate) fn daemon(door: &'static str) -> Who {
        let user = "flumen".to_owned();
        Who { door, user, role: None, client: None, uid: None, identity: None, from: None }
    }

    /// Whoever calls by gRPC.
    pub(crate) fn caller(caller: &Caller) -> Who {
        let (door, identity, uid, from) = match caller.identity {
            Identity::Peer { uid } => ("unix", "peer", Some(uid), None),
            Identity::Certificate { from } => ("tls", "certificate", None, Some(from)),
            Identity::Token { from } => ("tls", "token", None, Some(from)),
        };
        Who {
            door,
            user: caller.name.clone(),
            role: Some(caller.role),
            client: Some(caller.client.clone()),
            uid,
            identity: Some(identity),
            from: from.map(|from| from.to_string()),
        }
    }
}

// === impl Change ===

impl Change {
    fn named(change: &str) -> Change {
        Change {
            change: change.to_owned(),
            source: None,
            bytes: None,
            confirm_minutes: None,
            filter: None,
            durable: true,
        }
    }

    /// A configuration file that is read again.
    pub(crate) fn reload(source: &str, bytes: usize) -> Change {
        Change {
            source: Some(brief(source.to_owned(), MAX_TEXT_BYTES)),
            bytes: Some(bytes),
            ..Change::named("reload")
        }
    }

    /// None for what changes nothing. Requests that are not known here are taken for changes.
    fn of(request: &Request) -> Option<Change> {
        Some(match request {
            Request::Status
            | Request::Check { .. }
            | Request::ShowSessions { .. }
            | Request::ShowZones
            | Request::ShowPolicies
            | Request::ShowNat
            | Request::ShowInterfaces
            | Request::ShowReasons { .. }
            | Request::ShowRoutes(_)
            | Request::ShowNeighbours
            | Request::ShowLinks
            | Request::ShowSystem
            | Request::ShowLog { .. }
            | Request::MatchPolicy(_)
            | Request::ShowServices
            | Request::ShowCanary
            | Request::Explain(_) => return None,
            Request::Apply { text, source, confirm_minutes, .. } => Change {
                source: Some(brief(source.clone(), MAX_TEXT_BYTES)),
                bytes: Some(text.len()),
                confirm_minutes: *confirm_minutes,
                ..Change::named("apply")
            },
            Request::ClearSessions { filter } => {
                Change { filter: Some(filter.clone()), durable: false, ..Change::named("clear-sessions") }
            }
            other => {
                let name = name(other);
                if NO_CHANGES.contains(&name.as_str()) {
                    return None;
                }
                Change::named(&name)
            }
        })
    }
}

/// Requests by name that only look, or write to a candidate: what they do is seen when it is committed.
const NO_CHANGES: &[&str] = &[
    "names",
    "configuration.open",
    "configuration.close",
    "configuration.edit",
    "configuration.load",
    "configuration.show",
    "configuration.compare",
    "configuration.complete",
    "configuration.rollback",
    "configuration.update",
    "configuration.check",
    "configuration.history",
    "configuration.status",
];

/// The name of a request, as the socket has it, with that of its action.
fn name(request: &Request) -> String {
    serde_json::to_value(request).map_or_else(|_| "unknown".to_owned(), |request| dotted(&request))
}

fn dotted(request: &Value) -> String {
    match request {
        Value::String(name) => name.clone(),
        Value::Object(fields) => match fields.iter().next() {
            Some((name, inside)) => match inside.get("action") {
                Some(action) => format!("{name}.{}", dotted(action)),
                None => name.clone(),
            },
            None => "unknown".to_owned(),
        },
        _ => "unknown".to_owned(),
    }
}

/// What there is to say of a change that was made.
pub(crate) trait Outcome {
    /// In a few words.
    fn outcome(&self) -> Option<String>;
}

impl Outcome for flumen_api::Applied {
    fn outcome(&self) -> Option<String> {
        Some(format!("generation {}", self.generation))
    }
}

impl Outcome for Response {
    fn outcome(&self) -> Option<String> {
        match self {
            Response::Applied(applied) => applied.outcome(),
            Response::Confirmed { commit } => Some(format!("commit {commit}")),
            Response::Cleared(cleared) => Some(format!("{} removed", cleared.removed)),
            Response::Configuration(ConfigurationAnswer::Committed(done)) => {
                Some(format!("commit {}, generation {}", done.commit, done.generation))
            }
            Response::Configuration(ConfigurationAnswer::Planned { at_unix_s }) => {
                Some(format!("planned for {}", Time::from_unix_s(*at_unix_s)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Audit, Change, KEPT, Who};
    use flumen_api::{ApiError, Applied, Request, SessionFilter};
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn apply() -> Change {
        let (text, source) = ("text".to_owned(), "file".to_owned());
        Change::of(&Request::apply(&text, &source, Some(5))).unwrap()
    }

    #[test]
    fn a_commit_is_written_down_and_an_edit_or_a_completion_is_not() {
        use flumen_api::{CandidateKind, ConfigurationAction as Action, ConfigurationRequest};
        let change = |action| {
            let request =
                ConfigurationRequest { candidate: CandidateKind::Shared, at: String::new(), action };
            Change::of(&Request::Configuration(request))
        };
        assert!(change(Action::Complete { line: "se".to_owned() }).is_none());
        assert!(change(Action::Edit { line: "set system host-name a".to_owned(), trial: false }).is_none());
        assert!(change(Action::SaveRescue).is_some());
    }

    fn applied() -> Result<Applied, ApiError> {
        Ok(Applied { generation: 7, took_ms: 1, confirm_minutes: None, rematched: None, warnings: vec![] })
    }

    #[test]
    fn a_change_is_on_disk_before_it_is_made_and_with_its_result_after() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let audit = Audit::open(path.clone()).unwrap();
        audit
            .recorded(&Who::daemon("signal"), &apply(), || {
                let begun = lines(&path);
                assert_eq!((begun.len(), &begun[0]["result"]), (1, &"begun".into()));
                applied()
            })
            .unwrap();
        let lines = lines(&path);
        assert_eq!(lines.len(), 2);
        for line in &lines {
            assert_eq!(
                (&line["change"], &line["bytes"], &line["confirm-minutes"]),
                (&"apply".into(), &4.into(), &5.into())
            );
            assert_eq!((&line["door"], &line["number"]), (&"signal".into(), &1.into()));
        }
        assert_eq!((&lines[1]["result"], &lines[1]["outcome"]), (&"done".into(), &"generation 7".into()));
    }

    #[test]
    fn a_log_that_cannot_be_written_refuses_the_change_before_it_is_made() {
        let audit = Audit::open("/dev/full".into()).unwrap();
        let refused = audit.recorded(&Who::daemon("signal"), &apply(), || -> Result<Applied, _> {
            panic!("it was made all the same")
        });
        assert!(
            matches!(&refused, Err(ApiError::State { reason }) if reason.contains("nothing was changed")),
            "{refused:?}"
        );
    }

    #[test]
    fn what_only_looks_leaves_no_line_and_what_is_not_known_does() {
        for request in [Request::Status, Request::ShowZones, Request::Check { text: String::new() }] {
            assert_eq!(Change::of(&request), None, "{request:?}");
        }
        let clear = Change::of(&Request::ClearSessions { filter: SessionFilter::default() }).unwrap();
        assert_eq!((clear.change.as_str(), clear.durable), ("clear-sessions", false));
        for (request, name) in
            [(Request::Confirm, "confirm"), (Request::Stop, "stop"), (Request::Detach, "detach")]
        {
            let change = Change::of(&request).unwrap();
            assert_eq!((change.change.as_str(), change.durable), (name, true));
        }
    }

    #[test]
    fn a_request_is_named_with_its_action() {
        let name = |text: &str| super::dotted(&serde_json::from_str(text).unwrap());
        assert_eq!(name(r#""stop""#), "stop");
        assert_eq!(name(r#"{"names":{"of":"zone"}}"#), "names");
        assert_eq!(name(r#"{"configuration":{"at":"","action":{"commit":{}}}}"#), "configuration.commit");
        assert_eq!(name(r#"{"configuration":{"at":"","action":"history"}}"#), "configuration.history");
    }

    #[test]
    fn files_are_rotated_and_the_oldest_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let audit = Audit::open_limited(path.clone(), 600).unwrap();
        for _ in 0..200 {
            audit.recorded(&Who::daemon("signal"), &apply(), applied).unwrap();
        }
        let files = dir.path().read_dir().unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>();
        assert_eq!(files.len(), KEPT as usize + 1);
        for file in files {
            assert!(file.metadata().unwrap().len() < 1_200, "{}", file.display());
            assert!(!lines(&file).is_empty());
        }
        assert_eq!(lines(&path).last().unwrap()["number"], 200);
    }

    #[test]
    fn a_line_that_a_power_cut_left_without_its_end_does_not_swallow_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        fs::File::create(&path).unwrap().write_all(b"{\"time\":").unwrap();
        Audit::open(path.clone()).unwrap().recorded(&Who::daemon("signal"), &apply(), applied).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("{\"time\":"));
        assert!(lines.all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }

    #[test]
    fn a_long_refusal_is_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("audit.log");
        let audit = Audit::open(path.clone()).unwrap();
        let refuse = || -> Result<Applied, _> { Err(ApiError::Impossible { reason: "ü".repeat(5_000) }) };
        audit.recorded(&Who::daemon("signal"), &apply(), refuse).unwrap_err();
        let lines = lines(&path);
        assert_eq!(lines[1]["result"], "refused");
        assert!(lines[1]["outcome"].as_str().unwrap().len() < 600);
    }
}
