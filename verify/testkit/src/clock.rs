//! A monotonic clock that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Monotonic nanoseconds that stand still until the test moves them. Clones share one time.
#[derive(Clone, Debug, Default)]
pub struct FakeClock {
    now_ns: Arc<AtomicU64>,
}

impl FakeClock {
    /// A clock that shows `now_ns`.
    pub fn at_ns(now_ns: u64) -> Self {
        Self { now_ns: Arc::new(AtomicU64::new(now_ns)) }
    }

    /// The time in nanoseconds.
    pub fn now_ns(&self) -> u64 {
        self.now_ns.load(Ordering::SeqCst)
    }

    /// Sets the time. A kernel's monotonic clock never runs back, so neither does this one.
    ///
    /// # Panics
    /// When `now_ns` is before the time shown.
    pub fn set_ns(&self, now_ns: u64) {
        let before = self.now_ns.swap(now_ns, Ordering::SeqCst);
        assert!(before <= now_ns, "the clock would run back from {before} ns to {now_ns} ns");
    }

    /// Moves the time on and returns the new time in nanoseconds.
    ///
    /// # Panics
    /// When the sum does not fit 64 bits.
    pub fn advance(&self, by: Duration) -> u64 {
        let by_ns = u64::try_from(by.as_nanos()).expect("584 years fit");
        let before = self.now_ns.fetch_add(by_ns, Ordering::SeqCst);
        before.checked_add(by_ns).expect("a test stays within 584 years")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_stands_still_until_moved_and_is_shared_by_clones() {
        let clock = FakeClock::at_ns(5);
        let other = clock.clone();
        assert_eq!(clock.now_ns(), 5);
        assert_eq!(clock.advance(Duration::from_nanos(10)), 15);
        assert_eq!(other.now_ns(), 15);
        other.set_ns(20);
        assert_eq!(clock.now_ns(), 20);
    }

    #[test]
    #[should_panic(expected = "run back")]
    fn time_does_not_run_back() {
        FakeClock::at_ns(5).set_ns(4);
    }
}
