//! Processes that run beside the test until it stops them.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Netns, command};
use crate::{Error, wait_until};

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A running process, killed and awaited when dropped. What it writes is kept in a file that goes with it.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    line: String,
    log: PathBuf,
}

// === impl Netns ===

impl Netns {
    /// Starts a command inside this namespace and lets it run; arguments are parted by spaces.
    ///
    /// # Errors
    /// [`Error::Start`].
    pub fn spawn(&self, line: &str) -> Result<Daemon, Error> {
        let mut words = line.split_whitespace();
        let mut command = self.command(words.next().unwrap_or_default());
        command.args(words);
        Daemon::start(&mut command)
    }
}

// === impl Daemon ===

impl Daemon {
    /// Starts a command and lets it run. Its stdin is empty; stdout and stderr go into [`Daemon::log`].
    ///
    /// # Errors
    /// [`Error::Start`], or [`Error::File`] for the log.
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        let line = command::describe(command);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let log = std::env::temp_dir().join(format!("{}-{}-{number}.log", super::PREFIX, std::process::id()));
        let open = |log: &PathBuf| {
            let file = File::create(log)?;
            Ok((file.try_clone()?, file))
        };
        let (stdout, stderr) =
            open(&log).map_err(|source| Error::File { what: "cannot create", path: log.clone(), source })?;
        match command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn() {
            Ok(child) => Ok(Self { child, line, log }),
            Err(source) => {
                std::fs::remove_file(&log).unwrap_or_default();
                Err(Error::Start { command: line, source })
            }
        }
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far to stdout and stderr.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// [`Error::System`] when it has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), Error> {
        let pid = i32::try_from(self.child.id()).expect("process ids fit an i32");
        kill(Pid::from_raw(pid), signal).map_err(|source| Error::System { call: "kill", source })
    }

    /// Its status, if it has ended.
    pub fn status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until it ends by itself with status 0 and returns what it wrote.
    ///
    /// # Errors
    /// [`Error::Timeout`]; [`Error::Command`] when its status is not 0.
    pub fn wait(mut self, limit: Duration) -> Result<String, Error> {
        let mut status = None;
        wait_until(&format!("`{}` ends", self.line), limit, || {
            status = self.status();
            status.is_some()
        })?;
        let output = self.log();
        match status {
            Some(status) if !status.success() => {
                Err(Error::Command { command: self.line.clone(), status: status.to_string(), output })
            }
            _ => Ok(output),
        }
    }

    /// Asks it to end (SIGTERM), waits at most `limit`, and returns what it wrote.
    ///
    /// # Errors
    /// [`Error::Timeout`]; it is then killed.
    pub fn terminate(mut self, limit: Duration) -> Result<String, Error> {
        if self.status().is_none() {
            self.signal(Signal::SIGTERM)?;
        }
        wait_until(&format!("`{}` ends after SIGTERM", self.line), limit, || self.status().is_some())?;
        Ok(self.log())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.status().is_none() {
            let killed = self.child.kill().and_then(|()| self.child.wait());
            if let Err(error) = killed {
                eprintln!("`{}` may still run: {error}", self.line);
            }
        }
        std::fs::remove_file(&self.log).unwrap_or_default();
    }
}
