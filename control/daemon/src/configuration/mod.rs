//! The candidate configuration: edited, compared, committed.
//!
//! A candidate is a text in the store; each request reads it, changes its tree, and saves it. Nothing is kept between two
//! requests but who edits, and trees that were read lately.

mod commit;
mod complete;
mod edit;
mod editors;
mod history;
mod load;
mod merge;
mod preview;
mod show;
mod tree;

pub(crate) use editors::Editors;
pub(crate) use merge::TreeMerge;
pub(crate) use tree::Trees;

use crate::commit::{Committer, refused_by_store};
use crate::gateway::{Client, Gateway, lock};
use crate::terms::Terms;
use flumen_api::{
    ApiError, CandidateKind, ConfigurationAction, ConfigurationAnswer, ConfigurationRequest, Edited,
    NameKind, RollbackTo, Which,
};
use flumen_config::LoadMode;
use flumen_engine::Reason;
use flumen_store::{CandidateName, Editor, StoreError};
use flumen_syntax::{Step, Tree, compare_at, path_words, print};
use std::sync::Arc;

/// A request with what its words mean.
struct Asked<'a> {
    client: &'a Client,
    editor: Editor,
    name: CandidateName,
    at: Vec<Step>,
}

impl Gateway {
    /// Answers a request about configurations.
    ///
    /// # Errors
    /// Whatever is to be said to the client; the candidate is as before.
    pub(crate) fn configuration(
        &self,
        request: &ConfigurationRequest,
        client: &Client,
    ) -> Result<ConfigurationAnswer, ApiError> {
        let name = match request.candidate {
            CandidateKind::Shared => CandidateName::Shared,
            CandidateKind::Private => CandidateName::Private(client.user.clone()),
        };
        let editor = client.editor(client.via.clone());
        let asked = Asked { client, editor, name, at: edit::steps(&request.at)? };
        let mut committer = lock(&self.committer);
        let store = &mut *committer;
        match &request.action {
            ConfigurationAction::Open { exclusive } => self.open(store, &asked, *exclusive),
            ConfigurationAction::Close => {
                self.close(store, client.id);
                Ok(ConfigurationAnswer::Done)
            }
            ConfigurationAction::Status => self.editing(store, &asked),
            ConfigurationAction::Edit { line, trial } => {
                let old = self.tree(store, &asked, Which::Candidate)?;
                let edit::Outcome { tree, at, matched } = edit::edit(&old, &asked.at, line)?;
                let changed = match tree {
                    Some(new) if *trial => *old != new,
                    Some(new) => self.save(store, &asked, &old, new)?,
                    None => false,
                };
                let at = path_words(&at);
                Ok(ConfigurationAnswer::Edited(Edited { at, changed, warnings: Vec::new(), matched }))
            }
            ConfigurationAction::Load { how, text, relative, lenient } => {
                let mode = if *lenient { LoadMode::Lenient } else { LoadMode::Strict };
                self.load(store, &asked, (*how, mode), text, *relative)
            }
            ConfigurationAction::Show { which, path, form } => {
                self.print(store, &asked, *which, path, *form).map(ConfigurationAnswer::Text)
            }
            ConfigurationAction::Compare { from, to, path } => {
                let (old, new) = (self.tree(store, &asked, *from)?, self.tree(store, &asked, *to)?);
                // What is deleted in the new one is still known by the old one.
                let at =
                    edit::below(&new, &asked.at, path).or_else(|_| edit::below(&old, &asked.at, path))?;
                Ok(ConfigurationAnswer::Text(compare_at(&old, &new, &at)))
            }
            ConfigurationAction::Complete { line } => {
                let tree = self.tree(store, &asked, Which::Candidate)?;
                drop(committer);
                Ok(ConfigurationAnswer::Completion(self.complete(&tree, &asked.at, line)))
            }
            ConfigurationAction::Rollback { to } => rollback(store, &asked, *to),
            ConfigurationAction::Update => {
                store
                    .configurations
                    .update_candidate(&asked.editor, &asked.name)
                    .map_err(refused_by_store)?;
                Ok(edited(&asked.at, true, Vec::new()))
            }
            ConfigurationAction::Check { sessions, unused_days } => {
                self.check_candidate(store, &asked, *sessions, *unused_days)
            }
            ConfigurationAction::Commit { comment, confirm_minutes, conditions, sessions, at_unix_s } => {
                let terms = Terms {
                    confirm_minutes: *confirm_minutes,
                    conditions: conditions.clone(),
                    sessions: *sessions,
                };
                self.commit(store, &asked, comment.clone(), &terms, *at_unix_s)
            }
            ConfigurationAction::CancelPlanned => {
                store.configurations.cancel_scheduled().map_err(refused_by_store)?;
                Ok(ConfigurationAnswer::Done)
            }
            ConfigurationAction::History => {
                Ok(ConfigurationAnswer::History(history::history(&store.configurations)))
            }
            ConfigurationAction::SaveRescue => {
                store.configurations.save_rescue(&asked.editor).map_err(refused_by_store)?;
                Ok(ConfigurationAnswer::Done)
            }
            ConfigurationAction::DeleteRescue => {
                // A damaged one can be deleted.
                if let Err(none @ StoreError::NoRescue) = store.configurations.rescue() {
                    return Err(refused_by_store(none));
                }
                store.configurations.delete_rescue().map_err(refused_by_store)?;
                Ok(ConfigurationAnswer::Done)
            }
            other => Err(ApiError::Malformed { reason: format!("{other:?} is not served here") }),
        }
    }

