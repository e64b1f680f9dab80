//! A Debian kernel, fetched with apt into a cache and never installed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::child;

/// The package that stands for a suite's newest stock kernel.
const META_PACKAGE: &str = "linux-image-amd64";

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const KEYRING_PACKAGE: &str = "debian-archive-keyring";

/// Where Debian is fetched from when this machine's apt uses no Debian mirror.
const PUBLIC_MIRROR: &str = "http://deb.debian.org/debian";

/// An unpacked kernel: `vmlinuz` and `lib/modules/VERSION` below its folder.
pub(crate) struct Kernel {
    folder: PathBuf,
    version: String,
}

// === impl Kernel ===

impl Kernel {
    /// The kernel of a Debian suite, from the cache or fetched into it. A cached one is not looked up again: remove
    /// `$XDG_CACHE_HOME/flumen/kernels` to follow the suite.
    ///
    /// # Errors
    /// When the suite is unknown to the mirror, or its packages are not as expected.
    pub(crate) fn of(suite: &str) -> Result<Self> {
        if suite.is_empty() || !suite.chars().all(|char| char.is_ascii_alphanumeric() || char == '-') {
            bail!("`{suite}` is no Debian suite");
        }
        let cache = cache()?;
        fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
        let lock =
            File::create(cache.join(format!(".{suite}.lock"))).context("cannot create the cache's lock")?;
        lock.lock().context("cannot lock the cache")?;
        let folder = cache.join(suite);
        if let Some(kernel) = Self::cached(&folder) {
            return Ok(kernel);
        }
        eprintln!("kernel lane: fetching the kernel of {suite} into {}", folder.display());
        fetch(suite, &folder).with_context(|| format!("cannot get the kernel of {suite}"))?;
        Self::cached(&folder).with_context(|| format!("the fetched kernel of {suite} is incomplete"))
    }

    fn cached(folder: &Path) -> Option<Self> {
        let version = fs::read_to_string(folder.join("version")).ok()?.trim().to_owned();
        (!version.is_empty()).then(|| Self { folder: folder.to_owned(), version })
    }

    /// As `uname -r` says it.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The folder that `modprobe -d` takes.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The bootable image.
    pub(crate) fn image(&self) -> PathBuf {
        self.folder.join("vmlinuz")
    }

    /// What the guest sees as its `lib/modules/VERSION`.
    pub(crate) fn modules(&self) -> PathBuf {
        self.folder.join("lib/modules").join(&self.version)
    }
}

/// The package to install when Debian's signatures cannot be checked here.
pub(super) fn missing_keyring() -> Option<&'static str> {
    (!Path::new(KEYRING).exists()).then_some(KEYRING_PACKAGE)
}

fn cache() -> Result<PathBuf> {
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    Ok(cache.context("neither XDG_CACHE_HOME nor HOME is set")?.join("flumen/kernels"))
}

/// Fetches and unpacks beside `folder`, and renames when all is there.
fn fetch(suite: &str, folder: &Path) -> Result<()> {
    let work = folder.with_extension("new");
    remove(&work)?;
    for part in ["lists/partial", "cache/archives/partial", "debs", "x", "lib/modules"] {
        fs::create_dir_all(work.join(part))?;
    }
    let apt = Apt::with_own_lists(suite, &work)?;
    child::run(&mut apt.command("apt-get", &["update"]))?;
    let packages = apt.kernel_packages()?;
    let mut download = apt.command("apt-get", &["download"]);
    child::run(download.args(&packages).current_dir(work.join("debs")))?;
    for package in work.join("debs").read_dir()? {
        child::run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(work.join("x")))?;
    }
    arrange(&work)?;
    for part in ["lists", "cache", "debs", "x"] {
        remove(&work.join(part))?;
    }
    remove(folder)?;
    fs::rename(&work, folder).context("cannot move the kernel to its place")
}

