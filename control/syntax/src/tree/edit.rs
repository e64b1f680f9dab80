use super::{Entry, Marks, Node, Step, Text, Tree, path_words};
use crate::Problem;
use crate::many::{Replacing, matching};
use crate::support::accept_path;
use crate::table::{Kind, Order, Statement, statements};
use std::collections::HashSet;

/// One change of a configuration; paths start at the top.
#[derive(Clone, Debug)]
pub enum Edit {
    /// `set`: makes statements, or changes their values.
    Set(Vec<Entry>),
    /// `unsupported`: the same for statements that the gateway cannot do; they are kept without effect.
    Unsupported(Vec<Entry>),
    /// `delete`: removes a statement, or some of its values. A list without keys means all its entries.
    Delete(Vec<Step>, Vec<Text>),
    /// `activate`.
    Activate(Vec<Step>),
    /// `deactivate`.
    Deactivate(Vec<Step>),
    /// `protect`.
    Protect(Vec<Step>),
    /// `unprotect`.
    Unprotect(Vec<Step>),
    /// `annotate`; none removes the annotation.
    Annotate(Vec<Step>, Option<String>),
    /// `insert`: moves an entry before or after another one of its list.
    Insert(Vec<Step>, Where, Step),
    /// `rename`: gives an entry another name.
    Rename(Vec<Step>, Step),
    /// `copy`: makes another entry with the same content.
    Copy(Vec<Step>, Step),
    /// `replace pattern`: changes names and values.
    Replace(Replace),
    /// `wildcard delete`: removes what a regular expression matches in these braces, list or values.
    DeleteMatching(Vec<Step>, String),
    /// `wildcard range`: these, one after the other.
    Several(Vec<Edit>),
}

/// What is to be replaced in names and values, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// Below these statements.
    pub at: Vec<Step>,
    /// A regular expression, looked for anywhere in a name or value.
    pub pattern: String,
    /// `&` is what matched, `\1` the first part of it in parentheses.
    pub with: String,
    /// In so many names and values at most, from the top.
    pub upto: Option<usize>,
}

/// Beside another entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Before it.
    Before,
    /// After it.
    After,
}

/// Values at once from which on a set of them is made, so that a long list does not take long.
const LONG: usize = 32;

/// Whether a statement may replace what the same text said before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The later one wins, as with `set`.
    Wins,
    /// It contradicts the earlier one, as in braces.
    Contradicts,
}

impl Edit {
    /// The one statement that must be there for it.
    pub(crate) fn existing_path(&self) -> Option<&[Step]> {
        match self {
            Edit::Delete(path, _)
            | Edit::Activate(path)
            | Edit::Deactivate(path)
            | Edit::Protect(path)
            | Edit::Unprotect(path)
            | Edit::Annotate(path, _) => Some(path),
            _ => None,
        }
    }

    /// What it is about, where that is for the configuration to say: what matches, or what is replaced.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn matched(&self, tree: &Tree) -> Result<Vec<String>, Problem> {
        match self {
            Edit::Replace(order) => {
                let replaced = Replacing::run(&mut tree.clone(), order)?.replaced;
                Ok(replaced.into_iter().map(|(old, new)| format!("{old} -> {new}")).collect())
            }
            Edit::DeleteMatching(path, pattern) => {
                Ok(matching(tree, path, pattern)?.into_iter().map(|(name, _)| name).collect())
            }
            _ => Ok(Vec::new()),
        }
    }
}