    /// Names of the running gateway.
    pub(crate) fn names(&self, kind: NameKind) -> Vec<String> {
        let state = lock(&self.state);
        let active = &state.active;
        let mut names: Vec<String> = match kind {
            NameKind::Zones => active.model.security.zones.keys().map(ToString::to_string).collect(),
            NameKind::Interfaces => active.names.interfaces().map(|(_, own)| own.name.clone()).collect(),
            NameKind::Policies => {
                active.model.security.policies.iter().map(|policy| policy.name.to_string()).collect()
            }
            NameKind::Devices => state.facts.links.iter().map(|link| link.name.clone()).collect(),
            NameKind::NatRules => {
                let nat = &active.model.security.nat;
                let destination = nat.destination.iter().map(|rule| rule.name.to_string());
                destination.chain(nat.source.iter().map(|rule| rule.name.to_string())).collect()
            }
            NameKind::Reasons => Reason::ALL.iter().map(|reason| reason.name().to_owned()).collect(),
            _ => Vec::new(),
        };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The text of a configuration.
    fn text(&self, store: &Committer, asked: &Asked<'_>, which: Which) -> Result<Arc<str>, ApiError> {
        let store = &store.configurations;
        let text = match which {
            Which::Candidate => store.candidate(&asked.name).map(|candidate| candidate.text.into()),
            Which::Active => Ok(store.active().map(|(_, text)| text).unwrap_or_default()),
            Which::Rollback(slot) => store.rollback(slot).map(|(_, text)| text.into()),
            Which::Rescue => store.rescue().map(Arc::from),
        };
        text.map_err(refused_by_store)
    }

    /// The tree of a configuration.
    fn tree(&self, store: &Committer, asked: &Asked<'_>, which: Which) -> Result<Arc<Tree>, ApiError> {
        let text = self.text(store, asked, which)?;
        lock(&self.trees).read(&text)
    }

    /// Saves a candidate that was `old`; true when it is another one now. One without changes is the active configuration.
    fn save(
        &self,
        store: &mut Committer,
        asked: &Asked<'_>,
        old: &Tree,
        new: Tree,
    ) -> Result<bool, ApiError> {
        if *old == new {
            return Ok(false);
        }
        let active = self.tree(store, asked, Which::Active);
        let store = &mut store.configurations;
        if active.is_ok_and(|active| *active == new) {
            store.discard_candidate(&asked.editor, &asked.name).map_err(refused_by_store)?;
            return Ok(true);
        }
        let text = print::curly(&new);
        store.save_candidate(&asked.editor, &asked.name, &text).map_err(refused_by_store)?;
        lock(&self.trees).keep(text.into(), Arc::new(new));
        Ok(true)
    }
}

fn rollback(
    store: &mut Committer,
    asked: &Asked<'_>,
    to: RollbackTo,
) -> Result<ConfigurationAnswer, ApiError> {
    let store = &mut store.configurations;
    let (editor, name) = (&asked.editor, &asked.name);
    let done = match to {
        RollbackTo::Slot(0) => store.discard_candidate(editor, name),
        RollbackTo::Slot(slot) => store.load_rollback(editor, name, slot),
        RollbackTo::Rescue => store.rescue().and_then(|text| {
            store.discard_candidate(editor, name)?; // the whole text is wanted, whatever was committed before
            store.save_candidate(editor, name, &text)
        }),
    };
    done.map_err(refused_by_store)?;
    Ok(edited(&asked.at, true, Vec::new()))
}

fn edited(at: &[Step], changed: bool, warnings: Vec<flumen_api::ConfigMessage>) -> ConfigurationAnswer {
    ConfigurationAnswer::Edited(Edited { at: path_words(at), changed, warnings, matched: Vec::new() })
}
