//! Commands that end by themselves, inside a namespace or not, with errors that show what was run.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::Netns;
use crate::Error;

/// How long [`Netns::exec`] lets a command run.
const LIMIT: Duration = Duration::from_secs(60);

// === impl Netns ===

impl Netns {
    /// A command that will run inside this namespace: add arguments and start it with [`run_command`],
    /// [`Netns::spawn`] or by itself.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Runs a command inside this namespace for at most a minute and returns its stdout; arguments are parted by
    /// spaces.
    ///
    /// # Errors
    /// [`Error::Command`] when it fails or does not end in time.
    pub fn exec(&self, line: &str) -> Result<String, Error> {
        self.exec_within(LIMIT, line)
    }

    /// Like [`Netns::exec`], with its own time limit.
    ///
    /// # Errors
    /// [`Error::Command`] when it fails or does not end in time.
    pub fn exec_within(&self, limit: Duration, line: &str) -> Result<String, Error> {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=2", &limit.as_secs_f64().to_string()]);
        command.args(["ip", "netns", "exec", &self.name]);
        command.args(line.split_whitespace());
        run_command(&mut command)
    }
}

/// Runs a command to its end and returns its stdout.
///
/// # Errors
/// [`Error::Start`], or [`Error::Command`] when its status is not 0.
pub fn run_command(command: &mut Command) -> Result<String, Error> {
    let line = describe(command);
    let output = match command.stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(source) => {
            return Err(Error::Start { command: line, source });
        }
    };
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(stdout);
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    Err(Error::Command {
        command: line,
        status: output.status.to_string(),
        output: format!("{stderr}{stdout}").trim_end().to_owned(),
    })
}

/// Runs a command given as one line.
pub(crate) fn run_line(line: &str) -> Result<String, Error> {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    run_command(command.args(words))
}

/// The command line as it would be typed.
pub(super) fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