impl Tree {
    /// Makes one change. A change that fails leaves the tree as it was.
    ///
    /// # Errors
    /// Why it cannot be made: nothing is there, it is protected, or its order means nothing.
    pub fn apply(&mut self, edit: &Edit) -> Result<(), Problem> {
        match edit {
            Edit::Set(entries) | Edit::Unsupported(entries) => {
                for entry in entries {
                    let path: Vec<Step> = entry.path.iter().map(|(step, ..)| step.clone()).collect();
                    self.refuse_protected(&path)?;
                    self.refuse_instead_of_protected(entry)?;
                }
                for entry in entries {
                    self.root.put(statements(), entry, Repeat::Wins)?;
                    if matches!(edit, Edit::Unsupported(_)) {
                        accept_path(&mut self.root, &entry.path);
                    }
                }
                Ok(())
            }
            Edit::Delete(path, values) => self.delete(path, values),
            Edit::Activate(path) => self.mark(path, |marks| marks.remove(Marks::INACTIVE)),
            Edit::Deactivate(path) => {
                self.refuse_around_protected(path)?;
                self.mark(path, |marks| marks.add(Marks::INACTIVE))
            }
            Edit::Protect(path) => self.existing(path).map(|node| node.marks.add(Marks::PROTECTED)),
            Edit::Unprotect(path) => self.existing(path).map(|node| node.marks.remove(Marks::PROTECTED)),
            Edit::Annotate(path, text) => self.annotate(path, text.as_deref()),
            Edit::Insert(path, place, beside) => self.insert(path, *place, beside),
            Edit::Rename(path, to) => self.rename(path, to),
            Edit::Copy(path, to) => self.copy(path, to),
            Edit::Replace(order) => {
                let mut changed = self.clone();
                Replacing::run(&mut changed, order)?;
                *self = changed;
                Ok(())
            }
            Edit::DeleteMatching(path, pattern) => {
                let edits: Vec<Edit> =
                    matching(self, path, pattern)?.into_iter().map(|(_, edit)| edit).collect();
                if edits.is_empty() {
                    return Err(Problem::Pattern { reason: format!("nothing matches {pattern:?}") });
                }
                self.apply_all(&edits)
            }
            Edit::Several(edits) => self.apply_all(edits),
        }
    }

    /// All of these, or none.
    fn apply_all(&mut self, edits: &[Edit]) -> Result<(), Problem> {
        let mut changed = self.clone();
        edits.iter().try_for_each(|edit| changed.apply(edit))?;
        *self = changed;
        Ok(())
    }

    fn existing(&mut self, path: &[Step]) -> Result<&mut Node, Problem> {
        self.at_mut(path).ok_or_else(|| Problem::Missing { statement: path_words(path) })
    }

    /// An error when `path` or a statement around it is protected.
    fn refuse_protected(&self, path: &[Step]) -> Result<(), Problem> {
        let mut node = &self.root;
        for (depth, step) in path.iter().enumerate() {
            match node.child(step) {
                Some(child) if child.marks.has(Marks::PROTECTED) => {
                    return Err(Problem::Protected { statement: path_words(&path[..=depth]) });
                }
                Some(child) => node = child,
                None => break,
            }
        }
        Ok(())
    }

    /// An error when something below `path` is protected.
    fn refuse_around_protected(&self, path: &[Step]) -> Result<(), Problem> {
        match self.at(path).and_then(Node::protected) {
            None => Ok(()),
            Some(below) => {
                let statement = path_words(&path.iter().chain(&below).cloned().collect::<Vec<_>>());
                Err(Problem::Protected { statement })
            }
        }
    }

    /// An error when a statement that excludes one of `entry` has something protected: it would go.
    fn refuse_instead_of_protected(&self, entry: &Entry) -> Result<(), Problem> {
        let mut node = &self.root;
        let mut path = Vec::new();
        for (step, statement, _) in &entry.path {
            for other in statement.map_or_else(Vec::new, |statement| node.alternatives(statement)) {
                path.push(other);
                self.refuse_around_protected(&path)?;
                path.pop();
            }
            let Some(child) = node.child(step) else { break };
            path.push(step.clone());
            node = child;
        }
        Ok(())
    }

    fn mark(&mut self, path: &[Step], change: impl FnOnce(&mut Marks)) -> Result<(), Problem> {
        self.refuse_protected(path)?;
        self.existing(path).map(|node| change(&mut node.marks))
    }

