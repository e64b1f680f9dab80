use crate::listener::coded;
use flumen_api::wire::shortened as error_bytes;
use flumen_api::{ApiError, ERROR_TRAILER, brief};
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

/// Texts of statuses travel in headers, which clients bound.
const MAX_TEXT_BYTES: usize = 2_048;
/// Complaints about a candidate that is only explained.
const MAX_COMPLAINTS: usize = 10;
/// Bytes of an error in its trailer when the caller does not say how many they take.
pub(crate) const USUAL_ERROR_BYTES: usize = 1_024;
/// And at most, whatever the caller says.
pub(crate) const MAX_ERROR_BYTES: usize = 256 * 1_024;

/// The request cannot be meant.
pub(crate) fn invalid(text: String) -> Status {
    coded(Code::InvalidArgument, "malformed", brief(text, MAX_TEXT_BYTES))
}

/// What the daemon says no with; the whole of it is in the trailer, which has at most so many bytes.
pub(crate) fn refusal(error: ApiError, most: usize) -> Status {
    let mut text = error.to_string();
    let (code, name) = match &error {
        ApiError::Malformed { .. } => (Code::InvalidArgument, "malformed"),
        ApiError::Refused { messages } => {
            for message in messages.iter().take(MAX_COMPLAINTS) {
                text.push_str(&format!("\n{message}"));
            }
            (Code::InvalidArgument, "refused")
        }
        ApiError::AnswerTooLarge { .. } => (Code::ResourceExhausted, "answer-too-large"),
        ApiError::Unknown { .. } => (Code::NotFound, "unknown"),
        ApiError::Impossible { .. } => (Code::FailedPrecondition, "impossible"),
        ApiError::State { .. } => (Code::Internal, "state"),
        ApiError::Engine { .. } => (Code::Internal, "engine"),
        ApiError::NotEdited { .. } => (Code::InvalidArgument, "not-edited"),
        _ => (Code::Unknown, "refused"),
    };
    let mut status = coded(code, name, brief(text, MAX_TEXT_BYTES));
    if let Some(bytes) = error_bytes(error, most) {
        status.metadata_mut().insert_bin(ERROR_TRAILER, MetadataValue::from_bytes(&bytes));
    }
    status
}

#[cfg(test)]
mod tests {
    use super::{MAX_TEXT_BYTES, USUAL_ERROR_BYTES, invalid, refusal};
    use flumen_api::{ApiError, ConfigMessage};
    use tonic::Code;

    #[test]
    fn each_refusal_has_its_code_and_its_short_name() {
        let reason = || "why".to_owned();
        for (error, code, name) in [
            (ApiError::Malformed { reason: reason() }, Code::InvalidArgument, "malformed"),
            (ApiError::Impossible { reason: reason() }, Code::FailedPrecondition, "impossible"),
            (ApiError::Engine { reason: reason() }, Code::Internal, "engine"),
            (ApiError::State { reason: reason() }, Code::Internal, "state"),
            (
                ApiError::Unknown { kind: "zone".into(), name: "x".into(), known: vec![] },
                Code::NotFound,
                "unknown",
            ),
        ] {
            let text = error.to_string();
            let status = refusal(error, USUAL_ERROR_BYTES);
            assert_eq!((status.code(), status.message()), (code, text.as_str()));
            assert_eq!(status.metadata().get("flumen-code").unwrap(), name);
        }
    }

    #[test]
    fn a_status_stays_small_enough_for_a_header() {
        let message = ConfigMessage { line: 1, column: 2, path: String::new(), text: "ü".repeat(900) };
        let status = refusal(ApiError::Refused { messages: vec![message; 50] }, USUAL_ERROR_BYTES);
        assert!(status.message().len() <= MAX_TEXT_BYTES + '…'.len_utf8());
        assert!(status.message().ends_with('…'));
        let trailer = status.metadata().get_bin("flumen-error-bin").map(|value| value.to_bytes().unwrap());
        assert!(trailer.is_none_or(|bytes| bytes.len() <= USUAL_ERROR_BYTES));
        assert_eq!(invalid("short".to_owned()).message(), "short");
    }
}
