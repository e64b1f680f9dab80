use crate::configuration::edit::message;
use flumen_api::ApiError;
use flumen_config::Form;
use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{Finding, Load, Tree, load};
use std::collections::VecDeque;
use std::sync::Arc;

/// Configurations that were read lately: an editor asks for the same ones again and again.
#[derive(Debug, Default)]
pub(crate) struct Trees(VecDeque<(Arc<str>, Arc<Tree>)>);

/// So many are kept: the active one, the shared candidate, one or two more.
const KEPT: usize = 4;

// === impl Trees ===

impl Trees {
    /// The tree of a text that the store holds.
    ///
    /// # Errors
    /// When it has none.
    pub(crate) fn read(&mut self, text: &Arc<str>) -> Result<Arc<Tree>, ApiError> {
        if let Some(index) = self.0.iter().position(|(known, _)| known == text) {
            let found = self.0.remove(index).expect("it was found there");
            let tree = Arc::clone(&found.1);
            self.0.push_front(found);
            return Ok(tree);
        }
        let tree = Arc::new(whole(text)?);
        self.keep(Arc::clone(text), Arc::clone(&tree));
        Ok(tree)
    }

    /// Keeps a tree whose text is known: it was just printed.
    pub(crate) fn keep(&mut self, text: Arc<str>, tree: Arc<Tree>) {
        self.0.truncate(KEPT - 1);
        self.0.push_front((text, tree));
    }
}

/// The tree of a whole configuration.
///
/// # Errors
/// Everything that is wrong with it, or that it is the JSON of the model, which has no statements.
pub(crate) fn whole(text: &str) -> Result<Tree, ApiError> {
    let (tree, findings) = read(text, Mode::Strict)?;
    refuse(findings)?;
    // Tags in a text that is the whole configuration mean nothing but for what they delete.
    match load(&Tree::default(), &tree, Load::Override) {
        Ok(changed) => Ok(changed.tree),
        Err(findings) => Err(not_edited(findings)),
    }
}

/// The statements of a text in any form.
///
/// # Errors
/// For the JSON of the model.
pub(crate) fn read(text: &str, mode: Mode) -> Result<(Tree, Vec<Finding>), ApiError> {
    if text.trim().is_empty() {
        return Ok((Tree::default(), Vec::new()));
    }
    Ok(match Form::of(text) {
        Form::Curly => parse::curly(text, None, mode),
        Form::Commands => parse::set(text, None, mode),
        Form::JsonTree => parse::json(text, None, mode),
        Form::JsonModel => {
            let reason = "this configuration is the JSON of the model, which has no statements to edit: \
                          write it in the language, and take it with `load override`";
            return Err(ApiError::Impossible { reason: reason.to_owned() });
        }
    })
}

/// An error when anything is wrong.
pub(crate) fn refuse(findings: Vec<Finding>) -> Result<Vec<Finding>, ApiError> {
    let (warnings, errors): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.problem.is_harmless());
    if errors.is_empty() { Ok(warnings) } else { Err(not_edited(errors)) }
}

pub(crate) fn not_edited(findings: Vec<Finding>) -> ApiError {
    ApiError::NotEdited { messages: findings.iter().map(message).collect() }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, Trees};
    use std::sync::Arc;

    #[test]
    fn a_text_is_read_once_and_the_oldest_of_many_is_forgotten() {
        let text = |name: usize| Arc::<str>::from(format!("system {{ host-name h{name}; }}\n"));
        let mut trees = Trees::default();
        let first = trees.read(&text(0)).unwrap();
        assert!(Arc::ptr_eq(&first, &trees.read(&text(0)).unwrap()));
        for name in 1..=KEPT {
            trees.read(&text(name)).unwrap();
        }
        assert!(!Arc::ptr_eq(&first, &trees.read(&text(0)).unwrap()));
        assert_eq!(trees.0.len(), KEPT);
    }

    #[test]
    fn json_of_the_model_has_no_tree_and_an_empty_text_an_empty_one() {
        assert!(super::whole(" \n").unwrap().is_empty());
        let refused = super::whole("{\"zones\": {}}").unwrap_err().to_string();
        assert!(refused.contains("load override"), "{refused}");
    }
}
