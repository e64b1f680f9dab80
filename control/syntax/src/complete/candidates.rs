use super::names::defined;
use super::{Candidate, CandidateKind, Live};
use crate::Type;
use crate::print::quote;
use crate::table::{Source, Value};
use crate::tree::Tree;

/// What may come next, as it is found.
pub(super) struct Candidates<'w> {
    pub(super) partial: &'w str,
    pub(super) live: &'w dyn Live,
    pub(super) tree: &'w Tree,
    /// What is not there may be named.
    pub(super) makes: bool,
    pub(super) found: Vec<Candidate>,
}

impl Candidates<'_> {
    fn add(&mut self, word: &str, help: &str, kind: CandidateKind) {
        if word.starts_with(self.partial) {
            let word = quote(word).into_owned();
            self.found.push(Candidate { word, help: help.to_owned(), kind });
        }
    }

    /// A word of the language, or a sign of a list.
    pub(super) fn word(&mut self, word: &str, help: &str) {
        if word.starts_with(self.partial) {
            let candidate =
                Candidate { word: word.to_owned(), help: help.to_owned(), kind: CandidateKind::Word };
            self.found.push(candidate);
        }
    }

    /// A name that exists.
    pub(super) fn name(&mut self, name: &str, help: &str) {
        self.add(name, help, CandidateKind::Name);
    }

    /// The end of the line.
    pub(super) fn enter(&mut self) {
        if self.partial.is_empty() {
            let (word, help) = ("<[Enter]>".to_owned(), "Execute this command".to_owned());
            self.found.push(Candidate { word, help, kind: CandidateKind::Enter });
        }
    }

    /// Something of the user's choice.
    pub(super) fn placeholder(&mut self, form: Type, help: &str) {
        let fits = self.partial.is_empty() || form.accepts(self.partial);
        if let Some(word) = form.placeholder().filter(|_| fits) {
            self.found.push(Candidate { word, help: help.to_owned(), kind: CandidateKind::Placeholder });
        }
    }

    /// Words of the form, names that exist, and what may be written freely.
    pub(super) fn values(&mut self, value: Value, help: &str) {
        for word in value.form.words() {
            self.add(word.word, word.help, CandidateKind::Word);
        }
        if value.source != Source::None && self.makes {
            for name in defined(self.tree, value.source) {
                self.name(&name, help);
            }
            for (name, help) in self.live.names(value.source) {
                self.name(&name, &help);
            }
        }
        if self.makes {
            self.placeholder(value.form, help);
        }
    }
}
