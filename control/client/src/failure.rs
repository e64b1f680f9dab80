use crate::ClientError;
use flumen_api::wire::Wire;
use flumen_api::{ApiError, ERROR_TRAILER, v1};
use prost::Message;
use std::error::Error;
use tonic::{Code, Status};

/// What a status says: a refusal of the daemon, of its door, or that the connection is lost.
pub(crate) fn failure(status: &Status) -> ClientError {
    if let Some(error) = refusal(status) {
        return ClientError::Refused(error);
    }
    let code = status.metadata().get("flumen-code").and_then(|code| code.to_str().ok());
    match (status.code(), code) {
        (_, Some("no-such-method")) | (Code::Unimplemented, _) => ClientError::Mismatch,
        (_, Some(code)) => ClientError::Turned { code: code.to_owned(), text: status.message().to_owned() },
        _ => ClientError::Lost(chain(status)),
    }
}

fn refusal(status: &Status) -> Option<ApiError> {
    let bytes = status.metadata().get_bin(ERROR_TRAILER)?.to_bytes().ok()?;
    ApiError::from_wire(v1::Error::decode(bytes).ok()?).ok()
}

/// The last cause is the one that the system gave.
fn chain(status: &Status) -> String {
    let causes = std::iter::successors(status.source(), |cause| (*cause).source());
    causes.last().map_or_else(|| status.message().to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::failure;
    use crate::ClientError;
    use tonic::{Code, Status};

    #[test]
    fn a_status_of_nobody_is_a_lost_connection_and_one_with_a_code_is_the_doors() {
        let lost = failure(&Status::new(Code::Unavailable, "gone"));
        assert!(matches!(&lost, ClientError::Lost(text) if text == "gone"), "{lost}");
        let mut status = Status::new(Code::PermissionDenied, "alice has no role here");
        status.metadata_mut().insert("flumen-code", "role".parse().unwrap());
        assert_eq!(failure(&status).to_string(), "alice has no role here");
    }
}
