//! `bpf-linker`: links LLVM bitcode to one eBPF object. It reads the bitcode of the LLVM that it was built with and of
//! older ones, never of newer ones.

use std::fs::{self, File};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::child;
use crate::packages;

const VERSION: &str = "0.13.0";

/// The LLVM versions that this release can be built with.
const LLVM: RangeInclusive<u32> = 21..=23;

/// What the build links besides LLVM itself.
const BUILD_PACKAGES: [&str; 4] = ["zlib1g-dev", "libzstd-dev", "libxml2-dev", "g++"];

/// A linker that fits a compiler.
#[derive(Debug)]
pub(crate) struct Linker {
    /// The folder of the program, to be put on the path.
    pub(crate) folder: PathBuf,
    /// The LLVM it was built with; 0 when the program does not tell.
    pub(crate) llvm: u32,
}

/// The newest LLVM whose bitcode can be linked.
pub(crate) fn max_llvm() -> u32 {
    *LLVM.end()
}

/// One line for people.
pub(crate) fn describe(linker: &Linker) -> String {
    let place = linker.folder.display();
    match linker.llvm {
        0 => format!("bpf-linker {VERSION} of {place}"),
        llvm => format!("bpf-linker {VERSION} (LLVM {llvm}) of {place}"),
    }
}

/// A linker that is already here and reads the bitcode of LLVM `wanted`.
pub(crate) fn present(wanted: u32) -> Option<Linker> {
    own(wanted).or_else(|| on_path().filter(|linker| linker.llvm == 0 || linker.llvm >= wanted))
}

/// Builds a linker that reads the bitcode of LLVM `wanted`, installing that LLVM from the distribution if it must.
///
/// # Errors
/// When no LLVM fits and none can be installed, or the build fails.
pub(crate) fn install(wanted: u32) -> Result<Linker> {
    if !LLVM.contains(&wanted.max(*LLVM.start())) {
        bail!("bpf-linker {VERSION} cannot read the bitcode of LLVM {wanted}");
    }
    let tools = tools()?;
    fs::create_dir_all(&tools).with_context(|| format!("cannot create {}", tools.display()))?;
    let lock = File::create(tools.join(".lock")).context("cannot create the lock of the tools folder")?;
    lock.lock().context("cannot lock the tools folder")?; // two checkouts may start together
    if let Some(linker) = own(wanted) {
        return Ok(linker);
    }
    let (llvm, prefix) = match find_llvm(wanted) {
        Some(found) => found,
        None => install_llvm(wanted)?,
    };
    eprintln!(
        "bootstrap: building bpf-linker {VERSION} with LLVM {llvm} into {} (about a minute)",
        tools.display()
    );
    let mut cargo = child::cargo();
    cargo.args(["install", "--quiet", "--locked", "--force", "bpf-linker", "--version", VERSION]);
    cargo.args(["--no-default-features", "--features", &format!("llvm-{llvm}"), "--root"]).arg(&tools);
    cargo.current_dir(&tools).env("LLVM_PREFIX", &prefix);
    child::run(child::without_caller_flags(&mut cargo))?;
    own(wanted).context("bpf-linker was built, but does not run")
}

/// Where programs are kept between checkouts: `$XDG_CACHE_HOME/flumen/tools`.
fn tools() -> Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("flumen/tools"))
}

/// The linker that we built earlier.
fn own(wanted: u32) -> Option<Linker> {
    let tools = tools().ok()?;
    let llvm = built_with(&fs::read_to_string(tools.join(".crates2.json")).ok()?)?;
    let folder = tools.join("bin");
    (llvm >= wanted && runs(&folder.join("bpf-linker"))).then_some(Linker { folder, llvm })
}

/// A linker that the user installed.
fn on_path() -> Option<Linker> {
    let path = std::env::var_os("PATH")?;
    let folder = std::env::split_paths(&path).find(|folder| runs(&folder.join("bpf-linker")))?;
    let llvm = loaded_llvm(&fs::read(folder.join("bpf-linker")).ok()?).unwrap_or(0);
    Some(Linker { folder, llvm })
}

