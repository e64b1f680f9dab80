//! Asks the daemon over its Unix socket, as `flumen.v1` has it, and waits for the answer.
//!
//! A [`Client`] is one connection, with a thread of its own that keeps it alive while nobody asks: to the daemon it is an editor
//! whose lock ends with it. [`Events`] is a stream of what happens.
#![forbid(unsafe_code)]

mod client;
mod connection;
mod error;
mod events;
mod failure;

pub use client::Client;
pub use error::ClientError;
pub use events::Events;
pub use flumen_api::v1;
