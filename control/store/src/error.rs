use crate::document::Damage;
use crate::editor::Editor;
use crate::merge::Conflict;
use crate::record::Author;
use crate::time::Time;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store did not do something. What it is about is then as it was before, except where a text says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}{}", path.display(), advice(source))]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        #[source]
        source: io::Error,
    },
    /// The file system refused twice, also to put things back.
    #[error(
        "cannot write {}: {source}; the old content could not be put back ({again}), so the new one may be found there: look at it and save again", path.display()
    )]
    Uncertain {
        /// The file; old or new, it is complete.
        path: PathBuf,
        /// The first answer.
        #[source]
        source: io::Error,
        /// The second.
        again: io::Error,
    },
    /// Another process has the store.
    #[error("{} is in use by process {pid}: stop that daemon first, or give this one its own --state-dir", place.display())]
    InUse {
        /// Its process id; `?` when it could not write it down.
        pid: String,
        /// The directory.
        place: PathBuf,
    },
    /// A file is not what it was written as. Others are not concerned.
    #[error("{} is damaged: {damage}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How.
        #[source]
        damage: Damage,
    },
    /// A rollback is not what it was written as. The others are not concerned.
    #[error("rollback {slot} cannot be used: {} is damaged: {damage}", path.display())]
    DamagedSlot {
        /// Which.
        slot: usize,
        /// Its file.
        path: PathBuf,
        /// How.
        #[source]
        damage: Damage,
    },
    /// There is no such rollback.
    #[error("there is no rollback {slot}: {}", slots(*count))]
    NoSuchSlot {
        /// What was asked for.
        slot: usize,
        /// How many there are, with the active one.
        count: usize,
    },
    /// A candidate that nobody has written anything into, and no active configuration.
    #[error("there is nothing to commit: the candidate is empty")]
    Empty,
    /// No rescue configuration was saved.
    #[error("there is no rescue configuration: save one first")]
    NoRescue,
    /// A session has the configuration for itself.
    #[error("the configuration is locked by {} ({}) until that session ends", holder.user, holder.client)]
    Locked {
        /// That session.
        holder: Box<Editor>,
    },
    /// The shared candidate holds changes of another user.
    #[error("the shared candidate holds changes of {} ({}) that are not committed", author.user, author.client)]
    Modified {
        /// Who changed it last.
        author: Author,
    },
    /// A private candidate belongs to its user.
    #[error("the private candidate of {owner} is for {owner} alone")]
    NotYours {
        /// Its user.
        owner: String,
    },
    /// The active configuration and the candidate were changed in the same place.
    #[error(
        "the candidate began from commit {base}; since then commit {active} by {user} changed the same lines:{}",
        lines(conflicts)
    )]
    Conflict {
        /// Where the candidate began.
        base: u64,
        /// The active commit.
        active: u64,
        /// Who made it.
        user: String,
        /// Each place.
        conflicts: Vec<Conflict>,
    },
    /// The commit that a candidate began from is not there to compare with.
    #[error(
        "the candidate began from {}, which is no longer kept, and the active configuration is another: compare the two and load the changes again",
        base.map_or("an empty configuration".to_owned(), |base| format!("commit {base}"))
    )]
    BaseGone {
        /// That commit.
        base: Option<u64>,
    },
    /// A text is too long.
    #[error("the configuration has {bytes} bytes; at most {limit} are kept")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A comment or a name is too long.
    #[error("the {what} has {bytes} bytes; at most {limit} are kept")]
    LongWord {
        /// Which one.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// Minutes out of range.
    #[error("{minutes} minutes are not possible: 1 to 65535 are")]
    Minutes {
        /// As asked for.
        minutes: u32,
    },
    /// There is nothing that the gateway could return to.
    #[error(
        "there is no earlier configuration to return to when this one is not confirmed: commit it without `confirmed`"
    )]
    NoFallback,
    /// The kernel does not say which boot this is.
    #[error(
        "a deadline cannot be kept here: the kernel's boot id cannot be read (/proc/sys/kernel/random/boot_id); commit without `confirmed`"
    )]
    NoBootId,
    /// No commit waits to be confirmed.
    #[error("no commit waits to be confirmed")]
    NothingToConfirm,
    /// A commit was to be confirmed, but not any more.
    #[error("commit {number} cannot be confirmed any more: {reason}; commit again")]
    TooLate {
        /// That commit.
        number: u64,
        /// Why not.
        reason: String,
    },
    /// A time for `commit at` that is over.
    #[error("{at} is in the past: it is {now}")]
    Past {
        /// As asked for.
        at: Time,
        /// By the wall clock.
        now: Time,
    },
    /// A commit is planned already.
    #[error("a commit by {} is planned for {at} already: cancel it first", author.user)]
    Planned {
        /// When.
        at: Time,
        /// By whom.
        author: Author,
    },
    /// No commit is planned.
    #[error("no commit is planned")]
    NothingPlanned,
}

/// Why a commit did not happen. `E` is the subject's.
#[derive(Debug, thiserror::Error)]
pub enum CommitError<E: std::fmt::Debug + std::fmt::Display> {
    /// The store did not do it; nothing was applied.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The subject cannot be prepared for it; nothing was applied or written.
    #[error("{0}")]
    Refused(E),
    /// The subject failed after all. It was reverted, and the commit is taken back from the disk.
    #[error("the configuration was not applied, and the one before is in force: {0}")]
    NotApplied(E),
}

// === impl StoreError ===

impl StoreError {
    pub(crate) fn file(action: &'static str, path: impl AsRef<Path>, source: io::Error) -> StoreError {
        StoreError::File { action, path: path.as_ref().to_owned(), source }
    }
}

/// What to do about an answer of the file system.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; nothing was changed: free some space there and try again"
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            "; nothing was changed: mount it writable (mount -o remount,rw) and try again"
        }
        io::ErrorKind::PermissionDenied => "; nothing was changed: it must belong to the daemon's user",
        _ if error.raw_os_error() == Some(nix::libc::EIO) => {
            "; nothing was changed: the disk fails (see dmesg), so save the configuration elsewhere"
        }
        _ => "",
    }
}

fn slots(count: usize) -> String {
    match count {
        0 => "nothing was committed yet".to_owned(),
        1 => "there is only 0, the active one".to_owned(),
        count => format!("there are 0 to {}", count - 1),
    }
}

fn lines(conflicts: &[Conflict]) -> String {
    conflicts.iter().map(|conflict| format!("\n{conflict}")).collect()
}

#[cfg(test)]
mod tests {
    use super::StoreError;
    use std::io;

    #[test]
    fn a_full_disk_and_a_read_only_one_say_what_to_do() {
        let told = |errno| StoreError::file("write", "/x/y", io::Error::from_raw_os_error(errno)).to_string();
        assert!(
            told(nix::libc::ENOSPC).contains("cannot write /x/y")
                && told(nix::libc::ENOSPC).contains("free some space")
        );
        assert!(told(nix::libc::EROFS).contains("remount,rw"));
        assert!(told(nix::libc::EIO).contains("dmesg"));
        assert!(told(nix::libc::EACCES).contains("belong"));
    }
}
