use super::{deactivates, keep_protected, protected};
use crate::table::{Kind, Statement, statements};
use crate::tree::{Marks, Node, Step, Tree, path_words};
use crate::{Finding, Problem};

/// Merges `change` into `tree`; gives what cannot be done.
pub(super) fn merge(tree: &mut Tree, change: &Tree, replace: bool) -> Vec<Finding> {
    let mut merging = Merging { replace, path: Vec::new(), findings: Vec::new() };
    merging.node(&mut tree.root, &change.root, statements());
    merging.findings
}

struct Merging {
    replace: bool,
    path: Vec<Step>,
    findings: Vec<Finding>,
}

impl Merging {
    fn node(&mut self, base: &mut Node, change: &Node, rows: &'static [Statement]) {
        let lists: Vec<&str> = change.replaced.iter().copied().filter(|_| self.replace).collect();
        let before = (!lists.is_empty()).then(|| base.clone());
        for list in lists {
            base.retain(|step, node| !(step.name == list && node.is_entry()));
        }
        for (step, child) in change.children() {
            self.path.push(step.clone());
            if child.marks.has(Marks::DELETE) {
                self.delete(base, step, child);
            } else {
                self.statement(base, step, child, rows);
            }
            self.path.pop();
        }
        if let Some(mut before) = before {
            before.retain(|step, node| {
                change.replaced.iter().any(|list| step.name == *list && node.is_entry())
            });
            keep_protected(&before, base, &mut self.path, &mut self.findings);
        }
    }

    fn statement(&mut self, base: &mut Node, step: &Step, change: &Node, rows: &'static [Statement]) {
        let Some(own) = base.child(step) else {
            if let Some(statement) = change.statement {
                for other in base.alternatives(statement) {
                    if base.child(&other).is_some_and(Node::is_protected) {
                        return self.findings.push(protected(change, &self.path));
                    }
                    base.remove(&other);
                }
            }
            let new = base.child_or_new(step, change.statement, rows, &change.place);
            return self.content(new, change);
        };
        if own.marks.has(Marks::PROTECTED) && !change.marks.has(Marks::UNPROTECT) {
            let mut changed = own.clone();
            self.replaced(&mut changed, change);
            if changed != *own {
                self.findings.push(protected(change, &self.path));
            }
            return;
        }
        let own = base.child_mut(step).expect("it was found above");
        self.replaced(own, change);
    }

    /// Merges `change` into what is there, or puts it in its place.
    fn replaced(&mut self, own: &mut Node, change: &Node) {
        if deactivates(change, own) && !change.marks.has(Marks::UNPROTECT) {
            return self.findings.push(protected(change, &self.path));
        }
        if !(self.replace && change.marks.has(Marks::REPLACE)) {
            return self.content(own, change);
        }
        let before = std::mem::replace(own, Node::new(change.statement, change.place.clone()));
        self.content(own, change);
        keep_protected(&before, own, &mut self.path, &mut self.findings);
    }

    fn content(&mut self, own: &mut Node, change: &Node) {
        let single = change.statement.is_some_and(|statement| matches!(statement.kind, Kind::Leaf(_)));
        if single && !change.values.is_empty() {
            own.values.clone_from(&change.values);
        } else {
            for value in &change.values {
                if !own.values.contains(value) {
                    own.values.push(value.clone());
                }
            }
        }
        own.marks.add(change.marks.lasting());
        if change.marks.has(Marks::ACTIVATE) {
            own.marks.remove(Marks::INACTIVE);
        }
        if change.marks.has(Marks::UNPROTECT) {
            own.marks.remove(Marks::PROTECTED);
        }
        if change.annotation.is_some() {
            own.annotation.clone_from(&change.annotation);
        }
        self.node(own, change, change.rows());
    }

    fn delete(&mut self, base: &mut Node, step: &Step, change: &Node) {
        let of_list = |own: &Step, node: &Node| own.name == step.name && node.is_entry();
        let meant: Vec<Step> = if base.child(step).is_some() {
            vec![step.clone()]
        } else if step.keys.is_empty() {
            base.children().filter(|(own, node)| of_list(own, node)).map(|(own, _)| own.clone()).collect()
        } else {
            Vec::new()
        };
        if meant.is_empty() {
            let problem = Problem::Missing { statement: path_words(&self.path) };
            self.findings.push(Finding { place: change.place.clone(), path: String::new(), problem });
        }
        for step in meant {
            let Some(own) = base.child_mut(&step) else { continue };
            if own.is_protected() {
                self.findings.push(protected(change, &self.path));
                continue;
            }
            let some = own.values.len() > 1 && !change.values.is_empty();
            if some {
                own.values.retain(|value| !change.values.contains(value));
            }
            if !some || own.values.is_empty() {
                base.remove(&step);
            }
        }
    }
}
