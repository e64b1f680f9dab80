use crate::commit::{Committer, refused_by_store};
use crate::configuration::edit::message;
use crate::configuration::tree::{not_edited, read, refuse};
use crate::configuration::{Asked, edited};
use crate::gateway::Gateway;
use flumen_api::{ApiError, ConfigurationAnswer, LoadHow, Which};
use flumen_config::{Form, LoadMode, Model};
use flumen_syntax::parse::{self, Mode};
use flumen_syntax::{Changed, Finding, Load, Step, Tree, load, load_set, patch, path_words};

impl Gateway {
    /// Loads a text into the candidate. Statements without support are taken, and refused by the commit unless they are
    /// marked, as a lenient load does: what the store keeps is read strictly when a daemon starts, and marks are a part of it.
    pub(super) fn load(
        &self,
        store: &mut Committer,
        asked: &Asked<'_>,
        (how, mode): (LoadHow, Mode),
        text: &str,
        relative: bool,
    ) -> Result<ConfigurationAnswer, ApiError> {
        if text.trim().is_empty() {
            let reason = "the text is empty: there is nothing to load".to_owned();
            return Err(ApiError::Impossible { reason });
        }
        if how == LoadHow::Override && Form::of(text) == Form::JsonModel {
            return model(store, asked, text);
        }
        let old = match self.tree(store, asked, Which::Candidate) {
            Err(_) if how == LoadHow::Override => Tree::default().into(), // it is replaced whatever it was
            tree => tree?,
        };
        let at = if relative { &asked.at[..] } else { &[] };
        let Changed { tree, warnings } = change(&old, at, (how, mode), text)?;
        let changed = self.save(store, asked, &old, tree)?;
        Ok(edited(&asked.at, changed, warnings.iter().map(message).collect()))
    }
}

/// The JSON of the model is kept as it is.
fn model(store: &mut Committer, asked: &Asked<'_>, text: &str) -> Result<ConfigurationAnswer, ApiError> {
    if let Err(errors) = Model::from_text(text, None, LoadMode::Strict) {
        let messages = errors.iter().map(crate::check::complaint).collect();
        return Err(ApiError::NotEdited { messages });
    }
    store.configurations.save_candidate(&asked.editor, &asked.name, text).map_err(refused_by_store)?;
    Ok(edited(&asked.at, true, Vec::new()))
}

fn change(old: &Tree, at: &[Step], (how, mode): (LoadHow, Mode), text: &str) -> Result<Changed, ApiError> {
    let into = match how {
        LoadHow::Merge => Load::Merge,
        LoadHow::Replace => Load::Replace,
        LoadHow::Override => Load::Override,
        LoadHow::Patch => {
            let tree = patch(old, text, None, mode).map_err(not_edited)?;
            return Ok(Changed { tree, warnings: Vec::new() });
        }
        LoadHow::Set => return commands(old, at, text, mode).map_err(not_edited),
    };
    let (new, findings) = match Form::of(text) {
        Form::Curly if !at.is_empty() => parse::curly_at(text, None, at, mode),
        _ => read(text, mode)?,
    };
    let harmless = refuse(findings)?;
    let mut changed = load(old, &new, into).map_err(not_edited)?;
    changed.warnings.extend(harmless);
    Ok(changed)
}

/// Commands that begin at `at`.
fn commands(old: &Tree, at: &[Step], text: &str, mode: Mode) -> Result<Changed, Vec<Finding>> {
    if at.is_empty() {
        return load_set(old, text, None, mode);
    }
    let above = |findings: Vec<Finding>| {
        let up = |mut finding: Finding| {
            finding.place.line = finding.place.line.saturating_sub(1);
            finding
        };
        findings.into_iter().map(up).collect::<Vec<_>>()
    };
    match load_set(old, &format!("edit {}\n{text}", path_words(at)), None, mode) {
        Ok(Changed { tree, warnings }) => Ok(Changed { tree, warnings: above(warnings) }),
        Err(findings) => Err(above(findings)),
    }
}