    fn delete(&mut self, path: &[Step], values: &[Text]) -> Result<(), Problem> {
        let Some((last, above)) = path.split_last() else {
            if let Some((step, _)) = self.root.children().find(|(_, node)| node.is_protected()) {
                return Err(Problem::Protected { statement: path_words(std::slice::from_ref(step)) });
            }
            self.root = Node::default();
            return Ok(());
        };
        self.refuse_protected(path)?;
        let missing = || Problem::Missing { statement: path_words(path) };
        let parent = self.at_mut(above).ok_or_else(missing)?;
        let protected = Problem::Protected { statement: path_words(path) };
        match parent.child_mut(last) {
            Some(node) if values.is_empty() || node.values.is_empty() => {
                if node.is_protected() {
                    return Err(protected);
                }
                parent.remove(last);
            }
            Some(node) => {
                if !values.iter().all(|value| node.values.contains(value)) {
                    let words: Vec<String> = values.iter().map(|value| value.text.clone()).collect();
                    let statement = format!("{} {}", path_words(path), words.join(" "));
                    return Err(Problem::Missing { statement });
                }
                node.values.retain(|value| !values.contains(value));
                if node.values.is_empty() {
                    parent.remove(last);
                }
            }
            None if last.keys.is_empty() => {
                let of_list = |step: &Step, node: &Node| step.name == last.name && node.is_entry();
                let found: Vec<&Node> = parent
                    .children()
                    .filter(|(step, node)| of_list(step, node))
                    .map(|(_, node)| node)
                    .collect();
                if found.is_empty() {
                    return Err(missing());
                }
                if found.iter().any(|node| node.is_protected()) {
                    return Err(protected);
                }
                parent.retain(|step, node| !of_list(step, node));
            }
            None => return Err(missing()),
        }
        self.prune(above);
        Ok(())
    }

    /// Removes containers that have become empty and say nothing by themselves.
    fn prune(&mut self, path: &[Step]) {
        for depth in (1..=path.len()).rev() {
            let (last, above) = path[..depth].split_last().expect("it has at least one step");
            let Some(parent) = self.at_mut(above) else { return };
            let empty = parent.child(last).is_some_and(|node| {
                let plain = node.statement.is_none_or(|statement| {
                    matches!(statement.kind, Kind::Container) && statement.choice.is_empty()
                });
                plain && !node.has_children() && node.marks.is_empty() && node.annotation.is_none()
            });
            if !empty {
                return;
            }
            parent.remove(last);
        }
    }

    fn annotate(&mut self, path: &[Step], text: Option<&str>) -> Result<(), Problem> {
        if text.is_some_and(|text| text.contains("*/")) {
            return Err(Problem::Annotation);
        }
        self.refuse_protected(path)?;
        let text = text.map(str::trim).filter(|text| !text.is_empty());
        self.existing(path).map(|node| node.annotation = text.map(Box::from))
    }

    fn insert(&mut self, path: &[Step], place: Where, beside: &Step) -> Result<(), Problem> {
        self.refuse_protected(path)?;
        let (last, above) = path.split_last().ok_or(Problem::Missing { statement: String::new() })?;
        let missing = |step: &Step| {
            let path: Vec<Step> = above.iter().chain([step]).cloned().collect();
            Problem::Missing { statement: path_words(&path) }
        };
        let node = self.at(path).ok_or_else(|| missing(last))?;
        let ordered = node.statement.is_some_and(|statement| {
            statement.order == Order::User && matches!(statement.kind, Kind::List(_))
        });
        if !ordered || beside.name != last.name {
            return Err(Problem::Unordered { statement: last.name.to_string() });
        }
        let parent = self.at_mut(above).ok_or_else(|| missing(last))?;
        let from = parent.index_of(last).ok_or_else(|| missing(last))?;
        let to = parent.index_of(beside).ok_or_else(|| missing(beside))?;
        let to = match place {
            _ if from == to => to,
            Where::Before if from < to => to - 1,
            Where::Before => to,
            Where::After if from < to => to,
            Where::After => to + 1,
        };
        parent.move_child(from, to);
        Ok(())
    }

