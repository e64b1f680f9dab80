//! Who and where the shell is, for its prompt.

/// Name of this host, up to its first dot.
pub(super) fn host_name() -> String {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let name = name.unwrap_or_default();
    let short = name.split('.').next().unwrap_or_default();
    if short.is_empty() { "gateway".to_owned() } else { short.to_owned() }
}

/// Name of the user.
pub(super) fn user_name() -> String {
    let uid = nix::unistd::geteuid();
    match nix::unistd::User::from_uid(uid) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}
