use super::{Case, Difference, Pair, replay};
use anyhow::Result;

/// Leaves out steps as long as the engines still differ. None when the case does not show a difference again.
pub(super) fn smallest(pair: &mut Pair, mut case: Case) -> Result<Option<(Case, Difference)>> {
    let Some(mut difference) = replay(pair, &case)? else { return Ok(None) };
    let mut chunk = case.steps.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        while at < case.steps.len() {
            let mut fewer = case.clone();
            fewer.steps.drain(at..(at + chunk).min(case.steps.len()));
            match replay(pair, &fewer)? {
                Some(found) => (case, difference) = (fewer, found),
                None => at += chunk,
            }
        }
        chunk /= 2;
    }
    Ok(Some((case, difference)))
}