/// Moves the image and the modules out of the unpacked packages; their place in them has changed over the suites.
fn arrange(work: &Path) -> Result<()> {
    let trees = [work.join("x/usr/lib/modules"), work.join("x/lib/modules")];
    let mut versions = trees.iter().filter_map(|tree| tree.read_dir().ok()).flatten().flatten();
    let modules =
        versions.find(|entry| entry.path().join("kernel").is_dir()).context("no modules in the packages")?;
    let version = modules.file_name().to_string_lossy().into_owned();
    let target = work.join("lib/modules").join(&version);
    fs::rename(modules.path(), &target).context("cannot move the modules")?;
    let images = [work.join("x/boot").join(format!("vmlinuz-{version}")), target.join("vmlinuz")];
    let image = images.iter().find(|image| image.is_file()).context("no kernel image in the packages")?;
    fs::rename(image, work.join("vmlinuz")).context("cannot move the image")?;
    child::run(Command::new("depmod").arg("-b").arg(work).arg(&version))?;
    fs::write(work.join("version"), version).context("cannot write the version")
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// apt with its own lists and one suite, beside the machine's apt and without its lock.
struct Apt {
    options: Vec<String>,
}

// === impl Apt ===

impl Apt {
    fn with_own_lists(suite: &str, work: &Path) -> Result<Self> {
        let sources = work.join("sources.list");
        fs::write(&sources, format!("deb [signed-by={KEYRING}] {} {suite} main\n", mirror()))?;
        // The machine's hooks would run for our update too, and those of container images delete every .deb in sight.
        let hooks = ["Update::Pre-Invoke", "Update::Post-Invoke", "Update::Post-Invoke-Success"];
        let cleared =
            hooks.map(|hook| format!("#clear APT::{hook};\n")).concat() + "#clear DPkg::Post-Invoke;\n";
        let configuration = work.join("apt.conf");
        fs::write(&configuration, cleared)?;
        let at = |name: &str| work.join(name).display().to_string();
        let mut options = vec!["-qq".to_owned(), "-c".to_owned(), configuration.display().to_string()];
        for option in [
            format!("Dir::Etc::sourcelist={}", sources.display()),
            "Dir::Etc::sourceparts=/dev/null".to_owned(),
            format!("Dir::State::lists={}", at("lists")),
            format!("Dir::Cache={}", at("cache")),
            "Dir::State::status=/dev/null".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Retries=3".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ] {
            options.extend(["-o".to_owned(), option]);
        }
        Ok(Self { options })
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).args(args);
        command
    }

    /// The packages that hold the image and the modules: the stand-in names a versioned image, which since Linux 7
    /// names the parts.
    fn kernel_packages(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        let mut open = vec![META_PACKAGE.to_owned()];
        while let Some(package) = open.pop() {
            let hidden = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];
            let mut depends = self.command("apt-cache", &["depends"]);
            depends.args(hidden.map(|relation| format!("--no-{relation}"))).arg(&package);
            for name in kernel_parts(&child::read(&mut depends)?) {
                if !found.contains(&name) {
                    found.push(name.clone());
                    open.push(name);
                }
            }
        }
        if found.is_empty() {
            bail!("{META_PACKAGE} names no kernel");
        }
        Ok(found)
    }
}

/// The versioned kernel packages in the output of `apt-cache depends`.
fn kernel_parts(depends: &str) -> Vec<String> {
    let names =
        depends.lines().filter_map(|line| line.trim().trim_start_matches('|').strip_prefix("Depends: "));
    let kinds = ["linux-image-", "linux-binary-", "linux-modules-", "linux-base-"];
    let versioned = |name: &&str| {
        let rest = kinds.iter().find_map(|kind| name.strip_prefix(kind));
        name.ends_with("-amd64")
            && rest.is_some_and(|rest| rest.starts_with(|char: char| char.is_ascii_digit()))
    };
    names.filter(versioned).map(str::to_owned).collect()
}

/// The Debian mirror that this machine's apt uses most.
fn mirror() -> String {
    let format =
        ["indextargets", "--format", "$(SITE)", "Created-By: Packages", "Origin: Debian", "Label: Debian"];
    most_common(&child::ask(Command::new("apt-get").args(format)).unwrap_or_default())
        .unwrap_or_else(|| PUBLIC_MIRROR.to_owned())
}

fn most_common(lines: &str) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for line in lines.lines().filter(|line| !line.is_empty()) {
        *counts.entry(line).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(line, _)| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versioned_kernel_packages_are_found_among_dependencies() {
        let depends = "linux-image-amd64\n  Depends: linux-image-6.1.0-40-amd64\n  Depends: kmod\n \
                       |Depends: linux-modules-7.2-amd64\n  Depends: linux-base\n  Depends: linux-image-amd64\n";
        assert_eq!(kernel_parts(depends), ["linux-image-6.1.0-40-amd64", "linux-modules-7.2-amd64"]);
    }

    #[test]
    fn the_mirror_used_most_is_taken() {
        assert_eq!(most_common("a\nb\nb\n").as_deref(), Some("b"));
        assert_eq!(most_common(""), None);
    }

    #[test]
    fn a_suite_cannot_name_another_folder() {
        assert!(Kernel::of("../x").is_err());
        assert!(Kernel::of("").is_err());
    }
}
