//! The Rust compiler for the eBPF target: one that has the library source beside it, because the target ships no
//! prebuilt `core`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::child;
use crate::packages;

/// The oldest release whose `core` and flags the programs are written for.
const MIN_MINOR: u32 = 95;

/// The nightly that is installed where rustup has none that fits. It is pinned because a newer one brings a newer LLVM
/// than the distributions package, and the linker must be built with at least the LLVM of the compiler.
const NIGHTLY: &str = "nightly-2026-05-20";

/// The library source, relative to a compiler's sysroot. The lock file is what cargo reads first.
const LIBRARY_LOCK: &str = "lib/rustlib/src/rust/library/Cargo.lock";

/// The distribution's own compiler, and the packages of Debian that bring it with the library source.
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];

/// A file that the rustup server has for every installation; asking for it shows whether a download can work at all.
const RUSTUP_SERVER: &str = "https://static.rust-lang.org";
const RUSTUP_PROBE: &str = "dist/channel-rust-stable.toml.sha256";
const PROBE_SECONDS: &str = "5";
const COMPONENT_LIMIT: Duration = Duration::from_secs(60);
const NIGHTLY_LIMIT: Duration = Duration::from_secs(300);

/// A compiler that can build `core` for the eBPF target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toolchain {
    /// Where it came from, for the one line that says so.
    pub(crate) origin: String,
    /// The compiler.
    pub(crate) rustc: PathBuf,
    /// The cargo beside it, or the one that runs us.
    pub(crate) cargo: PathBuf,
    /// Its release, `1.96.0`.
    pub(crate) release: String,
    /// The major version of its LLVM.
    pub(crate) llvm: u32,
}

// === impl Toolchain ===

impl Toolchain {
    /// `rustc` with its library source, or `None` when that is missing, it is too old, or it does not run.
    fn with_source(origin: &str, rustc: &Path) -> Option<Self> {
        let sysroot = rustc.parent()?.parent()?;
        if !sysroot.join(LIBRARY_LOCK).is_file() {
            return None;
        }
        let (release, llvm) = version(rustc)?;
        if minor(&release)? < MIN_MINOR {
            return None;
        }
        let beside = rustc.with_file_name("cargo");
        let cargo = if is_new_cargo(&beside) {
            beside
        } else {
            std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
        };
        Some(Self { origin: origin.to_owned(), rustc: rustc.to_owned(), cargo, release, llvm })
    }
}

/// Every compiler of this machine that can build for eBPF as it is: rustup's nightlies, rustup's others, the system's.
pub(crate) fn present() -> Vec<Toolchain> {
    let mut found: Vec<Toolchain> = rustup_names()
        .iter()
        .filter_map(|name| Toolchain::with_source(&format!("rustup {name}"), &rustup_rustc(name)?))
        .collect();
    found.extend(Toolchain::with_source("the system's", Path::new(SYSTEM_RUSTC)));
    found
}

/// Lets rustup download the library source for a nightly, or a nightly with it. `max_llvm` is the newest LLVM that the
/// linker can be built with.
///
/// # Errors
/// When there is no rustup, or it cannot download. The time is bounded.
pub(crate) fn install_with_rustup(max_llvm: u32) -> Result<Toolchain> {
    if !packages::has_program("rustup") {
        bail!("there is no rustup");
    }
    if !rustup_server_answers() {
        bail!("rustup cannot download: its server does not answer");
    }
    let fitting = rustup_names().into_iter().filter(|name| name.starts_with("nightly")).find(|name| {
        let known = rustup_rustc(name).and_then(|rustc| version(&rustc));
        known.is_some_and(|(release, llvm)| llvm <= max_llvm && minor(&release) >= Some(MIN_MINOR))
    });
    let (name, args, limit) = match &fitting {
        Some(name) => {
            (name.as_str(), vec!["component", "add", "rust-src", "--toolchain", name], COMPONENT_LIMIT)
        }
        None => {
            let wanted = ["toolchain", "install", NIGHTLY, "--profile", "minimal", "--component", "rust-src"];
            (NIGHTLY, wanted.to_vec(), NIGHTLY_LIMIT)
        }
    };
    eprintln!("bootstrap: rustup {}", args.join(" "));
    if !child::succeeds_within(Command::new("rustup").args(&args), limit) {
        bail!("`rustup {}` failed, or took over {} s", args.join(" "), limit.as_secs());
    }
    rustup_rustc(name)
        .and_then(|rustc| Toolchain::with_source(&format!("rustup {name}"), &rustc))
        .with_context(|| format!("rustup installed {name}, but it has no library source"))
}

