//! Requests and responses as framed JSON over a Unix socket.
//!
//! A message is four bytes of length (big endian), then that many bytes of JSON:
//! `{"version":1,"body":…}`. The body of a request is a [`crate::Request`], that of a response is
//! `{"ok":`[`crate::Response`]`}` or `{"error":`[`crate::ApiError`]`}`. A connection carries any number of
//! requests, one after the other; each is answered before the next is read.

mod client;
mod envelope;
mod frame;

pub use client::{Client, ClientError};
pub use envelope::{read_request, read_response, write_request, write_response};
pub use frame::{FrameError, MAX_MESSAGE_BYTES};
