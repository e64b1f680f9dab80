use super::{Asker, serve};
use crate::v1;
use crate::v1::host_server::Host;
use tonic::Status;

pub(crate) struct HostService {
    asker: Asker,
}

impl HostService {
    pub(crate) fn new(asker: Asker) -> HostService {
        HostService { asker }
    }
}

serve! { Host for HostService {
    list_routes: ListRoutesRequest -> ListRoutesResponse;
    list_neighbours: ListNeighboursRequest -> ListNeighboursResponse;
    list_links: ListLinksRequest -> ListLinksResponse;
    get_system: GetSystemRequest -> GetSystemResponse;
    show_log: ShowLogRequest -> ShowLogResponse;
    match_policy: MatchPolicyRequest -> MatchPolicyResponse;
} }
