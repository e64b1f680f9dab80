//! The figures to reach, beside what was measured.

use serde::Serialize;

use super::RowResult;
use crate::figures::Figure;

/// One figure to reach.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Goal {
    pub(crate) name: &'static str,
    /// What the numbers are: nanoseconds, times another row's device cost, or the figure's unit.
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    /// The greatest value with which it is reached.
    pub(crate) at_most: f64,
    pub(crate) reached: bool,
}

/// What of a row or figure is looked at.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// Device cost beside the bare redirect's.
    Redirect,
    /// Device cost beside the peer's.
    Nft,
    /// Device cost beside that with ten policies.
    TenPolicies,
    /// Time beside the longer of a microsecond and 1/0.8 of the bare redirect's: a million packets per second on one CPU, or
    /// 80 % of what the redirect reaches there.
    Rate,
    /// Device cost, nanoseconds.
    Cost,
    /// The figure itself.
    Figure,
}

const GOALS: [(&str, Of, f64); 29] = [
    ("flumen/udp4-snat/1", Of::Redirect, 2.5),
    ("flumen/udp4-snat/1", Of::Nft, 1.0 / 6.0),
    ("flumen/udp4-snat/1m", Of::Redirect, 6.0),
    ("flumen/udp4-snat-new", Of::Nft, 1.0 / 3.0),
    ("flumen/udp4-plain-new", Of::Nft, 1.0 / 3.0),
    ("flumen/udp4-new/policies-10", Of::Nft, 1.0 / 3.0),
    ("flumen/udp4-new/policies-10k", Of::TenPolicies, 1.5),
    ("flumen/mirror-vxlan/1450", Of::Redirect, 3.0),
    ("flumen/mirror-vxlan/128", Of::Rate, 1.0),
    ("flumen/df-clear", Of::Nft, 1.0 / 15.0),
    ("flumen/nfqueue-df-clear", Of::Nft, 1.0),
    ("native/udp4-snat/1", Of::Cost, 80.0),
    ("native/udp4-snat/10k", Of::Cost, 115.0),
    ("native/udp4-snat/1m", Of::Cost, 350.0),
    ("native/udp4-snat-new", Of::Cost, 1200.0),
    ("program/verified-instructions", Of::Figure, 200_000.0),
    ("program/load-time", Of::Figure, 500.0),
    ("commit/10k-policies", Of::Figure, 1000.0),
    ("control/read", Of::Figure, 1000.0),
    ("control/load-and-commit", Of::Figure, 2000.0),
    ("control/completion", Of::Figure, 50.0),
    ("control/lost-packets", Of::Figure, 0.0),
    ("control/memory-resting", Of::Figure, 60.0),
    ("switch/lost-packets", Of::Figure, 0.0),
    ("memory/1m-sessions", Of::Figure, 450.0),
    ("idle/memory", Of::Figure, 100.0),
    ("idle/cpu", Of::Figure, 1.0),
    ("ageing/1m-sessions-cpu", Of::Figure, 2.0),
    ("ageing/worst-lateness", Of::Figure, 1000.0),
];

/// Every goal that something was measured for.
pub(crate) fn goals(rows: &[RowResult], figures: &[Figure]) -> Vec<Goal> {
    let goal = |&(name, of, at_most): &(&'static str, Of, f64)| {
        let (value, unit) = measured(name, of, rows, figures)?;
        Some(Goal { name, unit, value, at_most, reached: value <= at_most })
    };
    GOALS.iter().filter_map(goal).collect()
}

/// The value and its unit; none when it was not measured.
fn measured(name: &str, of: Of, rows: &[RowResult], figures: &[Figure]) -> Option<(f64, &'static str)> {
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    match of {
        Of::Redirect => Some((row(name)?.ratio_to_redirect?, "x redirect")),
        Of::Nft => Some((row(name)?.ratio_to_nft?, "x nft")),
        Of::Rate => {
            let mirror = row(name)?;
            let redirect = row(mirror.redirect_row?)?.ns_per_packet?;
            let enough = f64::max(1000.0, redirect / 0.8);
            Some((mirror.ns_per_packet? / enough, "x 1 us or redirect / 0.8"))
        }
        Of::Cost => Some((row(name)?.device_cost_ns?, "ns")),
        Of::TenPolicies => {
            let ten = row("flumen/udp4-new/policies-10")?.device_cost_ns?;
            Some((row(name)?.device_cost_ns? / ten, "x policies-10"))
        }
        Of::Figure => {
            let figure = figures.iter().find(|figure| figure.name == name)?;
            Some((figure.value?, figure.unit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{GOALS, Of, goals};
    use crate::report::RowResult;
    use crate::row::Flows;

    #[test]
    fn every_goal_of_a_row_is_one_of_a_row_that_there_is() {
        let rows = crate::row::rows();
        for (name, of, _) in GOALS {
            let native = name.starts_with("native/") || name.ends_with("df-clear");
            assert!(native || matches!(of, Of::Figure) || rows.iter().any(|row| row.name == name), "{name}");
        }
    }

    #[test]
    fn a_rate_is_reached_with_a_microsecond_and_with_most_of_what_a_slow_redirect_reaches() {
        let row = |name: &str, redirect_row, ns| {
            let row = RowResult::without_rig(name.to_owned(), Flows::Known, 1, &[ns], None);
            RowResult { redirect_row, ..row }
        };
        let reached = |mirror: f64, redirect: f64| {
            let mirror = row("flumen/mirror-vxlan/128", Some("floor/x"), mirror);
            let goals = goals(&[mirror, row("floor/x", None, redirect)], &[]);
            goals.iter().any(|goal| goal.unit.starts_with("x 1 us") && goal.reached)
        };
        assert!(reached(999.0, 400.0) && !reached(1001.0, 400.0));
        assert!(reached(1240.0, 1000.0) && !reached(1260.0, 1000.0));
    }
}