/// The LLVM that a program loads, from the name of the library in its bytes. A published program carries the newest
/// LLVM inside and names none.
fn loaded_llvm(program: &[u8]) -> Option<u32> {
    const LIBRARY: &[u8] = b"libLLVM.so.";
    let start = program.windows(LIBRARY.len()).position(|window| window == LIBRARY)? + LIBRARY.len();
    let digits = program.get(start..)?.iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))).filter(|number| *number > 0)
}

fn runs(program: &Path) -> bool {
    let expected = format!("bpf-linker {VERSION}");
    program.is_file()
        && child::ask(Command::new(program).arg("--version")).is_some_and(|answer| answer == expected)
}

/// The LLVM feature in cargo's record of installed programs.
fn built_with(record: &str) -> Option<u32> {
    let record: serde_json::Value = serde_json::from_str(record).ok()?;
    let key_start = format!("bpf-linker {VERSION} ");
    let (_, install) =
        record.get("installs")?.as_object()?.iter().find(|(key, _)| key.starts_with(&key_start))?;
    let features = install.get("features")?.as_array()?;
    features.iter().find_map(|feature| feature.as_str()?.strip_prefix("llvm-")?.parse().ok())
}

/// The oldest LLVM of this machine that is new enough and has its headers, with its prefix.
fn find_llvm(wanted: u32) -> Option<(u32, PathBuf)> {
    let usable = LLVM.filter(|llvm| *llvm >= wanted);
    usable.into_iter().find_map(|llvm| {
        let places = [
            format!("/usr/lib/llvm-{llvm}"),
            format!("/usr/lib64/llvm{llvm}"),
            format!("/usr/lib/llvm{llvm}"),
        ];
        let prefix = places
            .into_iter()
            .map(PathBuf::from)
            .find(|place| place.join("bin/llvm-config").exists() && place.join("include/llvm-c").exists())?;
        Some((llvm, prefix))
    })
}

fn install_llvm(wanted: u32) -> Result<(u32, PathBuf)> {
    let offered = |llvm: &u32| {
        let policy = child::ask(Command::new("apt-cache").args(["policy", &format!("llvm-{llvm}-dev")]));
        policy.is_some_and(|text| text.contains("Candidate:") && !text.contains("Candidate: (none)"))
    };
    let Some(llvm) = LLVM.filter(|llvm| *llvm >= wanted).find(offered) else {
        bail!("no LLVM from {wanted} to {} is installed or packaged here", LLVM.end());
    };
    let mut names = vec![format!("llvm-{llvm}-dev"), format!("libpolly-{llvm}-dev")];
    names.extend(BUILD_PACKAGES.map(str::to_owned));
    packages::install(&names)?;
    find_llvm(wanted).with_context(|| {
        format!("llvm-{llvm}-dev was installed, but its llvm-config is not where it should be")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"installs":{"bpf-linker 0.13.0 (registry+https://example.org)":
        {"bins":["bpf-linker"],"features":["llvm-22"],"no_default_features":true}}}"#;

    #[test]
    fn the_llvm_of_an_installed_linker_is_read_from_cargos_record() {
        assert_eq!(built_with(RECORD), Some(22));
    }

    #[test]
    fn the_llvm_that_a_program_loads_is_read_from_its_bytes() {
        assert_eq!(loaded_llvm(b"\0libc.so.6\0libLLVM.so.22.1\0"), Some(22));
        assert_eq!(loaded_llvm(b"\0libc.so.6\0"), None);
    }

    #[test]
    fn another_version_of_the_linker_does_not_count() {
        assert_eq!(built_with(&RECORD.replace("0.13.0", "0.12.0")), None);
        assert_eq!(built_with("not a record"), None);
    }
}
