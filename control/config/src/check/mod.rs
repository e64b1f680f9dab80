//! What must hold between the parts of a model. Every check goes on after an error.

mod address;
mod application;
mod bounds;
mod destination_nat;
mod interface;
mod network;
mod policy;
mod reference;
mod services;
mod source_nat;
mod zone;

use crate::{ConfigError, Model, Name, Path, Problem};
use flumen_syntax::nearest;

/// What is wrong so far.
#[derive(Default)]
pub(crate) struct Findings {
    errors: Vec<ConfigError>,
    /// Names that were compared with all that exist, to suggest one.
    compared: usize,
}

impl Findings {
    /// Names that get a suggestion. More would take long, and nobody reads as many.
    const COMPARED: usize = 50;

    fn add(&mut self, path: Path, problem: Problem) {
        self.errors.push(ConfigError::at(path, problem));
    }

    /// Adds that nothing is called `name`, with the nearest of what is `known`.
    fn add_unknown<'a>(
        &mut self,
        path: Path,
        what: &'static str,
        name: &Name,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        self.compared += 1;
        let within = self.compared <= Self::COMPARED;
        let suggestion = if within { nearest(name.as_str(), known) } else { None };
        self.add(path, Problem::Unknown { what, name: name.to_string(), suggestion });
    }
}

/// Everything that is wrong with `model`.
pub(crate) fn model(model: &Model) -> Vec<ConfigError> {
    let mut findings = Findings::default();
    bounds::check(model, &mut findings);
    interface::check(model, &mut findings);
    zone::check(model, &mut findings);
    address::check(model, &mut findings);
    application::check(model, &mut findings);
    policy::check(model, &mut findings);
    source_nat::check(model, &mut findings);
    destination_nat::check(model, &mut findings);
    services::check(model, &mut findings);
    network::check(model, &mut findings);
    findings.errors
}

fn security() -> Path {
    Path::root().field("security")
}
