//! Medians and ratios.

use serde::Serialize;

use crate::measure::Series;
use crate::row::Flows;

/// One row of the report.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RowResult {
    pub(crate) name: String,
    /// Packets per second of CPU time; generator and sink included, where there are any.
    pub(crate) pps: Option<f64>,
    /// Nanoseconds per packet above the drop floor; without rig, all of them.
    pub(crate) device_cost_ns: Option<f64>,
    pub(crate) ratio_to_redirect: Option<f64>,
    /// The bare redirect of `ratio_to_redirect`.
    pub(crate) redirect_row: Option<&'static str>,
    pub(crate) ratio_to_nft: Option<f64>,
    /// The peer of `ratio_to_nft`.
    pub(crate) nft_row: Option<&'static str>,
    /// Nanoseconds of CPU time per packet, generator and sink included.
    pub(crate) ns_per_packet: Option<f64>,
    /// Least and greatest device cost of all rounds.
    pub(crate) device_cost_range_ns: Option<[f64; 2]>,
    /// `known` before the run, or `new` with each packet.
    pub(crate) flows: &'static str,
    pub(crate) packets_per_run: u64,
    pub(crate) runs: usize,
    /// Why there are no more runs.
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

// === impl RowResult ===

impl RowResult {
    /// A row that was measured without floor and peer: all its time is the device's.
    pub(crate) fn without_rig(
        name: String,
        flows: Flows,
        packets_per_run: u64,
        ns: &[f64],
        failure: Option<String>,
    ) -> Self {
        let cost = median(ns);
        Self {
            name,
            pps: cost.map(|ns| 1e9 / ns),
            device_cost_ns: cost,
            ratio_to_redirect: None,
            redirect_row: None,
            ratio_to_nft: None,
            nft_row: None,
            ns_per_packet: cost,
            device_cost_range_ns: range(ns),
            flows: flows.word(),
            packets_per_run,
            runs: ns.len(),
            failure,
        }
    }
}

/// Medians and ratios of all rows. A ratio is one of medians.
pub(crate) fn results(all: &[Series]) -> Vec<RowResult> {
    let cost_of = |name: &str| median(&costs(named(all, name)?, all));
    let result = |series: &Series| {
        let row = &series.row;
        let costs = costs(series, all);
        let cost = median(&costs);
        let ratio = |other: Option<&str>| Some(cost? / cost_of(other?)?);
        let ns = median(&series.ns);
        RowResult {
            name: row.name.to_owned(),
            pps: ns.map(|ns| 1e9 / ns),
            device_cost_ns: cost,
            ratio_to_redirect: ratio(row.redirect),
            redirect_row: row.redirect,
            ratio_to_nft: ratio(row.nft),
            nft_row: row.nft,
            ns_per_packet: ns,
            device_cost_range_ns: range(&costs),
            flows: row.flows.word(),
            packets_per_run: series.packets,
            runs: series.ns.len(),
            failure: series.failure.clone(),
        }
    };
    all.iter().map(result).collect()
}

fn named<'a>(all: &'a [Series], name: &str) -> Option<&'a Series> {
    all.iter().find(|series| series.row.name == name)
}

/// Device cost of each round: the time of the row less that of its floor in the same round.
fn costs(series: &Series, all: &[Series]) -> Vec<f64> {
    let Some(floor) = named(all, series.row.floor) else { return Vec::new() };
    series.ns.iter().zip(&floor.ns).map(|(ns, floor)| ns - floor).collect()
}

/// Least and greatest.
fn range(values: &[f64]) -> Option<[f64; 2]> {
    let least = values.iter().copied().reduce(f64::min)?;
    let greatest = values.iter().copied().reduce(f64::max)?;
    Some([least, greatest])
}

#[cfg(test)]
mod tests {
    use super::{median, results};
    use crate::measure::Series;
    use crate::row::{DROP, REDIRECT, rows};

    fn series(name: &str, ns: &[f64]) -> Series {
        let row = rows().into_iter().find(|row| row.name == name).expect("a row");
        Series { row, packets: 1, ns: ns.to_vec(), failure: None }
    }

    #[test]
    fn a_median_is_the_middle_or_the_mean_of_both_middles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[3.0, 1.0, 2.0, 4.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn device_cost_is_taken_within_a_round_and_ratios_are_of_medians() {
        let all = [
            series(DROP, &[100.0, 200.0, 150.0]),
            series(REDIRECT, &[200.0, 300.0, 250.0]),
            series("flumen/udp4-snat/1", &[400.0, 450.0, 400.0]),
        ];
        let results = results(&all);
        assert_eq!(results[0].device_cost_ns, Some(0.0));
        assert_eq!(results[0].ratio_to_redirect, None);
        assert_eq!(results[1].ratio_to_redirect, Some(1.0));
        assert_eq!(results[2].device_cost_ns, Some(250.0));
        assert_eq!(results[2].ratio_to_redirect, Some(2.5));
        assert_eq!(results[2].ratio_to_nft, None, "the peer was not measured");
    }
}
