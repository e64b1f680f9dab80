//! The configuration language: its statements as data, and what follows from them.
//!
//! [`statements`] is the table: each statement once, with form, help, default and support. A [`Tree`] is a
//! configuration as written; it is read by [`parse`], printed by [`print`], edited by [`Edit`]. What a
//! configuration means is for the crate above to say: this one knows forms, not meanings. Pure: no file, no clock,
//! no host.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod complete;
mod groups;
mod load;
mod manual;
mod many;
pub mod parse;
pub mod print;
mod problem;
mod suggestion;
mod support;
mod table;
mod tree;

pub use complete::{Candidate, CandidateKind, Completion, Live, complete, expand};
pub use groups::{effective, inherit};
pub use load::{Changed, Load, compare, compare_at, load, load_set, patch};
pub use manual::manual;
pub use problem::{Finding, Problem};
pub use suggestion::nearest;
pub use support::{Unsupported, accept_unsupported, unsupported};
pub use table::{
    Body, Key, Kind, Layout, Order, PORT_NAMES, Source, Statement, Support, Type, Value, Word, icmp_type,
    port, statements,
};
pub use tree::{Edit, Entry, Marks, Node, Place, Replace, Step, Text, Tree, Where, path_words};
