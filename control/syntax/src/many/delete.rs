use crate::Problem;
use crate::table::Statement;
use crate::tree::{Edit, Step, Text, Tree, path_words};

/// What `wildcard delete` takes away: the statements in the braces at `path`, the entries of a list that it names, or the
/// values there, of which the name matches. Each with its name.
///
/// # Errors
/// When there is nothing at `path`, or the pattern is none.
pub(crate) fn matching(tree: &Tree, path: &[Step], pattern: &str) -> Result<Vec<(String, Edit)>, Problem> {
    let regex = super::regex(pattern)?;
    let missing = || Problem::Missing { statement: path_words(path) };
    if let Some(node) = tree.at(path) {
        if !node.values.is_empty() {
            let values = node.values.iter().filter(|value| regex.is_match(&value.text));
            let delete = |value: &Text| Edit::Delete(path.to_vec(), vec![value.clone()]);
            return Ok(values.map(|value| (value.text.clone(), delete(value))).collect());
        }
        return Ok(children(tree, path, &|_| true, &|name| regex.is_match(name)));
    }
    let (list, above) = path.split_last().ok_or_else(missing)?;
    if !list.keys.is_empty() || tree.at(above).is_none() {
        return Err(missing());
    }
    Ok(children(tree, above, &|step| step.name == list.name, &|name| regex.is_match(name)))
}

fn children(
    tree: &Tree,
    path: &[Step],
    is_meant: &dyn Fn(&Step) -> bool,
    matches: &dyn Fn(&str) -> bool,
) -> Vec<(String, Edit)> {
    let mut found = Vec::new();
    for (step, child) in tree.at(path).into_iter().flat_map(|node| node.children()) {
        let keys = Step { name: "".into(), keys: step.keys.clone() };
        let keys = keys.words(child.statement.map_or(&[], Statement::keys)).collect::<Vec<_>>().join(" ");
        let name = if step.keys.is_empty() { step.name.to_string() } else { keys };
        if is_meant(step) && matches(&name) {
            let path = path.iter().chain([step]).cloned().collect();
            found.push((name, Edit::Delete(path, Vec::new())));
        }
    }
    found
}
