//! One report, one file: what `flumen show` prints.

mod connections;
mod interface;
mod interfaces;
mod nat;
mod neighbours;
mod policies;
mod policy_match;
mod reasons;
mod routes;
mod screen;
mod session;
mod sessions;
mod status;
mod system;
mod zones;

pub(crate) use connections::{read as read_connections, render as connections};
pub(crate) use interface::{
    WholeInterface, WholeInterfaces, render as interfaces_in_full, statistics as interface_statistics,
};
pub(crate) use interfaces::render as interfaces;
pub(crate) use nat::render as nat;
pub(crate) use neighbours::render as neighbours;
pub(crate) use policies::render as policies;
pub(crate) use policy_match::render as policy_match;
pub(crate) use reasons::{render as reasons, select};
pub(crate) use routes::render as routes;
pub(crate) use screen::{of as screen_of, render as screen};
pub(crate) use session::render as sessions_in_full;
pub(crate) use sessions::render as sessions;
pub(crate) use status::render as status;
pub(crate) use system::{alarms, log, memory, processes, uptime};
pub(crate) use zones::render as zones;

#[cfg(test)]
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
