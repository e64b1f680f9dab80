use crate::output::complain;
use crate::words::BAD;
use flumen_api::transport::ClientError;
use flumen_api::{ApiError, ConfigMessage};
use flumen_daemon::DaemonError;
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
}

/// `Ok` when done.
pub(crate) type Outcome = Result<(), Failure>;

impl Failure {
    /// Says it, and gives the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let mark = format!("{BAD}error:{BAD:#}");
        match self {
            Failure::Refused { file, messages } => {
                let lines: String = messages.iter().map(|message| format!("{file}:{message}\n")).collect();
                let count = crate::words::plural(messages.len() as u64, "message", "messages");
                complain(&format!("{lines}{mark} {file} is refused ({count})\n"));
                ExitCode::from(1)
            }
            Failure::Reported => ExitCode::from(1),
            Failure::Usage(text) => {
                complain(&format!("{mark} {text}\n"));
                ExitCode::from(2)
            }
            Failure::Failed(text) => {
                complain(&format!("{mark} {text}\n"));
                ExitCode::from(1)
            }
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
        Failure::Failed(format!("cannot print: {error}"))
    }
}
