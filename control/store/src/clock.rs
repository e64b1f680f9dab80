use crate::time::Time;
use nix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// What time it is, by two clocks.
///
/// Deadlines are kept by boot time: nobody sets it, and it goes on while the host sleeps. The wall clock is for
/// people, and for what is asked for by the wall clock.
pub trait Clock: Send + Sync {
    /// The wall clock; it may jump.
    fn wall(&self) -> Time;
    /// Time since the host was started (`CLOCK_BOOTTIME`).
    fn boottime(&self) -> Duration;
    /// The kernel's name for this boot; empty when it cannot be read.
    fn boot_id(&self) -> String;
}

/// The clocks of this host.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// Clocks that stand still until they are told; clones are the same clocks. For tests.
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<Mutex<Clocks>>);

#[derive(Clone, Debug)]
struct Clocks {
    wall: Time,
    boottime: Duration,
    boots: u32,
}

// === impl SystemClock ===

impl Clock for SystemClock {
    fn wall(&self) -> Time {
        Time::from(SystemTime::now())
    }

    fn boottime(&self) -> Duration {
        Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME).expect("the kernel always has its boot time"))
    }

    fn boot_id(&self) -> String {
        match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
            Ok(id) => id.trim().to_owned(),
            Err(_) => String::new(),
        }
    }
}

// === impl FakeClock ===

impl FakeClock {
    fn clocks(&self) -> MutexGuard<'_, Clocks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time passes, on both clocks.
    pub fn advance(&self, span: Duration) {
        let mut clocks = self.clocks();
        clocks.wall = clocks.wall.after(span);
        clocks.boottime += span;
    }

    /// Somebody sets the wall clock.
    pub fn set_wall(&self, wall: Time) {
        self.clocks().wall = wall;
    }

    /// The host is started anew: another boot, whose time begins at zero.
    pub fn reboot(&self) {
        let mut clocks = self.clocks();
        clocks.boots += 1;
        clocks.boottime = Duration::from_secs(5);
    }
}

impl Default for FakeClock {
    /// In November 2023, 1,000 s after the start of the host.
    fn default() -> FakeClock {
        let wall = Time::from_unix_s(1_700_000_000);
        FakeClock(Arc::new(Mutex::new(Clocks { wall, boottime: Duration::from_secs(1_000), boots: 1 })))
    }
}

impl Clock for FakeClock {
    fn wall(&self) -> Time {
        self.clocks().wall
    }

    fn boottime(&self) -> Duration {
        self.clocks().boottime
    }

    fn boot_id(&self) -> String {
        format!("boot-{}", self.clocks().boots)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock};
    use crate::Time;

    #[test]
    fn this_host_has_both_clocks_and_a_boot_id() {
        assert!(SystemClock.wall() > Time::from_unix_s(1_700_000_000));
        let before = SystemClock.boottime();
        assert!(SystemClock.boottime() >= before && !before.is_zero());
        assert_eq!(SystemClock.boot_id().len(), 36);
    }
}
