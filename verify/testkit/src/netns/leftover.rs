//! Namespaces whose test process was killed before it could remove them.

use std::path::Path;

use super::{PREFIX, command};
use crate::Error;

/// Names of this crate's namespaces whose process no longer runs.
///
/// # Errors
/// [`Error::Command`].
pub fn leftovers() -> Result<Vec<String>, Error> {
    let listed = command::run_line("ip netns list")?;
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.filter(|name| owner_is_gone(name)).map(str::to_owned).collect())
}

/// Removes the namespaces that [`leftovers`] lists, and returns their names. Others may do the same meanwhile.
///
/// # Errors
/// [`Error::Command`].
pub fn remove_leftovers() -> Result<Vec<String>, Error> {
    let names = leftovers()?;
    for name in &names {
        let removed = command::run_line(&format!("ip netns del {name}"));
        if Path::new("/run/netns").join(name).exists() {
            removed?;
        }
    }
    Ok(names)
}

fn owner_is_gone(name: &str) -> bool {
    let mut parts = name.split('-');
    let ours = parts.next() == Some(PREFIX);
    let pid = parts.next().and_then(|pid| pid.parse::<u32>().ok());
    ours && pid.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists())
}
