use crate::caller::{Peer, PeerKind};
use crate::connection::Hangup;
use crate::listener::{Ending, Listener};
use crate::uses::{Uses, count};
use crate::v1::event::What;
use crate::{Logins, QUEUE, v1};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, error::TrySendError};

/// Event streams at once, of all clients.
pub(crate) const MAX_LISTENERS: usize = 2_048;
/// A client whose stream was ended reads the reason within this time, or loses its connection.
const GRACE: Duration = Duration::from_secs(5);

/// Where the daemon tells what happens. Telling never waits: not for a client, not for a lock that is held long. Clones are
/// the same hub.
#[derive(Clone, Debug, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    listening: Mutex<Listening>,
    uses: Arc<Uses>,
    runtime: OnceLock<Handle>,
    logins: OnceLock<Logins>,
}

#[derive(Debug, Default)]
struct Listening {
    seats: Vec<Seat>,
    closed: bool,
}

/// The near end of a listener's queue.
#[derive(Debug)]
struct Seat {
    kinds: v1::SubscribeRequest,
    queue: mpsc::Sender<Arc<v1::Event>>,
    ending: Weak<Ending>,
    hangup: Hangup,
    /// Of a user whose class the configuration may take away.
    user: Option<String>,
}

impl Hub {
    /// Tells whoever listens. One whose queue is full is told no more: its stream ends with an error.
    pub fn tell(&self, what: What) {
        let mut listening = self.listening();
        if !listening.seats.iter().any(|seat| wants(&seat.kinds, &what)) {
            return;
        }
        let event = Arc::new(v1::Event { time: Some(SystemTime::now().into()), what: Some(what) });
        listening.seats.retain(|seat| {
            if self.is_shut_out(seat) {
                return false;
            }
            let wanted = event.what.as_ref().is_some_and(|what| wants(&seat.kinds, what));
            if !wanted {
                return !seat.queue.is_closed();
            }
            match seat.queue.try_send(Arc::clone(&event)) {
                Ok(()) => true,
                Err(TrySendError::Closed(_)) => false,
                Err(TrySendError::Full(_)) => {
                    self.give_up(seat);
                    false
                }
            }
        });
    }

    /// Who may listen.
    pub(crate) fn asks(&self, logins: Logins) {
        if self.0.logins.set(logins).is_err() {
            tracing::debug!("the hub has its logins already");
        }
    }

    /// Whether the class of a listener was taken away since it began to listen. Its stream ends then.
    fn is_shut_out(&self, seat: &Seat) -> bool {
        let (Some(user), Some(logins)) = (&seat.user, self.0.logins.get()) else { return false };
        let shut_out = logins.role(user).is_none();
        if shut_out && let Some(ending) = seat.ending.upgrade() {
            ending.shut_out.store(true, Ordering::Release);
        }
        shut_out
    }

    /// What the doors count.
    pub(crate) fn uses(&self) -> &Arc<Uses> {
        &self.0.uses
    }

    /// Where clients that read nothing are waited for.
    pub(crate) fn runs_on(&self, runtime: Handle) {
        if self.0.runtime.set(runtime).is_err() {
            tracing::debug!("the hub has its runtime already");
        }
    }

    /// A new listener; none when there are too many, or when the daemon ends.
    pub(crate) fn listen(&self, kinds: v1::SubscribeRequest, peer: &Peer) -> Option<Listener> {
        let mut listening = self.listening();
        listening.seats.retain(|seat| !seat.queue.is_closed());
        if listening.closed || listening.seats.len() >= MAX_LISTENERS {
            return None;
        }
        let (queue, events) = mpsc::channel(QUEUE);
        let listener = Listener::new(events, Arc::clone(&self.0.uses));
        let ending = Arc::downgrade(listener.ending());
        let user = match &peer.kind {
            PeerKind::Local(local) if !local.is_super_user() => Some(local.user.clone()),
            _ => None,
        };
        listening.seats.push(Seat { kinds, queue, ending, hangup: peer.hangup.clone(), user });
        Some(listener)
    }

    /// Whether somebody listens to what this function says.
    pub(crate) fn is_wanted(&self, kind: impl Fn(&v1::SubscribeRequest) -> bool) -> bool {
        self.listening().seats.iter().any(|seat| !seat.queue.is_closed() && kind(&seat.kinds))
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        let mut listening = self.listening();
        listening.closed = true;
        listening.seats.clear();
    }

    fn listening(&self) -> MutexGuard<'_, Listening> {
        self.0.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the stream of a client that does not keep up, and its connection if that does not help.
    fn give_up(&self, seat: &Seat) {
        let Some(ending) = seat.ending.upgrade() else { return };
        ending.lags.store(true, Ordering::Release);
        drop(ending);
        count(&self.0.uses.listeners_lagging);
        tracing::warn!("a gRPC client does not read its events: its stream is ended");
        let Some(runtime) = self.0.runtime.get() else { return };
        let (ending, hangup, uses) = (seat.ending.clone(), seat.hangup.clone(), Arc::clone(&self.0.uses));
        runtime.spawn(async move {
            tokio::time::sleep(GRACE).await;
            if ending.strong_count() > 0 {
                count(&uses.connections_hung_up);
                tracing::warn!("a gRPC client reads nothing any more: its connection is closed");
                hangup.now();
            }
        });
    }
}

/// Whether an event is of a kind that was asked for.
fn wants(kinds: &v1::SubscribeRequest, what: &What) -> bool {
    match what {
        What::CommitMade(_) | What::CommitConfirmed(_) | What::CommitReverted(_) => kinds.commits,
        What::LinkChanges(_) => kinds.links,
        What::Drops(_) => kinds.drops,
        What::SessionChanges(_) => kinds.sessions,
    }
}

#[cfg(test)]
mod tests {
    use super::Hub;
    use crate::caller::{LocalPeer, Peer, PeerKind, Presence};
    use crate::connection::{Hangup, Socket};
    use crate::v1::event::What;
    use crate::{Logins, Role, v1};
    use std::os::unix::net::UnixStream;
    use tokio_stream::StreamExt;

    #[tokio::test]
    async fn a_listener_whose_user_has_no_class_any_more_hears_no_more() {
        let (hub, logins) = (Hub::default(), Logins::default());
        hub.asks(logins.clone());
        logins.set([("alice".to_owned(), Role::ReadOnly)].into());
        let (near, _far) = UnixStream::pair().unwrap();
        let (left, _leaving) = tokio::sync::mpsc::unbounded_channel();
        let alice = LocalPeer { uid: 4_000_000, pid: 1, user: "alice".to_owned() };
        let peer = Peer {
            kind: PeerKind::Local(alice),
            hangup: Hangup::new(Socket::Unix(near)),
            presence: Presence::new(1, &left),
        };
        let kinds = v1::SubscribeRequest { links: true, ..v1::SubscribeRequest::default() };
        let mut listener = hub.listen(kinds, &peer).unwrap();
        let tell = || hub.tell(What::LinkChanges(v1::LinkChanges { links: vec![] }));
        tell();
        assert!(listener.next().await.unwrap().is_ok());
        logins.set(Default::default());
        tell();
        let status = listener.next().await.unwrap().unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied);
        assert!(listener.next().await.is_none());
    }
}
