use super::{Asker, serve};
use crate::refusal::{USUAL_ERROR_BYTES, invalid, refusal};
use crate::v1;
use crate::v1::configuration_server::Configuration;
use flumen_api::Request;
use tonic::Status;

/// Where a configuration came from, when nobody says.
const SOURCE: &str = "grpc";
/// Bytes of what somebody says.
const MAX_SOURCE_BYTES: usize = 256;

pub(crate) struct ConfigurationService {
    asker: Asker,
}

impl ConfigurationService {
    pub(crate) fn new(asker: Asker) -> ConfigurationService {
        ConfigurationService { asker }
    }
}

serve! { Configuration for ConfigurationService {
    check: CheckRequest -> CheckResponse;
    confirm: ConfirmRequest -> ConfirmResponse;
    open: OpenRequest -> OpenResponse;
    close: CloseRequest -> CloseResponse;
    get_editing: GetEditingRequest -> GetEditingResponse;
    edit: EditRequest -> EditResponse;
    load: LoadRequest -> LoadResponse;
    rollback: RollbackRequest -> RollbackResponse;
    update: UpdateRequest -> UpdateResponse;
    show: ShowRequest -> ShowResponse;
    compare: CompareRequest -> CompareResponse;
    complete: CompleteRequest -> CompleteResponse;
    check_candidate: CheckCandidateRequest -> CheckCandidateResponse;
    commit: CommitRequest -> CommitResponse;
    cancel_planned: CancelPlannedRequest -> CancelPlannedResponse;
    list_commits: ListCommitsRequest -> ListCommitsResponse;
    save_rescue: SaveRescueRequest -> SaveRescueResponse;
    delete_rescue: DeleteRescueRequest -> DeleteRescueResponse;

    @
    async fn apply(
        &self,
        request: tonic::Request<v1::ApplyRequest>,
    ) -> Result<tonic::Response<v1::ApplyResponse>, Status> {
        let named = |mut request: Request| {
            if let Request::Apply { source, .. } = &mut request {
                if source.len() > MAX_SOURCE_BYTES {
                    let bytes = source.len();
                    return Err(invalid(format!("source: {bytes} bytes are more than {MAX_SOURCE_BYTES}")));
                }
                if source.is_empty() {
                    source.push_str(SOURCE);
                }
            }
            Ok(request)
        };
        self.asker.unary_but(request, named, |_| {}).await
    }

    async fn show_active(
        &self,
        _: tonic::Request<v1::ShowActiveRequest>,
    ) -> Result<tonic::Response<v1::ShowActiveResponse>, Status> {
        let active = self.asker.ask(|backend| backend.active()).await?;
        active.map(tonic::Response::new).map_err(|error| refusal(error, USUAL_ERROR_BYTES))
    }
} }
