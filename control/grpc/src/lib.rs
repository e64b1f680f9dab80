//! The gRPC door of the daemon: services `flumen.v1`, as they are described in `proto/` of `flumen-api`.
//!
//! The daemon gives a [`Backend`], which answers, and a [`Hub`], which it tells what happens. [`Server`] serves both at a
//! Unix socket and, if it is told so, at a TCP port with TLS. All of it runs on one thread of its own, with a runtime that
//! nothing else uses ([ADR 11](../../../docs/adr/0011-grpc.md)): calls into the backend are made on a few threads beside
//! it, and none of them waits for a client.
#![forbid(unsafe_code)]

mod access;
mod answer;
mod backend;
mod caller;
mod connection;
mod door;
mod error;
mod guard;
mod hub;
mod listener;
mod logins;
mod method;
mod refusal;
mod role;
mod sampler;
mod server;
mod service;
mod uses;

pub use flumen_api::v1;

pub use access::{Access, CertificateRole, TokenRole};
pub use backend::{Backend, PageLimits, SessionsPage};
pub use caller::{Caller, Identity};
pub use error::GrpcError;
pub use hub::Hub;
pub use logins::Logins;
pub use method::{METHODS, Method};
pub use role::Role;
pub use server::{Doors, Server};

/// Events that wait for one client, at most.
pub const QUEUE: usize = 256;
