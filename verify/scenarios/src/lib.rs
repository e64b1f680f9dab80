//! Flumen between real clients and servers: what the scenario tests and the demo stand on.
//!
//! A [`Lab`] is the testkit's gateway topology with a running `flumen` in the middle. Everything it makes is gone when
//! it is dropped, also after a panic: processes, namespaces, pins, directories.
#![forbid(unsafe_code)]

mod accounting;
mod configuration;
mod flumen;
mod http;
mod lab;
mod places;
mod program;
mod stream;

pub use accounting::{Balance, balances, reason};
pub use configuration::Configuration;
pub use flumen::{Answer, Flumen};
pub use http::{HttpServer, content};
pub use lab::Lab;
pub use places::{Places, remove_leftovers};
pub use program::flumen_program;
pub use stream::{Count, Receiver, send_paced};
