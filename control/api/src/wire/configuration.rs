use super::{Wire, WireError, mirror, mirror_words};
use crate::{Condition, RollbackTo, Watched, Which, v1};

mirror! {
    ConfigMessage = ConfigMessage { line, column, path, text }
    Checked = Accepted { warnings, rows, preview }
    Preview = Preview {
        added, removed, changed, reordered, unused, sessions, denied, retranslated, rematch,
    }
    UnusedRule = UnusedRule { rule, days, last_hit_unix_s }
    Applied = Applied { generation, took_ms, confirm_minutes, rematched, warnings }
    Rematched = Rematched { judged, denied, retranslated }
    EditingReport = Editing { user, others, changed, pending, planned }
    EditorInfo = Editor { user, client, unix_s, exclusive }
    PendingInfo = Pending { commit, left_s, conditions }
    PlannedInfo = Planned { at_unix_s, user }
    Edited = Edited { at, changed, warnings, matched }
    Completion = CompleteResponse { from, words, problem }
    CompletionWord = CompletionWord { word, help, inserts }
    Committed = Committed {
        commit, generation, confirmed, confirm_minutes, rematched, merged, took_ms, warnings,
    }
    HistoryReport = ListCommitsResponse { commits, pending, planned }
    CommitInfo = CommitInfo { slot, commit, unix_s, user, client, comment, note, damage }
}

mirror_words! {
    CandidateKind { Shared, Private }
    LoadHow { Merge, Replace, Override, Patch, Set }
    Form { Curly, Set, Json, Inheritance }
    SessionsAtCommit { Keep, Rematch }
}

impl Wire<v1::Condition> for Condition {
    fn into_wire(self) -> v1::Condition {
        use v1::condition::Watched as Wired;
        let watched = match self.watched {
            Watched::Ping { address } => Wired::Ping(address.into_wire()),
            Watched::Tcp { to } => Wired::Tcp(to.into_wire()),
            Watched::Connection { from, to } => {
                Wired::Connection(v1::TcpConnection { from: from.into_wire(), to: to.into_wire() })
            }
            Watched::Drops { max_pps } => Wired::DropsPps(max_pps),
        };
        v1::Condition { watched: Some(watched), tolerance: self.tolerance }
    }

    fn from_wire(condition: v1::Condition) -> Result<Self, WireError> {
        use super::field;
        use v1::condition::Watched as Wired;
        let v1::Condition { watched, tolerance } = condition;
        let watched = match watched.ok_or_else(|| WireError::new("nothing is watched"))? {
            Wired::Ping(address) => Watched::Ping { address: field("ping", address)? },
            Wired::Tcp(to) => Watched::Tcp { to: field("tcp", to)? },
            Wired::Connection(v1::TcpConnection { from, to }) => {
                Watched::Connection { from: field("from", from)?, to: field("to", to)? }
            }
            Wired::DropsPps(max_pps) => Watched::Drops { max_pps },
        };
        Ok(Condition { watched, tolerance })
    }
}

/// None is the candidate.
impl Wire<Option<v1::Which>> for Which {
    fn into_wire(self) -> Option<v1::Which> {
        use v1::which::Kind;
        let (kind, rollback) = match self {
            Which::Candidate => return None,
            Which::Active => (Kind::Active, 0),
            Which::Rollback(slot) => (Kind::Rollback, slot.into_wire()),
            Which::Rescue => (Kind::Rescue, 0),
        };
        Some(v1::Which { kind: kind.into(), rollback })
    }

    fn from_wire(which: Option<v1::Which>) -> Result<Self, WireError> {
        use v1::which::Kind;
        let Some(v1::Which { kind, rollback }) = which else { return Ok(Which::Candidate) };
        match Kind::try_from(kind) {
            Ok(Kind::Candidate) => Ok(Which::Candidate),
            Ok(Kind::Active) => Ok(Which::Active),
            Ok(Kind::Rollback) => super::field("rollback", rollback).map(Which::Rollback),
            Ok(Kind::Rescue) => Ok(Which::Rescue),
            Err(_) => Err(WireError::new(format!("kind: {kind} is none of its words"))),
        }
    }
}

/// None is 0.
impl Wire<Option<v1::RollbackTo>> for RollbackTo {
    fn into_wire(self) -> Option<v1::RollbackTo> {
        Some(match self {
            RollbackTo::Slot(slot) => v1::RollbackTo { slot: slot.into_wire(), rescue: false },
            RollbackTo::Rescue => v1::RollbackTo { slot: 0, rescue: true },
        })
    }

    fn from_wire(to: Option<v1::RollbackTo>) -> Result<Self, WireError> {
        match to.unwrap_or_default() {
            v1::RollbackTo { rescue: true, .. } => Ok(RollbackTo::Rescue),
            v1::RollbackTo { slot, .. } => super::field("slot", slot).map(RollbackTo::Slot),
        }
    }
}
