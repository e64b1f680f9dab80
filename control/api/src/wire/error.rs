use super::{Wire, WireError};
use crate::{ApiError, brief, v1};
use prost::Message;
use v1::error::Kind;

impl TryFrom<ApiError> for v1::Refused {
    type Error = ApiError;

    /// The complaints of a refusal; any other error comes back.
    fn try_from(error: ApiError) -> Result<Self, ApiError> {
        let (messages, edit) = match error {
            ApiError::Refused { messages } => (messages, false),
            ApiError::NotEdited { messages } => (messages, true),
            other => return Err(other),
        };
        Ok(v1::Refused { messages: messages.into_wire(), edit })
    }
}

impl TryFrom<v1::Refused> for ApiError {
    type Error = WireError;

    fn try_from(refused: v1::Refused) -> Result<Self, WireError> {
        let messages = super::field("messages", refused.messages)?;
        Ok(if refused.edit { ApiError::NotEdited { messages } } else { ApiError::Refused { messages } })
    }
}

impl Wire<v1::Error> for ApiError {
    fn into_wire(self) -> v1::Error {
        let kind = match v1::Refused::try_from(self) {
            Ok(refused) => Kind::Refused(refused),
            Err(ApiError::Malformed { reason }) => Kind::Malformed(reason),
            Err(ApiError::AnswerTooLarge { bytes, limit }) => Kind::AnswerTooLarge(v1::AnswerTooLarge {
                bytes: bytes.into_wire(),
                limit: limit.into_wire(),
            }),
            Err(ApiError::Unknown { kind, name, known }) => {
                Kind::Unknown(v1::UnknownName { kind, name, known })
            }
            Err(ApiError::Engine { reason }) => Kind::Engine(reason),
            Err(ApiError::State { reason }) => Kind::State(reason),
            Err(ApiError::Impossible { reason }) => Kind::Impossible(reason),
            // They became `Ok`; as text nothing is lost, should that ever change.
            Err(refused @ (ApiError::Refused { .. } | ApiError::NotEdited { .. })) => {
                Kind::Impossible(refused.to_string())
            }
        };
        v1::Error { kind: Some(kind) }
    }

    fn from_wire(error: v1::Error) -> Result<Self, WireError> {
        Ok(match error.kind {
            Some(Kind::Refused(refused)) => {
                ApiError::try_from(refused).map_err(|error| error.within("refused"))?
            }
            Some(Kind::Malformed(reason)) => ApiError::Malformed { reason },
            Some(Kind::AnswerTooLarge(v1::AnswerTooLarge { bytes, limit })) => ApiError::AnswerTooLarge {
                bytes: super::field("bytes", bytes)?,
                limit: super::field("limit", limit)?,
            },
            Some(Kind::Unknown(v1::UnknownName { kind, name, known })) => {
                ApiError::Unknown { kind, name, known }
            }
            Some(Kind::Engine(reason)) => ApiError::Engine { reason },
            Some(Kind::State(reason)) => ApiError::State { reason },
            Some(Kind::Impossible(reason)) => ApiError::Impossible { reason },
            None => return Err(WireError::new("kind is not set")),
        })
    }
}

/// The bytes of an error, at most so many: the last of its complaints or names are left out, or its text is cut off. None if
/// that is still too much.
pub fn shortened(error: ApiError, most: usize) -> Option<Vec<u8>> {
    let mut error = error.into_wire();
    for _ in 0..u64::BITS {
        let bytes = error.encoded_len();
        if bytes <= most {
            return Some(error.encode_to_vec());
        }
        match error.kind.as_mut()? {
            Kind::Refused(refused) => halve(&mut refused.messages)?,
            Kind::Unknown(unknown) => halve(&mut unknown.known)?,
            Kind::Malformed(text) | Kind::Engine(text) | Kind::State(text) | Kind::Impossible(text) => {
                let keep = text.len().checked_sub(bytes - most + '…'.len_utf8())?;
                *text = brief(std::mem::take(text), keep);
            }
            Kind::AnswerTooLarge(_) => return None,
        }
    }
    None
}

fn halve<T>(list: &mut Vec<T>) -> Option<()> {
    let half = list.len() / 2;
    list.truncate(half);
    (half > 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::shortened;
    use crate::wire::Wire;
    use crate::{ApiError, ConfigMessage, v1};
    use prost::Message;

    fn cut(error: ApiError, most: usize) -> Option<ApiError> {
        let bytes = shortened(error, most)?;
        assert!(bytes.len() <= most);
        Some(ApiError::from_wire(v1::Error::decode(&*bytes).unwrap()).unwrap())
    }

    #[test]
    fn an_error_that_fits_is_whole_and_a_longer_one_says_the_beginning() {
        let long = || ApiError::Impossible { reason: "ü".repeat(1_000) };
        assert_eq!(cut(long(), 4_000), Some(long()));
        let Some(ApiError::Impossible { reason }) = cut(long(), 500) else { panic!("lost") };
        assert!(reason.starts_with("üü") && reason.ends_with('…') && reason.len() > 480, "{}", reason.len());
        assert_eq!(cut(long(), 3), None);
        let message = ConfigMessage { line: 1, column: 2, path: String::new(), text: "no".into() };
        let Some(ApiError::NotEdited { messages }) =
            cut(ApiError::NotEdited { messages: vec![message; 1_000] }, 300)
        else {
            panic!("lost")
        };
        assert!(messages.len() > 10);
        let known = (0..9_000).map(|number| number.to_string()).collect();
        let Some(ApiError::Unknown { known, .. }) =
            cut(ApiError::Unknown { kind: "zone".into(), name: "x".into(), known }, 300)
        else {
            panic!("lost")
        };
        assert_eq!(known[0], "0");
    }
}
