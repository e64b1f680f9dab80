use super::{Marks, Place, Step};
use crate::table::{Body, EVERYWHERE, Order, Statement};
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// A configuration as written, or a part that is to be loaded into one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tree {
    /// What stands at the top.
    pub root: Node,
}

/// A statement, or an entry of a list.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its row of the table; none for the top, and for words that the language does not have.
    pub statement: Option<&'static Statement>,
    /// Its value, or the values of a list.
    pub values: Vec<Text>,
    /// What is said of it.
    pub marks: Marks,
    /// The comment before it, without its signs.
    pub annotation: Option<Box<str>>,
    /// Where it was written first.
    pub place: Place,
    /// The group that it was inherited from; only after groups were expanded.
    pub group: Option<Arc<str>>,
    /// Lists that a text with `replace:` puts in the place of those that are there.
    pub(crate) replaced: Vec<&'static str>,
    foreign: bool,
    children: IndexMap<Step, Node>,
}

/// A value.
#[derive(Clone, Debug)]
pub struct Text {
    /// Unquoted.
    pub text: String,
    /// Where it was written.
    pub place: Place,
}

/// One line of `display set`: a statement's path, and what is written behind it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The steps from where the line stands, each with its row of the table and its place.
    pub path: Vec<(Step, Option<&'static Statement>, Place)>,
    /// Values.
    pub values: Vec<Text>,
}

// === impl Tree ===

impl Tree {
    /// The node at `path`.
    pub fn at(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(&self.root, |node, step| node.child(step))
    }

    pub(crate) fn at_mut(&mut self, path: &[Step]) -> Option<&mut Node> {
        path.iter().try_fold(&mut self.root, |node, step| node.child_mut(step))
    }

    /// True without any statement.
    pub fn is_empty(&self) -> bool {
        self.root.children.is_empty()
    }
}

// === impl Node ===

/// Two nodes are equal when they say the same; places and the order of lists without one do not count.
impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        let same_values = || {
            if self.values.len() <= 1 || self.is_ordered() || self.values.len() != other.values.len() {
                self.values == other.values
            } else {
                let own: HashSet<&str> = self.values.iter().map(|value| &*value.text).collect();
                other.values.iter().all(|value| own.contains(&*value.text))
            }
        };
        let same_order = || {
            let ordered = |node: &Node| {
                let entries =
                    node.children.iter().filter(|(_, child)| child.is_ordered() && child.is_entry());
                entries.map(|(step, _)| step.clone()).collect::<Vec<_>>()
            };
            ordered(self) == ordered(other)
        };
        self.marks.lasting() == other.marks.lasting()
            && self.annotation == other.annotation
            && self.children == other.children
            && same_values()
            && same_order()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.text == other.text
    }
}

impl Node {
    /// A node of a statement.
    pub(crate) fn new(statement: Option<&'static Statement>, place: Place) -> Node {
        Node { statement, place, foreign: statement.is_none(), ..Node::default() }
    }

    /// What stands in its braces, in order.
    pub fn children(&self) -> impl ExactSizeIterator<Item = (&Step, &Node)> {
        self.children.iter()
    }

    /// The child at `step`.
    pub fn child(&self, step: &Step) -> Option<&Node> {
        self.children.get(step)
    }

    pub(crate) fn child_mut(&mut self, step: &Step) -> Option<&mut Node> {
        self.children.get_mut(step)
    }

    pub(crate) fn children_mut(&mut self) -> impl Iterator<Item = (&Step, &mut Node)> {
        self.children.iter_mut()
    }

    /// The child called `name` that has no keys.
    pub fn get(&self, name: &'static str) -> Option<&Node> {
        self.children.get(&Step::word(name))
    }

    /// The entries of the list `name`, with their keys.
    pub fn entries(&self, name: &'static str) -> impl Iterator<Item = (&[String], &Node)> {
        let of_list = self.children.iter().filter(move |(step, node)| step.name == name && node.is_entry());
        of_list.map(|(step, node)| (&step.keys[..], node))
    }

    /// The value of the child `name`.
    pub fn value(&self, name: &'static str) -> Option<&Text> {
        self.get(name).and_then(|child| child.values.first())
    }

    /// The values of the child `name`.
    pub fn values(&self, name: &'static str) -> &[Text] {
        self.get(name).map_or(&[], |child| &child.values)
    }

    /// True for a word that the language does not have, with all below it. The top is none.
    pub fn is_foreign(&self) -> bool {
        self.statement.is_none() && self.foreign
    }

    /// True with anything in its braces.
    pub fn has_children(&self) -> bool {
        !self.children.is_empty()
    }

    /// True for a list's entry.
    pub fn is_entry(&self) -> bool {
        self.statement.is_some_and(|statement| !statement.keys().is_empty())
    }

    /// True when the order of its kind means something.
    pub fn is_ordered(&self) -> bool {
        self.statement.is_some_and(|statement| statement.order == Order::User)
    }

