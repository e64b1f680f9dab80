//! Measures rows in rounds, A B C A B C …, so that a change in the machine's mood meets every row alike.

use std::time::{Duration, Instant};

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
    /// No round but the first begins that is likely to end later than this.
    pub(crate) limit: Duration,
    /// How long a run of known flows shall last, roughly.
    pub(crate) run: Duration,
    /// Packets of a run of new sessions: how full the tables become that such rows are compared with.
    pub(crate) fresh: u32,
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

/// New sessions in a run, into tables with room for 2^20 of Flumen and as many of the kernel's.
const FRESH: u32 = 1_000_000;
/// Packets of the run that tells how many a run takes.
const TRIAL: u32 = 20_000;

// === impl Plan ===

impl Plan {
    /// For figures that are quoted.
    pub(crate) const FULL: Self =
        Self { rounds: 9, limit: Duration::from_secs(420), run: Duration::from_millis(300), fresh: FRESH };

    /// For a look: a minute with everything around it.
    pub(crate) const SHORT: Self =
        Self { rounds: 5, limit: Duration::from_secs(13), run: Duration::from_millis(80), fresh: FRESH / 10 };
}

/// Measures `rows`. A row that fails, because packets were lost say, stops none of the others.
///
/// # Errors
/// What the host lacks; an interrupt.
pub(crate) fn measure(rows: &[Row], plan: &Plan, interrupt: &Interrupt) -> Result<Vec<Series>> {
    let mut middles: Vec<Middle> = Vec::new();
    for row in rows {
        if !middles.contains(&row.middle) {
            middles.push(row.middle);
        }
    }
    let mut beds = Vec::new();
    for middle in middles {
        interrupt.check()?;
        beds.push(Bed::new(middle)?);
    }
    measure_on(&mut beds, rows, plan, interrupt)
}

/// The same on beds that are there: one for each device that a row asks for.
///
/// # Errors
/// An interrupt.
pub(crate) fn measure_on(
    beds: &mut [Bed],
    rows: &[Row],
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<Vec<Series>> {
    let mut lanes = Vec::new();
    for row in rows {
        interrupt.check()?;
        let bed = beds.iter().position(|bed| bed.middle == row.middle);
        let mut lane = Lane::new(row, bed.expect("a bed for each device"));
        if let Err(error) = lane.prepare(beds, plan) {
            lane.fail(&error);
        }
        lanes.push(lane);
    }
    let start = Instant::now();
    for round in 1..=plan.rounds {
        let so_far = start.elapsed();
        let after_next = so_far + so_far / u32::try_from(round - 1).unwrap_or(0).max(1);
        if rows.is_empty() || round > 1 && after_next > plan.limit {
            break;
        }
        eprintln!("round {round} of {}", plan.rounds);
        for lane in lanes.iter_mut().filter(|lane| lane.series.failure.is_none()) {
            interrupt.check()?;
            if let Err(error) = lane.run(beds) {
                lane.fail(&error);
            }
        }
    }
    Ok(lanes.into_iter().map(|lane| lane.series).collect())
}

// === impl Lane ===

impl Lane {
    fn new(row: &Row, bed: usize) -> Self {
        let series = Series { row: row.clone(), packets: 0, ns: Vec::new(), failure: None };
        Self { bed, traffic: Traffic::forward(row.traffic.clone()), series }
    }

    /// Makes the flows known and finds out how many packets a run has.
    fn prepare(&mut self, beds: &mut [Bed], plan: &Plan) -> Result<()> {
        let bed = &mut beds[self.bed];
        let row = &self.series.row;
        if row.flows == Flows::New {
            self.series.packets = plan.fresh.into();
            return bed.run(&mut self.traffic, TRIAL.into()).map(drop);
        }
        bed.establish(&row.traffic, row.tcp)?;
        let trial = bed.run(&mut self.traffic, TRIAL.into())?;
        let packets = trial.pps() * plan.run.as_secs_f64();
        self.series.packets = (packets as u64).clamp(u64::from(TRIAL), 100 * u64::from(TRIAL));
        Ok(())
    }

    fn run(&mut self, beds: &mut [Bed]) -> Result<()> {
        let bed = &mut beds[self.bed];
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
