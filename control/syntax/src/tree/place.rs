use std::sync::Arc;

/// Where something was written. Lines and columns count from 1, columns in characters; line 0 is nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, as its user named it; none for what was typed.
    pub file: Option<Arc<str>>,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}
