use crate::ConfigMessage;
use serde::{Deserialize, Serialize};

/// Why the daemon did not do what it was asked. Each text says what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ApiError {
    /// Not a request.
    #[error("not a request that this daemon knows: {reason}")]
    Malformed {
        /// What the parser found.
        reason: String,
    },
    /// The answer does not fit into one message.
    #[error(
        "the answer has {bytes} bytes, more than the {limit} of one message: narrow the filter or lower the limit"
    )]
    AnswerTooLarge {
        /// Size of the answer.
        bytes: usize,
        /// Most that is sent.
        limit: usize,
    },
    /// The configuration is refused; the running ruleset is untouched.
    #[error("the configuration is refused ({} {}); the running ruleset is untouched", messages.len(), if messages.len() == 1 { "message" } else { "messages" })]
    Refused {
        /// Every complaint, in order of place.
        messages: Vec<ConfigMessage>,
    },
    /// A change of the candidate is refused; the candidate is as before.
    #[error("{}", lines(messages))]
    NotEdited {
        /// Every complaint, in order of place.
        messages: Vec<ConfigMessage>,
    },
    /// A name in the request is not in the configuration that is asked.
    #[error("there is no {kind} {name} in the configuration; there {} {}", if known.len() == 1 { "is" } else { "are" }, if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    Unknown {
        /// `zone`, `policy` or `interface`.
        kind: String,
        /// The name that was asked for.
        name: String,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The engine could not do it.
    #[error("{reason}")]
    Engine {
        /// Its message.
        reason: String,
    },
    /// A file of the daemon could not be written.
    #[error("{reason}")]
    State {
        /// What was tried, and the system's answer.
        reason: String,
    },
    /// The request asks for something that cannot be.
    #[error("{reason}")]
    Impossible {
        /// Why.
        reason: String,
    },
}

fn lines(messages: &[ConfigMessage]) -> String {
    messages.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
