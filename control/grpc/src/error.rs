use std::path::{Path, PathBuf};

/// Why a door was not opened. Each text says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrpcError {
    /// A file or socket cannot be used.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The file of the TCP door is not one.
    #[error("{path} opens no TCP door for gRPC: {reason}")]
    Access {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing can listen there.
    #[error("cannot listen at {address} for gRPC: {source}")]
    Listen {
        /// Address and port.
        address: std::net::SocketAddr,
        /// The system's answer.
        #[source]
        source: std::io::Error,
    },
    /// The certificate, the key or the authority is not one.
    #[error("the TCP door for gRPC has no TLS: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// No thread or runtime could be made.
    #[error("the thread that serves gRPC cannot start: {0}")]
    Thread(#[source] std::io::Error),
    /// The descriptors do not read.
    #[error("gRPC reflection cannot be served: {0}")]
    Reflection(#[source] tonic_reflection::server::Error),
}

impl GrpcError {
    pub(crate) fn file(action: &'static str, path: &Path, source: std::io::Error) -> GrpcError {
        GrpcError::File { action, path: path.to_owned(), source }
    }
}
