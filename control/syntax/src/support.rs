use crate::table::{Statement, Support};
use crate::tree::{Marks, Node, Place, Step, Tree, path_words, shown};
use crate::{Finding, Problem};
use std::collections::HashMap;

/// What a configuration says that the gateway cannot do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsupported {
    /// What is refused.
    pub errors: Vec<Finding>,
    /// What is kept without effect; what repeats is reported once, at its first place.
    pub warnings: Vec<Finding>,
}

/// Statements in effect that the gateway cannot do. Groups are not in effect by themselves: `tree` is one in which
/// they were expanded, or has none.
pub fn unsupported(tree: &Tree) -> Unsupported {
    let mut walk = Walk::default();
    for (step, node) in tree.root.children().filter(|(step, _)| step.name != "groups") {
        walk.visit(step, node);
    }
    let mut warnings: Vec<(Finding, usize)> = walk.warnings;
    warnings.sort_by(|(a, _), (b, _)| a.place.cmp(&b.place));
    let counted = |(mut finding, count): (Finding, usize)| {
        if let Problem::Kept { more, .. } = &mut finding.problem {
            *more = count - 1;
        }
        finding
    };
    let mut errors = walk.errors;
    errors.sort_by(|a, b| a.place.cmp(&b.place));
    Unsupported { errors, warnings: warnings.into_iter().map(counted).collect() }
}

impl Node {
    /// True when it, or anything below it, is not supported: it means something else than the rest of it says.
    pub fn has_unsupported(&self) -> bool {
        self.is_foreign()
            || is_reserved(self).is_some()
            || self.children().any(|(_, child)| child.has_unsupported())
    }
}

/// Marks what would be refused, so that it is kept instead: a lenient load.
pub fn accept_unsupported(tree: &mut Tree) {
    accept_below(&mut tree.root);
}

pub(crate) fn accept_below(node: &mut Node) {
    node.children_mut().for_each(|(_, child)| accept(child));
}

pub(crate) fn accept(node: &mut Node) {
    if is_reserved(node).is_some() {
        node.marks.add(Marks::UNSUPPORTED);
    } else if !node.is_foreign() {
        node.children_mut().for_each(|(_, child)| accept(child));
    }
}

/// Marks the first statement of `path` below `node` that would be refused.
pub(crate) fn accept_path(node: &mut Node, path: &[(Step, Option<&'static Statement>, Place)]) {
    let mut node = node;
    for (step, ..) in path {
        let Some(child) = node.child_mut(step) else { return };
        if child.is_foreign() {
            return;
        }
        if is_reserved(child).is_some() {
            return child.marks.add(Marks::UNSUPPORTED);
        }
        node = child;
    }
}

fn is_reserved(node: &Node) -> Option<(&'static Statement, &'static str)> {
    match node.statement {
        Some(statement) => match statement.support {
            Support::Reserved(reason) => Some((statement, reason)),
            _ => None,
        },
        None => None,
    }
}

#[derive(Default)]
struct Walk {
    path: Vec<Step>,
    errors: Vec<Finding>,
    /// With how often each was found.
    warnings: Vec<(Finding, usize)>,
    /// Where a statement that is kept for a reason was warned of.
    kept: HashMap<(String, &'static str), usize>,
}

impl Walk {
    fn visit(&mut self, step: &Step, node: &Node) {
        if node.marks.has(Marks::INACTIVE) {
            return;
        }
        if node.is_foreign() {
            return self.foreign(step, node);
        }
        let support = node.statement.map_or(Support::InForce, |statement| statement.support);
        let statement = || shown(node.statement.map_or("", |statement| statement.name));
        match support {
            Support::Reserved(reason) if !node.marks.has(Marks::UNSUPPORTED) => {
                let finding = self.finding(&node.place, Problem::Reserved { statement: statement(), reason });
                self.errors.push(finding);
            }
            Support::Reserved(reason) => self.kept(statement(), reason, &node.place),
            Support::Kept(reason) => {
                self.kept(statement(), reason, &node.place);
                self.path.push(step.clone());
                node.children().for_each(|(step, child)| self.refuse(step, child));
                self.path.pop();
            }
            Support::InForce => {
                self.path.push(step.clone());
                for (step, child) in node.children() {
                    self.visit(step, child);
                }
                self.path.pop();
            }
        }
    }

    /// Looks below a statement that is kept for those that are refused even there.
    fn refuse(&mut self, step: &Step, node: &Node) {
        if node.marks.has(Marks::INACTIVE) {
            return;
        }
        match is_reserved(node) {
            Some(_) => self.visit(step, node),
            None => {
                self.path.push(step.clone());
                node.children().for_each(|(step, child)| self.refuse(step, child));
                self.path.pop();
            }
        }
    }

    fn foreign(&mut self, step: &Step, node: &Node) {
        let mut words = vec![step.name.to_string()];
        let mut node = node;
        let place = node.place.clone();
        while let (Some((step, child)), true) = (node.children().next(), node.children().len() == 1) {
            words.push(step.name.to_string());
            node = child;
        }
        let finding = self.finding(&place, Problem::Foreign { statement: words.join(" ") });
        self.warnings.push((finding, 1));
    }

    fn kept(&mut self, statement: String, reason: &'static str, place: &Place) {
        let next = self.warnings.len();
        let first = *self.kept.entry((statement.clone(), reason)).or_insert(next);
        if let Some((_, count)) = self.warnings.get_mut(first) {
            *count += 1;
            return;
        }
        let finding = self.finding(place, Problem::Kept { statement, reason, more: 0 });
        self.warnings.push((finding, 1));
    }

    fn finding(&self, place: &Place, problem: Problem) -> Finding {
        Finding { place: place.clone(), path: path_words(&self.path), problem }
    }
}
