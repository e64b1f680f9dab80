use serde::{Deserialize, Serialize};
use std::fmt;

/// One complaint about a configuration, with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigMessage {
    /// Line, from 1; 0 when the complaint is about the whole text.
    pub line: u32,
    /// Column, from 1, in characters; 0 likewise.
    pub column: u32,
    /// Where in the configuration, in its own words: `policies[3].source`; empty for the whole.
    pub path: String,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for ConfigMessage {
    /// `line:column: path: text`, without the parts that are not known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line != 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::ConfigMessage;

    #[test]
    fn a_message_shows_only_what_is_known_of_its_place() {
        let mut message =
            ConfigMessage { line: 3, column: 7, path: "zones[0]".into(), text: "no such device".into() };
        assert_eq!(message.to_string(), "3:7: zones[0]: no such device");
        message.line = 0;
        assert_eq!(message.to_string(), "zones[0]: no such device");
        message.path.clear();
        assert_eq!(message.to_string(), "no such device");
    }
}