    /// Rows that may stand in its braces; none for words that the language does not have.
    pub(crate) fn rows(&self) -> &'static [Statement] {
        self.statement.map_or(&[], Statement::rows)
    }

    /// The child at `step`, made in its place among the statements of `rows` if need be.
    pub(crate) fn child_or_new(
        &mut self,
        step: &Step,
        statement: Option<&'static Statement>,
        rows: &'static [Statement],
        place: &Place,
    ) -> &mut Node {
        if !self.children.contains_key(step) {
            let position = self.position(statement, rows);
            let mut node = Node::new(statement, place.clone());
            // Within what is kept as a whole, nothing is marked by itself.
            let whole = self.statement.is_some_and(|own| matches!(own.body, Body::Anything));
            if statement.is_none() && !self.is_foreign() && !whole {
                node.marks.add(Marks::UNSUPPORTED);
            }
            self.children.shift_insert(position, step.clone(), node);
        }
        self.children.get_mut(step).expect("it was there or has just been inserted")
    }

    /// Where a new child belongs: behind its own kind and all kinds that the table names before it.
    fn position(&self, statement: Option<&'static Statement>, rows: &'static [Statement]) -> usize {
        let own = rank(statement, rows);
        let behind = |(_, node): &(&Step, &Node)| rank(node.statement, rows) <= own;
        let after =
            self.children.iter().rev().position(|child| behind(&child)).unwrap_or(self.children.len());
        self.children.len() - after
    }

    pub(crate) fn insert(&mut self, step: Step, node: Node, rows: &'static [Statement]) {
        let position = self.position(node.statement, rows);
        self.children.shift_insert(position, step, node);
    }

    pub(crate) fn insert_at(&mut self, index: usize, step: Step, node: Node) {
        self.children.shift_insert(index, step, node);
    }

    pub(crate) fn index_of(&self, step: &Step) -> Option<usize> {
        self.children.get_index_of(step)
    }

    pub(crate) fn move_child(&mut self, from: usize, to: usize) {
        self.children.move_index(from, to);
    }

    pub(crate) fn remove(&mut self, step: &Step) -> Option<Node> {
        self.children.shift_remove(step)
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Step, &mut Node) -> bool) {
        self.children.retain(keep);
    }

    /// Gives each child the step that `steps` has for it, in its place; the step of two is the error.
    pub(crate) fn rename_children(&mut self, steps: Vec<Option<Step>>) -> Result<(), Step> {
        let children = std::mem::take(&mut self.children);
        self.children.reserve(children.len());
        for ((step, child), new) in children.into_iter().zip(steps) {
            let step = new.unwrap_or(step);
            if self.children.contains_key(&step) {
                return Err(step);
            }
            self.children.insert(step, child);
        }
        Ok(())
    }

    /// True when it, or anything below it, is protected.
    pub(crate) fn is_protected(&self) -> bool {
        self.protected().is_some()
    }

    /// The way from it to the first statement that is protected; it may be itself.
    pub(crate) fn protected(&self) -> Option<Vec<Step>> {
        if self.marks.has(Marks::PROTECTED) {
            return Some(Vec::new());
        }
        self.children.iter().find_map(|(step, child)| {
            let mut way = child.protected()?;
            way.insert(0, step.clone());
            Some(way)
        })
    }

    /// Forgets that it, or anything below it, was accepted without support.
    pub(crate) fn drop_unsupported(&mut self) {
        self.marks.remove(Marks::UNSUPPORTED);
        self.children.values_mut().for_each(Node::drop_unsupported);
    }

    /// The other statements of `statement`'s choice that are here.
    pub(crate) fn alternatives(&self, statement: &Statement) -> Vec<Step> {
        if statement.choice.is_empty() {
            return Vec::new();
        }
        let excluded = |node: &Node| {
            node.statement
                .is_some_and(|other| other.choice == statement.choice && other.name != statement.name)
        };
        self.children.iter().filter(|(_, node)| excluded(node)).map(|(step, _)| step.clone()).collect()
    }
}

/// The place of a statement in the order of `rows`; what the language does not have comes last.
///
/// What may stand everywhere comes first, at the top behind the groups.
fn rank(statement: Option<&'static Statement>, rows: &'static [Statement]) -> usize {
    let Some(statement) = statement else { return usize::MAX };
    let same = |other: &Statement| other.name == statement.name;
    let lead = rows.iter().position(|row| matches!(row.body, Body::Whole)).map_or(0, |groups| groups + 1);
    if let Some(place) = EVERYWHERE.iter().position(same) {
        return lead + place;
    }
    let behind = |place: usize| if place < lead { place } else { EVERYWHERE.len() + place };
    rows.iter().position(same).map_or(usize::MAX, behind)
}

// === impl Step ===

impl From<&'static str> for Step {
    fn from(name: &'static str) -> Step {
        Step { name: Cow::Borrowed(name), keys: Vec::new() }
    }
}
