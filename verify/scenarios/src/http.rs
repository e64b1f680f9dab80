//! A web server for tests: it says who asks, and serves bytes that can be checked.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use flumen_testkit::netns::Netns;

/// How often the server looks for a new connection and for its end.
const POLL: Duration = Duration::from_millis(2);
/// Bytes of a slow answer that are sent at once, and the time until the next ones.
const SLOW: (usize, Duration) = (40_000, Duration::from_millis(10));
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves HTTP over IPv4 and IPv6 on one port of a namespace until it is dropped.
///
/// `/whoami` answers with the client's address and port, as the server sees them; `/bytes/N` with N bytes of
/// [`content`]; `/slow/N` with the same at 4 MB/s, until [`HttpServer::hurry`]; anything else is 404.
#[derive(Debug)]
pub struct HttpServer {
    stop: Arc<AtomicBool>,
    hurry: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The first `length` bytes of an endless sequence that does not repeat soon.
pub fn content(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

// === impl HttpServer ===

impl HttpServer {
    /// Listens; clients may connect when this returns.
    ///
    /// # Errors
    /// When the port is in use.
    pub fn start(namespace: &Netns, port: u16) -> Result<Self> {
        namespace.run(|| Self::listen(port))?
    }

    /// The same in the namespace of the calling thread.
    ///
    /// # Errors
    /// When the port is in use.
    pub fn listen(port: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
            .with_context(|| format!("cannot listen on port {port}"))?;
        listener.set_nonblocking(true)?;
        let [stop, hurry] = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let (stopped, hurried) = (Arc::clone(&stop), Arc::clone(&hurry));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, peer)) => {
                        let hurried = Arc::clone(&hurried);
                        drop(std::thread::spawn(move || serve(stream, peer, &hurried)));
                    }
                    Err(_) => std::thread::sleep(POLL),
                }
            }
        });
        Ok(Self { stop, hurry, thread: Some(thread) })
    }

    /// Slow answers are no longer slow.
    pub fn hurry(&self) {
        self.hurry.store(true, Ordering::Relaxed);
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.hurry();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            eprintln!("the web server had died");
        }
    }
}

/// One request and its answer. A client that goes away is no error of ours.
fn serve(stream: TcpStream, peer: SocketAddr, hurry: &AtomicBool) {
    let served = stream
        .set_nonblocking(false)
        .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
        .and_then(|()| answer(&stream, peer, hurry));
    if let Err(error) = served
        && !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
    {
        eprintln!("web server, {peer}: {error}");
    }
}

fn answer(mut stream: &TcpStream, peer: SocketAddr, hurry: &AtomicBool) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = request.split(' ').nth(1).unwrap_or_default();
    let slow = path.starts_with("/slow/");
    let length = path.strip_prefix("/bytes/").or_else(|| path.strip_prefix("/slow/")).map(str::parse);
    let (status, body) = match length {
        Some(Ok(length)) => ("200 OK", content(length)),
        _ if path == "/whoami" => ("200 OK", format!("{}\n", unmapped(peer)).into_bytes()),
        _ => ("404 Not Found", b"there is /whoami, /bytes/N and /slow/N\n".to_vec()),
    };
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    let (size, pause) = SLOW;
    for piece in body.chunks(size) {
        stream.write_all(piece)?;
        if slow && !hurry.load(Ordering::Relaxed) {
            std::thread::sleep(pause);
        }
    }
    Ok(())
}

/// An IPv4 client of an IPv6 socket, as IPv4.
fn unmapped(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}
