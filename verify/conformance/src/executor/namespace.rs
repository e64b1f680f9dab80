use crate::world::{LINKS, LISTENING_PORT, NEIGHBOURS, ROUTES, SOCKETS, WorldRoute, neighbour_mac, parse};
use anyhow::{Context, Result, bail};
use flumen_testkit::netns::Netns;
use flumen_testkit::packet::Mac;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, listen, setsockopt, socket, sockopt,
};
use std::io::Write;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};

/// A network namespace that is the host of [`crate::world`]. Dropping it removes it.
pub struct WorldNamespace {
    /// Closed before the namespace goes.
    _sockets: Vec<OwnedFd>,
    netns: Netns,
}

// === impl WorldNamespace ===

impl WorldNamespace {
    /// Makes it; `label` is for people.
    ///
    /// # Errors
    /// When the kernel or `ip` refuses something; says what.
    pub fn new(label: &str) -> Result<WorldNamespace> {
        let netns = Netns::new(label)?;
        for (key, value) in [
            ("net.ipv4.conf.all.forwarding", "1"),
            ("net.ipv6.conf.all.forwarding", "1"),
            ("net.ipv6.conf.default.forwarding", "1"),
            ("net.ipv6.conf.default.addr_gen_mode", "1"), // no link-local addresses, so nothing is sent unasked
            ("net.ipv6.conf.default.accept_ra", "0"),
            ("net.ipv4.tcp_syn_retries", "127"), // the sockets' SYNs are never answered
        ] {
            netns.sysctl(key, value)?;
        }
        batch(&netns, &links())?;
        for link in &LINKS {
            netns.sysctl(&format!("net.ipv6.conf.{}-p.disable_ipv6", link.name.replace('.', "/")), "1")?;
            if !link.forwarding {
                netns.sysctl(&format!("net.ipv4.conf.{}.forwarding", link.name), "0")?;
                netns.sysctl(&format!("net.ipv6.conf.{}.forwarding", link.name), "0")?;
            }
        }
        batch(&netns, &addresses())?;
        let _sockets = netns.run(open_sockets)??;
        Ok(WorldNamespace { _sockets, netns })
    }

    /// The namespace.
    pub fn netns(&self) -> &Netns {
        &self.netns
    }

    /// Runs `inside` on a thread in this namespace.
    ///
    /// # Errors
    /// When it cannot be entered.
    pub fn run<T: Send>(&self, inside: impl FnOnce() -> T + Send) -> Result<T> {
        Ok(self.netns.run(inside)?)
    }
}

fn links() -> String {
    let line = |link: &crate::world::WorldLink| {
        let (name, index, mac, mtu) = (link.name, link.index, Mac(link.mac()), link.mtu);
        let peer = index + 100; // a number that the kernel chooses might be one of ours
        let link = format!("link add {name} index {index} address {mac} mtu {mtu} type veth");
        format!("{link} peer name {name}-p index {peer} mtu {mtu}\n")
    };
    LINKS.iter().map(line).collect()
}

fn addresses() -> String {
    let mut lines = String::new();
    for link in &LINKS {
        let name = link.name;
        lines += &format!("link set {name}-p up\nlink set {name} up\n");
        if let Some(v4) = link.v4 {
            lines += &format!("address add {v4} brd + dev {name}\n");
        }
        if let Some(v6) = link.v6 {
            lines += &format!("address add {v6} dev {name} nodad\n");
        }
    }
    for (prefix, route) in &ROUTES {
        let target = match route {
            WorldRoute::Via(link, hop) => format!("{prefix} via {hop} dev {link}"),
            WorldRoute::Onto(link) => format!("{prefix} dev {link}"),
            WorldRoute::Refused(kind) => format!("{kind} {prefix}"),
            WorldRoute::Encapsulated(link) if prefix.contains(':') => {
                format!("{prefix} encap ip6 id 1 dst 2001:db8:2::10 dev {link}")
            }
            WorldRoute::Encapsulated(link) => format!("{prefix} encap ip id 1 dst 203.0.113.10 dev {link}"),
        };
        lines += &format!("route add {target}\n");
    }
    for (link, address) in &NEIGHBOURS {
        let mac = Mac(neighbour_mac(parse(address)));
        lines += &format!("neigh replace {address} lladdr {mac} dev {link} nud permanent\n");
    }
    lines
}

/// Hands `lines` to `ip -batch` in the namespace. The family follows from the addresses.
fn batch(netns: &Netns, lines: &str) -> Result<()> {
    let mut child = Command::new("ip")
        .args(["-n", netns.name(), "-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start ip")?;
    child.stdin.take().context("ip has a stdin")?.write_all(lines.as_bytes())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("ip -batch: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Opens the sockets of the world, and one that listens for each protocol and family.
fn open_sockets() -> Result<Vec<OwnedFd>> {
    let mut sockets = Vec::new();
    for wanted in &SOCKETS {
        let local = SocketAddr::new(parse(wanted.local.0), wanted.local.1);
        let remote = SocketAddr::new(parse(wanted.remote.0), wanted.remote.1);
        let fd = bound(wanted.tcp, local)?;
        match connect(fd.as_raw_fd(), &SockaddrStorage::from(remote)) {
            Ok(()) | Err(nix::errno::Errno::EINPROGRESS) => {}
            Err(errno) => bail!("connect to {remote}: {errno}"),
        }
        sockets.push(fd);
    }
    for tcp in [true, false] {
        let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED); // both families
        let fd = bound(tcp, SocketAddr::new(any, LISTENING_PORT))?;
        if tcp {
            listen(&fd, nix::sys::socket::Backlog::new(1)?)?;
        }
        sockets.push(fd);
    }
    Ok(sockets)
}

fn bound(tcp: bool, local: SocketAddr) -> Result<OwnedFd> {
    let family = if local.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let kind = if tcp { SockType::Stream } else { SockType::Datagram };
    let fd = socket(family, kind, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    bind(fd.as_raw_fd(), &SockaddrStorage::from(local)).with_context(|| format!("bind {local}"))?;
    Ok(fd)
}
