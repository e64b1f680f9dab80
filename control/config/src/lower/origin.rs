use super::located;
use crate::{ConfigError, Path, Warning};
use flumen_syntax::Place;
use std::collections::HashMap;

/// Where the parts of a model were written.
#[derive(Default)]
pub(super) struct Origins(HashMap<Path, Origin>);

struct Origin {
    place: Place,
    /// The statement, with those around it.
    words: String,
}

impl Origins {
    pub(super) fn add(&mut self, path: Path, place: &Place, words: &str) {
        self.0.insert(path, Origin { place: place.clone(), words: words.to_owned() });
    }

    /// The statement that became `path`, or a part of the model around it.
    fn of(&self, path: &Path) -> Option<&Origin> {
        let mut path = path.clone();
        loop {
            if let Some(origin) = self.0.get(&path) {
                return Some(origin);
            }
            path = path.parent()?;
        }
    }

    /// An error in the model as one of the statement that it came from.
    pub(super) fn located(&self, error: ConfigError) -> ConfigError {
        match self.of(&error.path) {
            Some(origin) => located(&origin.place, Path::statement(&origin.words), error.problem),
            None => error,
        }
    }

    /// A warning of the model with the statement that it came from.
    pub(super) fn named(&self, warning: Warning) -> Warning {
        let statement = |path: Path| self.of(&path).map_or(path, |origin| Path::statement(&origin.words));
        match warning {
            Warning::Unused { path } => Warning::Unused { path: statement(path) },
            Warning::WithoutIpv6 { path } => Warning::WithoutIpv6 { path: statement(path) },
            Warning::ZoneWithoutInterface { path } => Warning::ZoneWithoutInterface { path: statement(path) },
            other => other,
        }
    }
}
