use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Puts the changes of a candidate and those of commits since it began together.
pub trait Merge: Send {
    /// What both changes make of `base`.
    ///
    /// # Errors
    /// Each place that both changed, each in its own way.
    fn merge(&self, base: &str, active: &str, candidate: &str) -> Result<String, Vec<Conflict>>;
}

/// A place that was changed twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where: `lines 12 to 14`, or a path.
    pub place: String,
    /// What was there.
    pub base: String,
    /// What it is in the active configuration.
    pub active: String,
    /// What it is in the candidate.
    pub candidate: String,
}

/// Merges by lines: changes that have at least one unchanged line between them go together.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineMerge;

/// A change: these lines of the base became those of the other text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hunk {
    base: Range<usize>,
    new: Range<usize>,
}

/// A text by its lines, and how it differs from the base.
struct Changed<'a> {
    lines: Vec<&'a str>,
    hunks: Vec<Hunk>,
    /// The first hunk that is not merged yet.
    next: usize,
}

/// Texts that have little in common are compared coarsely after this long.
const PATIENCE: Duration = Duration::from_secs(2);

// === impl LineMerge ===

impl Merge for LineMerge {
    fn merge(&self, base: &str, active: &str, candidate: &str) -> Result<String, Vec<Conflict>> {
        let base = lines(base);
        let mut sides = [Changed::of(&base, active), Changed::of(&base, candidate)];
        let (mut merged, mut conflicts, mut at) = (String::new(), Vec::new(), 0);
        while let Some(place) = next_place(&sides) {
            let [active, candidate] =
                [0, 1].map(|side| sides[side].text(&base, &place.range, place.hunks[side]));
            let before = base[place.range.clone()].concat();
            merged.extend(base[at..place.range.start].iter().copied());
            if active == candidate || candidate == before {
                merged.push_str(&active);
            } else if active == before {
                merged.push_str(&candidate);
            } else {
                let place = lines_of(&place.range);
                conflicts.push(Conflict { place, base: before, active, candidate });
            }
            at = place.range.end;
            for (side, end) in sides.iter_mut().zip(place.hunks) {
                side.next = end;
            }
        }
        merged.extend(base[at..].iter().copied());
        if conflicts.is_empty() { Ok(merged) } else { Err(conflicts) }
    }
}

/// Lines of the base that one or both changed, without an unchanged one between.
struct Place {
    range: Range<usize>,
    /// For each side, the first hunk that lies behind.
    hunks: [usize; 2],
}

