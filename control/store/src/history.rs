use crate::disk::Disk;
use crate::document::Damage;
use crate::error::StoreError;
use crate::record::CommitRecord;
use std::collections::BTreeSet;

/// Rollbacks that are kept, with the active configuration as 0.
pub(crate) const SLOTS: usize = 50;

/// The kind in the header of a commit's file.
pub(crate) const COMMIT: &str = "commit";

/// Which commits are on disk.
///
/// `commit-00000012.conf` is a commit, `commit-00000012.confirmed` says that it was confirmed. There is no index: which
/// commit is active, and which is rollback 1, follows from the numbers.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) numbers: BTreeSet<u64>,
    pub(crate) confirmed: BTreeSet<u64>,
    /// Greater than every number that was ever used.
    pub(crate) next: u64,
}

// === impl History ===

impl History {
    /// Finds the commits among the names of a directory.
    pub(crate) fn find(names: &[String]) -> History {
        let numbered = |suffix: &str| {
            let number = |name: &String| name.strip_prefix("commit-")?.strip_suffix(suffix)?.parse().ok();
            names.iter().filter_map(number).collect::<BTreeSet<u64>>()
        };
        let (numbers, confirmed) = (numbered(".conf"), numbered(".confirmed"));
        let last = numbers.last().max(confirmed.last()).copied().unwrap_or(0);
        History { numbers, confirmed, next: last.saturating_add(1) }
    }

    /// A number for a new commit; used up even if that commit fails.
    pub(crate) fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Numbers of rollback 0, 1, …: the active commit and those before it.
    pub(crate) fn slots(&self, active: u64) -> Vec<u64> {
        self.numbers.range(..=active).rev().take(SLOTS).copied().collect()
    }

    /// Forgets commits that are no rollback any more, except `keep`, and returns the names of their files.
    pub(crate) fn outdated(&self, active: u64, keep: Option<u64>) -> Vec<u64> {
        let Some(oldest) = self.slots(active).last().copied() else {
            return Vec::new();
        };
        let all = self.numbers.iter().chain(&self.confirmed).copied().collect::<BTreeSet<u64>>();
        all.range(..oldest).copied().filter(|number| Some(*number) != keep).collect()
    }
}

pub(crate) fn commit_file(number: u64) -> String {
    format!("commit-{number:08}.conf")
}

pub(crate) fn confirmed_file(number: u64) -> String {
    format!("commit-{number:08}.confirmed")
}

/// A whole commit.
///
/// # Errors
/// [`StoreError::Damaged`], also when there is no such file.
pub(crate) fn read_commit(disk: &Disk, number: u64) -> Result<(CommitRecord, String), StoreError> {
    let file = commit_file(number);
    let found = disk.document::<CommitRecord>(COMMIT, &file)?;
    let (record, text) = found.ok_or_else(|| missing(disk, &file))?;
    check_number(disk, number, &record)?;
    Ok((record, text))
}

/// A commit without its text, which may be damaged.
///
/// # Errors
/// [`StoreError::Damaged`], also when there is no such file.
pub(crate) fn read_record(disk: &Disk, number: u64) -> Result<CommitRecord, StoreError> {
    let file = commit_file(number);
    let record = disk.header::<CommitRecord>(COMMIT, &file)?.ok_or_else(|| missing(disk, &file))?;
    check_number(disk, number, &record)?;
    Ok(record)
}

fn missing(disk: &Disk, file: &str) -> StoreError {
    StoreError::Damaged {
        path: disk.path(file),
        damage: Damage::Unreadable { reason: "it is gone".to_owned() },
    }
}

fn check_number(disk: &Disk, number: u64, record: &CommitRecord) -> Result<(), StoreError> {
    if record.number == number {
        return Ok(());
    }
    let damage = Damage::Misnamed { found: format!("commit {}", record.number) };
    Err(StoreError::Damaged { path: disk.path(&commit_file(number)), damage })
}

#[cfg(test)]
mod tests {
    use super::{History, SLOTS, commit_file, confirmed_file};

    fn names(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
        range.map(commit_file).collect()
    }

    #[test]
    fn commits_are_found_by_name_and_other_files_are_left_alone() {
        let mut names = names(3..=5);
        names.extend(["commit-x.conf", "commit-.conf", "rescue.conf", "commit-7.conf.new"].map(String::from));
        names.push(confirmed_file(9));
        let history = History::find(&names);
        assert_eq!(history.slots(5), [5, 4, 3]);
        assert_eq!(history.next, 10, "also a number that only a confirmation remembers is not used again");
    }

    #[test]
    fn fifty_are_kept_and_the_one_to_return_to() {
        let history = History::find(&names(1..=60));
        assert_eq!(
            (history.slots(60).len(), history.slots(60)[0], history.slots(60)[SLOTS - 1]),
            (50, 60, 11)
        );
        assert_eq!(history.outdated(60, Some(4)), [1, 2, 3, 5, 6, 7, 8, 9, 10]);
        assert_eq!(History::default().outdated(0, None), Vec::<u64>::new());
    }
}
