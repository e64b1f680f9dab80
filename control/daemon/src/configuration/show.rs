use crate::commit::Committer;
use crate::configuration::Asked;
use crate::configuration::edit::below;
use crate::configuration::tree::not_edited;
use crate::gateway::{Gateway, lock};
use flumen_api::{ApiError, Form, Which};
use flumen_syntax::parse::Mode;
use flumen_syntax::{Node, Step, Tree, inherit, load_set, path_words, print};

impl Gateway {
    /// A configuration, or a part of it, as text.
    pub(super) fn print(
        &self,
        store: &Committer,
        asked: &Asked<'_>,
        which: Which,
        path: &str,
        form: Form,
    ) -> Result<String, ApiError> {
        let text = self.text(store, asked, which)?;
        let whole = asked.at.is_empty() && path.trim().is_empty();
        let is_model = flumen_config::Form::of(&text) == flumen_config::Form::JsonModel;
        if is_model && whole && form != Form::Set && !text.trim().is_empty() {
            return Ok(text.to_string()); // it has no other form
        }
        let tree = lock(&self.trees).read(&text)?;
        let path = below(&tree, &asked.at, path)?;
        print(&tree, &path, form)
    }
}

/// What stands at `path`; empty when nothing does.
fn print(tree: &Tree, path: &[Step], form: Form) -> Result<String, ApiError> {
    match form {
        Form::Curly => Ok(curly(tree, path)),
        Form::Inheritance => Ok(curly(&inherit(tree).0, path)),
        Form::Set => Ok(set(tree, path)),
        Form::Json if path.is_empty() => Ok(print::json(tree)),
        Form::Json => {
            let part = load_set(&Tree::default(), &set(tree, path), None, Mode::Strict);
            part.map(|part| print::json(&part.tree)).map_err(not_edited)
        }
    }
}

fn curly(tree: &Tree, path: &[Step]) -> String {
    let Some((last, above)) = path.split_last() else { return print::curly(tree) };
    match tree.at(path) {
        Some(node) if node.has_children() => print::curly_node(node, 0),
        Some(node) => print::curly_statement(last, node),
        None => tree.at(above).map(|node| list(node, last)).unwrap_or_default(),
    }
}

/// All entries of a list that is named without keys.
fn list(node: &Node, list: &Step) -> String {
    let of_list =
        |step: &Step, child: &Node| step.name == list.name && list.keys.is_empty() && child.is_entry();
    let entries = node.children().filter(|(step, child)| of_list(step, child));
    entries.map(|(step, child)| print::curly_statement(step, child)).collect()
}

fn set(tree: &Tree, path: &[Step]) -> String {
    let Some((_, above)) = path.split_last() else { return print::set(tree) };
    let Some(node) = tree.at(above) else { return String::new() };
    let words = path_words(path);
    let concerns = |line: &&str| {
        let rest = line.split_once(' ').and_then(|(_, rest)| rest.strip_prefix(&*words));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let lines = print::set_at(node, &path_words(above));
    lines.lines().filter(concerns).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::print;
    use crate::configuration::edit::below;
    use flumen_api::Form;
    use flumen_syntax::Tree;

    const TEXT: &str = "set system host-name gw
set security zones security-zone trust interfaces eth1.0
set security zones security-zone untrust interfaces eth0.0
deactivate security zones security-zone untrust
";

    fn shown(at: &str, form: Form) -> String {
        let tree = super::load_set(&Tree::default(), TEXT, None, super::Mode::Strict).unwrap().tree;
        print(&tree, &below(&tree, &[], at).unwrap(), form).unwrap()
    }

    #[test]
    fn a_part_is_shown_in_every_form() {
        assert_eq!(shown("", Form::Set), TEXT);
        assert_eq!(shown("sys host", Form::Curly), "host-name gw;\n");
        assert_eq!(shown("sys host", Form::Set), "set system host-name gw\n");
        assert_eq!(
            shown("security zones security-zone trust", Form::Curly),
            "interfaces {\n    eth1.0;\n}\n"
        );
        let untrust = "set security zones security-zone untrust interfaces eth0.0\n\
                       deactivate security zones security-zone untrust\n";
        assert_eq!(shown("security zones security-zone untrust", Form::Set), untrust);
        let both = shown("security zones security-zone", Form::Curly);
        assert!(both.contains("security-zone trust {") && both.contains("inactive: security-zone untrust {"));
        let json: serde_json::Value = serde_json::from_str(&shown("system", Form::Json)).unwrap();
        assert_eq!(json["configuration"]["system"]["host-name"], "gw");
        assert!(json["configuration"].get("security").is_none());
        assert_eq!(shown("interfaces", Form::Curly), "");
    }
}
