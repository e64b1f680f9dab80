//! Groups that apply groups.

use super::{APPLY, Expansion, NODE, NODE_NAME};
use crate::suggestion::nearest;
use crate::table::WITHOUT_GROUPS;
use crate::tree::{Marks, Node, Place, Text};
use crate::{Finding, Problem};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A condition of Junos for a whole group.
const WHEN: &str = "when";

/// Groups that apply one another in a row at most.
const DEPTH: usize = 64;

/// Each group with what it inherits from others.
type Expanded<'t> = Vec<(Arc<str>, Cow<'t, Node>)>;

/// The groups with what they inherit from one another. A group that applies itself, also by others, is an error.
pub(super) fn expanded<'t>(groups: Vec<(Arc<str>, &'t Node)>) -> (Expanded<'t>, Vec<Finding>) {
    let places = groups.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
    let mut nesting =
        Nesting { groups, places, done: HashMap::new(), expanded: Vec::new(), findings: Vec::new() };
    for place in 0..nesting.groups.len() {
        nesting.visit(place, 0);
    }
    (nesting.expanded, nesting.findings)
}

struct Nesting<'t> {
    groups: Vec<(Arc<str>, &'t Node)>,
    places: HashMap<Arc<str>, usize>,
    /// Groups that were begun, by place; false while what they apply is looked at.
    done: HashMap<usize, bool>,
    expanded: Expanded<'t>,
    findings: Vec<Finding>,
}

impl<'t> Nesting<'t> {
    /// Expands a group after those that it applies.
    fn visit(&mut self, place: usize, depth: usize) {
        if self.done.contains_key(&place) {
            return;
        }
        self.done.insert(place, false);
        let (name, root) = self.groups[place].clone();
        if let Some((_, condition)) = root.children().find(|(step, _)| step.name == WHEN) {
            let reason = "a group holds always, wherever it is applied";
            let problem = Problem::Reserved { statement: WHEN.to_owned(), reason };
            self.report(condition.place.clone(), problem);
        }
        let mut applied = Vec::new();
        find(root, &mut applied);
        for text in &applied {
            let named = text.text.replace(NODE, NODE_NAME);
            let Some(other) = self.places.get(&*named).copied() else { continue };
            if depth >= DEPTH {
                self.report(text.place.clone(), Problem::TooDeep { limit: DEPTH });
            } else if self.done.get(&other) == Some(&false) {
                let problem = Problem::GroupCycle { group: name.to_string(), applied: text.text.clone() };
                self.report(text.place.clone(), problem);
            } else {
                self.visit(other, depth + 1);
            }
        }
        let root = if applied.is_empty() { Cow::Borrowed(root) } else { Cow::Owned(self.inherited(root)) };
        self.done.insert(place, true);
        self.expanded.push((name, root));
    }

    /// A group with what it inherits from those that are expanded by now.
    fn inherited(&mut self, root: &Node) -> Node {
        let mut node = root.clone();
        let groups = self.expanded.iter().map(|(name, node)| (name.clone(), &**node)).collect();
        let mut expansion = Expansion { groups, into_group: true, path: Vec::new(), findings: Vec::new() };
        expansion.fill(&mut node, WITHOUT_GROUPS, Vec::new());
        // A group of a cycle is not expanded yet, and is reported as that.
        let places = &self.places;
        let known = |finding: &Finding| match &finding.problem {
            Problem::Group { group, .. } => places.contains_key(&*group.replace(NODE, NODE_NAME)),
            _ => false,
        };
        let all = || self.groups.iter().map(|(name, _)| &**name);
        for mut finding in expansion.findings.into_iter().filter(|finding| !known(finding)) {
            if let Problem::Group { group, suggestion } = &mut finding.problem {
                *suggestion = nearest(group, all());
            }
            self.findings.push(finding);
        }
        node
    }

    fn report(&mut self, place: Place, problem: Problem) {
        self.findings.push(Finding { place, path: String::new(), problem });
    }
}

/// Names that are applied in a group.
fn find<'n>(node: &'n Node, found: &mut Vec<&'n Text>) {
    if node.marks.has(Marks::INACTIVE) {
        return;
    }
    if let Some(applied) = node.get(APPLY).filter(|applied| !applied.marks.has(Marks::INACTIVE)) {
        found.extend(&applied.values);
    }
    node.children().for_each(|(_, child)| find(child, found));
}
