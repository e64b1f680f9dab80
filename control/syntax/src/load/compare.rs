use crate::print::curly_statement;
use crate::tree::{Marks, Node, Step, Tree, path_words};
use std::collections::HashSet;

/// What changes from `old` to `new`, as `show | compare` prints it; empty when nothing does.
///
/// Each part begins with `[edit …]`. `-` takes away, `+` adds, `!` moves an entry or changes what is said of it
/// (`inactive:`, `protect:`, a comment). A line without a sign says where: what follows comes after that entry, and
/// what stands before it, when it is the first, comes before it.
pub fn compare(old: &Tree, new: &Tree) -> String {
    let mut text = String::new();
    level(&old.root, &new.root, &mut Vec::new(), &mut text);
    text
}

/// What changes from `old` to `new` below `at`. Where both have it without braces, or one of them has not, the statement
/// itself is shown in the braces around it.
pub fn compare_at(old: &Tree, new: &Tree, at: &[Step]) -> String {
    let mut text = String::new();
    match (old.at(at), new.at(at), at.split_last()) {
        (None, None, _) => {}
        (Some(old), Some(new), None) => level(old, new, &mut Vec::new(), &mut text),
        (Some(old), Some(new), Some(_)) if old.has_children() && new.has_children() => {
            level(old, new, &mut at.to_vec(), &mut text);
        }
        (_, _, Some((last, above))) => {
            // All else in those braces is left out on both sides.
            let alone = |tree: &Tree| {
                let mut node = tree.at(above).cloned().unwrap_or_default();
                node.retain(|step, _| step == last);
                node
            };
            level(&alone(old), &alone(new), &mut above.to_vec(), &mut text);
        }
        (_, _, None) => {}
    }
    text
}

fn level(old: &Node, new: &Node, path: &mut Vec<Step>, text: &mut String) {
    let mut lines = String::new();
    for (step, child) in old.children() {
        if new.child(step).is_none_or(|other| is_replaced(child, other)) {
            signed(&mut lines, '-', step, child);
        }
    }
    added(old, new, &mut lines);
    if !lines.is_empty() {
        text.push_str(&match path_words(path).as_str() {
            "" => "[edit]\n".to_owned(),
            words => format!("[edit {words}]\n"),
        });
        text.push_str(&lines);
    }
    for (step, child) in old.children() {
        if let Some(other) = new.child(step).filter(|other| *other != child && !is_replaced(child, other)) {
            path.push(step.clone());
            level(child, other, path, text);
            path.pop();
        }
    }
}

/// Lines for what is new, moved, or said to be something else.
fn added(old: &Node, new: &Node, lines: &mut String) {
    let stays = unmoved(old, new);
    // The entry before, of a list whose order means something, and whether the lines already stand behind it.
    let mut before: Option<(&Step, &Node, bool)> = None;
    // Lines of the first entries of a list wait for one that says what they come before.
    let mut first = false;
    for (step, child) in new.children() {
        let ordered = child.is_ordered() && child.is_entry();
        if before.is_some_and(|(other, ..)| other.name != step.name) {
            (before, first) = (None, false);
        }
        let own = old.child(step).filter(|own| !is_replaced(own, child));
        let moves = ordered && own.is_some() && !stays.contains(step);
        let said = own.is_some_and(|own| !tags(own, child).is_empty() || own.annotation != child.annotation);
        let placed = ordered && (own.is_none() || moves || said);
        match before {
            Some((step, node, false)) if placed => context(lines, step, node),
            None if placed => first = true,
            _ => {}
        }
        match own {
            None => signed(lines, '+', step, child),
            Some(own) => notes(lines, step, own, child, moves),
        }
        let mut shown = placed;
        if ordered && !placed && first {
            context(lines, step, child);
            (first, shown) = (false, true);
        }
        if ordered {
            before = Some((step, child, shown));
        }
    }
}

/// True when the two are shown as one taken away and one added: statements without braces, and lines.
fn is_replaced(old: &Node, new: &Node) -> bool {
    let lines = |node: &Node| node.statement.is_none_or(|statement| !statement.has_body());
    let kept = |node: &Node| node.marks.has(Marks::UNSUPPORTED);
    old != new && (lines(old) || lines(new) || old.is_foreign() || kept(old) != kept(new))
}

/// The entries that need not be moved: the longest part of each list that is in its old order.
fn unmoved<'n>(old: &Node, new: &'n Node) -> HashSet<&'n Step> {
    let ordered = new.children().filter(|(_, child)| child.is_ordered() && child.is_entry());
    let common: Vec<(&Step, usize)> =
        ordered.filter_map(|(step, _)| Some((step, old.index_of(step)?))).collect();
    // Ends of the best rows of each length, and the row before each entry.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; common.len()];
    for (place, (_, index)) in common.iter().enumerate() {
        let length = ends.partition_point(|end| common[*end].1 < *index);
        previous[place] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(place);
        } else {
            ends[length] = place;
        }
    }
    let mut stays = HashSet::new();
    let mut at = ends.last().copied();
    while let Some(place) = at {
        stays.insert(common[place].0);
        at = previous[place];
    }
    stays
}

/// A statement with everything in it, one sign before each line.
fn signed(lines: &mut String, sign: char, step: &Step, node: &Node) {
    for line in curly_statement(step, node).lines() {
        lines.push(sign);
        lines.push_str("  ");
        lines.push_str(line);
        lines.push('\n');
    }
}

/// The words of an entry, whose content is left out.
fn head(step: &Step, node: &Node) -> String {
    let words: Vec<_> = step.words(node.statement.map_or(&[], crate::Statement::keys)).collect();
    words.join(" ") + " { ... }"
}

fn context(lines: &mut String, step: &Step, node: &Node) {
    lines.push_str(&format!("   {}\n", head(step, node)));
}

/// What is said of a statement otherwise than before, and that it moves.
fn notes(lines: &mut String, step: &Step, old: &Node, new: &Node, moves: bool) {
    let tags = tags(old, new);
    let annotated = old.annotation != new.annotation;
    if !annotated && tags.is_empty() && !moves {
        return;
    }
    if annotated {
        for line in format!("/* {} */", new.annotation.as_deref().unwrap_or_default()).lines() {
            lines.push_str(&format!("!  {line}\n"));
        }
    }
    lines.push_str(&format!("!  {tags}{}\n", head(step, new)));
}

/// Tags that make the marks of `new` out of those of `old`.
fn tags(old: &Node, new: &Node) -> String {
    let mut tags = String::new();
    for (mark, set, cleared) in
        [(Marks::INACTIVE, "inactive: ", "active: "), (Marks::PROTECTED, "protect: ", "unprotect: ")]
    {
        if old.marks.has(mark) != new.marks.has(mark) {
            tags.push_str(if new.marks.has(mark) { set } else { cleared });
        }
    }
    tags
}
