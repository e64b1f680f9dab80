//! The gRPC door of the daemon: services `flumen.v1`, as they are described in `proto/`.
//!
//! The daemon gives a [`Backend`], which answers, and a [`Hub`], which it tells what happens. [`Server`] serves both at a
//! Unix socket and, if it is told so, at a TCP port with TLS. All of it runs on one thread of its own, with a runtime that
//! nothing else uses ([ADR 11](../../../docs/adr/0011-grpc.md)): calls into the backend are made on a few threads beside
//! it, and none of them waits for a client.
#![forbid(unsafe_code)]

mod access;
mod backend;
mod caller;
mod connection;
mod convert;
mod door;
mod error;
mod guard;
mod hub;
mod listener;
mod method;
mod role;
mod sampler;
mod server;
mod service;
mod uses;

pub use access::{Access, CertificateRole, TokenRole};
pub use backend::{Backend, PageLimits, SessionsPage};
pub use caller::{Caller, Identity};
pub use error::GrpcError;
pub use hub::Hub;
pub use method::{METHODS, Method};
pub use role::Role;
pub use server::{Doors, Server};

/// Messages, clients and servers that the compiler made of `proto/`.
#[allow(missing_docs, clippy::all, clippy::wildcard_imports, reason = "generated; documented in proto/")]
pub mod v1 {
    tonic::include_proto!("flumen.v1");

    /// The descriptors of all services, for reflection.
    pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/flumen.v1.bin"));
}

/// The largest request that is read, bytes; as at the socket of the commands. A configuration of 100,000 lines fits.
pub const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;
/// Events that wait for one client, at most.
pub const QUEUE: usize = 256;
