use nix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC` in milliseconds, truncated to 32 bits: the clock of session records.
pub fn monotonic_ms() -> u32 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("the monotonic clock is always there");
    let ms = (now.tv_sec() as u64).wrapping_mul(1000).wrapping_add(now.tv_nsec() as u64 / 1_000_000);
    ms as u32
}

/// The kernel's name for this boot: settings saved in another boot are gone already. Empty when not readable.
pub fn boot_id() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) => id.trim().to_owned(),
        Err(_) => String::new(),
    }
}
