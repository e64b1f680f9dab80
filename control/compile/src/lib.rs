//! Turns the configuration model into a [`Ruleset`]: the rows of every table, nothing else. Pure.
//!
//! Only this crate sees both configuration words and table bytes. What is committed next to the rows are the
//! [`Identities`], which keep numbers stable from one commit to the next, and the [`Names`], which lead back
//! from a number to the configuration.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bounds;
mod classifier;
mod compile;
mod diff;
mod dump;
mod error;
mod fate;
mod identities;
mod judge;
mod limits;
mod names;
mod note;
mod region;
mod ruleset;
mod services;
mod shadow;
mod stage;

pub use classifier::{Fields, Match, RootShape, Steps, classify, classify_counted, fields};
pub use compile::{Compiled, compile, compile_within};
pub use diff::{RulesetDiff, TableDiff};
pub use error::CompileError;
pub use fate::{Fate, Judge};
pub use identities::{Identities, RuleKey, RuleKind};
pub use judge::{FirstPacket, Judgement};
pub use limits::{Limits, Table};
pub use names::{InterfaceName, Names, RuleName};
pub use note::Note;
pub use ruleset::{InterfaceBinding, Ruleset};
