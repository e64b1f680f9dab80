//! Compiles the eBPF crates, each a workspace of its own, to one object file each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::artifacts;
use crate::child;
use crate::linker::{self, Linker};
use crate::toolchain::{self, Toolchain};
use crate::tree::Tree;

/// Where each crate is and what its object is called in `target/ebpf`.
const CRATES: [(&str, &str); 2] = [("dataplane/ebpf", "flumen.o"), ("verify/probes", "probes.o")];

/// What the objects in `target/ebpf` are called.
pub(crate) fn object_names() -> impl Iterator<Item = &'static str> {
    CRATES.into_iter().map(|(_, object)| object)
}

const TARGET: &str = "bpfel-unknown-none";

/// `v3` has 32-bit jumps and arithmetic: fewer instructions, and accepted since kernel 5.1. Headers have alignment 1,
/// which would make every field a series of byte loads; the kernel takes misaligned loads from packets and maps on
/// machines that have them, so the linker may emit them (LLVM 22).
const CODE_FLAGS: [&str; 10] = [
    "-C",
    "linker=bpf-linker",
    "-C",
    "link-arg=--btf",
    "-C",
    "debuginfo=2",
    "-C",
    "target-cpu=v3",
    "-C",
    "link-arg=--cpu-features=+allows-misaligned-mem-access",
];

/// Separates flags in `CARGO_ENCODED_RUSTFLAGS`, the one variable that overrides every other source of flags.
const FLAG_SEPARATOR: &str = "\u{1f}";

/// A compiler and a linker that fit each other.
struct Kit {
    toolchain: Toolchain,
    linker: Linker,
}

/// Finds or installs the toolchain, and says in one line which it is.
///
/// # Errors
/// When there is none and none can be installed; the message says what was tried.
pub(crate) fn bootstrap() -> Result<()> {
    let kit = kit()?;
    println!("eBPF toolchain: {}", kit.describe());
    Ok(())
}

/// Compiles every eBPF crate and puts its object where other crates read it. An object whose bytes did not change is
/// left alone, so that what embeds it is not built again.
///
/// # Errors
/// When there is no toolchain, or a crate is missing or does not compile.
pub(crate) fn build(tree: &Tree) -> Result<()> {
    if let Some((folder, _)) = CRATES.iter().find(|(folder, _)| !tree.at(folder).join("Cargo.toml").is_file())
    {
        bail!("there is no eBPF crate in {folder}: its Cargo.toml is missing");
    }
    let kit = kit()?;
    let built = CRATES.map(|(folder, object)| {
        let built = kit.compile(tree, &tree.at(folder))?; // one that fails keeps no other from being compiled
        publish(&built, &tree.ebpf_objects().join(object))
    });
    let written = built.into_iter().collect::<Result<Vec<_>>>()?;
    println!("eBPF: {} in target/ebpf, by {}", written.join(", "), kit.describe());
    Ok(())
}

// === impl Kit ===

impl Kit {
    fn describe(&self) -> String {
        let Toolchain { origin, release, llvm, .. } = &self.toolchain;
        format!(
            "{origin} rustc {release} (LLVM {llvm}) with its library source, {}",
            linker::describe(&self.linker)
        )
    }

    /// Compiles the crate in `folder`; gives the file that cargo wrote.
    fn compile(&self, tree: &Tree, folder: &Path) -> Result<PathBuf> {
        let mut cargo = Command::new(&self.toolchain.cargo);
        child::without_caller_flags(&mut cargo);
        cargo.args(["build", "--quiet", "--release", "-Z", "build-std=core", "--target", TARGET]);
        cargo.arg("--target-dir").arg(tree.ebpf_objects().join("build")).current_dir(folder);
        cargo.env("RUSTC", &self.toolchain.rustc).env("RUSTC_BOOTSTRAP", "1");
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(tree.root()).join(FLAG_SEPARATOR));
        cargo.env("PATH", with_in_front(&self.linker.folder)?);
        let manifest = folder.join("Cargo.toml");
        let mut programs =
            artifacts::build(&mut cargo)?.into_iter().filter(|program| program.manifest == manifest);
        let program = programs.next().map(|program| program.executable);
        program.with_context(|| format!("{} has no program to link", tree.shorten(&manifest).display()))
    }
}

/// Compiler flags. The paths of this machine stay out of the debug information: the object is shipped.
fn flags(root: &Path) -> Vec<String> {
    let mut flags: Vec<String> = CODE_FLAGS.map(str::to_owned).to_vec();
    flags.push(format!("--remap-path-prefix={}=.", root.display()));
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo"));
    if let Some(cargo) = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home) {
        flags.push(format!("--remap-path-prefix={}=cargo", cargo.display()));
    }
    flags
}

fn with_in_front(folder: &Path) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path)))
        .context("the path of the linker cannot be put on PATH")
}

/// Puts an object in its place unless the same bytes are there already; says what it is.
fn publish(built: &Path, object: &Path) -> Result<String> {
    let bytes = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    let same = fs::read(object).is_ok_and(|old| old == bytes);
    if !same {
        let new = object.with_extension("new"); // renamed: nobody reads half an object
        fs::write(&new, &bytes).with_context(|| format!("cannot write {}", new.display()))?;
        fs::rename(&new, object).with_context(|| format!("cannot write {}", object.display()))?;
    }
    let name = object.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name} ({} KiB, {})", bytes.len().div_ceil(1024), if same { "unchanged" } else { "new" }))
}

/// What is here and fits; else what can be built for a compiler that is here; else what rustup or apt can install.
fn kit() -> Result<Kit> {
    let toolchains = toolchain::present();
    for toolchain in &toolchains {
        if let Some(linker) = linker::present(toolchain.llvm) {
            return Ok(Kit { toolchain: toolchain.clone(), linker });
        }
    }
    let mut tried = Vec::new();
    for toolchain in toolchains {
        match linker::install(toolchain.llvm) {
            Ok(linker) => return Ok(Kit { toolchain, linker }),
            Err(error) => tried.push(format!("{} rustc: {error:#}", toolchain.origin)),
        }
    }
    match toolchain::install_with_rustup(linker::max_llvm()).and_then(complete) {
        Ok(kit) => return Ok(kit),
        Err(error) => tried.push(format!("with rustup: {error:#}")),
    }
    eprintln!("bootstrap: {}; going on with apt", tried.join("; "));
    match toolchain::install_with_apt().and_then(complete) {
        Ok(kit) => Ok(kit),
        Err(error) => {
            tried.push(format!("with apt: {error:#}"));
            bail!(
                "no eBPF toolchain. {}. Install a nightly with rust-src with rustup, and bpf-linker as its page says, \
                 then try again",
                tried.join("; ")
            )
        }
    }
}

fn complete(toolchain: Toolchain) -> Result<Kit> {
    let linker = match linker::present(toolchain.llvm) {
        Some(linker) => linker,
        None => linker::install(toolchain.llvm)?,
    };
    Ok(Kit { toolchain, linker })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_the_same_bytes_is_not_written_again() {
        let folder = std::env::temp_dir().join(format!("flumen-xtask-publish-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        let (built, object) = (folder.join("built"), folder.join("flumen.o"));
        fs::write(&built, b"one").expect("writable");
        assert!(publish(&built, &object).expect("published").contains("new"));
        assert!(publish(&built, &object).expect("published").contains("unchanged"));
        fs::write(&built, b"two").expect("writable");
        assert!(publish(&built, &object).expect("published").contains("new"));
        assert_eq!(fs::read(&object).expect("readable"), b"two");
        fs::remove_dir_all(&folder).expect("removable");
    }
}
