use super::quote;
use crate::Type;
use crate::table::{Kind, Layout, Statement};
use crate::tree::{Marks, Node, Step, Tree};

/// Spaces of one level.
const INDENT: usize = 4;

/// Before what is kept without support.
const UNSUPPORTED: &str = "unsupported: ";

/// The form with braces, as Junos lays it out.
pub fn curly(tree: &Tree) -> String {
    curly_node(&tree.root, 0)
}

/// What is in the braces of `node`, indented by `depth` levels.
pub fn curly_node(node: &Node, depth: usize) -> String {
    let mut printer = Printer { text: String::new() };
    printer.children(node, depth, "");
    printer.text
}

/// One statement with everything in it, as it stands in the braces around it.
pub fn curly_statement(step: &Step, node: &Node) -> String {
    let mut alone = Node::default();
    alone.insert(step.clone(), node.clone(), &[]);
    curly_node(&alone, 0)
}

struct Printer {
    text: String,
}

impl Printer {
    /// Prints the children of `node`, with `prefix` before the words of each.
    fn children(&mut self, node: &Node, depth: usize, prefix: &str) {
        let mut group = None;
        for (step, child) in node.children() {
            let list =
                child.statement.filter(|statement| statement.layout == Layout::Group).map(|list| list.name);
            if group != list {
                self.close(group, depth);
                if let Some(list) = list {
                    self.text.push_str(&" ".repeat(depth * INDENT));
                    self.text.push_str(list);
                    self.text.push_str(" {\n");
                }
                group = list;
            }
            match list {
                Some(_) => {
                    let key = Step { name: "".into(), keys: step.keys.clone() };
                    self.statement(&key, child, depth + 1, "");
                }
                None => self.statement(step, child, depth, prefix),
            }
        }
        self.close(group, depth);
    }

    /// Ends the braces around the entries of a list.
    fn close(&mut self, group: Option<&str>, depth: usize) {
        if group.is_some() {
            self.text.push_str(&" ".repeat(depth * INDENT));
            self.text.push_str("}\n");
        }
    }

    fn statement(&mut self, step: &Step, node: &Node, depth: usize, prefix: &str) {
        let words: Vec<_> = step.words(node.statement.map_or(&[], Statement::keys)).collect();
        let words = words.join(" ");
        if let Some(inner) = self.chain(node) {
            // A tag stands before all words of its line.
            let tag = if node.marks.has(Marks::UNSUPPORTED) { UNSUPPORTED } else { "" };
            let prefix = format!("{tag}{prefix}{words} ");
            return match inner {
                Chain::All => self.children(node, depth, &prefix),
                Chain::One(step, child) => self.statement(step, child, depth, &prefix),
            };
        }
        let space = " ".repeat(depth * INDENT);
        self.notes(step, node, &space);
        self.text.push_str(&space);
        self.tags(node);
        self.text.push_str(prefix);
        self.text.push_str(&words);
        if node.statement.is_some_and(|statement| fits_line(statement, node)) && node.has_children() {
            self.on_line(node);
            self.end(node);
        } else if node.has_children() {
            self.text.push_str(" {\n");
            self.children(node, depth + 1, "");
            self.text.push_str(&space);
            self.text.push_str("}\n");
        } else {
            self.values(node, words.is_empty() && prefix.is_empty());
            self.end(node);
        }
    }

    /// The annotation, and the marks that Junos prints as comments.
    fn notes(&mut self, step: &Step, node: &Node, space: &str) {
        if let Some(annotation) = &node.annotation {
            self.text.push_str(&format!("{space}/* {annotation} */\n"));
        }
        // Of a container, what is in it is marked.
        let is_container =
            node.statement.is_some_and(|row| matches!(row.kind, Kind::Container)) && node.has_children();
        if let Some(group) = node.group.as_ref().filter(|_| !is_container) {
            let value =
                node.values.first().map(|value| value.text.as_str()).or(step.keys.last().map(String::as_str));
            let what = value.unwrap_or(&step.name);
            self.text.push_str(&format!(
                "{space}##\n{space}## '{what}' was inherited from group '{group}'\n{space}##\n"
            ));
        }
    }

    fn tags(&mut self, node: &Node) {
        let tags = [
            (Marks::REPLACE, "replace: "),
            (Marks::DELETE, "delete: "),
            (Marks::PROTECTED, "protect: "),
            (Marks::UNPROTECT, "unprotect: "),
            (Marks::INACTIVE, "inactive: "),
            (Marks::ACTIVATE, "active: "),
            (Marks::UNSUPPORTED, UNSUPPORTED),
        ];
        for (_, tag) in tags.iter().filter(|(mark, _)| node.marks.has(*mark)) {
            self.text.push_str(tag);
        }
    }

    /// Prints the children behind the words of their statement.
    fn on_line(&mut self, node: &Node) {
        for (step, child) in node.children() {
            for word in step.words(child.statement.map_or(&[], Statement::keys)) {
                self.text.push(' ');
                self.text.push_str(&word);
            }
            self.values(child, false);
            self.on_line(child);
        }
    }

    fn values(&mut self, node: &Node, first: bool) {
        let separator = if first { "" } else { " " };
        match &node.values[..] {
            [] => {}
            [value] => {
                self.text.push_str(separator);
                self.text.push_str(&quote(&value.text));
            }
            values => {
                self.text.push_str(separator);
                self.text.push('[');
                for value in values {
                    self.text.push(' ');
                    self.text.push_str(&quote(&value.text));
                }
                self.text.push_str(" ]");
            }
        }
    }

    fn end(&mut self, node: &Node) {
        let secret = node.statement.is_some_and(
            |statement| matches!(statement.kind, Kind::Leaf(value) if matches!(value.form, Type::Secret)),
        );
        self.text.push_str(if secret { "; ## SECRET-DATA\n" } else { ";\n" });
    }

    /// How the words of a statement are written before those of its children; none where it has its own line.
    fn chain<'n>(&self, node: &'n Node) -> Option<Chain<'n>> {
        let mut marks = node.marks;
        if node.is_foreign() {
            marks.remove(Marks::UNSUPPORTED);
        }
        let silent = marks.is_empty() && node.annotation.is_none() && node.group.is_none();
        if !silent || !node.has_children() || !node.values.is_empty() {
            return None;
        }
        match node.statement {
            Some(statement) if statement.layout == Layout::Prefix => {
                let rows = statement.rows();
                let own = node.children().all(|(step, _)| rows.iter().any(|row| row.name == step.name));
                own.then_some(Chain::All)
            }
            Some(_) => None,
            None => {
                let mut children = node.children();
                let (step, child) = children.next()?;
                (children.next().is_none()).then_some(Chain::One(step, child))
            }
        }
    }
}

enum Chain<'n> {
    All,
    One(&'n Step, &'n Node),
}

/// True when a statement with its children is one line.
fn fits_line(statement: &Statement, node: &Node) -> bool {
    let plain = |child: &Node| {
        let silent = child.marks.is_empty() && child.annotation.is_none() && child.group.is_none();
        silent && child.statement.is_some()
    };
    match statement.layout {
        Layout::Line => node.children().all(|(_, child)| {
            let inner = child.statement.is_some_and(|inner| !child.has_children() || fits_line(inner, child));
            plain(child) && inner
        }),
        Layout::Alone => {
            let mut children = node.children();
            match (children.next(), children.next()) {
                (Some((_, child)), None) => plain(child) && !child.has_children(),
                _ => false,
            }
        }
        Layout::Block | Layout::Prefix | Layout::Group => false,
    }
}
