use crate::output::{Output, complain};
use crate::words::BAD;
use flumen_api::{ApiError, ConfigMessage};
use flumen_client::ClientError;
use flumen_daemon::DaemonError;
use serde::Serialize;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A configuration was refused; each message is shown with the file's name.
    Refused {
        /// Name of the file.
        file: String,
        /// Every message.
        messages: Vec<ConfigMessage>,
    },
    /// Asked in a way that makes no sense, or about a file that cannot be read.
    Usage(String),
    /// The output has said it already.
    Reported,
    /// Anything else, in words that say what to do.
    Failed(String),
    /// Standard output cannot be written.
    Printing(std::io::Error),
}

/// `Ok` when done.
pub(crate) type Outcome = Result<(), Failure>;

/// What `--json` prints of a failure.
#[derive(Serialize)]
struct FailureReport<'a> {
    /// What standard error says, without the messages.
    error: &'a str,
    /// The configuration that was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    /// Every message about it, as `flumen check --json` prints them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ConfigMessage],
}

impl Failure {
    /// Says it on standard error, with `--json` also on standard output, and gives the exit status.
    pub(crate) fn report(self, output: Output) -> ExitCode {
        let status = match &self {
            Failure::Reported => return ExitCode::from(1),
            Failure::Usage(_) => 2,
            Failure::Refused { .. } | Failure::Failed(_) | Failure::Printing(_) => 1,
        };
        self.complain();
        if output.json {
            self.print();
        }
        ExitCode::from(status)
    }

    /// Says it on standard error.
    pub(crate) fn complain(&self) {
        let (file, errors) = self.messages();
        let lines: String =
            errors.iter().map(|message| format!("{}:{message}\n", file.unwrap_or_default())).collect();
        complain(&format!("{lines}{BAD}error:{BAD:#} {}\n", self.text()));
    }

    /// Prints it as JSON.
    pub(crate) fn print(&self) {
        let (file, errors) = self.messages();
        let report = FailureReport { error: &self.text(), file, errors };
        if let Err(error) = (Output { json: true }).report(&report, |_| String::new()) {
            complain(&format!("{BAD}error:{BAD:#} cannot print: {error}\n"));
        }
    }

    /// The configuration that was refused, and what is wrong with it.
    fn messages(&self) -> (Option<&str>, &[ConfigMessage]) {
        match self {
            Failure::Refused { file, messages } => (Some(file), messages),
            _ => (None, &[]),
        }
    }

    /// In one line, without the messages.
    pub(crate) fn text(&self) -> String {
        match self {
            Failure::Refused { file, messages } => {
                let count = crate::words::plural(messages.len() as u64, "message", "messages");
                format!("{file} is refused ({count})")
            }
            Failure::Reported => String::new(),
            Failure::Usage(text) | Failure::Failed(text) => text.clone(),
            Failure::Printing(error) => format!("cannot print: {error}"),
        }
    }

    /// A refusal of the daemon, about the configuration in `file`.
    pub(crate) fn about(file: &str, error: ClientError) -> Failure {
        match error {
            ClientError::Refused(ApiError::Refused { messages }) => {
                Failure::Refused { file: file.to_owned(), messages }
            }
            other => other.into(),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::Failed(error.to_string())
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Failure {
        match error {
            DaemonError::Refused { source_name, messages } => {
                Failure::Refused { file: source_name, messages }
            }
            other => Failure::Failed(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Failure::Printing(error)
    }
}
