//! The kernel's connection table, sized so that peers are not measured against their own limits.

use std::path::Path;
use std::sync::Mutex;

use crate::Error;
use crate::netns::Netns;

/// Entries that the table may hold, in all namespaces together on kernels without a limit of each.
const MAX: u64 = 8 << 20;

/// Hash buckets.
const BUCKETS: u64 = 2 << 20;

const MAX_KEY: &str = "/proc/sys/net/netfilter/nf_conntrack_max";
const BUCKETS_KEY: &str = "/proc/sys/net/netfilter/nf_conntrack_buckets";

/// State of a namespace's connection table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conntrack {
    /// Connections.
    pub count: u64,
    /// Limit.
    pub max: u64,
    /// Packets dropped because the table was full or memory ran out, since the namespace was made.
    pub drops: u64,
    /// Entries evicted to make room, since the namespace was made.
    pub early_drops: u64,
}

/// The table's limits are raised as long as one of these lives. They belong to the whole machine.
#[derive(Debug)]
pub(super) struct Raised(());

/// How many [`Raised`] there are, and the limits from before.
static RAISED: Mutex<Option<(usize, Limits)>> = Mutex::new(None);

#[derive(Clone, Copy, Debug)]
struct Limits {
    max: u64,
    buckets: u64,
}

// === impl Conntrack ===

impl Conntrack {
    /// Reads the state of a namespace that uses connection tracking.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn read(namespace: &Netns) -> Result<Self, Error> {
        let number = |key: &str| Ok(namespace.read_sysctl(key)?.parse().unwrap_or_default());
        // a header line, then a row of hexadecimal numbers for each CPU
        let table = namespace.read_proc_net("stat/nf_conntrack")?;
        let mut lines = table.lines();
        let header: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
        let rows: Vec<Vec<&str>> = lines.map(|line| line.split_whitespace().collect()).collect();
        let total = |name: &str| {
            let at = header.iter().position(|column| *column == name);
            let cells = rows.iter().filter_map(|row| row.get(at?));
            cells.filter_map(|cell| u64::from_str_radix(cell, 16).ok()).sum()
        };
        Ok(Self {
            count: number("net.netfilter.nf_conntrack_count")?,
            max: number("net.netfilter.nf_conntrack_max")?,
            drops: total("drop"),
            early_drops: total("early_drop"),
        })
    }

    /// The table has refused or evicted something: rates measured with it mean nothing.
    pub fn overflowed(&self) -> bool {
        self.drops + self.early_drops > 0
    }
}

// === impl Raised ===

impl Raised {
    pub(super) fn new() -> Result<Self, Error> {
        let mut raised = RAISED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &mut *raised {
            Some((users, _)) => *users += 1,
            None => {
                let before = Limits { max: read(MAX_KEY)?, buckets: read(BUCKETS_KEY)? };
                let wanted = Limits { max: before.max.max(MAX), buckets: before.buckets.max(BUCKETS) };
                wanted.write()?;
                *raised = Some((1, before));
            }
        }
        Ok(Self(()))
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        let mut raised = RAISED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((users, before)) = &mut *raised {
            *users -= 1;
            if *users == 0 {
                if let Err(error) = before.write() {
                    eprintln!("the connection table keeps its raised limits: {error}");
                }
                *raised = None;
            }
        }
    }
}

// === impl Limits ===

impl Limits {
    /// Buckets first: the kernel sets no limit from them once they have been set by hand.
    fn write(self) -> Result<(), Error> {
        write(BUCKETS_KEY, self.buckets)?;
        write(MAX_KEY, self.max)
    }
}

fn read(key: &str) -> Result<u64, Error> {
    let text = std::fs::read_to_string(key).map_err(|source| Error::File {
        what: "cannot read",
        path: Path::new(key).to_owned(),
        source,
    })?;
    Ok(text.trim().parse().unwrap_or_default())
}

fn write(key: &str, value: u64) -> Result<(), Error> {
    std::fs::write(key, value.to_string()).map_err(|source| Error::File {
        what: "cannot write",
        path: Path::new(key).to_owned(),
        source,
    })
}
