//! The program under test, in one network namespace with its own directories.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use flumen_api::{
    InterfacesReport, ReasonsReport, Request, Response, SessionFilter, SessionInfo, StatusReport,
};
use flumen_client::Client;
use flumen_testkit::netns::{Daemon, Netns};
use flumen_testkit::wait_until;
use nix::sys::signal::Signal;

use crate::{Configuration, Places, flumen_program};

/// How long a daemon may take to start, to answer and to end, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon and the commands that ask it. Dropping it ends the daemon and detaches it from everything.
#[derive(Debug)]
pub struct Flumen {
    daemon: Option<Daemon>,
    program: PathBuf,
    namespace: PathBuf,
    places: Places,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Exit status; none after a signal.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
}

// === impl Flumen ===

impl Flumen {
    /// Directories for a daemon in this namespace; nothing runs yet.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn new(namespace: &Netns) -> Result<Self> {
        let (program, places) = (flumen_program()?, Places::new()?);
        Ok(Self { daemon: None, program, namespace: namespace.path(), places })
    }

    /// Its directories.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Writes a configuration into a file of the lab, and returns the file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, configuration: &Configuration) -> Result<PathBuf> {
        let path = self.places.file(name);
        std::fs::write(&path, configuration.text()).with_context(|| format!("{}", path.display()))?;
        Ok(path)
    }

    /// A command of the program, inside the namespace, with these directories.
    ///
    /// `nsenter` alone, not `ip netns exec`: the latter brings its own /sys, in which pins would die with the command.
    pub fn command<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.namespace.display())).arg(&self.program).args(arguments);
        command.envs(self.places.environment()).stdin(Stdio::null());
        command
    }

    // --- the daemon ---

    /// `flumen run --config` with this configuration; returns when it serves.
    ///
    /// # Errors
    /// When it ends instead, with its log.
    pub fn start(&mut self, configuration: &Configuration) -> Result<()> {
        let file = self.write("flumen.json", configuration)?;
        self.start_with(&file)
    }

    /// The same with a file that is there.
    ///
    /// # Errors
    /// When it ends instead, with its log.
    pub fn start_with(&mut self, file: &Path) -> Result<()> {
        self.launch(&[Path::new("run"), Path::new("--config"), file])
    }

    /// `flumen run` with the configuration that was last applied; returns when it serves.
    ///
    /// # Errors
    /// When it ends instead, with its log.
    pub fn start_again(&mut self) -> Result<()> {
        self.launch(&[Path::new("run")])
    }

    fn launch(&mut self, arguments: &[&Path]) -> Result<()> {
        ensure!(self.daemon.is_none(), "a daemon runs already");
        let mut daemon = Daemon::start(&mut self.command(arguments))?;
        let mut ended = false;
        let served = wait_until("the daemon serves", PATIENCE, || {
            ended = daemon.status().is_some();
            ended || self.ask(&Request::Status).is_ok()
        });
        if ended {
            bail!("flumen ended at once:\n{}", daemon.log());
        }
        served.with_context(|| daemon.log())?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Kills the daemon with SIGKILL and waits until it is gone.
    ///
    /// # Errors
    /// When none runs.
    pub fn kill(&mut self) -> Result<()> {
        let mut daemon = self.daemon.take().context("no daemon runs")?;
        daemon.signal(Signal::SIGKILL)?;
        Ok(wait_until("the daemon is dead", PATIENCE, || daemon.status().is_some())?)
    }

    /// Waits until the daemon has ended by itself, and returns its log.
    ///
    /// # Errors
    /// When none runs, it does not end, or its status is not 0.
    pub fn wait(&mut self) -> Result<String> {
        Ok(self.daemon.take().context("no daemon runs")?.wait(PATIENCE)?)
    }

    /// The running daemon.
    ///
    /// # Errors
    /// When none runs.
    pub fn daemon(&self) -> Result<&Daemon> {
        self.daemon.as_ref().context("no daemon runs")
    }

    /// What the daemon has logged.
    pub fn log(&self) -> String {
        self.daemon.as_ref().map(Daemon::log).unwrap_or_default()
    }

    // --- the commands ---

    /// Runs a command of the program to its end; arguments are parted by spaces.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn answer(&self, arguments: &str) -> Result<Answer> {
        let output = self.command(arguments.split_whitespace()).output().context("cannot start nsenter")?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Answer { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) })
    }

    /// Runs a command that succeeds, and returns what it printed.
    ///
    /// # Errors
    /// When its status is not 0.
    pub fn run(&self, arguments: &str) -> Result<String> {
        let answer = self.answer(arguments)?;
        ensure!(
            answer.code == Some(0),
            "flumen {arguments}: {:?}\n{}{}",
            answer.code,
            answer.stderr,
            answer.stdout
        );
        Ok(answer.stdout)
    }

    /// Runs a command that is refused with status 1, and returns its complaint.
    ///
    /// # Errors
    /// When it succeeds, or ends with another status.
    pub fn refused(&self, arguments: &str) -> Result<String> {
        let answer = self.answer(arguments)?;
        ensure!(answer.code == Some(1), "flumen {arguments}: {answer:?}");
        Ok(answer.stderr)
    }

    /// `flumen apply` of this configuration.
    ///
    /// # Errors
    /// When it is refused.
    pub fn apply(&self, configuration: &Configuration) -> Result<String> {
        let file = self.write("next.json", configuration)?;
        self.run(&format!("apply {}", file.display()))
    }

    // --- the daemon's answers as types ---

    /// Asks the daemon.
    ///
    /// # Errors
    /// When none runs, or it refuses.
    pub fn ask(&self, request: &Request) -> Result<Response> {
        let socket = self.places.run_dir().join("flumen.sock");
        Ok(Client::connect(&socket, PATIENCE)?.ask(request)?)
    }

    /// `flumen show status`.
    ///
    /// # Errors
    /// As [`Flumen::ask`].
    pub fn status(&self) -> Result<StatusReport> {
        match self.ask(&Request::Status)? {
            Response::Status(report) => Ok(report),
            other => bail!("not a status: {other:?}"),
        }
    }

    /// `flumen show sessions`, in order of their numbers.
    ///
    /// # Errors
    /// As [`Flumen::ask`].
    pub fn sessions(&self) -> Result<Vec<SessionInfo>> {
        match self.ask(&Request::ShowSessions {
            filter: SessionFilter::default(),
            limit: u32::MAX,
            order: None,
        })? {
            Response::Sessions(mut report) => {
                report.sessions.sort_by_key(|session| session.id);
                Ok(report.sessions)
            }
            other => bail!("no sessions: {other:?}"),
        }
    }

    /// `flumen show reasons`.
    ///
    /// # Errors
    /// As [`Flumen::ask`].
    pub fn reasons(&self) -> Result<ReasonsReport> {
        match self.ask(&Request::ShowReasons { zeroes: true })? {
            Response::Reasons(report) => Ok(report),
            other => bail!("no reasons: {other:?}"),
        }
    }

    /// `flumen show interfaces`.
    ///
    /// # Errors
    /// As [`Flumen::ask`].
    pub fn interfaces(&self) -> Result<InterfacesReport> {
        match self.ask(&Request::ShowInterfaces)? {
            Response::Interfaces(report) => Ok(report),
            other => bail!("no interfaces: {other:?}"),
        }
    }
}

impl Drop for Flumen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of flumen ---\n{}---", self.log());
        }
        // the pins go with the directories, and with them everything that is attached
        self.daemon = None;
    }
}
