use crate::Problem;
use std::collections::BTreeSet;

/// Statements that one line may mean.
const LIMIT: usize = 16_384;

/// The lines that `line` means: each `[0-3,5,!2]` is each of its numbers, and several are each with each. Other brackets
/// are lists, and stay.
///
/// # Errors
/// A range that is none, or more lines than the limit.
pub(super) fn expand(line: &str) -> Result<Vec<String>, Problem> {
    let mut lines = vec![String::new()];
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        let Some(length) = rest[open..].find(']') else { break };
        let (before, inside) = (&rest[..open], &rest[open + 1..open + length]);
        rest = &rest[open + length + 1..];
        let parts: Vec<String> = if is_range(inside) {
            numbers(inside)?.into_iter().map(|number| format!("{before}{number}")).collect()
        } else {
            vec![format!("{before}[{inside}]")]
        };
        if parts.len().saturating_mul(lines.len()) > LIMIT {
            let reason = format!("the ranges mean more than {LIMIT} statements");
            return Err(Problem::Pattern { reason });
        }
        lines = lines.iter().flat_map(|line| parts.iter().map(move |part| format!("{line}{part}"))).collect();
    }
    lines.iter_mut().for_each(|line| line.push_str(rest));
    Ok(lines)
}

fn is_range(inside: &str) -> bool {
    let ranged = |part: &str| {
        let part = part.trim_start_matches('!');
        part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|c| c.is_ascii_digit() || c == b'-')
    };
    inside.split(',').all(ranged)
}

/// `0-3,5,!2`: 0, 1, 3 and 5.
fn numbers(inside: &str) -> Result<BTreeSet<u32>, Problem> {
    let wrong =
        |part: &str| Problem::Pattern { reason: format!("{part:?} is no range of numbers: write 0-3") };
    let (mut found, mut excepted) = (BTreeSet::new(), BTreeSet::new());
    for part in inside.split(',') {
        let (set, range) = match part.strip_prefix('!') {
            Some(range) => (&mut excepted, range),
            None => (&mut found, part),
        };
        let (low, high) = range.split_once('-').unwrap_or((range, range));
        let (Ok(low), Ok(high)) = (low.parse::<u32>(), high.parse::<u32>()) else { return Err(wrong(part)) };
        if low > high || (high - low) as usize >= LIMIT {
            return Err(wrong(part));
        }
        set.extend(low..=high);
    }
    Ok(found.difference(&excepted).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn each_number_of_a_range_makes_a_line_and_lists_stay() {
        let of = |line: &str| expand(line).map_err(|problem| problem.to_string());
        assert_eq!(
            of("interfaces eth[0-3,7,!1-2] disable").unwrap(),
            ["interfaces eth0 disable", "interfaces eth3 disable", "interfaces eth7 disable"]
        );
        assert_eq!(of("a[1-2] b[1,3]").unwrap(), ["a1 b1", "a1 b3", "a2 b1", "a2 b3"]);
        assert_eq!(of("application [ a b ]").unwrap(), ["application [ a b ]"]);
        assert_eq!(of("eth0").unwrap(), ["eth0"]);
        for wrong in ["a[3-1]", "a[1-2-3]", "a[1-99999999999]", "a[0-9999] b[0-9999]"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
