//! What the report says of each row.

use serde::Serialize;

use crate::measure::Series;
use crate::row::{Flows, Row};

/// One row of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RowResult {
    pub(crate) name: String,
    /// Packets per second of CPU time, generator and sink included.
    pub(crate) pps: Option<f64>,
    /// Nanoseconds per packet above the drop floor.
    pub(crate) device_cost_ns: Option<f64>,
    pub(crate) ratio_to_redirect: Option<f64>,
    pub(crate) ratio_to_nft: Option<f64>,
    /// The peer of `ratio_to_nft`.
    pub(crate) nft_row: Option<&'static str>,
    /// Nanoseconds of CPU time per packet, generator and sink included.
    pub(crate) ns_per_packet: Option<f64>,
    /// `known` or `new`.
    pub(crate) flows: &'static str,
    pub(crate) packets_per_run: u64,
    pub(crate) runs: usize,
    /// Least and greatest device cost of all rounds.
    pub(crate) device_cost_range_ns: Option<[f64; 2]>,
    pub(crate) failure: Option<String>,
}

/// Median; the mean of both middles for an even number. None without values.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// Device cost of each round: the time of the row less that of its floor in the same round.
fn costs(series: &Series, all: &[Series]) -> Vec<f64> {
    let Some(floor) = named(all, series.row.floor) else { return Vec::new() };
    series.ns.iter().zip(&floor.ns).map(|(ns, floor)| ns - floor).collect()
}

fn named<'a>(all: &'a [Series], name: &str) -> Option<&'a Series> {
    all.iter().find(|series| series.row.name == name)
}

/// Medians and ratios of all rows.
pub(crate) fn results(all: &[Series]) -> Vec<RowResult> {
    let cost_of = |name: &str| median(&costs(named(all, name)?, all));
    all.iter()
        .map(|series| {
            let Row { name, nft, redirect, flows, .. } = series.row;
            let costs = costs(series, all);
            let cost = median(&costs);
            let ratio = |other: Option<&str>| Some(cost? / cost_of(other?)?);
            let ns = median(&series.ns);
            RowResult {
                name: name.to_owned(),
                pps: ns.map(|ns| 1e9 / ns),
                device_cost_ns: cost,
                ratio_to_redirect: if series.row.is_drop() { None } else { ratio(redirect) },
                ratio_to_nft: ratio(nft),
                nft_row: nft,
                ns_per_packet: ns,
                flows: match flows {
                    Flows::Known => "known",
                    Flows::New => "new",
                },
                packets_per_run: series.packets,
                runs: series.ns.len(),
                device_cost_range_ns: range(&costs),
                failure: series.failure.clone(),
            }
        })
        .collect()
}

fn range(values: &[f64]) -> Option<[f64; 2]> {
    let least = values.iter().copied().reduce(f64::min)?;
    let greatest = values.iter().copied().reduce(f64::max)?;
    Some([least, greatest])
}
