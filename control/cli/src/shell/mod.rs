//! The shell: operational and configuration mode, on a terminal and in scripts.
//!
//! One table ([`commands`]) has every command; reading a line, abbreviations, `?` and Tab all follow from it. What may
//! stand behind `set` and its like is the daemon's to say.

mod commands;
mod configure;
mod editor;
mod grammar;
mod host;
mod line;
mod live;
mod look;
mod monitor;
mod operate;
mod operational;
mod pager;
mod pipe;
mod printed;
mod programs;
mod session;
mod support;
pub(crate) mod when;

pub(crate) use editor::interactive;
pub(crate) use operate::is_operational;
pub(crate) use session::{arguments, script};
