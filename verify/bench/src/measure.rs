//! Measures rows in rounds: A B C A B C …, so that a change in the machine's mood meets every row alike.

use std::time::Duration;

use anyhow::Result;
use flumen_testkit::rig::Traffic;

use crate::bed::{Bed, Middle};
use crate::interrupt::Interrupt;
use crate::row::{Flows, Row};

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Rounds.
    pub(crate) rounds: usize,
    /// How long a run of known flows shall last, roughly.
    pub(crate) run: Duration,
    /// Packets of a run of new sessions: the fill of the tables that all such rows are compared at.
    pub(crate) fresh: u64,
}

/// What a row has shown.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) row: Row,
    /// Packets of each run.
    pub(crate) packets: u64,
    /// Nanoseconds of CPU time per packet, by round.
    pub(crate) ns: Vec<f64>,
    /// Why there are no more.
    pub(crate) failure: Option<String>,
}

/// A row that is being measured.
struct Lane {
    bed: usize,
    traffic: Traffic,
    series: Series,
}

/// Packets of the run that tells how many a run takes.
const TRIAL: u64 = 20_000;

/// Measures `rows`. A row that fails, because packets were lost say, keeps none of the others.
///
/// # Errors
/// What the host lacks; an interrupt.
pub(crate) fn measure(rows: &[Row], plan: &Plan, interrupt: &Interrupt) -> Result<Vec<Series>> {
    let mut beds = build(rows, plan, interrupt)?;
    let mut lanes = Vec::new();
    for row in rows {
        interrupt.check()?;
        let bed = beds.iter().position(|bed| bed.middle == row.middle).unwrap_or_default();
        let mut lane = Lane::new(row, bed);
        match lane.prepare(&mut beds[bed], plan) {
            Ok(()) => eprintln!("{}: ready, {} packets a run", row.name, lane.series.packets),
            Err(error) => lane.fail(&error),
        }
        lanes.push(lane);
    }
    for round in 1..=plan.rounds {
        eprintln!("round {round} of {}", plan.rounds);
        for lane in lanes.iter_mut().filter(|lane| lane.series.failure.is_none()) {
            interrupt.check()?;
            let bed = &mut beds[lane.bed];
            if let Err(error) = lane.run(bed) {
                lane.fail(&error);
            }
        }
    }
    Ok(lanes.into_iter().map(|lane| lane.series).collect())
}

fn build(rows: &[Row], plan: &Plan, interrupt: &Interrupt) -> Result<Vec<Bed>> {
    let mut middles: Vec<Middle> = Vec::new();
    for row in rows {
        if !middles.contains(&row.middle) {
            middles.push(row.middle);
        }
    }
    let mut beds = Vec::new();
    for middle in middles {
        interrupt.check()?;
        let own = rows.iter().filter(|row| row.middle == middle);
        let sessions: u64 = own
            .map(|row| match row.flows {
                Flows::Known => u64::from(row.flow_count),
                Flows::New => plan.fresh,
            })
            .sum();
        beds.push(Bed::build(middle, u32::try_from(sessions + SPARE)?)?);
    }
    Ok(beds)
}

/// Sessions that there is room for beyond those that are opened.
const SPARE: u64 = 20_000;

// === impl Lane ===

impl Lane {
    fn new(row: &Row, bed: usize) -> Self {
        let series = Series { row: row.clone(), packets: 0, ns: Vec::new(), failure: None };
        Self { bed, traffic: Traffic::forward(row.traffic.clone()), series }
    }

    /// Makes the flows known and finds out how many packets a run has.
    fn prepare(&mut self, bed: &mut Bed, plan: &Plan) -> Result<()> {
        if self.series.row.flows == Flows::New {
            bed.run(&mut self.traffic, TRIAL)?;
            self.series.packets = plan.fresh;
            return Ok(());
        }
        bed.establish(&self.series.row.traffic, self.series.row.tcp)?;
        let trial = bed.run(&mut self.traffic, TRIAL)?;
        let packets = plan.run.as_secs_f64() * trial.pps();
        self.series.packets = (packets as u64).clamp(2 * TRIAL, 100 * TRIAL);
        Ok(())
    }

    fn run(&mut self, bed: &mut Bed) -> Result<()> {
        bed.forget()?;
        let run = bed.run(&mut self.traffic, self.series.packets)?;
        self.series.ns.push(run.ns_per_packet());
        Ok(())
    }

    fn fail(&mut self, error: &anyhow::Error) {
        eprintln!("{}: {error:#}", self.series.row.name);
        self.series.failure = Some(format!("{error:#}"));
    }
}
