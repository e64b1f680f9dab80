//! A traffic mirror for people who want nothing else: variables and rules in files become a configuration, and what its
//! monitor records becomes a page. Pure: texts in, texts and errors out.
#![forbid(unsafe_code)]

mod import;
mod problem;
mod record;
mod report;
mod rules;
mod settings;
mod traffic;
mod variables;

pub use import::{Imported, Sources, import};
pub use problem::{Place, Problem};
pub use record::{Health, Rates, Record};
pub use report::{Heading, ReportError, records, report};
pub use settings::{Mirror, Rule, Watch};
pub use traffic::{GREATEST_VNI, Traffic, TrafficError, encapsulated};
