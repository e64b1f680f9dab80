//! One report, one file: what `flumen show` prints.

mod interfaces;
mod nat;
mod policies;
mod reasons;
mod session;
mod sessions;
mod status;
mod zones;

pub(crate) use interfaces::render as interfaces;
pub(crate) use nat::render as nat;
pub(crate) use policies::render as policies;
pub(crate) use reasons::{render as reasons, select};
pub(crate) use session::render as sessions_in_full;
pub(crate) use sessions::render as sessions;
pub(crate) use status::render as status;
pub(crate) use zones::render as zones;

#[cfg(test)]
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
