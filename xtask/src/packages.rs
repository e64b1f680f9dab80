//! Distribution packages. The one place that speaks to apt is `bootstrap.sh`, which also runs before there is a cargo.

use std::process::Command;

use anyhow::Result;

use crate::child;
use crate::tree::Tree;

/// Installs Debian packages, and says so first.
///
/// # Errors
/// When this is no Debian, we are not root, or apt fails; the script's message says what to do.
pub(crate) fn install(packages: &[String]) -> Result<()> {
    let script = Tree::of_this_checkout().at("xtask/bootstrap.sh");
    child::run(Command::new("sh").arg(script).arg("packages").args(packages))
}

/// Whether a program is on the path.
pub(crate) fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_is_found_and_nonsense_is_not() {
        assert!(has_program("sh"));
        assert!(!has_program("a-program-that-nobody-has"));
    }
}
