//! A traffic mirror for people who want nothing else: variables and rules in files become a configuration.
//! Pure: texts in, text and errors out.
#![forbid(unsafe_code)]

mod import;
mod problem;
mod rules;
mod settings;
mod variables;

pub use import::{Imported, Sources, import};
pub use problem::{Place, Problem};
pub use settings::{Mirror, Rule, Watch};
