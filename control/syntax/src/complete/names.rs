use crate::table::Source;
use crate::tree::{Node, Tree};

/// The names that a configuration defines for `source`, in its order.
pub(super) fn defined(tree: &Tree, source: Source) -> Vec<String> {
    let mut names = Vec::new();
    for place in source.places() {
        collect(&tree.root, place, "", source, &mut names);
    }
    names
}

fn collect(node: &Node, place: &[&'static str], above: &str, source: Source, names: &mut Vec<String>) {
    let Some((name, rest)) = place.split_first() else { return };
    for (step, child) in node.children().filter(|(step, _)| step.name == *name) {
        let key = step.keys.last().map_or("", String::as_str);
        if !rest.is_empty() {
            collect(child, rest, key, source, names);
        } else if source == Source::Interfaces {
            names.push(format!("{above}.{key}"));
        } else if !key.is_empty() {
            names.push(key.to_owned());
        }
    }
}
