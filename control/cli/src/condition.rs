use flumen_api::{Condition, Watched};
use std::net::{IpAddr, SocketAddr};

/// What must hold until a commit is confirmed, as one writes it: `management`, or what [`Watched`] reads.
///
/// # Errors
/// When it means nothing, or when nobody manages the gateway over the network.
pub(crate) fn read(text: &str, tolerance: u32) -> Result<Condition, String> {
    let watched = match text {
        "management" => connection().ok_or_else(|| {
            "management: this command came by no SSH connection that can be found; watch an address or a port of yours \
             instead"
                .to_owned()
        })?,
        other => other.parse().map_err(|error: flumen_api::WatchedError| error.to_string())?,
    };
    Ok(Condition { watched, tolerance })
}

/// The SSH connection that this process was started by. `sudo` takes it out of the environment: then that of the
/// processes above tells.
fn connection() -> Option<Watched> {
    const HOPS: usize = 64;
    if let Some(own) = std::env::var("SSH_CONNECTION").ok().and_then(|text| parse(&text)) {
        return Some(own);
    }
    let mut pid = std::os::unix::process::parent_id();
    for _ in 0..HOPS {
        if pid <= 1 {
            return None;
        }
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        let found = variables.find_map(|variable| variable.strip_prefix(b"SSH_CONNECTION="));
        if let Some(own) = found.and_then(|text| parse(&String::from_utf8_lossy(text))) {
            return Some(own);
        }
        pid = parent(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    }
    None
}

/// Client address and port, own address and port (sshd(8)); a scope of a link-local address does not count.
fn parse(text: &str) -> Option<Watched> {
    let mut words = text.split(' ');
    let mut end = || -> Option<SocketAddr> {
        let address: IpAddr = words.next()?.split('%').next()?.parse().ok()?;
        Some(SocketAddr::new(address, words.next()?.parse().ok()?))
    };
    Some(Watched::Connection { from: end()?, to: end()? })
}

/// The parent in `/proc/PID/stat`: the second word behind the name, which may hold anything.
fn parent(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{parent, parse, read};
    use flumen_api::Watched;

    #[test]
    fn an_ssh_connection_is_read_with_both_families() {
        let wanted = |from: &str, to: &str| {
            Some(Watched::Connection { from: from.parse().unwrap(), to: to.parse().unwrap() })
        };
        assert_eq!(parse("192.0.2.9 51234 203.0.113.1 22"), wanted("192.0.2.9:51234", "203.0.113.1:22"));
        assert_eq!(parse("2001:db8::9 51234 fe80::1%eth0 22"), wanted("[2001:db8::9]:51234", "[fe80::1]:22"));
        assert_eq!(parse("192.0.2.9 51234 203.0.113.1"), None);
    }

    #[test]
    fn a_process_with_any_name_has_its_parent() {
        assert_eq!(parent("4711 (a b) c) S 77 4711 0"), Some(77));
        assert_eq!(parent("4711 (x)"), None);
    }

    #[test]
    fn what_cannot_be_watched_is_told_with_what_can() {
        assert_eq!(read("ping:192.0.2.1", 5).unwrap().tolerance, 5);
        assert!(read("pong:192.0.2.1", 5).unwrap_err().contains("tcp:ADDRESS:PORT"));
    }
}
