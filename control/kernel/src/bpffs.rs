use crate::KernelError;
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::statfs::{BPF_FS_MAGIC, statfs};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Where the bpf filesystem is by convention.
pub(crate) const CONVENTION: &str = "/sys/fs/bpf";

/// Makes the directory `path` in a bpf filesystem, for root alone. When there is none, one is mounted: at the
/// conventional place when `path` lies there, else at the directory above `path`, which must be empty or not
/// be there yet. Says where it was mounted.
///
/// # Errors
/// When there is none, and none may be mounted.
pub fn pin_directory(path: &Path) -> Result<Option<PathBuf>, KernelError> {
    let mounted = if in_bpffs(path)? {
        None
    } else {
        let above = path.parent().unwrap_or(path);
        let place = if path.starts_with(CONVENTION) { Path::new(CONVENTION) } else { above };
        // Nothing can be made in sysfs, but the kernel itself makes the conventional directory.
        if !place.is_dir() {
            make(place)?;
        }
        if place.read_dir().map_err(|error| refused(place, error))?.next().is_some() {
            return Err(refused(place, Errno::ENOTEMPTY)); // a mount would hide what is there
        }
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
        mount(Some("bpf"), place, Some("bpf"), flags, Some("mode=0700"))
            .map_err(|errno| refused(place, errno))?;
        Some(place.to_owned())
    };
    make(path)?;
    Ok(mounted)
}

/// True when `path`, or the nearest directory above it that exists, is in a bpf filesystem.
pub(crate) fn in_bpffs(path: &Path) -> Result<bool, KernelError> {
    let existing = path.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/"));
    let filesystem = statfs(existing).map_err(|errno| refused(path, errno))?;
    Ok(filesystem.filesystem_type() == BPF_FS_MAGIC)
}

fn make(path: &Path) -> Result<(), KernelError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| refused(path, error))
}

fn refused(path: &Path, source: impl Into<std::io::Error>) -> KernelError {
    KernelError::NoBpfFilesystem { path: path.to_owned(), source: source.into() }
}
