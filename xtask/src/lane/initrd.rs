//! The guest's first file system: busybox, the modules it needs to see the host's, and a script.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::child;
use crate::lane::Kernel;

/// Runs as process 1; mounts the host's files and hands over.
const INIT: &str = include_str!("init.sh");

/// What the guest needs before it can load modules from the host's files.
const MODULES: [&str; 6] = ["virtio_pci", "virtio_console", "9pnet_virtio", "9p", "overlay", "virtio_rng"];

/// Where Debian and others put busybox.
const BUSYBOX: [&str; 3] = ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox-static"];

/// The loader's name in a dynamic program; there is no such loader in the first file system.
const LOADER: &[u8] = b"/ld-linux";
const ELF_START: usize = 4096;

/// A statically linked busybox.
pub(super) fn busybox() -> Option<PathBuf> {
    BUSYBOX.map(PathBuf::from).into_iter().find(|path| {
        fs::read(path).is_ok_and(|bytes| {
            let start = bytes.get(..ELF_START).unwrap_or(&bytes);
            !start.windows(LOADER.len()).any(|window| window == LOADER)
        })
    })
}

/// Writes the compressed archive to `target`, using `work` to lay it out.
///
/// # Errors
/// When busybox or a module is missing, or the archive cannot be written.
pub(super) fn write(kernel: &Kernel, work: &Path, target: &Path) -> Result<()> {
    let busybox = busybox().context("there is no statically linked busybox")?;
    fs::create_dir_all(work.join("bin"))?;
    fs::create_dir_all(work.join("modules"))?;
    fs::copy(&busybox, work.join("bin/busybox"))?;
    fs::write(work.join("init"), INIT)?;
    fs::set_permissions(work.join("init"), Permissions::from_mode(0o755))?;
    let mut order = String::new();
    for module in needed(kernel)? {
        let name = module.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plain = name.split_once(".ko").map_or(name.as_str(), |(stem, _)| stem).to_owned() + ".ko";
        unpack(&module, &work.join("modules").join(&plain))?;
        order.push_str(&plain);
        order.push('\n');
    }
    fs::write(work.join("modules/order"), order)?;
    archive(&busybox, work, target)
}

/// The module files, each after those it needs.
fn needed(kernel: &Kernel) -> Result<Vec<PathBuf>> {
    let mut modprobe = Command::new("modprobe");
    modprobe
        .arg("-d")
        .arg(kernel.folder())
        .args(["-S", kernel.version(), "--show-depends", "-a"])
        .args(MODULES);
    Ok(files_to_insert(&child::read(&mut modprobe)?))
}

/// The files of `insmod FILE` lines, once each; `builtin NAME` lines need nothing.
fn files_to_insert(listed: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for file in
        listed.lines().filter_map(|line| line.strip_prefix("insmod ")).map(|file| PathBuf::from(file.trim()))
    {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

fn unpack(module: &Path, target: &Path) -> Result<()> {
    let program = match module.extension().and_then(|ending| ending.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        _ => "cat",
    };
    let mut command = Command::new(program);
    if program != "cat" {
        command.arg("-dc");
    }
    child::run(command.arg(module).stdout(File::create(target)?).stderr(Stdio::null()))
}

fn archive(busybox: &Path, folder: &Path, target: &Path) -> Result<()> {
    let names = Command::new("find").arg(".").current_dir(folder).stdout(Stdio::piped()).spawn()?;
    let names = names.stdout.context("find has an output")?;
    let mut pack = Command::new(busybox);
    pack.args(["cpio", "-o", "-H", "newc"]).current_dir(folder);
    let packed = pack.stdin(names).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let packed = packed.stdout.context("cpio has an output")?;
    child::run(Command::new("gzip").arg("-1").stdin(packed).stdout(File::create(target)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_keep_their_order_and_built_in_ones_are_passed_over() {
        let listed = "builtin virtio_pci\ninsmod /k/virtio.ko.xz \ninsmod /k/9p.ko\ninsmod /k/virtio.ko.xz\n";
        assert_eq!(files_to_insert(listed), [PathBuf::from("/k/virtio.ko.xz"), PathBuf::from("/k/9p.ko")]);
    }
}
