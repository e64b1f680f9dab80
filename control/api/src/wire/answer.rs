use super::{Wire, WireError, shape};
use crate::{ApiError, ConfigurationAnswer, Response, v1};

/// A message that answers.
pub trait Answer: prost::Message + Default + Sized + 'static {
    /// The message for an answer.
    ///
    /// # Errors
    /// [`Refusal`] when there is none: an error that the message has no place for, or the answer to another question.
    fn of(answer: Result<Response, ApiError>) -> Result<Self, Refusal>;

    /// The answer in the message.
    ///
    /// # Errors
    /// When a field has a value that nobody can mean.
    fn read(self) -> Result<Result<Response, ApiError>, WireError>;
}

/// What no message is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// To be sent as a status.
    Error(ApiError),
    /// The answer to another question.
    Mismatch,
}

/// A message for each answer: it has the fields of the variant, `{ … }`, or is what the variant holds, `(it)`. What stands in
/// brackets is pattern and value alike.
macro_rules! answers {
    ($($message:ident $shape:tt = [$($form:tt)*];)*) => {$(
        impl Answer for v1::$message {
            fn of(answer: Result<Response, ApiError>) -> Result<Self, Refusal> {
                match answer {
                    Ok($($form)*) => Ok(shape!(make $message $shape)),
                    Ok(_) => Err(Refusal::Mismatch),
                    Err(error) => Err(Refusal::Error(error)),
                }
            }

            fn read(self) -> Result<Result<Response, ApiError>, WireError> {
                shape!(take self $message $shape);
                Ok(Ok($($form)*))
            }
        }
    )*};
}

/// A message that holds one of several, the complaints of a refusal among them: they would not fit a status.
macro_rules! results {
    ($($message:ident $module:ident { $($arm:ident ($it:ident) = [$($form:tt)*]),* $(,)? })*) => {$(
        impl Answer for v1::$message {
            fn of(answer: Result<Response, ApiError>) -> Result<Self, Refusal> {
                let result = match answer {
                    $(Ok($($form)*) => v1::$module::Result::$arm($it.into_wire()),)*
                    Ok(_) => return Err(Refusal::Mismatch),
                    Err(error) => {
                        let refused = v1::Refused::try_from(error).map_err(Refusal::Error)?;
                        v1::$module::Result::Refused(refused)
                    }
                };
                Ok(v1::$message { result: Some(result) })
            }

            fn read(self) -> Result<Result<Response, ApiError>, WireError> {
                match self.result {
                    $(Some(v1::$module::Result::$arm($it)) => {
                        let $it = Wire::from_wire($it)?;
                        Ok(Ok($($form)*))
                    })*
                    Some(v1::$module::Result::Refused(refused)) => ApiError::try_from(refused).map(Err),
                    None => Err(WireError::new("result is not set")),
                }
            }
        }
    )*};
}

answers! {
    GetStatusResponse (it) = [Response::Status(it)];
    ListZonesResponse (it) = [Response::Zones(it)];
    ListPoliciesResponse (it) = [Response::Policies(it)];
    ListNatResponse (it) = [Response::Nat(it)];
    ListInterfacesResponse (it) = [Response::Interfaces(it)];
    ListReasonsResponse (it) = [Response::Reasons(it)];
    ListServicesResponse (it) = [Response::Services(it)];
    CanaryResponse (it) = [Response::Canary(it)];
    ListSessionsResponse (it) = [Response::Sessions(it)];
    ClearSessionsResponse (it) = [Response::Cleared(it)];
    ListRoutesResponse (it) = [Response::Routes(it)];
    ListNeighboursResponse (it) = [Response::Neighbours(it)];
    ListLinksResponse (it) = [Response::Links(it)];
    GetSystemResponse (it) = [Response::System(it)];
    ShowLogResponse (it) = [Response::Log(it)];
    ListNamesResponse { names } = [Response::Names(names)];
    StopResponse {} = [Response::Stopping];
    DetachResponse {} = [Response::Detached];
    ConfirmResponse { commit } = [Response::Confirmed { commit }];
    OpenResponse { editing } = [Response::Configuration(ConfigurationAnswer::Editing(editing))];
    GetEditingResponse { editing } = [Response::Configuration(ConfigurationAnswer::Editing(editing))];
    RollbackResponse { edited } = [Response::Configuration(ConfigurationAnswer::Edited(edited))];
    UpdateResponse { edited } = [Response::Configuration(ConfigurationAnswer::Edited(edited))];
    ShowResponse { text } = [Response::Configuration(ConfigurationAnswer::Text(text))];
    CompareResponse { text } = [Response::Configuration(ConfigurationAnswer::Text(text))];
    CompleteResponse (it) = [Response::Configuration(ConfigurationAnswer::Completion(it))];
    ListCommitsResponse (it) = [Response::Configuration(ConfigurationAnswer::History(it))];
    CloseResponse {} = [Response::Configuration(ConfigurationAnswer::Done)];
    CancelPlannedResponse {} = [Response::Configuration(ConfigurationAnswer::Done)];
    SaveRescueResponse {} = [Response::Configuration(ConfigurationAnswer::Done)];
    DeleteRescueResponse {} = [Response::Configuration(ConfigurationAnswer::Done)];
}

results! {
    CheckResponse check_response { Accepted(it) = [Response::Checked(it)] }
    ApplyResponse apply_response { Applied(it) = [Response::Applied(it)] }
    ExplainResponse explain_response { Explained(it) = [Response::Explained(it)] }
    MatchPolicyResponse match_policy_response { Found(it) = [Response::PolicyMatch(it)] }
    EditResponse edit_response { Edited(it) = [Response::Configuration(ConfigurationAnswer::Edited(it))] }
    LoadResponse load_response { Edited(it) = [Response::Configuration(ConfigurationAnswer::Edited(it))] }
    CheckCandidateResponse check_candidate_response {
        Accepted(it) = [Response::Configuration(ConfigurationAnswer::Checked(it))],
    }
    CommitResponse commit_response {
        Committed(it) = [Response::Configuration(ConfigurationAnswer::Committed(it))],
        PlannedUnixS(at_unix_s) = [Response::Configuration(ConfigurationAnswer::Planned { at_unix_s })],
    }
}
