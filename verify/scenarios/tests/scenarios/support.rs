//! What several scenarios need.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use flumen_scenarios::{Lab, reason};
use flumen_testkit::Error;
use flumen_testkit::netns::Netns;
use flumen_testkit::topology::Segment;

/// How long a server may take to listen, on a loaded machine.
pub const READY: Duration = Duration::from_secs(20);

/// How long a condition may take to come true.
pub const SOON: Duration = Duration::from_secs(10);

/// Fetches a page; options are parted by spaces.
pub fn curl(namespace: &Netns, arguments: &str) -> Result<String, Error> {
    namespace.exec(&format!("curl --silent --show-error --max-time 30 {arguments}"))
}

/// Both addresses of the server.
pub fn server_ips() -> [IpAddr; 2] {
    let host = Segment::Wan.host();
    [host.v4.into(), host.v6.into()]
}

/// Both addresses of the client.
pub fn client_ips() -> [IpAddr; 2] {
    let host = Segment::Lan.host();
    [host.v4.into(), host.v6.into()]
}

/// `http://ADDRESS:PORT`, with brackets where they belong.
pub fn url(ip: IpAddr, port: u16) -> String {
    format!("http://{}", SocketAddr::new(ip, port))
}

/// Frames of an interface that ended with a reason.
pub fn count(lab: &Lab, interface: &str, name: &str) -> u64 {
    let report = lab.flumen().reasons().expect("the daemon answers");
    reason(&report, interface, name).expect("interface and reason exist")
}

/// Every setting of a namespace that can be read: the files below `/proc/sys/net/ipv4` and `ipv6`.
pub fn sysctls(namespace: &Netns) -> BTreeMap<PathBuf, String> {
    let read = || {
        let mut found = BTreeMap::new();
        let mut folders = vec![PathBuf::from("/proc/sys/net/ipv4"), PathBuf::from("/proc/sys/net/ipv6")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match std::fs::read_to_string(&path) {
                    Ok(text) => drop(found.insert(path, text)),
                    Err(_) if path.is_dir() => folders.push(path),
                    // some can only be written, some have no value yet
                    Err(_) => {}
                }
            }
        }
        found
    };
    namespace.run(read).expect("the namespace is there")
}

/// A UDP socket in a namespace, bound to an address and port of it.
pub fn udp(namespace: &Netns, from: SocketAddr) -> Result<UdpSocket> {
    let socket = namespace.run(|| UdpSocket::bind(from))?;
    let socket = socket.with_context(|| format!("cannot bind {from}"))?;
    socket.set_read_timeout(Some(SOON))?;
    Ok(socket)
}

/// A UDP socket in a namespace on any port, connected.
pub fn udp_to(namespace: &Netns, to: SocketAddr) -> Result<UdpSocket> {
    let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = udp(namespace, any)?;
    namespace.run(|| socket.connect(to))?.context("cannot connect")?;
    Ok(socket)
}

/// Sends a datagram on a connected socket and returns the answer.
pub fn ask(socket: &UdpSocket, question: &str) -> io::Result<String> {
    socket.send(question.as_bytes())?;
    let mut answer = [0; 1500];
    let length = socket.recv(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..length]).into_owned())
}

/// Answers each datagram with "question from ADDRESS:PORT", until it is dropped.
pub struct UdpEcho {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl UdpEcho {
    pub fn start(namespace: &Netns, port: u16) -> Result<Self> {
        let socket = udp(namespace, (Ipv6Addr::UNSPECIFIED, port).into())?;
        socket.set_read_timeout(Some(Duration::from_millis(20)))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut question = [0; 1500];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut question) else { continue };
                let text = String::from_utf8_lossy(&question[..length]);
                let peer = SocketAddr::new(from.ip().to_canonical(), from.port());
                // an answer that cannot be sent is missed by who asked
                socket.send_to(format!("{text} from {peer}").as_bytes(), from).unwrap_or_default();
            }
        });
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for UdpEcho {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            eprintln!("the echo server had died");
        }
    }
}
