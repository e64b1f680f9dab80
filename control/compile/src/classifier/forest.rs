use super::Effort;
use super::space::{Cell, Space};
use super::tree::{Seed, Stunted, Tree};

/// Up to `trees` search trees that hold every rule of `space` between them.
///
/// One tree reads least, unless rules that are wide where others are narrow end up in too many of its cells.
/// Then the rules are sorted by what they are narrow in, one tree for each kind, and a tree leaves its worst
/// rules to the next. When that will not do either, each dimension gets a tree of its own.
pub(super) fn grow(space: &Space, trees: usize, room: usize, effort: Effort) -> Result<Vec<Tree>, Stunted> {
    let all: Vec<u32> = (0..space.rules.len() as u32).collect();
    let budget = effort.budget(all.len()).min(room);
    if let Ok((tree, _)) = Tree::grow(space, Seed { rules: all, last: true, room: budget }, effort) {
        return Ok(vec![tree]);
    }
    grow_groups(space, by_narrowness(space), trees, room, effort)
        .or_else(|_| grow_groups(space, by_narrowest(space), trees, room, effort))
}

/// One tree for each group, and more for what they leave over; the last takes all groups that are left.
fn grow_groups(
    space: &Space,
    groups: Vec<Vec<u32>>,
    trees: usize,
    room: usize,
    effort: Effort,
) -> Result<Vec<Tree>, Stunted> {
    let mut forest = Vec::new();
    let mut groups = groups.into_iter();
    let mut carried: Vec<u32> = Vec::new();
    for place in 1..=trees {
        let last = place == trees;
        let mut rules = groups.next().unwrap_or_default();
        rules.append(&mut carried);
        if last {
            rules.extend(groups.by_ref().flatten());
        }
        if rules.is_empty() {
            break;
        }
        rules.sort_unstable();
        let (tree, left) = grow_tree(space, rules, last, room, effort)?;
        forest.push(tree);
        carried = left;
    }
    Ok(forest)
}

/// A tree, and what it leaves over. When it does, it is grown again without that: its first cuts were made
/// with those rules in mind.
fn grow_tree(
    space: &Space,
    rules: Vec<u32>,
    last: bool,
    room: usize,
    effort: Effort,
) -> Result<(Tree, Vec<u32>), Stunted> {
    let (tree, mut left) = Tree::grow(space, Seed { rules: rules.clone(), last, room }, effort)?;
    if left.is_empty() {
        return Ok((tree, left));
    }
    let kept = rules.into_iter().filter(|rule| left.binary_search(rule).is_err()).collect();
    let (tree, more) = Tree::grow(space, Seed { rules: kept, last, room }, effort)?;
    left.extend(more);
    left.sort_unstable();
    Ok((tree, left))
}

/// Rules by whether they are narrow in source, in destination, in both or in none; without empty groups.
fn by_narrowness(space: &Space) -> Vec<Vec<u32>> {
    let mut groups: [Vec<u32>; 4] = Default::default();
    let whole = space.whole();
    let narrow = |rule: &Cell, axis: usize| {
        let (part, all) = (rule[axis].high - rule[axis].low + 1, whole[axis].high + 1);
        u64::from(part) * 4 < u64::from(all)
    };
    for (place, rule) in space.rules.iter().enumerate() {
        let group = match (narrow(rule, 0), narrow(rule, 1)) {
            (true, true) => 0,
            (true, false) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        groups[group].push(place as u32);
    }
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}

/// Rules by the dimension in which they are narrowest; the protocol, which has few values, goes with the
/// destination port.
fn by_narrowest(space: &Space) -> Vec<Vec<u32>> {
    let mut groups: [Vec<u32>; 4] = Default::default();
    let whole = space.whole();
    let share = |rule: &Cell, axis: usize| {
        let (part, all) = (rule[axis].high - rule[axis].low + 1, whole[axis].high + 1);
        f64::from(part) / f64::from(all)
    };
    for (place, rule) in space.rules.iter().enumerate() {
        let narrowest = (0..5).min_by(|a, b| share(rule, *a).total_cmp(&share(rule, *b)));
        groups[narrowest.unwrap_or(0).min(3)].push(place as u32);
    }
    groups.into_iter().filter(|group| !group.is_empty()).collect()
}
