use crate::caller::Peer;
use crate::connection::Hangup;
use crate::listener::{Ending, Listener};
use crate::uses::{Uses, count};
use crate::v1::event::What;
use crate::{QUEUE, v1};
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
        listening.seats.push(Seat { kinds, queue, ending, hangup: peer.hangup.clone() });
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
