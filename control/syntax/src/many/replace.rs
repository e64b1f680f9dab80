use crate::Problem;
use crate::table::{Kind, Statement};
use crate::tree::{Marks, Node, Replace, Step, Text, Tree, path_words};
use regex::Regex;

/// `replace pattern` on its way through a tree.
pub(crate) struct Replacing {
    regex: Regex,
    with: String,
    left: usize,
    path: Vec<Step>,
    /// What was replaced, and by what.
    pub(crate) replaced: Vec<(String, String)>,
}

impl Replacing {
    /// Replaces in every name and value below where it stands.
    ///
    /// # Errors
    /// What is protected, a new name that another entry has, or a text that cannot stand there; the tree is then changed in part.
    pub(crate) fn run(tree: &mut Tree, order: &Replace) -> Result<Replacing, Problem> {
        let mut replacing = Replacing {
            regex: super::regex(&order.pattern)?,
            with: template(&order.with),
            left: order.upto.unwrap_or(usize::MAX),
            path: order.at.clone(),
            replaced: Vec::new(),
        };
        let mut protected = false;
        for depth in 1..=order.at.len() {
            protected |= tree.at(&order.at[..depth]).is_some_and(|node| node.marks.has(Marks::PROTECTED));
        }
        let node = tree.at_mut(&order.at);
        let node = node.ok_or_else(|| Problem::Missing { statement: path_words(&order.at) })?;
        replacing.node(node, protected)?;
        Ok(replacing)
    }

    /// The new text, when the pattern is in the old one.
    fn text(&mut self, old: &str, protected: bool) -> Result<Option<String>, Problem> {
        if self.left == 0 {
            return Ok(None);
        }
        let new = self.regex.replace_all(old, self.with.as_str());
        if new == old {
            return Ok(None);
        }
        if protected {
            return Err(Problem::Protected { statement: path_words(&self.path) });
        }
        let new = new.into_owned();
        self.left -= 1;
        self.replaced.push((old.to_owned(), new.clone()));
        Ok(Some(new))
    }

    fn node(&mut self, node: &mut Node, protected: bool) -> Result<(), Problem> {
        let protected = protected || node.marks.has(Marks::PROTECTED);
        self.values(node, protected)?;
        let mut steps = Vec::with_capacity(node.children().len());
        for (step, child) in node.children_mut() {
            self.path.push(step.clone());
            steps.push(self.step(step, child, protected)?);
            self.node(child, protected)?;
            self.path.pop();
        }
        if steps.iter().any(Option::is_some) {
            let path = &self.path;
            node.rename_children(steps).map_err(|step| {
                let path: Vec<Step> = path.iter().chain([&step]).cloned().collect();
                Problem::Exists { statement: path_words(&path) }
            })?;
        }
        Ok(())
    }

    fn values(&mut self, node: &mut Node, protected: bool) -> Result<(), Problem> {
        let statement = node.statement;
        let mut values: Vec<Text> = Vec::with_capacity(node.values.len());
        for mut value in std::mem::take(&mut node.values) {
            if let Some(new) = self.text(&value.text, protected)? {
                value.text = match statement.map(|statement| (statement, statement.kind)) {
                    Some((statement, Kind::Leaf(form) | Kind::LeafList(form))) => {
                        accepted(statement, form.form, new)?
                    }
                    _ => new,
                };
            }
            if !values.contains(&value) {
                values.push(value);
            }
        }
        node.values = values;
        Ok(())
    }

    /// The new step of an entry, when one of its keys changes.
    fn step(&mut self, step: &Step, child: &Node, protected: bool) -> Result<Option<Step>, Problem> {
        let Some(statement) = child.statement.filter(|_| child.is_entry()) else { return Ok(None) };
        let protected = protected || child.is_protected();
        let mut new = step.clone();
        for (key, text) in statement.keys().iter().zip(&mut new.keys) {
            if let Some(replaced) = self.text(text, protected)? {
                let pattern = replaced.starts_with('<') && replaced.ends_with('>');
                *text = if pattern { replaced } else { accepted(statement, key.value.form, replaced)? };
            }
        }
        Ok((new != *step).then_some(new))
    }
}

/// A text where one of this form stands.
fn accepted(statement: &Statement, form: crate::Type, text: String) -> Result<String, Problem> {
    if form.accepts(&text) {
        Ok(form.canonical(&text).into_owned())
    } else {
        Err(crate::parse::resolve_refusal(statement, form, &text))
    }
}

/// The replacement as the library writes it: `&` is all that matched, `\1` a part in parentheses.
fn template(with: &str) -> String {
    let mut text = String::new();
    let mut chars = with.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '&' => text.push_str("${0}"),
            '$' => text.push_str("$$"),
            '\\' => match chars.next() {
                Some(digit) if digit.is_ascii_digit() => text.push_str(&format!("${{{digit}}}")),
                Some('$') => text.push_str("\\$$"),
                Some(sign @ ('&' | '\\')) => text.push(sign),
                other => text.extend(['\\'].into_iter().chain(other)),
            },
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::template;

    #[test]
    fn parts_are_written_as_in_junos() {
        for (with, template_) in
            [("a&b", "a${0}b"), (r"\1-\2", "${1}-${2}"), (r"\&", "&"), ("$1", "$$1"), (r"a\x", r"a\x")]
        {
            assert_eq!(template(with), template_, "{with}");
        }
    }
}
