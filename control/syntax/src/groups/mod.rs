//! Groups: statements that other places inherit.

mod nested;
mod pattern;

use crate::suggestion::nearest;
use crate::table::{Kind, Statement, statements};
use crate::tree::{Marks, Node, Place, Step, Text, Tree, path_words};
use crate::{Finding, Problem};
use pattern::matches;
use std::sync::Arc;

const APPLY: &str = "apply-groups";
const EXCEPT: &str = "apply-groups-except";

/// What stands for the name of a cluster's member, and the name that a gateway without a cluster has.
const NODE: &str = "${node}";
const NODE_NAME: &str = "node0";

/// The configuration with every inherited statement in its place, marked with its group: `display inheritance`.
///
/// What stands in a place wins over what is inherited, a nearer `apply-groups` over one further up, and the group
/// named first over the next. Lists of values are joined. A pattern adds to entries that are there, and makes none.
/// Inactive statements neither inherit nor are inherited. Groups apply groups in the same way, from the same place in them.
pub fn inherit(tree: &Tree) -> (Tree, Vec<Finding>) {
    let mut expanded = tree.clone();
    let active = |(keys, node): &(&[String], &Node)| !keys.is_empty() && !node.marks.has(Marks::INACTIVE);
    let groups = tree.root.entries("groups").filter(active).map(|(keys, node)| (Arc::from(&*keys[0]), node));
    let (groups, findings) = nested::expanded(groups.collect());
    let groups = groups.iter().map(|(name, node)| (name.clone(), &**node)).collect();
    let mut expansion = Expansion { groups, into_group: false, path: Vec::new(), findings };
    expansion.fill(&mut expanded.root, statements(), Vec::new());
    (expanded, expansion.findings)
}

/// The configuration that is in effect: groups inherited and left out, without what is inactive.
pub fn effective(tree: &Tree) -> (Tree, Vec<Finding>) {
    let (mut tree, findings) = inherit(tree);
    tree.root.retain(|step, _| step.name != "groups");
    remove_inactive(&mut tree.root);
    (tree, findings)
}

fn remove_inactive(node: &mut Node) {
    node.retain(|step, node| !node.marks.has(Marks::INACTIVE) && step.name != APPLY && step.name != EXCEPT);
    node.children_mut().for_each(|(_, child)| remove_inactive(child));
}

struct Expansion<'t> {
    groups: Vec<(Arc<str>, &'t Node)>,
    /// It is a group that inherits: patterns stay patterns.
    into_group: bool,
    path: Vec<Step>,
    findings: Vec<Finding>,
}

/// What one group says about a place: several nodes where patterns overlap.
#[derive(Clone)]
struct Inherited<'t> {
    group: Arc<str>,
    nodes: Vec<&'t Node>,
}

impl<'t> Expansion<'t> {
    /// Fills `node`, which inherits from `above`, the nearest first.
    fn fill(&mut self, node: &mut Node, rows: &'static [Statement], above: Vec<Inherited<'t>>) {
        if node.marks.has(Marks::INACTIVE) {
            return;
        }
        let sources = self.sources(node, above);
        for source in &sources {
            for from in &source.nodes {
                for (step, inherited) in from.children() {
                    if self.into_group || !has_pattern(step) {
                        add(node, rows, step, inherited, &source.group);
                    }
                }
            }
        }
        for (step, child) in node.children_mut() {
            let below = sources.iter().filter_map(|source| below(source, step)).collect();
            // The groups themselves inherit nothing.
            if self.path.is_empty() && step.name == "groups" {
                continue;
            }
            self.path.push(step.clone());
            let rows = child.rows();
            self.fill(child, rows, below);
            self.path.pop();
        }
    }

