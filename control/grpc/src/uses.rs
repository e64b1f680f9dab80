use crate::v1;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What the doors count.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    pub(crate) local: AtomicU64,
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
    pub(crate) fn report(&self) -> v1::DoorUse {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        v1::DoorUse {
            connections: read(&self.local) + read(&self.network),
            connections_refused: read(&self.connections_refused),
            calls_refused: read(&self.calls_refused),
            listeners: read(&self.listeners),
            listeners_lagging: read(&self.listeners_lagging),
            connections_hung_up: read(&self.connections_hung_up),
        }
    }
}
