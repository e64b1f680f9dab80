//! Memory of a process and of the BPF tables that it has open.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// Memory of one process, bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Memory {
    /// BPF tables, each once.
    pub(super) tables: u64,
    /// Resident memory, without what of the tables is mapped.
    pub(super) resident: u64,
}

// === impl Memory ===

impl Memory {
    /// Of the process with this id.
    ///
    /// # Errors
    /// When it is gone.
    pub(super) fn of(pid: u32) -> Result<Self> {
        Ok(Self { tables: tables(pid)?.values().sum(), resident: resident(pid)? })
    }

    /// Together, in units of a million bytes.
    pub(super) fn megabytes(&self) -> f64 {
        megabytes(self.tables + self.resident)
    }
}

/// Bytes in units of a million bytes.
#[expect(clippy::cast_precision_loss, reason = "petabytes are not measured")]
pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// What the kernel says that each BPF table uses, by table id (`memlock` in fdinfo; from 6.4 on what it really uses).
fn tables(pid: u32) -> Result<BTreeMap<u64, u64>> {
    let folder = PathBuf::from(format!("/proc/{pid}/fdinfo"));
    let entries = folder.read_dir().with_context(|| format!("process {pid} is gone"))?;
    let mut tables = BTreeMap::new();
    for entry in entries.flatten() {
        // a descriptor may be closed while we look
        let Ok(info) = std::fs::read_to_string(entry.path()) else { continue };
        let number = |name: &str| {
            let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value.and_then(|value| value.trim().parse::<u64>().ok())
        };
        if let (Some(id), Some(bytes)) = (number("map_id"), number("memlock")) {
            tables.insert(id, bytes);
        }
    }
    Ok(tables)
}

/// Resident memory without mapped tables: those are counted as tables.
fn resident(pid: u32) -> Result<u64> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps"))
        .with_context(|| format!("process {pid} is gone"))?;
    let mut is_table = false;
    let mut kib = 0;
    for line in maps.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        if !first.ends_with(':') {
            is_table = line.contains("bpf-map");
        } else if first == "Rss:" && !is_table {
            kib += line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default();
        }
    }
    Ok(kib * 1024)
}
