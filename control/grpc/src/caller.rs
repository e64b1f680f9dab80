use crate::Role;
use crate::connection::Hangup;
use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use std::ffi::CString;
use std::net::SocketAddr;

/// Who calls, and what they may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Number of the connection; no two have the same.
    pub connection: u64,
    /// Name of the user, certificate or token.
    pub name: String,
    /// How they showed who they are.
    pub identity: Identity,
    /// What they may do.
    pub role: Role,
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
    pub(crate) connection: u64,
    pub(crate) kind: PeerKind,
    pub(crate) hangup: Hangup,
}

#[derive(Clone, Debug)]
pub(crate) enum PeerKind {
    Local(LocalPeer),
    Network(SocketAddr),
}

/// A process of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LocalPeer {
    pub(crate) uid: u32,
    pub(crate) user: String,
    pub(crate) role: Option<Role>,
}

impl LocalPeer {
    /// Asks the host's database of users, which may take its time.
    pub(crate) fn look_up(uid: u32, gid: u32) -> LocalPeer {
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let primary = Gid::from_raw(gid);
        let mut groups = vec![primary];
        if let Some(name) = user.as_ref().and_then(|user| CString::new(user.name.as_str()).ok()) {
            groups.extend(getgrouplist(&name, primary).unwrap_or_default());
        }
        let member = |role: Role| {
            let group = Group::from_name(role.group()).ok().flatten();
            group.is_some_and(|group| groups.contains(&group.gid))
        };
        let own = nix::unistd::geteuid().as_raw();
        LocalPeer {
            uid,
            user: user.map_or_else(|| uid.to_string(), |user| user.name),
            role: role_of(uid, own, member),
        }
    }
}

/// Root and the daemon's own user may do everything; others what the greatest of their groups may.
fn role_of(uid: u32, own: u32, member: impl Fn(Role) -> bool) -> Option<Role> {
    if uid == 0 || uid == own {
        return Some(Role::SuperUser);
    }
    Role::ALL.into_iter().rev().find(|role| member(*role))
}

#[cfg(test)]
mod tests {
    use super::{LocalPeer, role_of};
    use crate::Role;

    #[test]
    fn root_and_the_daemons_user_may_all_and_others_what_their_greatest_group_may() {
        let none = |_| false;
        assert_eq!(role_of(0, 7, none), Some(Role::SuperUser));
        assert_eq!(role_of(7, 7, none), Some(Role::SuperUser));
        assert_eq!(role_of(8, 7, none), None);
        assert_eq!(role_of(8, 7, |role| role != Role::SuperUser), Some(Role::Operator));
        assert_eq!(role_of(8, 7, |role| role == Role::ReadOnly), Some(Role::ReadOnly));
        assert_eq!(role_of(8, 7, |_| true), Some(Role::SuperUser));
    }

    #[test]
    fn a_user_that_the_host_does_not_know_has_a_number_and_no_role() {
        let peer = LocalPeer::look_up(3_999_999_999, 3_999_999_999);
        assert_eq!(peer, LocalPeer { uid: 3_999_999_999, user: "3999999999".to_owned(), role: None });
        assert_eq!(LocalPeer::look_up(0, 0).user, "root");
    }
}