    /// What holds at `node`: its own groups, then those from above that it does not except.
    fn sources(&mut self, node: &Node, above: Vec<Inherited<'t>>) -> Vec<Inherited<'t>> {
        let named = |name: &'static str| {
            let child = node.get(name).filter(|child| !child.marks.has(Marks::INACTIVE));
            child.map_or(&[][..], |child| &child.values)
        };
        let mut sources = Vec::new();
        for text in named(APPLY) {
            let name = text.text.replace(NODE, NODE_NAME);
            match self.groups.iter().find(|(group, _)| **group == *name) {
                Some((group, root)) => {
                    let nodes = at(root, &self.path);
                    sources.push(Inherited { group: group.clone(), nodes });
                }
                None => self.unknown(text),
            }
        }
        let excepted: Vec<String> =
            named(EXCEPT).iter().map(|text| text.text.replace(NODE, NODE_NAME)).collect();
        let own = sources.len();
        for source in above {
            let again = sources[..own].iter().any(|other: &Inherited<'_>| other.group == source.group);
            if !again && !excepted.iter().any(|name| **name == *source.group) {
                sources.push(source);
            }
        }
        sources
    }

    fn unknown(&mut self, text: &Text) {
        let suggestion = nearest(&text.text, self.groups.iter().map(|(group, _)| &**group));
        let problem = Problem::Group { group: text.text.clone(), suggestion };
        self.report(text.place.clone(), problem);
    }

    fn report(&mut self, place: Place, problem: Problem) {
        self.findings.push(Finding { place, path: path_words(&self.path), problem });
    }
}

/// The places of a group that `path` means.
fn at<'t>(root: &'t Node, path: &[Step]) -> Vec<&'t Node> {
    path.iter().fold(vec![root], |nodes, step| {
        let children = nodes.into_iter().flat_map(Node::children);
        children.filter(|(own, child)| is_meant(own, step, child)).map(|(_, child)| child).collect()
    })
}

fn below<'t>(source: &Inherited<'t>, step: &Step) -> Option<Inherited<'t>> {
    let nodes = at_child(&source.nodes, step);
    (!nodes.is_empty()).then(|| Inherited { group: source.group.clone(), nodes })
}

fn at_child<'t>(nodes: &[&'t Node], step: &Step) -> Vec<&'t Node> {
    let mut found = Vec::new();
    for node in nodes {
        if let Some(child) = node.child(step).filter(|child| !child.marks.has(Marks::INACTIVE)) {
            found.push(child);
        }
        let patterns = node.children().filter(|(own, _)| has_pattern(own));
        found.extend(patterns.filter(|(own, child)| is_meant(own, step, child)).map(|(_, child)| child));
    }
    found
}

/// True when the step of a group, which may be a pattern, means `step`.
fn is_meant(own: &Step, step: &Step, node: &Node) -> bool {
    let keys =
        || own.keys == step.keys || own.keys.iter().zip(&step.keys).all(|(own, key)| matches(own, key));
    !node.marks.has(Marks::INACTIVE) && own.name == step.name && own.keys.len() == step.keys.len() && keys()
}

fn has_pattern(step: &Step) -> bool {
    step.keys.iter().any(|key| pattern::is_pattern(key))
}

/// Adds what a group says to `node`, without what is below it.
fn add(node: &mut Node, rows: &'static [Statement], step: &Step, inherited: &Node, group: &Arc<str>) {
    let skipped = step.name == APPLY || step.name == EXCEPT;
    if skipped || inherited.marks.has(Marks::INACTIVE) {
        return;
    }
    let is_list = inherited.statement.is_some_and(|statement| matches!(statement.kind, Kind::LeafList(_)));
    match node.child_mut(step) {
        Some(own) if own.marks.has(Marks::INACTIVE) => {}
        Some(own) if is_list => {
            for value in &inherited.values {
                if !own.values.contains(value) {
                    own.values.push(value.clone());
                }
            }
        }
        Some(_) => {}
        None => {
            if inherited.statement.is_some_and(|statement| !node.alternatives(statement).is_empty()) {
                return;
            }
            let new = node.child_or_new(step, inherited.statement, rows, &inherited.place);
            new.values.clone_from(&inherited.values);
            new.marks.add(inherited.marks.lasting());
            new.group = Some(group.clone());
        }
    }
}
