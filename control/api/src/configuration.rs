use crate::{Condition, ConfigMessage, Rematched, SessionsAtCommit};
use serde::{Deserialize, Serialize};

/// Something about the candidate configuration, or about those that were committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigurationRequest {
    /// The candidate that is meant.
    #[serde(default)]
    pub candidate: CandidateKind,
    /// The statement that is edited, in words from the top: `security zones`; empty at the top.
    #[serde(default)]
    pub at: String,
    /// What is to be done.
    pub action: ConfigurationAction,
}

/// Which candidate. Both outlive their sessions, and the daemon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CandidateKind {
    /// The one that all edit together.
    #[default]
    Shared,
    /// That of the user who asks.
    Private,
}

/// What is to be done. Each needs nothing of those before: `Open` only tells others, and may lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConfigurationAction {
    /// Begin to edit; the connection is the session, and ends it.
    Open {
        /// Keep others from editing the shared candidate and from committing.
        exclusive: bool,
    },
    /// Stop editing. Changes stay in the candidate.
    Close,
    /// One command of the language: `set`, `delete`, `edit`, …; its words may be abbreviated.
    Edit {
        /// The command.
        line: String,
        /// Only tell what it would do.
        #[serde(default)]
        trial: bool,
    },
    /// Load a text.
    Load {
        /// How.
        how: LoadHow,
        /// In any form; for `Patch` a difference, for `Set` commands.
        text: String,
        /// The text stands where `at` is edited, not at the top.
        #[serde(default)]
        relative: bool,
        /// What the gateway cannot do is kept without effect and marked, instead of being refused.
        #[serde(default)]
        lenient: bool,
    },
    /// Print a configuration.
    Show {
        /// Which.
        #[serde(default)]
        which: Which,
        /// Words of a statement below `at`; may be abbreviated.
        #[serde(default)]
        path: String,
        /// How.
        #[serde(default)]
        form: Form,
    },
    /// What changes from one configuration to another, below `at`.
    Compare {
        /// From here; usually the active one.
        from: Which,
        /// To here.
        #[serde(default)]
        to: Which,
        /// Words of a statement below `at`; may be abbreviated.
        #[serde(default)]
        path: String,
    },
    /// What may come next on a line.
    Complete {
        /// A command, as for `Edit`, up to the cursor.
        line: String,
    },
    /// Take an earlier configuration as the candidate; 0 discards its changes.
    Rollback {
        /// 0 to 49, or the rescue configuration.
        to: RollbackTo,
    },
    /// Take what was committed since the candidate began into it.
    Update,
    /// Would the candidate be accepted, and what would change?
    Check {
        /// As in `Commit`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsAtCommit>,
        /// Tell rules that were not hit for so many days; none: 30.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unused_days: Option<u32>,
    },
    /// Make the candidate the active configuration.
    Commit {
        /// Why, for the history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
        /// Go back by itself unless it is confirmed within so many minutes, 1 to 65535.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confirm_minutes: Option<u32>,
        /// What must hold until then.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        conditions: Vec<Condition>,
        /// What becomes of live sessions; none: as `security policies policy-rematch` says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sessions: Option<SessionsAtCommit>,
        /// Not now, but at this time: seconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_unix_s: Option<u64>,
    },
    /// Cancel the commit that was planned for a time.
    CancelPlanned,
    /// Commits, the active one first.
    History,
    /// Keep the active configuration as the rescue configuration.
    SaveRescue,
    /// Forget the rescue configuration.
    DeleteRescue,
    /// Who edits, and what waits.
    Status,
}

/// How a text is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoadHow {
    /// Its statements join those that are there.
    Merge,
    /// As merge; a statement marked `replace:` takes the place of what is there.
    Replace,
    /// It is the whole configuration.
    Override,
    /// It is a difference.
    Patch,
    /// It is commands.
    Set,
}

/// A configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// That of the request.
    #[default]
    Candidate,
    /// What is enforced.
    Active,
    /// An earlier one; 0 is the active one.
    Rollback(usize),
    /// What was kept for emergencies.
    Rescue,
}

/// How a configuration is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// In braces.
    #[default]
    Curly,
    /// As commands.
    Set,
    /// As JSON.
    Json,
    /// In braces, with what groups add in its place.
    Inheritance,
}

/// What becomes the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackTo {
    /// An earlier configuration.
    Slot(usize),
    /// The rescue configuration.
    Rescue,
}

