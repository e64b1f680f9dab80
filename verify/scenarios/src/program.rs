//! Where the `flumen` program is.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The program under test: `FLUMEN`, or the one that cargo has put beside the running program.
///
/// # Errors
/// When it is not built.
pub fn flumen_program() -> Result<PathBuf> {
    let path = match std::env::var_os("FLUMEN") {
        Some(path) => PathBuf::from(path),
        None => beside(&std::env::current_exe()?),
    };
    if !path.is_file() {
        bail!("there is no program {}; build it with `cargo build -p flumen-cli`", path.display());
    }
    Ok(path)
}

/// `target/debug/flumen` for `target/debug/flumen-lab` and for `target/debug/deps/scenarios-0123`.
fn beside(own: &Path) -> PathBuf {
    let folder = own.parent().unwrap_or(own);
    let folder = if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
    folder.join("flumen")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_beside_the_lab_and_above_a_test() {
        for own in ["/t/debug/flumen-lab", "/t/debug/deps/scenarios-0123"] {
            assert_eq!(beside(Path::new(own)), Path::new("/t/debug/flumen"));
        }
    }
}
