use super::{Answer, WireError, shape};
use crate::ConfigurationAction as Do;
use crate::{ConfigurationRequest, Request, v1};

/// A message that asks.
pub trait Rpc: prost::Message + Default + Sized + 'static {
    /// Path of its method: `/flumen.v1.Operations/GetStatus`.
    const METHOD: &'static str;
    /// What is answered.
    type Answer: Answer;

    /// The request that it stands for.
    ///
    /// # Errors
    /// When a field has a value that nobody can mean.
    fn into_request(self) -> Result<Request, WireError>;
}

/// Does something with whatever message a request becomes.
pub trait Call {
    /// What comes of it.
    type Output;

    /// Does it.
    fn call<R: Rpc>(self, message: R) -> Self::Output;
}

/// The message and method of each request: the message has the fields of the variant, `{ … }`, or is what the variant holds,
/// `(it)`. What stands in brackets is pattern and value alike; a value of its own stands behind `from`.
macro_rules! rpcs {
    ($($message:ident $shape:tt $method:literal $answer:ident = [$($form:tt)*] $(from [$($value:tt)*])?;)*) => {
        $(impl Rpc for v1::$message {
            const METHOD: &'static str = concat!("/flumen.v1.", $method);
            type Answer = v1::$answer;

            fn into_request(self) -> Result<Request, WireError> {
                shape!(take self $message $shape);
                Ok(rpcs!(@value [$($form)*] $([$($value)*])?))
            }
        })*

        impl Request {
            /// Makes the message of this request, and does something with it.
            pub fn call<C: Call>(self, caller: C) -> C::Output {
                match self {
                    $($($form)* => caller.call::<v1::$message>(shape!(make $message $shape)),)*
                }
            }
        }
    };
    (@value [$($form:tt)*]) => { $($form)* };
    (@value [$($form:tt)*] [$($value:tt)*]) => { $($value)* };
}

/// A request about no candidate and no statement.
fn about_all(action: Do) -> Request {
    Request::Configuration(ConfigurationRequest { candidate: Default::default(), at: String::new(), action })
}

rpcs! {
    GetStatusRequest {} "Operations/GetStatus" GetStatusResponse = [Request::Status];
    ListZonesRequest {} "Operations/ListZones" ListZonesResponse = [Request::ShowZones];
    ListPoliciesRequest {} "Operations/ListPolicies" ListPoliciesResponse = [Request::ShowPolicies];
    ListNatRequest {} "Operations/ListNat" ListNatResponse = [Request::ShowNat];
    ListInterfacesRequest {} "Operations/ListInterfaces" ListInterfacesResponse = [Request::ShowInterfaces];
    ListReasonsRequest { zeroes } "Operations/ListReasons" ListReasonsResponse = [Request::ShowReasons { zeroes }];
    ListServicesRequest {} "Operations/ListServices" ListServicesResponse = [Request::ShowServices];
    GetCanaryRequest {} "Operations/GetCanary" CanaryResponse = [Request::ShowCanary];
    SetCanaryRequest { percent, hold } "Operations/SetCanary" CanaryResponse =
        [Request::SetCanary { percent, hold }];
    ListSessionsRequest { filter, limit, order } "Operations/ListSessions" ListSessionsResponse =
        [Request::ShowSessions { filter, limit, order }];
    ClearSessionsRequest { filter } "Operations/ClearSessions" ClearSessionsResponse =
        [Request::ClearSessions { filter }];
    ExplainRequest (it) "Operations/Explain" ExplainResponse = [Request::Explain(it)];
    ListNamesRequest { of } "Operations/ListNames" ListNamesResponse = [Request::Names { of }];
    StopRequest {} "Operations/Stop" StopResponse = [Request::Stop];
    DetachRequest {} "Operations/Detach" DetachResponse = [Request::Detach];

    ListRoutesRequest (it) "Host/ListRoutes" ListRoutesResponse = [Request::ShowRoutes(it)];
    ListNeighboursRequest {} "Host/ListNeighbours" ListNeighboursResponse = [Request::ShowNeighbours];
    ListLinksRequest {} "Host/ListLinks" ListLinksResponse = [Request::ShowLinks];
    GetSystemRequest {} "Host/GetSystem" GetSystemResponse = [Request::ShowSystem];
    ShowLogRequest { log, lines } "Host/ShowLog" ShowLogResponse = [Request::ShowLog { log, lines }];
    MatchPolicyRequest (it) "Host/MatchPolicy" MatchPolicyResponse = [Request::MatchPolicy(it)];

    CheckRequest { text } "Configuration/Check" CheckResponse = [Request::Check { text }];
    ApplyRequest { text, source, confirm_minutes, conditions, sessions } "Configuration/Apply" ApplyResponse =
        [Request::Apply { text, source, confirm_minutes, conditions, sessions }];
    ConfirmRequest {} "Configuration/Confirm" ConfirmResponse = [Request::Confirm];

    OpenRequest { candidate, at, exclusive } "Configuration/Open" OpenResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Open { exclusive } })];
    CloseRequest {} "Configuration/Close" CloseResponse =
        [Request::Configuration(ConfigurationRequest { action: Do::Close, .. })] from [about_all(Do::Close)];
    GetEditingRequest { candidate, at } "Configuration/GetEditing" GetEditingResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Status })];
    EditRequest { candidate, at, line, trial } "Configuration/Edit" EditResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Edit { line, trial } })];
    LoadRequest { candidate, at, how, text, relative, lenient } "Configuration/Load" LoadResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Load { how, text, relative, lenient } })];
    RollbackRequest { candidate, at, to } "Configuration/Rollback" RollbackResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Rollback { to } })];
    UpdateRequest { candidate, at } "Configuration/Update" UpdateResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Update })];
    ShowRequest { candidate, at, which, path, form } "Configuration/Show" ShowResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Show { which, path, form } })];
    CompareRequest { candidate, at, from, to, path } "Configuration/Compare" CompareResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Compare { from, to, path } })];
    CompleteRequest { candidate, at, line } "Configuration/Complete" CompleteResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Complete { line } })];
    CheckCandidateRequest { candidate, at, sessions, unused_days } "Configuration/CheckCandidate"
        CheckCandidateResponse =
        [Request::Configuration(ConfigurationRequest { candidate, at, action: Do::Check { sessions, unused_days } })];
    CommitRequest { candidate, at, comment, confirm_minutes, conditions, sessions, at_unix_s }
        "Configuration/Commit" CommitResponse =
        [Request::Configuration(ConfigurationRequest {
            candidate,
            at,
            action: Do::Commit { comment, confirm_minutes, conditions, sessions, at_unix_s },
        })];
    CancelPlannedRequest {} "Configuration/CancelPlanned" CancelPlannedResponse =
        [Request::Configuration(ConfigurationRequest { action: Do::CancelPlanned, .. })]
        from [about_all(Do::CancelPlanned)];
    ListCommitsRequest {} "Configuration/ListCommits" ListCommitsResponse =
        [Request::Configuration(ConfigurationRequest { action: Do::History, .. })] from [about_all(Do::History)];
    SaveRescueRequest {} "Configuration/SaveRescue" SaveRescueResponse =
        [Request::Configuration(ConfigurationRequest { action: Do::SaveRescue, .. })]
        from [about_all(Do::SaveRescue)];
    DeleteRescueRequest {} "Configuration/DeleteRescue" DeleteRescueResponse =
        [Request::Configuration(ConfigurationRequest { action: Do::DeleteRescue, .. })]
        from [about_all(Do::DeleteRescue)];
}
