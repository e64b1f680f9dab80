//! `flumen df-clear-queue`: what the daemon starts for each queue where XDP cannot clear DF.

use crate::failure::{Failure, Outcome};
use clap::Args;
use flumen_nfqueue::{Places, QueueSocket, work};
use std::os::fd::AsFd;
use std::path::PathBuf;

/// Of `flumen df-clear-queue`.
#[derive(Args, Debug)]
pub(crate) struct QueueArguments {
    /// Number of the queue; its socket is the standard input
    #[arg(long)]
    queue: u16,
    /// Where the targets are, and where statistics go
    #[arg(long)]
    folder: PathBuf,
    /// Another process had the queue before
    #[arg(long)]
    succeeds: bool,
}

/// Works until it is told to end.
pub(crate) fn run(arguments: &QueueArguments) -> Outcome {
    let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
    let socket = QueueSocket::inherited(arguments.queue, socket);
    let worked = work(socket, &Places::new(&arguments.folder), arguments.succeeds);
    worked.map_err(|error| Failure::Failed(error.to_string()))
}