/// The answer to a [`ConfigurationAction`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ConfigurationAnswer {
    /// To `Open` and `Status`.
    Editing(EditingReport),
    /// To `Edit`, `Load`, `Rollback` and `Update`.
    Edited(Edited),
    /// To `Show` and `Compare`.
    Text(String),
    /// To `Complete`.
    Completion(Completion),
    /// To `Commit`; to `Check` see [`crate::Checked`].
    Committed(Committed),
    /// To `Check`.
    Checked(crate::Checked),
    /// To `Commit` for a later time.
    Planned {
        /// When: seconds since 1970.
        at_unix_s: u64,
    },
    /// To `History`.
    History(HistoryReport),
    /// To `Close`, `CancelPlanned`, `SaveRescue` and `DeleteRescue`.
    Done,
}

/// Who edits, and what waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EditingReport {
    /// The user who asks.
    pub user: String,
    /// Sessions that edit, without this one.
    pub others: Vec<EditorInfo>,
    /// Who changed the candidate last, when it has changes that are not committed.
    pub changed: Option<EditorInfo>,
    /// The commit that waits to be confirmed.
    pub pending: Option<PendingInfo>,
    /// The commit that is planned.
    pub planned: Option<PlannedInfo>,
}

/// Somebody who edits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct EditorInfo {
    /// Name of the user.
    pub user: String,
    /// What they use: `cli (pid 4711)`.
    pub client: String,
    /// Since when, or when: seconds since 1970.
    pub unix_s: u64,
    /// They have the configuration for themselves.
    #[serde(default)]
    pub exclusive: bool,
}

/// A commit that waits to be confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PendingInfo {
    /// Its number.
    pub commit: u64,
    /// Time left, seconds.
    pub left_s: u64,
    /// What must hold until then, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
}

/// A commit that is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedInfo {
    /// When: seconds since 1970.
    pub at_unix_s: u64,
    /// By whom.
    pub user: String,
}

/// The candidate was changed, or another statement is edited now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Edited {
    /// The statement that is edited now, in words from the top.
    pub at: String,
    /// The candidate is another one than before.
    pub changed: bool,
    /// What was hardly meant: something to be deleted was not there.
    pub warnings: Vec<ConfigMessage>,
    /// What a pattern of the command matched, or replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<String>,
}

/// What may come next on a line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Completion {
    /// Byte of the line where the unfinished word begins; its end when there is none.
    pub from: usize,
    /// What may stand there.
    pub words: Vec<CompletionWord>,
    /// Why nothing may come next: a word before it that is wrong or ambiguous.
    pub problem: Option<String>,
}

/// Something that may come next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CompletionWord {
    /// As it is written; a placeholder shows what is meant: `<name>`.
    pub word: String,
    /// What it is for.
    pub help: String,
    /// It can be inserted: it is neither a placeholder nor the end of the line.
    pub inserts: bool,
}

/// The candidate is active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Committed {
    /// Number of the commit.
    pub commit: u64,
    /// Generation of the ruleset.
    pub generation: u32,
    /// The commit that this one confirmed.
    pub confirmed: Option<u64>,
    /// Minutes until it goes back by itself.
    pub confirm_minutes: Option<u32>,
    /// What became of live sessions, if they were asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rematched: Option<Rematched>,
    /// Others committed since the candidate began; their changes were merged with it.
    pub merged: bool,
    /// Milliseconds from the request to the switch.
    pub took_ms: u64,
    /// What is allowed but probably not meant, and what takes effect later.
    pub warnings: Vec<ConfigMessage>,
}

/// Commits that can be returned to (`show system commit`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct HistoryReport {
    /// The active one first.
    pub commits: Vec<CommitInfo>,
    /// The one that waits to be confirmed.
    pub pending: Option<PendingInfo>,
    /// The one that is planned.
    pub planned: Option<PlannedInfo>,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitInfo {
    /// Its rollback number; 0 is the active one.
    pub slot: usize,
    /// Its number.
    pub commit: u64,
    /// When: seconds since 1970.
    pub unix_s: u64,
    /// By whom.
    pub user: String,
    /// What they used.
    pub client: String,
    /// What they said about it.
    pub comment: Option<String>,
    /// What else there is to say: `confirmed within 5 minutes`.
    pub note: Option<String>,
    /// Why it cannot be returned to.
    pub damage: Option<String>,
}
