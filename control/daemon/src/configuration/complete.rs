use crate::gateway::{Gateway, lock};
use flumen_api::{Completion, CompletionWord};
use flumen_config::predefined_applications;
use flumen_syntax::{CandidateKind, Live, Source, Step, Tree, complete};

/// What only the running gateway knows.
struct LiveNames {
    devices: Vec<String>,
}

impl Live for LiveNames {
    fn names(&self, source: Source) -> Vec<(String, String)> {
        let with = |help: &'static str| move |name: &str| (name.to_owned(), help.to_owned());
        match source {
            Source::Devices => self.devices.iter().map(|name| with("Device of this host")(name)).collect(),
            Source::Applications => predefined_applications().map(with("Predefined application")).collect(),
            _ => Vec::new(),
        }
    }
}

impl Gateway {
    /// What may come next on a line of configuration mode.
    pub(super) fn complete(&self, tree: &Tree, at: &[Step], line: &str) -> Completion {
        let links = &lock(&self.state).facts.links;
        let live = LiveNames { devices: links.iter().map(|link| link.name.clone()).collect() };
        let found = complete(tree, at, line, &live);
        let word = |candidate: flumen_syntax::Candidate| CompletionWord {
            inserts: matches!(candidate.kind, CandidateKind::Word | CandidateKind::Name),
            word: candidate.word,
            help: candidate.help,
        };
        Completion {
            from: found.from,
            words: found.candidates.into_iter().map(word).collect(),
            problem: found.problem.map(|problem| problem.to_string()),
        }
    }
}
