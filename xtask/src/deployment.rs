//! The files below `deploy`, each before the eyes of its own tool.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::child;
use crate::packages;
use crate::tree::Tree;

/// Which validators, with their versions.
const REQUIREMENTS: &str = "deploy/check/requirements.txt";

/// Shell scripts.
const SCRIPTS: [&str; 4] = [
    "deploy/cloud/flumen-mirror-setup",
    "deploy/cloud/flumen-aws-forwarding",
    "deploy/debian/scripts/prerm",
    "deploy/debian/scripts/postrm",
];

const TERRAFORM: &str = "deploy/terraform";

/// Validates the cloud templates, the Kubernetes objects, the container file and the scripts.
///
/// The validators come from PyPI, into a folder below `target`. Where they cannot be had, this says so and checks
/// nothing: the files have no part in what is compiled.
///
/// # Errors
/// When a tool finds something wrong.
pub(crate) fn check(tree: &Tree) -> Result<()> {
    let tools = match tools(tree) {
        Ok(tools) => tools,
        Err(error) => {
            eprintln!("check: skipped, the validators of {REQUIREMENTS} cannot be installed: {error:#}");
            return Ok(());
        }
    };
    let mut failed = Vec::new();
    for (name, mut command) in commands(tree, &tools) {
        if let Err(error) = child::run(command.current_dir(tree.root())) {
            eprintln!("error: {name}: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("wrong: {}", failed.join(", "));
    }
    Ok(())
}

/// Every file and who looks at it.
fn commands(tree: &Tree, tools: &Path) -> Vec<(&'static str, Command)> {
    let tool = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(tools.join(name));
        command.args(arguments);
        command
    };
    let mut commands = vec![
        ("CloudFormation", tool("cfn-lint", &["deploy/cloudformation/flumen-mirror.yaml"])),
        (
            "Kubernetes",
            tool("kubernetes-validate", &["--strict", "--quiet", "deploy/kubernetes/flumen.yaml"]),
        ),
        ("container", tool("hadolint", &["deploy/container/Containerfile"])),
        ("Terraform", tool("python", &["deploy/check/terraform.py", TERRAFORM])),
        ("scripts", tool("shellcheck", &SCRIPTS)),
    ];
    // Its provider is nobody's package: what resources take is validated where somebody has initialised the module.
    if packages::has_program("terraform") {
        let mut format = Command::new("terraform");
        format.args(["fmt", "-check", "-diff", TERRAFORM]);
        commands.push(("Terraform's form", format));
        if tree.at(TERRAFORM).join(".terraform").is_dir() {
            let mut validate = Command::new("terraform");
            validate.args([&format!("-chdir={TERRAFORM}"), "validate"]);
            commands.push(("Terraform and its provider", validate));
        }
    }
    commands
}

/// The folder of the validators' programs, which are installed when they are not the ones asked for.
fn tools(tree: &Tree) -> Result<PathBuf> {
    let folder = tree.at("target/deploy-tools");
    let (wanted, mark) = (tree.at(REQUIREMENTS), folder.join("requirements.txt"));
    let requirements = std::fs::read(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    if std::fs::read(&mark).is_ok_and(|installed| installed == requirements) {
        return Ok(folder.join("bin"));
    }
    if !packages::has_program("python3") {
        bail!("there is no python3");
    }
    eprintln!(
        "check: installing the validators of {REQUIREMENTS} from PyPI to {}",
        tree.shorten(&folder).display()
    );
    child::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted);
    child::run(&mut pip)?;
    std::fs::write(&mark, requirements).with_context(|| format!("cannot write {}", mark.display()))?;
    Ok(folder.join("bin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_validated_is_there() {
        let tree = Tree::of_this_checkout();
        for (name, command) in commands(&tree, Path::new("tools")) {
            let files =
                command.get_args().filter(|argument| argument.to_string_lossy().starts_with("deploy/"));
            for file in files {
                assert!(tree.root().join(file).exists(), "{name}: {}", file.display());
            }
        }
    }
}
