use crate::Hub;
use crate::caller::Peer;
use crate::hub::MAX_LISTENERS;
use crate::listener::{Listener, coded};
use crate::refusal::invalid;
use crate::v1;
use crate::v1::events_server::Events;
use tonic::{Code, Status};

pub(crate) struct EventsService(pub(crate) Hub);

#[tonic::async_trait]
impl Events for EventsService {
    type SubscribeStream = Listener;

    async fn subscribe(
        &self,
        request: tonic::Request<v1::SubscribeRequest>,
    ) -> Result<tonic::Response<Listener>, Status> {
        let peer = request.extensions().get::<Peer>().cloned();
        let peer = peer.ok_or_else(|| Status::internal("a call came past the guard"))?;
        let kinds = request.into_inner();
        if !(kinds.commits || kinds.links || kinds.drops || kinds.sessions) {
            return Err(invalid(
                "no kind of events is asked for: commits, links, drops, sessions".to_owned(),
            ));
        }
        let listener = self.0.listen(kinds, &peer);
        listener.map(tonic::Response::new).ok_or_else(|| {
            let text = format!("{MAX_LISTENERS} clients listen already, or the daemon ends: try again");
            coded(Code::ResourceExhausted, "busy", text)
        })
    }
}
