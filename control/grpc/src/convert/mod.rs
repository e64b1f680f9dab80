//! From protobuf to the types of the API and back: one area, one file.

mod configuration;
mod explain;
mod operations;
mod sessions;
mod status;

pub(crate) use configuration::{accepted, applied, refused};
pub(crate) use explain::{explain_request, explained};
pub(crate) use operations::{interfaces, nat, policies, reasons, status, zones};
pub(crate) use sessions::{session, session_filter};
pub(crate) use status::{invalid, refusal};

use crate::v1;
use flumen_api::Traffic;
use tonic::Status;

fn traffic(traffic: Traffic) -> Option<v1::Traffic> {
    Some(v1::Traffic { packets: traffic.packets, bytes: traffic.bytes })
}

/// A number that protobuf has no type small enough for.
fn small<T: TryFrom<u32>>(field: &str, number: u32) -> Result<T, Status> {
    let most = (1_u64 << (8 * size_of::<T>())) - 1;
    T::try_from(number).map_err(|_| invalid(format!("{field} is {number}, more than {most}")))
}

/// An empty text is none: protobuf does not tell them apart.
fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
