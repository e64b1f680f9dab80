use crate::Role;
use crate::connection::Hangup;
use nix::unistd::{Uid, User};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Who calls, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Number of the connection; no two have the same, and none has 0.
    pub connection: u64,
    /// Name of the user, certificate or token.
    pub name: String,
    /// What they use, and where it is: `cli (pid 4711)`, `grpc (192.0.2.7:40123)`.
    pub client: String,
    /// How they showed who they are.
    pub identity: Identity,
    /// What they may do.
    pub role: Role,
    /// Bytes that the trailer of an error may have.
    pub(crate) error_bytes: usize,
}

/// How a caller showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The kernel says so: the user id of the process at the other end of the Unix socket.
    Peer {
        /// Its user id.
        uid: u32,
    },
    /// A certificate that our authority signed.
    Certificate {
        /// From where.
        from: SocketAddr,
    },
    /// A bearer token.
    Token {
        /// From where.
        from: SocketAddr,
    },
}

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) kind: PeerKind,
    pub(crate) hangup: Hangup,
    pub(crate) presence: Arc<Presence>,
}

#[derive(Clone, Debug)]
pub(crate) enum PeerKind {
    Local(LocalPeer),
    Network(SocketAddr),
}

/// A connection and the calls that came by it: each holds one, and when the last is gone, that is told.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) connection: u64,
    left: mpsc::UnboundedSender<u64>,
}

/// A process of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalPeer {
    pub(crate) uid: u32,
    pub(crate) pid: i32,
    pub(crate) user: String,
}

impl Presence {
    pub(crate) fn new(connection: u64, left: &mpsc::UnboundedSender<u64>) -> Arc<Presence> {
        Arc::new(Presence { connection, left: left.clone() })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if self.left.send(self.connection).is_err() {
            tracing::debug!("a gRPC client left when the daemon was ending");
        }
    }
}

impl LocalPeer {
    /// Asks the host's database of users, which may take its time.
    pub(crate) fn look_up(uid: u32, pid: i32) -> LocalPeer {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        LocalPeer { uid, pid, user: user.map_or_else(|| uid.to_string(), |user| user.name) }
    }

    /// As [`is_super_user`].
    pub(crate) fn is_super_user(&self) -> bool {
        is_super_user(self.uid)
    }
}

/// Root and the daemon's own user may do everything.
pub(crate) fn is_super_user(uid: u32) -> bool {
    is_one_of(uid, nix::unistd::geteuid().as_raw())
}

fn is_one_of(uid: u32, own: u32) -> bool {
    uid == 0 || uid == own
}

#[cfg(test)]
mod tests {
    use super::{LocalPeer, is_one_of};

    #[test]
    fn root_and_the_daemons_own_user_may_do_everything() {
        assert!(is_one_of(0, 7) && is_one_of(7, 7) && !is_one_of(8, 7));
    }

    #[test]
    fn a_user_that_the_host_does_not_know_has_a_number_for_a_name() {
        assert_eq!(LocalPeer::look_up(3_999_999_999, 1).user, "3999999999");
        assert_eq!(LocalPeer::look_up(0, 1).user, "root");
    }
}
