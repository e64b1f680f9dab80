use crate::Problem;
use serde::{Serialize, Serializer};
use std::fmt;

/// A name of the user's choice: a letter, then letters, digits, `-`, `_` and `.`; at most 63 bytes, as in Junos.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Name(String);

impl Name {
    /// Bytes at most.
    pub const MAX_LEN: usize = 63;

    /// Checks the syntax; that a name is reserved somewhere is for the place to say.
    ///
    /// # Errors
    /// [`Problem::Name`].
    pub fn new(text: &str) -> Result<Name, Problem> {
        let mut bytes = text.bytes();
        let starts = bytes.next().is_some_and(|first| first.is_ascii_alphabetic());
        let goes_on = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if starts && goes_on && text.len() <= Self::MAX_LEN {
            Ok(Name(text.to_owned()))
        } else {
            Err(Problem::Name { name: text.chars().take(100).collect() })
        }
    }

    /// A name of the configuration language, which checked it: any printable characters but quotes and `?`. Names
    /// with a space are made of several and cannot be written.
    pub(crate) fn written(text: &str) -> Name {
        Name(text.to_owned())
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the name that stands in for one that could not be read: no check speaks of it again.
    pub(crate) fn is_placeholder(&self) -> bool {
        self.0 == "?"
    }
}

impl Default for Name {
    /// The placeholder, which no text can contain.
    fn default() -> Name {
        Name("?".to_owned())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_are_checked_for_syntax_and_length() {
        for good in ["a", "web", "eth0.100", "Web_server-2", &"x".repeat(63)] {
            assert!(Name::new(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a/b", "ä", "?", &"x".repeat(64)] {
            assert!(Name::new(bad).is_err(), "{bad}");
        }
    }
}