    /// The index of an entry, and that its new name is free.
    fn renamed(&mut self, path: &[Step], to: &Step) -> Result<(usize, &mut Node), Problem> {
        let (last, above) = path.split_last().ok_or(Problem::Missing { statement: String::new() })?;
        let node = self.at(path).ok_or_else(|| Problem::Missing { statement: path_words(path) })?;
        let keys = node.statement.map_or(&[][..], Statement::keys);
        if let Some((key, found)) =
            keys.iter().zip(&to.keys).find(|(key, found)| !key.value.form.accepts(found))
        {
            return Err(Problem::Value {
                what: shown(&last.name),
                expected: key.value.form.expectation(),
                found: found.clone(),
                suggestion: None,
            });
        }
        if !node.is_entry() || to.name != last.name || to.keys.len() != last.keys.len() {
            return Err(Problem::Unnamed { statement: last.name.to_string() });
        }
        let new: Vec<Step> = above.iter().chain([to]).cloned().collect();
        if self.at(&new).is_some() {
            return Err(Problem::Exists { statement: path_words(&new) });
        }
        let parent = self.at_mut(above).expect("its child was found above");
        let index = parent.index_of(last).expect("it was found above");
        Ok((index, parent))
    }

    fn rename(&mut self, path: &[Step], to: &Step) -> Result<(), Problem> {
        self.refuse_protected(path)?;
        self.refuse_around_protected(path)?;
        let (index, parent) = self.renamed(path, to)?;
        let last = path.last().expect("a renamed entry has a path");
        let node = parent.remove(last).expect("it was found");
        parent.insert_at(index, to.clone(), node);
        Ok(())
    }

    fn copy(&mut self, path: &[Step], to: &Step) -> Result<(), Problem> {
        self.refuse_protected(&path[..path.len().saturating_sub(1)])?;
        let (_, parent) = self.renamed(path, to)?;
        let last = path.last().expect("a copied entry has a path");
        let mut node = parent.child(last).expect("it was found").clone();
        node.marks.remove(Marks::PROTECTED);
        let rows = parent.statement.map_or(statements(), Statement::rows);
        parent.insert(to.clone(), node, rows);
        Ok(())
    }
}

impl Node {
    /// Puts a statement below this node, whose braces hold `rows`; gives the statement's node.
    pub(crate) fn put(
        &mut self,
        rows: &'static [Statement],
        entry: &Entry,
        repeat: Repeat,
    ) -> Result<&mut Node, Problem> {
        let (mut node, mut rows) = (self, rows);
        for (step, statement, place) in &entry.path {
            if let Some(statement) = statement {
                for other in node.alternatives(statement) {
                    if repeat == Repeat::Contradicts {
                        return Err(excludes(statement, &other));
                    }
                    node.remove(&other);
                }
            }
            node = node.child_or_new(step, *statement, rows, place);
            rows = node.rows();
        }
        node.set_values(&entry.values, repeat)?;
        Ok(node)
    }

    fn set_values(&mut self, values: &[Text], repeat: Repeat) -> Result<(), Problem> {
        if values.is_empty() {
            return Ok(());
        }
        if let Some(Statement { kind: Kind::Leaf(_), name, .. }) = self.statement {
            if repeat == Repeat::Contradicts && !self.values.is_empty() && self.values != values {
                return Err(Problem::Twice { statement: shown(name) });
            }
            self.values = values.to_vec();
            return Ok(());
        }
        if values.len() > LONG {
            let mut known: HashSet<String> = self.values.iter().map(|value| value.text.clone()).collect();
            let new = values.iter().filter(|value| known.insert(value.text.clone()));
            self.values.extend(new.cloned());
            return Ok(());
        }
        for value in values {
            if !self.values.contains(value) {
                self.values.push(value.clone());
            }
        }
        Ok(())
    }
}

fn excludes(statement: &Statement, other: &Step) -> Problem {
    Problem::Excludes { one: shown(statement.name), other: shown(&other.name) }
}

/// A statement in a message; one without a word is "the value".
pub(crate) fn shown(name: &str) -> String {
    if name.is_empty() { "the value".to_owned() } else { name.to_owned() }
}
