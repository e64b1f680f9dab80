//! Clearing of DF by NFQUEUE, for devices that XDP cannot have, and for the share of flows that it shall not have yet.
//!
//! A rule of nftables or iptables hands packets to queues of the kernel ([`Rules`]). Each queue has a process
//! ([`work`]) that takes them through the same pipeline as XDP does ([`Stage`]) and gives them back. Whoever starts the
//! processes ([`Backend`]) keeps the queues' sockets open, too: the kernel drops what waits in a queue when its socket is
//! closed, and so a process may die at any moment and nothing is lost.
#![forbid(unsafe_code)]

mod backend;
mod error;
mod message;
mod queues;
mod rules;
mod sample;
mod socket;
mod stage;
mod statistics;
mod target;
mod tool;
mod worker;

pub use backend::{Backend, Places, Status};
pub use error::QueueError;
pub use queues::{QueueState, queue_states};
pub use rules::{Rules, Tool};
pub use sample::Sample;
pub use socket::QueueSocket;
pub use stage::Stage;
pub use statistics::{InterfaceCounts, Statistics};
pub use target::Target;
pub use worker::work;
