//! What is said at the end: a table, a chart and a file for machines.

mod chart;
mod document;
mod goal;
mod machine;
mod result;
mod table;

use std::path::Path;

use anyhow::{Context, Result};

pub(crate) use document::Document;
pub(crate) use result::{RowResult, median, results};

/// Writes `NAME.json` and `NAME.svg` below `folder`.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn write(document: &Document, folder: &Path, name: &str) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let files = [("json", document.json()?), ("svg", chart::svg(document))];
    for (extension, text) in files {
        let path = folder.join(name).with_extension(extension);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The report as text.
pub(crate) fn text(document: &Document) -> String {
    table::document(document)
}
