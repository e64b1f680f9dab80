//! A Debian kernel, fetched with apt into a cache and never installed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::child;

/// The package that stands for a suite's newest stock kernel.
const META_PACKAGE: &str = "linux-image-amd64";

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const KEYRING_PACKAGE: &str = "debian-archive-keyring";

/// Where Debian is fetched from when this machine's apt uses no Debian mirror.
const PUBLIC_MIRROR: &str = "http://deb.debian.org/debian";

/// A cached kernel older than this is compared with what the suite has now.
const LOOK_AGAIN: Duration = Duration::from_hours(24);

/// In a kernel's folder: the packages it was made of. Written anew whenever the suite was found to have the same.
const CONTENTS: &str = "packages";

/// An unpacked kernel: `vmlinuz` and `lib/modules/VERSION` below its folder. Nobody replaces it while this is held.
pub(crate) struct Kernel {
    folder: PathBuf,
    version: String,
    _lease: File,
}

// === impl Kernel ===

impl Kernel {
    /// The kernel of a Debian suite: from the cache if it was looked up within a day, else the suite's newest.
    ///
    /// # Errors
    /// When the suite is unknown to the mirror, a package cannot be downloaded, or is not as expected. With a kernel in
    /// the cache, that is a warning instead.
    pub(crate) fn of(suite: &str) -> Result<Self> {
        if suite.is_empty() || !suite.chars().all(|char| char.is_ascii_alphanumeric() || char == '-') {
            bail!("`{suite}` is no Debian suite");
        }
        let cache = cache()?;
        fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
        let lock =
            || File::create(cache.join(format!(".{suite}.lock"))).context("cannot create the cache's lock");
        let folder = cache.join(suite);

        let lease = lock()?;
        lease.lock_shared().context("cannot lock the cache")?;
        if let (Some(version), Age::New) = (version(&folder), age(&folder)) {
            return Ok(Self { folder, version, _lease: lease });
        }
        drop(lease);
        let lease = lock()?;
        lease.lock().context("cannot lock the cache")?; // waits for guests that run the old one
        if version(&folder).is_none() || age(&folder) == Age::Old {
            renew(suite, &folder)?;
        }
        drop(lease);
        let lease = lock()?;
        lease.lock_shared().context("cannot lock the cache")?;
        let version =
            version(&folder).with_context(|| format!("the fetched kernel of {suite} is incomplete"))?;
        Ok(Self { folder, version, _lease: lease })
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

/// Whether a kernel in the cache must be compared with its suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    New,
    Old,
}

/// One whose time lies in the future, or that does not tell, is old.
fn age(folder: &Path) -> Age {
    let looked_up = fs::metadata(folder.join(CONTENTS)).and_then(|file| file.modified());
    let since = looked_up.ok().and_then(|time| SystemTime::now().duration_since(time).ok());
    if since.is_some_and(|since| since < LOOK_AGAIN) { Age::New } else { Age::Old }
}

/// The kernel that is complete in `folder`, as `uname -r` says it.
fn version(folder: &Path) -> Option<String> {
    let version = fs::read_to_string(folder.join("version")).ok()?.trim().to_owned();
    (!version.is_empty()).then_some(version)
}

/// Brings `folder` up to its suite. Twice: between the list of packages and the download the suite may have moved.
fn renew(suite: &str, folder: &Path) -> Result<()> {
    let work = folder.with_extension("new");
    let fetched = fetch(suite, folder, &work).or_else(|error| {
        eprintln!("kernel lane: {error:#}; trying once more");
        fetch(suite, folder, &work)
    });
    remove(&work)?;
    let Err(error) = fetched else { return Ok(()) };
    let Some(version) = version(folder) else {
        return Err(error.context(format!("there is no kernel of {suite}, and none can be fetched")));
    };
    eprintln!("warning: kernel lane: {error:#}; going on with Linux {version}, which may not be the newest");
    Ok(())
}

/// Fetches and unpacks in `work`, and renames when all is there. What is the suite's newest already stays.
fn fetch(suite: &str, folder: &Path, work: &Path) -> Result<()> {
    remove(work)?;
    for part in ["lists/partial", "cache/archives/partial", "debs", "x", "lib/modules"] {
        fs::create_dir_all(work.join(part))?;
    }
    let apt = Apt::with_own_lists(suite, work)?;
    let unreachable = || format!("cannot read the package lists of {suite} from {}", apt.mirror);
    apt.get(&["update"], work).with_context(unreachable)?;
    let packages = apt.kernel_packages()?;
    let listed = apt.command("apt-get", &["download", "--print-uris"]).args(&packages).output();
    let contents = contents(&String::from_utf8_lossy(&listed.context("cannot start apt-get")?.stdout));
    if contents.lines().count() != packages.len() {
        bail!("apt knows no file of {} in {suite}", packages.join(", "));
    }
    if version(folder).is_some() && fs::read_to_string(folder.join(CONTENTS)).is_ok_and(|old| old == contents)
    {
        return fs::write(folder.join(CONTENTS), contents).context("cannot renew the kernel's time");
    }
    eprintln!("kernel lane: fetching {} into {}", packages.join(", "), folder.display());
    let names = packages.iter().map(String::as_str);
    apt.get(&["download"].into_iter().chain(names).collect::<Vec<_>>(), &work.join("debs"))
        .with_context(|| format!("cannot download {} of {suite} from {}", packages.join(", "), apt.mirror))?;
    for package in work.join("debs").read_dir()? {
        child::run(Command::new("dpkg-deb").arg("-x").arg(package?.path()).arg(work.join("x")))?;
    }
    arrange(work)?;
    fs::write(work.join(CONTENTS), contents)?;
    for part in ["lists", "cache", "debs", "x"] {
        remove(&work.join(part))?;
    }
    remove(folder)?;
    fs::rename(work, folder).context("cannot move the kernel to its place")
}

/// One line per file, with its name, size and digest, of what `apt-get download --print-uris` prints
/// (`'URI' NAME SIZE DIGEST`): the mirror may be another next time.
fn contents(uris: &str) -> String {
    let files = uris.lines().filter(|line| line.starts_with('\''));
    files.filter_map(|line| line.split_once(' ')).map(|(_, file)| format!("{file}\n")).collect()
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
    mirror: String,
}

// === impl Apt ===

impl Apt {
    fn with_own_lists(suite: &str, work: &Path) -> Result<Self> {
        let sources = work.join("sources.list");
        let mirror = mirror();
        fs::write(&sources, format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"))?;
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
            "APT::Update::Error-Mode=any".to_owned(), // else a list that cannot be read is a warning
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ] {
            options.extend(["-o".to_owned(), option]);
        }
        Ok(Self { options, mirror })
    }

    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).args(args);
        command
    }

    /// Runs `apt-get` in `folder`. It says on our terminal what went wrong.
    fn get(&self, args: &[&str], folder: &Path) -> Result<()> {
        let status = self.command("apt-get", args).current_dir(folder).status();
        let status = status.context("cannot start apt-get")?;
        if !status.success() {
            bail!("apt-get {}: {status}", args[0]);
        }
        Ok(())
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
    fn a_kernel_is_known_by_the_files_it_was_made_of_whatever_the_mirror() {
        let printed =
            |mirror: &str| format!("'{mirror}/pool/l.deb' l_6.1_amd64.deb 7 SHA256:ab\nNotice: none\n");
        assert_eq!(contents(&printed("http://a")), "l_6.1_amd64.deb 7 SHA256:ab\n");
        assert_eq!(contents(&printed("http://a")), contents(&printed("https://b")));
    }

    #[test]
    fn a_kernel_is_looked_up_again_after_a_day_and_when_its_time_is_unknown() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(age(folder.path()), Age::Old);
        let file = File::create(folder.path().join(CONTENTS)).expect("writable");
        assert_eq!(age(folder.path()), Age::New);
        file.set_modified(SystemTime::now() - LOOK_AGAIN).expect("its time is set");
        assert_eq!(age(folder.path()), Age::Old);
        file.set_modified(SystemTime::now() + LOOK_AGAIN).expect("its time is set");
        assert_eq!(age(folder.path()), Age::Old);
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
