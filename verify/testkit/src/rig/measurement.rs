//! What a run has shown.

use std::time::Duration;

use super::Conntrack;

/// One lossless run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// Packets sent, all of which arrived.
    pub packets: u64,
    /// Time that went by.
    pub elapsed: Duration,
    /// Time that the CPU spent on it, without other processes.
    pub busy: Duration,
    /// The kernel's connection table after the run, for devices that use it.
    pub conntrack: Option<Conntrack>,
}

// === impl Measurement ===

impl Measurement {
    /// Nanoseconds of CPU time per packet: generator, device and sink together.
    pub fn ns_per_packet(&self) -> f64 {
        nanoseconds(self.busy) / as_f64(self.packets)
    }

    /// Nanoseconds on the wall clock per packet. Equal to the CPU time on an idle machine.
    pub fn wall_ns_per_packet(&self) -> f64 {
        nanoseconds(self.elapsed) / as_f64(self.packets)
    }

    /// Packets per second of CPU time.
    pub fn pps(&self) -> f64 {
        1e9 / self.ns_per_packet()
    }
}

/// Median of nanoseconds per packet; NaN without runs.
pub fn median_ns(runs: &[Measurement]) -> f64 {
    let mut ns: Vec<f64> = runs.iter().map(Measurement::ns_per_packet).collect();
    ns.sort_by(f64::total_cmp);
    match ns.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => ns[len / 2],
        len => (ns[len / 2 - 1] + ns[len / 2]) / 2.0,
    }
}

fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

#[expect(clippy::cast_precision_loss, reason = "2^53 packets are years of traffic")]
fn as_f64(packets: u64) -> f64 {
    packets as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ns: u64) -> Measurement {
        let busy = Duration::from_nanos(ns * 10);
        Measurement { packets: 10, elapsed: busy * 2, busy, conntrack: None }
    }

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_both_middles() {
        assert_eq!(median_ns(&[run(300), run(100), run(200)]), 200.0);
        assert_eq!(median_ns(&[run(300), run(100), run(200), run(400)]), 250.0);
        assert!(median_ns(&[]).is_nan());
        assert_eq!(run(100).wall_ns_per_packet(), 200.0);
        assert_eq!(run(100).pps(), 1e7);
    }
}
