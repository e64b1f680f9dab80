use crate::parse::{Fragment, Mode, fragment, path};
use crate::table::{Statement, statements};
use crate::tree::{Marks, Node, Place, Step, Tree, path_words};
use crate::{Finding, Problem};
use std::sync::Arc;

/// Applies a difference, as [`compare`](super::compare) prints it, to a copy of `base`.
///
/// # Errors
/// Everything that does not fit; `base` is left as it was.
pub fn patch(base: &Tree, text: &str, file: Option<&str>, mode: Mode) -> Result<Tree, Vec<Finding>> {
    let mut tree = base.clone();
    let mut patching =
        Patching { file: file.map(Arc::from), mode, at: Vec::new(), cursor: None, findings: Vec::new() };
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let place = patching.place(number);
        if line.trim().is_empty() {
            continue;
        }
        if let Some(words) = line.trim_end().strip_prefix("[edit").and_then(|rest| rest.strip_suffix(']')) {
            patching.go(words.trim(), place);
            continue;
        }
        let sign = line.chars().next().unwrap_or(' ');
        let rest = |line: &str| {
            let text = line.get(1..).unwrap_or_default();
            text.strip_prefix("  ").unwrap_or(text).to_owned() + "\n"
        };
        if !"+-! ".contains(sign) {
            patching.report(place, "a line begins with \"[edit\", \"+\", \"-\", \"!\" or a space");
            continue;
        }
        let mut part = rest(line);
        if sign != ' ' {
            while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with(sign)) {
                part.push_str(&rest(line));
            }
        }
        // What comes first in its list waits for the entry that it comes before.
        let next = lines.peek().filter(|(_, line)| line.starts_with(' ')).map(|(_, line)| rest(line));
        patching.part(&mut tree, sign, &part, next.as_deref(), place);
    }
    if patching.findings.is_empty() { Ok(tree) } else { Err(patching.findings) }
}

struct Patching {
    file: Option<Arc<str>>,
    mode: Mode,
    /// The statements that the lines stand in.
    at: Vec<Step>,
    /// The entry behind which new ones go.
    cursor: Option<Step>,
    findings: Vec<Finding>,
}

impl Patching {
    fn place(&self, number: usize) -> Place {
        Place { file: self.file.clone(), line: u32::try_from(number + 1).unwrap_or(u32::MAX), column: 1 }
    }

    fn report(&mut self, place: Place, reason: &str) {
        let problem = Problem::Patch { reason: reason.to_owned() };
        self.findings.push(Finding { place, path: path_words(&self.at), problem });
    }

    fn go(&mut self, words: &str, place: Place) {
        self.cursor = None;
        match path(words, self.mode) {
            Ok(path) => self.at = path,
            Err(findings) => {
                let line = place.line;
                let located =
                    |finding: Finding| Finding { place: Place { line, ..place.clone() }, ..finding };
                self.findings.extend(findings.into_iter().map(located));
            }
        }
    }

    /// The statements of some lines; what is wrong with them is reported.
    fn read(&mut self, sign: char, text: &str, place: &Place) -> Fragment {
        let mut fragment = match sign {
            '+' | '-' => fragment(text, &self.at, self.mode),
            // Entries whose content is left out.
            _ => fragment(&text.replace("{ ... }", ";"), &self.at, self.mode),
        };
        for finding in std::mem::take(&mut fragment.findings) {
            let line = place.line + finding.place.line.saturating_sub(1);
            self.findings.push(Finding { place: Place { line, ..place.clone() }, ..finding });
        }
        fragment
    }

    fn part(&mut self, tree: &mut Tree, sign: char, text: &str, next: Option<&str>, place: Place) {
        let part = self.read(sign, text, &place);
        let before = next.filter(|_| self.cursor.is_none()).map(|text| self.read(' ', text, &place));
        let before = before.and_then(|part| part.node.children().next().map(|(step, _)| step.clone()));
        let mut protected = None;
        let mut node = &mut tree.root;
        for (depth, step) in self.at.iter().enumerate() {
            if node.child(step).is_none() {
                return self.report(place, &format!("there is no {:?}", path_words(&self.at)));
            }
            node = node.child_mut(step).expect("it is there");
            if node.marks.has(Marks::PROTECTED) {
                protected = Some(path_words(&self.at[..=depth]));
            }
        }
        if let Some(statement) = protected.filter(|_| sign != ' ') {
            let problem = Problem::Protected { statement };
            return self.findings.push(Finding { place, path: String::new(), problem });
        }
        let rows = if self.at.is_empty() { statements() } else { node.rows() };
        for (step, change) in part.node.children() {
            let done = match sign {
                ' ' => node.child(step).map(|_| ()).ok_or("there is no such entry"),
                '-' => remove(node, step, change),
                '+' => add(node, step, change, rows),
                _ => note(node, step, change, part.cleared.contains(step)),
            };
            if let Err(reason) = done {
                let words = path_words(&self.at.iter().chain([step]).cloned().collect::<Vec<_>>());
                self.report(place.clone(), &format!("{words:?}: {reason}"));
                continue;
            }
            let ordered = node.child(step).is_some_and(|child| child.is_ordered() && child.is_entry());
            if ordered && matches!(sign, '+' | '!') {
                put(node, step, self.cursor.as_ref(), before.as_ref());
            }
            if ordered && sign != '-' {
                self.cursor = Some(step.clone());
            }
        }
    }
}

fn remove(node: &mut Node, step: &Step, change: &Node) -> Result<(), &'static str> {
    let own = node.child(step).ok_or("it is not there to be taken away")?;
    let mut own_content = own.clone();
    own_content.drop_unsupported();
    let mut content = change.clone();
    content.drop_unsupported();
    if own_content != content {
        return Err("it is another one than the difference takes away");
    }
    if own.is_protected() && !change.is_protected() {
        return Err("it is protected");
    }
    node.remove(step);
    Ok(())
}

fn add(node: &mut Node, step: &Step, change: &Node, rows: &'static [Statement]) -> Result<(), &'static str> {
    if node.child(step).is_some() {
        return Err("it is there already");
    }
    node.insert(step.clone(), change.clone(), rows);
    Ok(())
}

/// Changes what is said of a statement.
fn note(node: &mut Node, step: &Step, change: &Node, cleared: bool) -> Result<(), &'static str> {
    let own = node.child_mut(step).ok_or("there is no such statement")?;
    if super::deactivates(change, own) && !change.marks.has(Marks::UNPROTECT) {
        return Err("it is protected, or something in it is");
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
    } else if cleared {
        own.annotation = None;
    }
    Ok(())
}

/// Moves an entry behind `after`, or before `before`.
fn put(node: &mut Node, step: &Step, after: Option<&Step>, before: Option<&Step>) {
    let Some(from) = node.index_of(step) else { return };
    let (beside, behind) = match (after, before) {
        (Some(after), _) => (after, true),
        (None, Some(before)) => (before, false),
        (None, None) => return,
    };
    let Some(to) = node.index_of(beside).filter(|to| *to != from) else { return };
    let to = match (behind, from < to) {
        (true, true) | (false, false) => to,
        (true, false) => to + 1,
        (false, true) => to - 1,
    };
    node.move_child(from, to);
}
