//! DF cleared by XDP, by Flumen's processes behind NFQUEUE, and by a C program that does the same.
//!
//! ```text
//! generator ── lan  device under test: XDP or a queue, then the kernel's stack as far as a rule that counts and drops
//! ```
//! A queue moves packets to a process on another CPU and back. So what counts is the time that **all** CPUs spend: that of the
//! sending thread, in which the kernel receives, that of the process, in which the kernel goes on with what was given
//! back, and that of `ksoftirqd`. The generator sends bursts that fit the queue, and waits until it is empty: nothing
//! overflows, and a run in which one packet is not counted at the end, or has DF there, is an error.

mod bed;
mod peer;

use anyhow::Result;
use flumen_testkit::generator::Spec;

use crate::figures::Figure;
use crate::interrupt::Interrupt;
use crate::measure::Plan;
use crate::report::{RowResult, median};
use crate::row::Flows;
use bed::{Bed, Device};

/// UDP port, and length of the frames.
const PORT: u16 = 31765;
const FRAME: usize = 1450;

/// The generator alone: frames are dropped where they arrive.
pub(crate) const FLOOR: &str = "floor/df-generator";
/// Frames that nobody changes, up to the rule that counts them.
const DELIVERED: &str = "floor/df-delivered";
/// The C program.
pub(crate) const PEER: &str = "peer/nfqueue-df-clear";

const ROWS: [(&str, Device); 5] = [
    (FLOOR, Device::Drop),
    (DELIVERED, Device::Stack),
    (PEER, Device::Peer),
    ("flumen/nfqueue-df-clear", Device::Queue),
    ("flumen/df-clear", Device::Xdp),
];

struct Lane {
    name: &'static str,
    device: Device,
    bed: Option<Bed>,
    packets: u64,
    ns: Vec<f64>,
    failure: Option<String>,
}

/// Rows and figures, when one of the rows' names, or `df-clear`, has a part of `patterns`.
///
/// # Errors
/// An interrupt.
pub(crate) fn measure(
    patterns: &[String],
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<(Vec<RowResult>, Vec<Figure>)> {
    let wanted = |pattern: &String| ROWS.iter().any(|(name, _)| name.contains(pattern.as_str()));
    if !patterns.is_empty() && !patterns.iter().any(wanted) {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut lanes = Vec::new();
    for (name, device) in ROWS {
        interrupt.check()?;
        let mut lane =
            Lane { name, device, bed: None, packets: u64::from(plan.fresh), ns: Vec::new(), failure: None };
        match Bed::new(device) {
            Ok(bed) => lane.bed = Some(bed),
            Err(error) => lane.fail(&error),
        }
        lanes.push(lane);
    }
    // A packet takes microseconds here: a third of the rounds is as long.
    for _ in 0..(plan.rounds / 3).max(1) {
        for lane in &mut lanes {
            interrupt.check()?;
            lane.run();
        }
    }
    Ok((results(&lanes), figures(&lanes)))
}

/// 1,450-byte frames with DF, of one flow.
fn traffic() -> Spec {
    Spec::udp4().ports(1024, PORT).dont_fragment().payload_len(FRAME - 14 - 20 - 8)
}

/// Time of each round above that of another row in the same round.
fn above(lanes: &[Lane], name: &str, floor: &str) -> Vec<f64> {
    let ns = |name: &str| {
        lanes.iter().find(|lane| lane.name == name).map(|lane| lane.ns.as_slice()).unwrap_or_default()
    };
    ns(name).iter().zip(ns(floor)).map(|(ns, floor)| ns - floor).collect()
}

fn results(lanes: &[Lane]) -> Vec<RowResult> {
    let peer = median(&above(lanes, PEER, FLOOR));
    let result = |lane: &Lane| {
        let cost = above(lanes, lane.name, FLOOR);
        let row = RowResult::without_rig(
            lane.name.to_owned(),
            Flows::Known,
            lane.packets,
            &cost,
            lane.failure.clone(),
        );
        let flumen = lane.name.starts_with("flumen/");
        let ns = median(&lane.ns);
        let ratio = row.device_cost_ns.zip(peer).filter(|_| flumen).map(|(cost, peer)| cost / peer);
        RowResult {
            pps: ns.map(|ns| 1e9 / ns),
            ns_per_packet: ns,
            ratio_to_nft: ratio,
            nft_row: flumen.then_some(PEER),
            ..row
        }
    };
    lanes.iter().map(result).collect()
}

/// What the clearing itself costs: above frames that are delivered as they came.
fn figures(lanes: &[Lane]) -> Vec<Figure> {
    let added = |name, row| {
        let value = median(&above(lanes, row, DELIVERED));
        let failure = value.is_none().then(|| format!("{row} was not measured"));
        Figure { name, value, unit: "ns", failure }
    };
    vec![
        added("df-clear/added-by-peer", PEER),
        added("df-clear/added-by-nfqueue", "flumen/nfqueue-df-clear"),
        added("df-clear/added-by-xdp", "flumen/df-clear"),
    ]
}

// === impl Lane ===

impl Lane {
    fn run(&mut self) {
        let Some(bed) = &mut self.bed else { return };
        match bed.run(self.packets) {
            Ok(ns) => self.ns.push(ns),
            Err(error) => self.fail(&error),
        }
    }

    fn fail(&mut self, error: &anyhow::Error) {
        eprintln!("{} ({:?}): {error:#}", self.name, self.device);
        self.failure = Some(format!("{error:#}"));
        self.bed = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{DELIVERED, FLOOR, Lane, PEER, ROWS, above, results};

    #[test]
    fn costs_are_taken_above_the_floor_of_the_same_round_and_compared_with_the_peer() {
        let lane = |(name, device): (&'static str, _), ns: &[f64]| Lane {
            name,
            device,
            bed: None,
            packets: 1,
            ns: ns.to_vec(),
            failure: None,
        };
        let times = [[100.0, 200.0], [300.0, 400.0], [4100.0, 4200.0], [3100.0, 3200.0], [350.0, 450.0]];
        let lanes: Vec<Lane> = ROWS.into_iter().zip(&times).map(|(row, ns)| lane(row, ns)).collect();
        assert_eq!(above(&lanes, DELIVERED, FLOOR), [200.0, 200.0]);
        let results = results(&lanes);
        let row = |name: &str| results.iter().find(|row| row.name == name).expect("it is there");
        assert_eq!((row(PEER).device_cost_ns, row(PEER).ratio_to_nft), (Some(4000.0), None));
        assert_eq!(row("flumen/nfqueue-df-clear").ratio_to_nft, Some(0.75));
        assert_eq!(row("flumen/df-clear").ratio_to_nft, Some(0.0625));
    }
}
