//! Programs that speak to netfilter.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where they are when the path does not say.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// Runs a program with this input; its output, or what it complained of.
pub(crate) fn run(program: &str, arguments: &[&str], input: &str) -> Result<String, String> {
    let Some(path) = find(program) else { return Err(format!("{program} is not installed")) };
    let spawned = Command::new(path)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = spawned.map_err(|error| format!("{program}: {error}"))?;
    let stdin = child.stdin.take().expect("it is piped");
    // What does not read to the end says why it ended.
    let told = { stdin }.write_all(input.as_bytes());
    let output = child.wait_with_output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        told.map_err(|error| format!("{program}: {error}"))?;
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let line = complaint.lines().find(|line| !line.trim().is_empty()).unwrap_or("it failed");
    Err(format!("{program}: {}", line.trim()))
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(FOLDERS.iter().map(|folder| Path::new(folder).to_owned()));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::run;

    #[test]
    fn a_program_is_given_its_input_and_its_first_complaint_is_told() {
        assert_eq!(run("cat", &[], "a\nb\n"), Ok("a\nb\n".to_owned()));
        assert_eq!(run("sh", &["-c", "echo no >&2; exit 1"], ""), Err("sh: no".to_owned()));
        assert_eq!(run("no-such-tool", &[], ""), Err("no-such-tool is not installed".to_owned()));
    }
}
