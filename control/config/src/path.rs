use std::fmt;

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// A field of an object, or a name in a map.
    Field(String),
    /// An element of a list, from 0.
    Index(usize),
    /// A statement of the language with those around it: `security zones security-zone trust`.
    Statement(String),
}

/// Where in the configuration: `security.policies[3].match.source-address[0]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Segment>);

impl Path {
    /// The configuration as a whole.
    pub const fn root() -> Path {
        Path(Vec::new())
    }

    /// Steps from the root.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The field `name` of what is here.
    #[must_use]
    pub fn field(&self, name: &str) -> Path {
        self.with(Segment::Field(name.to_owned()))
    }

    /// A statement of the language.
    pub fn statement(words: &str) -> Path {
        Path(vec![Segment::Statement(words.to_owned())])
    }

    /// What contains this place; none for the root.
    pub(crate) fn parent(&self) -> Option<Path> {
        self.0.split_last().map(|(_, above)| Path(above.to_vec()))
    }

    /// Element `index` of what is here.
    #[must_use]
    pub fn index(&self, index: usize) -> Path {
        self.with(Segment::Index(index))
    }

    /// True when one of the two contains the other, or both are the same place.
    pub fn overlaps(&self, other: &Path) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a == b)
    }

    pub(crate) fn push(&mut self, segment: Segment) {
        self.0.push(segment);
    }

    pub(crate) fn pop(&mut self) {
        self.0.pop();
    }

    fn with(&self, segment: Segment) -> Path {
        let mut path = self.clone();
        path.push(segment);
        path
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Statement(words) => f.write_str(words)?,
                Segment::Field(name)
                    if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') =>
                {
                    let dot = if place == 0 { "" } else { "." };
                    write!(f, "{dot}{name}")?;
                }
                Segment::Field(name) => write!(f, "[{name:?}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Path;

    #[test]
    fn a_path_reads_as_one_would_write_it_and_quotes_names_with_dots() {
        let path = Path::root()
            .field("security")
            .field("policies")
            .index(3)
            .field("match")
            .field("source-address")
            .index(0);
        assert_eq!(path.to_string(), "security.policies[3].match.source-address[0]");
        assert_eq!(
            Path::root().field("interfaces").field("eth0.100").to_string(),
            "interfaces[\"eth0.100\"]"
        );
    }

    #[test]
    fn places_overlap_when_one_contains_the_other() {
        let zones = Path::root().field("security").field("zones");
        assert!(zones.overlaps(&zones.field("trust")) && zones.field("trust").overlaps(&zones));
        assert!(!zones.field("trust").overlaps(&zones.field("untrust")));
    }
}
