//! The figures to reach, beside what was measured.

use serde::Serialize;

use super::RowResult;
use crate::figures::Figure;

/// One figure to reach.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Goal {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    /// The greatest value with which it is reached.
    pub(crate) at_most: f64,
    pub(crate) reached: bool,
}

type Measured<'a> = &'a dyn Fn(&'static str) -> Option<f64>;

/// Every goal that something was measured for.
pub(crate) fn goals(rows: &[RowResult], figures: &[Figure]) -> Vec<Goal> {
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    let redirect = |name: &'static str| row(name)?.ratio_to_redirect;
    let nft = |name: &'static str| row(name)?.ratio_to_nft;
    let cost = |name: &'static str| row(name)?.device_cost_ns;
    let figure = |name: &'static str| figures.iter().find(|figure| figure.name == name)?.value;
    let by_ten = |name: &'static str| Some(cost(name)? / cost("flumen/udp4-new/policies-10")?);
    let kinds: [(&'static str, Measured<'_>, &[(&'static str, f64)]); 5] = [
        ("x redirect", &redirect, &[("flumen/udp4-snat/1", 2.5), ("flumen/udp4-snat/1m", 6.0)]),
        (
            "x nft",
            &nft,
            &[
                ("flumen/udp4-snat/1", 1.0 / 6.0),
                ("flumen/udp4-snat-new", 1.0 / 3.0),
                ("flumen/udp4-new/policies-10", 1.0 / 3.0),
            ],
        ),
        ("x policies-10", &by_ten, &[("flumen/udp4-new/policies-10k", 1.5)]),
        (
            "ns",
            &cost,
            &[
                ("native/udp4-snat/1", 80.0),
                ("native/udp4-snat/10k", 115.0),
                ("native/udp4-snat/1m", 350.0),
                ("native/udp4-snat-new", 1200.0),
            ],
        ),
        ("", &figure, &FIGURES),
    ];
    let unit_of = |name: &str| figures.iter().find(|figure| figure.name == name).map(|figure| figure.unit);
    let goal = |name, unit: &'static str, value, at_most| {
        let unit = if unit.is_empty() { unit_of(name).unwrap_or_default() } else { unit };
        Goal { name, unit, value, at_most, reached: value <= at_most }
    };
    kinds
        .iter()
        .flat_map(|(unit, measured, goals)| {
            goals.iter().filter_map(|&(name, at_most)| Some(goal(name, unit, measured(name)?, at_most)))
        })
        .collect()
}

const FIGURES: [(&str, f64); 10] = [
    ("program/verified-instructions", 200_000.0),
    ("program/load-time", 500.0),
    ("commit/10k-policies", 1000.0),
    ("switch/lost-packets", 0.0),
    ("memory/1m-sessions", 450.0),
    ("idle/memory", 100.0),
    ("idle/cpu", 1.0),
    ("ageing/1m-sessions-cpu", 2.0),
    ("ageing/1m-sessions-expiring-cpu", 2.0),
    ("ageing/worst-lateness", 1000.0),
];
