//! One configuration into another: `load`, `show | compare`, `load patch`.

mod compare;
mod merge;
mod patch;

pub use compare::{compare, compare_at};
pub use patch::patch;

use crate::parse::{self, Mode};
use crate::tree::{Marks, Node, Tree};
use crate::{Finding, Problem};

/// How a text is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Its statements join those that are there; tags `replace:` say nothing.
    Merge,
    /// As merge, but a statement with the tag `replace:` takes the place of what is there.
    Replace,
    /// It is the whole configuration.
    Override,
}

/// A configuration that something was loaded into.
#[derive(Clone, Debug)]
pub struct Changed {
    /// What it is now.
    pub tree: Tree,
    /// What was to be deleted, and is not there.
    pub warnings: Vec<Finding>,
}

/// Loads `change`, as it was read, into `base`. Tags are obeyed, and are gone afterwards.
///
/// # Errors
/// Everything that is protected; `base` is left as it was.
pub fn load(base: &Tree, change: &Tree, how: Load) -> Result<Changed, Vec<Finding>> {
    let mut tree = match how {
        Load::Override => Tree::default(),
        Load::Merge | Load::Replace => base.clone(),
    };
    let mut findings = merge::merge(&mut tree, change, how == Load::Replace);
    if how == Load::Override {
        keep_protected(&base.root, &tree.root, &mut Vec::new(), &mut findings);
    }
    changed(tree, findings)
}

fn changed(tree: Tree, findings: Vec<Finding>) -> Result<Changed, Vec<Finding>> {
    let (warnings, errors): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.problem.is_harmless());
    if errors.is_empty() { Ok(Changed { tree, warnings }) } else { Err(errors) }
}

/// Runs the commands of `text` on a copy of `base`: `load set`.
///
/// # Errors
/// Everything that is wrong with them; `base` is left as it was.
pub fn load_set(base: &Tree, text: &str, file: Option<&str>, mode: Mode) -> Result<Changed, Vec<Finding>> {
    let (tree, findings) = parse::set_into(base.clone(), text, file, mode);
    changed(tree, findings)
}

/// Reports what is protected in `old` and not the same in `new`, or not in force there as it was.
fn keep_protected(old: &Node, new: &Node, path: &mut Vec<crate::Step>, findings: &mut Vec<Finding>) {
    for (step, child) in old.children() {
        path.push(step.clone());
        let other = new.child(step);
        let place = other.unwrap_or(new);
        if child.marks.has(Marks::PROTECTED) {
            if other != Some(child) {
                findings.push(protected(place, path));
            }
        } else if other.is_some_and(|other| deactivates(other, child)) {
            findings.push(protected(place, path));
        } else {
            keep_protected(child, other.unwrap_or(&Node::default()), path, findings);
        }
        path.pop();
    }
}

/// True when `change` takes something of `own` out of force that is protected.
fn deactivates(change: &Node, own: &Node) -> bool {
    change.marks.has(Marks::INACTIVE) && !own.marks.has(Marks::INACTIVE) && own.is_protected()
}

fn protected(node: &Node, path: &[crate::Step]) -> Finding {
    let statement = crate::path_words(path);
    Finding { place: node.place.clone(), path: String::new(), problem: Problem::Protected { statement } }
}