/// The first place that is not merged yet.
fn next_place(sides: &[Changed<'_>; 2]) -> Option<Place> {
    let first =
        sides.iter().filter_map(|side| side.hunks.get(side.next)).min_by_key(|hunk| hunk.base.start)?;
    let mut range = first.base.clone();
    let mut hunks = sides.each_ref().map(|side| side.next);
    let mut grows = true;
    while std::mem::take(&mut grows) {
        for (side, next) in sides.iter().zip(&mut hunks) {
            while let Some(hunk) = side.hunks.get(*next).filter(|hunk| hunk.base.start <= range.end) {
                range.end = range.end.max(hunk.base.end);
                *next += 1;
                grows = true;
            }
        }
    }
    Some(Place { range, hunks })
}

// === impl Changed ===

impl<'a> Changed<'a> {
    fn of(base: &[&str], text: &'a str) -> Changed<'a> {
        let lines = lines(text);
        let deadline = Some(Instant::now() + PATIENCE);
        // The gaps between what is equal: neither the order of the other operations matters then, nor how they overlap.
        let (mut hunks, mut at) = (Vec::new(), (0, 0));
        let ops = capture_diff_slices_deadline(Algorithm::Myers, base, &lines, deadline);
        let equal = ops.iter().filter(|op| matches!(op, DiffOp::Equal { .. }));
        let equal = equal.map(|op| (op.old_range(), op.new_range()));
        let end = (base.len()..base.len(), lines.len()..lines.len());
        for (old, new) in equal.chain([end]) {
            if at != (old.start, new.start) {
                hunks.push(Hunk { base: at.0..old.start, new: at.1..new.start });
            }
            at = (old.end, new.end);
        }
        Changed { lines, hunks, next: 0 }
    }

    /// What this side made of a place: its hunks from the next one up to `end`.
    fn text(&self, base: &[&str], place: &Range<usize>, end: usize) -> String {
        let (mut text, mut at) = (String::new(), place.start);
        for hunk in &self.hunks[self.next..end] {
            text.extend(base[at..hunk.base.start].iter().copied());
            text.extend(self.lines[hunk.new.clone()].iter().copied());
            at = hunk.base.end;
        }
        text.extend(base[at..place.end].iter().copied());
        text
    }
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn lines_of(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("after line {}", range.start),
        1 => format!("line {}", range.start + 1),
        _ => format!("lines {} to {}", range.start + 1, range.end),
    }
}

impl fmt::Display for Conflict {
    /// The place, then at most three lines of each side.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.place)?;
        for (side, text) in [("active", &self.active), ("candidate", &self.candidate)] {
            if text.is_empty() {
                write!(f, "\n    {side}: (deleted)")?;
            }
            for line in text.lines().take(3) {
                write!(f, "\n    {side}: {line}")?;
            }
            let more = text.lines().count().saturating_sub(3);
            if more > 0 {
                write!(f, "\n    {side}: … {more} more lines")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LineMerge, Merge};
    use proptest::prelude::{Strategy, prop, proptest};

    const BASE: &str = "a\nb\nc\nd\ne\n";

    fn merge(active: &str, candidate: &str) -> Result<String, String> {
        let told = |conflicts: Vec<super::Conflict>| conflicts.iter().map(|c| format!("{c}\n")).collect();
        LineMerge.merge(BASE, active, candidate).map_err(told)
    }

    #[test]
    fn changes_with_a_line_between_them_go_together() {
        assert_eq!(merge("A\nb\nc\nd\ne\n", "a\nb\nc\nd\ne\nf\n").unwrap(), "A\nb\nc\nd\ne\nf\n");
        assert_eq!(merge("a\nc\nd\ne\n", "a\nb\nc\nD\nDD\ne\n").unwrap(), "a\nc\nD\nDD\ne\n");
    }

    #[test]
    fn the_same_change_twice_is_no_conflict() {
        assert_eq!(merge("a\nX\nd\ne\n", "a\nX\nd\ne\n").unwrap(), "a\nX\nd\ne\n");
    }

    #[test]
    fn two_changes_of_a_line_or_of_neighbours_are_told_with_both_texts() {
        let told = merge("a\nB1\nc\nd\ne\n", "a\nB2\nc\nd\ne\n").unwrap_err();
        assert_eq!(told, "  line 2\n    active: B1\n    candidate: B2\n");
        let told = merge("a\nd\ne\n", "a\nb\nc\nD\ne\n").unwrap_err();
        assert_eq!(
            told,
            "  lines 2 to 4\n    active: d\n    candidate: b\n    candidate: c\n    candidate: D\n"
        );
        let told = merge("a\nb\nc\nd\ne\n1\n", "a\nb\nc\nd\ne\n2\n").unwrap_err();
        assert!(told.starts_with("  after line 5\n"), "{told}");
        assert_eq!(merge("", "x\n").unwrap_err().lines().next(), Some("  lines 1 to 5"));
    }

    #[test]
    fn a_hundred_thousand_lines_that_share_none_are_done_in_bounded_time() {
        let text = |name: &str| (0..100_000).map(|line| format!("{name}{line}\n")).collect::<String>();
        let begin = std::time::Instant::now();
        assert_eq!(LineMerge.merge(&text("a"), &text("b"), &text("c")).unwrap_err().len(), 1);
        let both = LineMerge.merge(
            &text("a"),
            &text("a").replace("a7\n", "x\n"),
            &text("a").replace("a99\n", "y\n"),
        );
        assert!(both.unwrap().contains("x\n"));
        assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
    }

    fn text() -> impl Strategy<Value = String> {
        prop::collection::vec("[abc]{0,1}\n", 0..12).prop_map(|lines| lines.concat())
    }

    proptest! {
        #[test]
        fn a_side_that_changed_nothing_yields_to_the_other(base in text(), other in text()) {
            assert_eq!(LineMerge.merge(&base, &other, &base), Ok(other.clone()));
            assert_eq!(LineMerge.merge(&base, &base, &other), Ok(other.clone()));
            assert_eq!(LineMerge.merge(&base, &other, &other), Ok(other));
        }

        #[test]
        fn sides_may_be_exchanged(base in text(), one in text(), two in text()) {
            let (there, back) = (LineMerge.merge(&base, &one, &two), LineMerge.merge(&base, &two, &one));
            assert_eq!(there.as_ref().ok(), back.as_ref().ok());
            assert_eq!(there.map_err(|conflicts| conflicts.len()), back.map_err(|conflicts| conflicts.len()));
        }
    }
}
