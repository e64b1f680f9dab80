use crate::print::quote;
use crate::table::{Key, Statement};
use std::borrow::Cow;

/// A step down the tree: a statement's word, and for an entry of a list its keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The word; empty for entries that are written by their key alone.
    pub name: Cow<'static, str>,
    /// The keys of a list's entry.
    pub keys: Vec<String>,
}

impl Step {
    /// A statement without keys.
    pub const fn word(name: &'static str) -> Step {
        Step { name: Cow::Borrowed(name), keys: Vec::new() }
    }

    /// A list's entry.
    pub fn entry(name: &'static str, keys: &[&str]) -> Step {
        Step { name: Cow::Borrowed(name), keys: keys.iter().map(|key| (*key).to_owned()).collect() }
    }

    /// Its words as one types them, markers included, quoted where need be.
    pub(crate) fn words<'a>(&'a self, keys: &'static [Key]) -> impl Iterator<Item = Cow<'a, str>> {
        let name = (!self.name.is_empty()).then(|| quote(&self.name));
        let keys = self.keys.iter().enumerate().flat_map(|(place, key)| {
            let marker = keys.get(place).map_or("", |key| key.marker);
            (!marker.is_empty()).then_some(Cow::Borrowed(marker)).into_iter().chain([quote(key)])
        });
        name.into_iter().chain(keys)
    }
}

/// A path as one types it: `security policies from-zone a to-zone b`.
pub fn path_words(path: &[Step]) -> String {
    let mut rows = Some(crate::table::statements());
    let mut words: Vec<Cow<'_, str>> = Vec::new();
    for step in path {
        let statement = rows.and_then(|rows| find(rows, &step.name));
        words.extend(step.words(statement.map_or(&[], Statement::keys)));
        rows = statement.and_then(Statement::scope);
    }
    words.join(" ")
}

/// The statement called `name` among `rows`, or what may stand everywhere.
pub(crate) fn find(rows: &'static [Statement], name: &str) -> Option<&'static Statement> {
    rows.iter().chain(crate::table::EVERYWHERE).find(|statement| statement.name == name)
}
