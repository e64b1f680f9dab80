//! `make install`: the program and its systemd unit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::artifacts;
use crate::child;
use crate::ebpf;
use crate::tree::Tree;

/// Where the unit in the tree says that the program is.
const PROGRAM_IN_UNIT: &str = "/usr/local/bin/flumen";

const UNIT: &str = "deploy/systemd/flumen.service";
const PROGRAM_MODE: u32 = 0o755;
const TEXT_MODE: u32 = 0o644;

/// Builds `flumen` for release and puts it to `destdir/prefix/bin`, and the unit, rewritten for the prefix, to
/// `destdir/prefix/lib/systemd/system`. The eBPF programs are inside the program.
///
/// # Errors
/// When the prefix is relative, something does not compile, or a file cannot be written.
pub(crate) fn run(tree: &Tree, prefix: &Path, destdir: Option<&Path>) -> Result<()> {
    if !prefix.is_absolute() {
        bail!("PREFIX must be an absolute path, not {}", prefix.display());
    }
    ebpf::build(tree)?;
    let mut cargo = child::cargo();
    cargo.args(["build", "--quiet", "--release", "--package", "flumen-cli", "--bins"]);
    let programs = artifacts::build(cargo.current_dir(tree.root()))?;
    let program = fs::read(artifacts::named(&programs, "flumen")?).context("cannot read the program")?;
    let place = prefix.join("bin/flumen");
    put(&program, &staged(destdir, &place), PROGRAM_MODE)?;
    if let Ok(unit) = fs::read_to_string(tree.at(UNIT)) {
        let unit = unit.replace(PROGRAM_IN_UNIT, &place.to_string_lossy());
        put(unit.as_bytes(), &staged(destdir, &prefix.join("lib/systemd/system/flumen.service")), TEXT_MODE)?;
    }
    Ok(())
}

/// An absolute path below `destdir`, or itself when there is none.
fn staged(destdir: Option<&Path>, path: &Path) -> PathBuf {
    let below = path.components().filter(|part| matches!(part, Component::Normal(_)));
    destdir.map_or_else(|| path.to_owned(), |destdir| destdir.join(below.collect::<PathBuf>()))
}

/// Writes beside and renames, so that a running program can be replaced.
fn put(bytes: &[u8], place: &Path, mode: u32) -> Result<()> {
    let folder = place.parent().context("a file has a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let new = place.with_extension("new");
    fs::write(&new, bytes).with_context(|| format!("cannot write {}", new.display()))?;
    fs::set_permissions(&new, fs::Permissions::from_mode(mode))?;
    fs::rename(&new, place).with_context(|| format!("cannot write {}", place.display()))?;
    println!("installed {}", place.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destdir_stands_in_front_of_the_prefix() {
        let path = Path::new("/usr/local/bin/flumen");
        assert_eq!(staged(None, path), path);
        assert_eq!(staged(Some(Path::new("/tmp/pkg")), path), Path::new("/tmp/pkg/usr/local/bin/flumen"));
        assert_eq!(staged(Some(Path::new("pkg")), path), Path::new("pkg/usr/local/bin/flumen"));
    }

    #[test]
    fn a_file_in_use_is_replaced_with_its_mode() {
        let folder = std::env::temp_dir().join(format!("flumen-xtask-install-{}", std::process::id()));
        let place = folder.join("bin/flumen");
        put(b"old", &place, PROGRAM_MODE).expect("written");
        put(b"new", &place, PROGRAM_MODE).expect("written");
        assert_eq!(fs::read(&place).expect("readable"), b"new");
        assert_eq!(fs::metadata(&place).expect("there").permissions().mode() & 0o777, PROGRAM_MODE);
        fs::remove_dir_all(&folder).expect("removable");
    }
}
