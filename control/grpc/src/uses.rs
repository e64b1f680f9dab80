use flumen_api::DoorUse;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the doors count.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Connections by the Unix socket of those who may do everything.
    pub(crate) local: AtomicU64,
    /// Of others who have a role.
    pub(crate) users: AtomicU64,
    /// Of those who have none.
    pub(crate) strangers: AtomicU64,
    /// Connections by TCP.
    pub(crate) network: AtomicU64,
    pub(crate) connections_refused: AtomicU64,
    pub(crate) connections_hung_up: AtomicU64,
    pub(crate) calls_refused: AtomicU64,
    pub(crate) listeners: AtomicU64,
    pub(crate) listeners_lagging: AtomicU64,
    /// The second in which a refusal was last logged, since 1970.
    logged: AtomicU64,
}

/// One more.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Uses {
    /// At most once a second, so that whoever is refused does not fill the log; all are counted.
    pub(crate) fn is_worth_a_line(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.logged.swap(now, Ordering::Relaxed) != now
    }

    /// As they are now.
    pub(crate) fn report(&self) -> DoorUse {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DoorUse {
            connections: read(&self.local) + read(&self.users) + read(&self.strangers) + read(&self.network),
            connections_refused: read(&self.connections_refused),
            calls_refused: read(&self.calls_refused),
            listeners: read(&self.listeners),
            listeners_lagging: read(&self.listeners_lagging),
            connections_hung_up: read(&self.connections_hung_up),
        }
    }
}