/// Installs Debian's compiler and its library source.
///
/// # Errors
/// When apt cannot, or what it brings is too old.
pub(crate) fn install_with_apt() -> Result<Toolchain> {
    packages::install(&DEBIAN_PACKAGES.map(str::to_owned))?;
    Toolchain::with_source("the system's", Path::new(SYSTEM_RUSTC))
        .with_context(|| format!("{SYSTEM_RUSTC} is older than 1.{MIN_MINOR} or has no library source"))
}

/// The toolchains that rustup has, nightlies first.
fn rustup_names() -> Vec<String> {
    let listed = child::ask(rustup().args(["toolchain", "list"])).unwrap_or_default();
    let mut names: Vec<String> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    names.sort_by_key(|name| !name.starts_with("nightly"));
    names
}

/// The compiler of a rustup toolchain; it need not exist.
fn rustup_rustc(name: &str) -> Option<PathBuf> {
    child::ask(rustup().args(["which", "--toolchain", name, "rustc"])).map(PathBuf::from)
}

/// rustup, kept from installing something because it was asked a question.
fn rustup() -> Command {
    let mut rustup = Command::new("rustup");
    rustup.env("RUSTUP_AUTO_INSTALL", "0").stderr(std::process::Stdio::null());
    rustup
}

fn rustup_server_answers() -> bool {
    if !packages::has_program("curl") {
        return true; // the time limit of the download itself decides
    }
    let server = std::env::var("RUSTUP_DIST_SERVER").unwrap_or_else(|_| RUSTUP_SERVER.to_owned());
    let probe = format!("{server}/{RUSTUP_PROBE}");
    child::ask(Command::new("curl").args(["-sfL", "-m", PROBE_SECONDS, "-o", "/dev/null", &probe])).is_some()
}

/// The release of a compiler and the major version of its LLVM.
fn version(rustc: &Path) -> Option<(String, u32)> {
    parse_version(&child::ask(Command::new(rustc).arg("-vV"))?)
}

fn parse_version(text: &str) -> Option<(String, u32)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let llvm = field("LLVM version: ")?.split('.').next()?.parse().ok()?;
    Some((field("release: ")?.to_owned(), llvm))
}

/// The second number of `1.96.0`.
fn minor(release: &str) -> Option<u32> {
    release.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

fn is_new_cargo(cargo: &Path) -> bool {
    let answer = child::ask(Command::new(cargo).arg("--version"));
    answer.as_deref().and_then(|text| text.split_whitespace().nth(1)).and_then(minor) >= Some(MIN_MINOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_and_llvm_are_read_from_the_verbose_version() {
        let text = "rustc 1.97.0-nightly (e50aa6fba 2026-05-19)\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n\
                    release: 1.97.0-nightly\nLLVM version: 22.1.4\n";
        assert_eq!(parse_version(text), Some(("1.97.0-nightly".to_owned(), 22)));
    }

    #[test]
    fn a_compiler_without_llvm_is_not_taken() {
        assert_eq!(parse_version("rustc 1.97.0\nrelease: 1.97.0\n"), None);
    }

    #[test]
    fn minor_of_releases() {
        assert_eq!(minor("1.96.0"), Some(96));
        assert_eq!(minor("1.101.0-nightly"), Some(101));
        assert_eq!(minor("2.0.0"), None);
    }

    #[test]
    fn a_compiler_without_library_source_is_not_taken() {
        assert_eq!(Toolchain::with_source("nobody's", Path::new("/nowhere/bin/rustc")), None);
    }
}
