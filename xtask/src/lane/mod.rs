//! One command in a QEMU guest that boots a stock Debian kernel.
//!
//! The guest's root is the host's, read-only under a tmpfs overlay; the checkout is shared writable. So what was built
//! on the host runs in the guest, with the host's libraries and programs, under another kernel.

mod guest;
mod initrd;
mod kernel;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

pub(crate) use guest::run;
pub(crate) use kernel::Kernel;

use crate::packages;

/// A program that the lane starts on the host, and its Debian package.
const PROGRAMS: [(&str, &str); 7] = [
    (QEMU, "qemu-system-x86"),
    ("modprobe", "kmod"),
    ("depmod", "kmod"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
    ("gzip", "gzip"),
    ("timeout", "coreutils"),
];

const QEMU: &str = "qemu-system-x86_64";

/// One run in a guest.
pub(crate) struct Job {
    /// The folder it runs in.
    pub(crate) folder: PathBuf,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// It has failed when none of its tests was run.
    pub(crate) must_pass: bool,
    /// Kernel modules loaded first.
    pub(crate) modules: Vec<String>,
    /// After this the guest is stopped and the job has failed.
    pub(crate) limit: Duration,
    /// The guest's memory.
    pub(crate) memory_mib: u32,
    /// Whether the guest's console is printed even when all went well.
    pub(crate) console: bool,
}

/// Installs what the lane starts, if something is missing.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn need_programs() -> Result<()> {
    let missing = PROGRAMS.iter().filter(|(program, _)| !packages::has_program(program));
    let mut names: Vec<String> = missing.map(|(_, package)| (*package).to_owned()).collect();
    if initrd::busybox().is_none() {
        names.push("busybox-static".to_owned());
    }
    names.extend(kernel::missing_keyring().map(str::to_owned));
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    packages::install(&names)
}

/// A word as a POSIX shell takes it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_word_comes_back_from_the_shell_unchanged() {
        for word in ["plain", "two words", "it's", "$HOME `id` \\ \"", ""] {
            let script = format!("printf %s {}", quoted(word));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().expect("sh runs");
            assert_eq!(String::from_utf8(output.stdout).expect("text"), word);
        }
    }
}
