//! `make deb`: the Debian package, made by `cargo-deb` from what is staged here, unpacked into a scratch root and tried.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::artifacts;
use crate::child;
use crate::ebpf;
use crate::packages;
use crate::tree::Tree;

const VERSION: &str = "3.8.0";

/// Below this the package and what goes into it are put.
const FOLDER: &str = "target/debian";

/// Where the units in the tree say that the program is, and where the package has it.
const PROGRAM_IN_UNIT: &str = "/usr/local/bin/flumen";
const PROGRAM: &str = "/usr/bin/flumen";

const UNITS: [&str; 4] =
    ["flumen.service", "flumen-tune@.service", "flumen-metrics.service", "flumen-cloudwatch.service"];

/// What `flumen generate` prints, and the file it becomes.
const GENERATED: [(&str, &str); 4] =
    [("man", "flumen.1"), ("bash", "flumen.bash"), ("fish", "flumen.fish"), ("zsh", "_flumen")];

/// What must be in the package.
const CONTENT: [&str; 11] = [
    "usr/bin/flumen",
    "usr/sbin/flumen-mirror-setup",
    "usr/lib/flumen/aws-forwarding",
    "usr/lib/systemd/system/flumen.service",
    "usr/lib/systemd/system/flumen-tune@.service",
    "usr/lib/systemd/system/flumen-metrics.service",
    "usr/lib/systemd/system/flumen-cloudwatch.service",
    "etc/default/flumen",
    "usr/share/man/man1/flumen.1.gz",
    "usr/share/bash-completion/completions/flumen",
    "usr/share/doc/flumen/copyright",
];

/// Makes `target/debian/flumen_*.deb`, with a release build unless `debug`.
///
/// # Errors
/// When something does not compile, `cargo-deb` cannot be had, or the package is not what it should be.
pub(crate) fn run(tree: &Tree, debug: bool) -> Result<()> {
    ebpf::build(tree)?;
    let mut cargo = child::cargo();
    cargo.args(["build", "--quiet", "--package", "flumen-cli", "--bins"]);
    if !debug {
        cargo.arg("--release");
    }
    let programs = artifacts::build(cargo.current_dir(tree.root()))?;
    let program = artifacts::named(&programs, "flumen")?;
    let folder = tree.at(FOLDER);
    stage(tree, program, &folder.join("stage"))?;
    if !debug && packages::has_program("strip") {
        child::run(Command::new("strip").arg("--strip-debug").arg(folder.join("stage/flumen")))?;
    }
    let package = pack(tree, &folder)?;
    try_out(&package, &folder.join("root"))?;
    println!("made {}", package.display());
    Ok(())
}

/// Puts together what goes into the package.
fn stage(tree: &Tree, program: &Path, stage: &Path) -> Result<()> {
    let fresh = |folder: &Path| -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))
    };
    fresh(stage)?;
    fresh(&stage.join("units"))?;
    fs::copy(program, stage.join("flumen")).context("cannot stage the program")?;
    for unit in UNITS {
        let text =
            fs::read_to_string(tree.at("deploy/systemd").join(unit)).with_context(|| unit.to_owned())?;
        fs::write(stage.join("units").join(unit), text.replace(PROGRAM_IN_UNIT, PROGRAM))?;
    }
    for (what, file) in GENERATED {
        let text = child::read(Command::new(program).args(["generate", what]))?;
        fs::write(stage.join(file), text)?;
    }
    Ok(())
}

/// Runs `cargo-deb`, which is installed from crates.io when it is missing.
fn pack(tree: &Tree, folder: &Path) -> Result<PathBuf> {
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "deb") {
            fs::remove_file(entry.path())?;
        }
    }
    let mut cargo = Command::new(cargo_deb(tree)?);
    cargo.args(["--quiet", "--no-build", "--no-strip", "--package", "flumen-cli", "--output"]).arg(folder);
    child::run(cargo.current_dir(tree.root()))?;
    let mut packages = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
    packages
        .find(|path| path.extension().is_some_and(|ending| ending == "deb"))
        .context("cargo-deb made no package")
}

fn cargo_deb(tree: &Tree) -> Result<PathBuf> {
    if packages::has_program("cargo-deb") {
        return Ok("cargo-deb".into());
    }
    let folder = tree.at("target/deb-tools");
    let program = folder.join("bin/cargo-deb");
    if !program.is_file() {
        eprintln!(
            "deb: installing cargo-deb {VERSION} from crates.io to {}",
            tree.shorten(&folder).display()
        );
        let mut cargo = child::cargo();
        cargo
            .args(["install", "--quiet", "--locked", "--version", VERSION, "cargo-deb", "--root"])
            .arg(&folder);
        child::run(&mut cargo)?;
    }
    Ok(program)
}

/// Unpacks the package into an empty root, as `dpkg` does it, and looks whether everything is there and works.
fn try_out(package: &Path, root: &Path) -> Result<()> {
    if root.exists() {
        fs::remove_dir_all(root).with_context(|| format!("cannot empty {}", root.display()))?;
    }
    fs::create_dir_all(root)?;
    child::run(Command::new("dpkg-deb").arg("--extract").args([package, root]))?;
    let missing: Vec<_> = CONTENT.iter().filter(|path| !root.join(path).is_file()).collect();
    ensure!(missing.is_empty(), "the package lacks {missing:?}");
    let said = child::read(Command::new(root.join("usr/bin/flumen")).arg("--version"))?;
    ensure!(said.starts_with("flumen "), "the packaged program says {said}");
    for unit in UNITS {
        let path = root.join("usr/lib/systemd/system").join(unit);
        let text = fs::read_to_string(&path)?;
        ensure!(text.contains(PROGRAM) && !text.contains(PROGRAM_IN_UNIT), "{unit} starts another program");
    }
    let control = child::read(Command::new("dpkg-deb").arg("--field").arg(package))?;
    for field in ["Package: flumen\n", "Depends: "] {
        ensure!(control.contains(field), "the package's control file has no {field:?}:\n{control}");
    }
    // What a removal does is ours; what an upgrade does is systemd's way.
    let info = child::read(Command::new("dpkg-deb").arg("--info").arg(package).arg("prerm"))?;
    ensure!(
        info.contains("flumen detach") && !info.contains("#DEBHELPER#"),
        "the package's prerm is not ours:\n{info}"
    );
    Ok(())
}
