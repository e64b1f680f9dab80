//! `flumen mirror start`: a mirror in the foreground from one line.

use super::arguments::MirrorArguments;
use super::monitor::Screen;
use crate::args::{Connection, Places};
use crate::failure::{Failure, Outcome};
use crate::output::complain;
use clap::Args;
use flumen_daemon::{XdpEngines, active_source, run_beside};
use flumen_mirror::Imported;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Of `flumen mirror start`.
#[derive(Args, Debug)]
pub(crate) struct StartArguments {
    #[command(flatten)]
    mirror: MirrorArguments,
    /// Say more, the daemon and each line; may be repeated
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Leave the mirror at work when this ends, until `flumen detach`
    #[arg(long)]
    stay: bool,
    /// Take the place of a configuration that was applied here in another way
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    places: Places,
}

/// Runs the daemon with the configuration of a mirror, and prints what it does, until a signal ends it.
pub(super) fn run(arguments: &StartArguments, connection: &Connection, json: bool) -> Outcome {
    let Imported { mirror, mut watch } = arguments.mirror.imported()?;
    watch.verbosity = watch.verbosity.max(arguments.verbose);
    flumen_daemon::init_log_from(match watch.verbosity {
        0 => "warn",
        1 | 2 => "info",
        _ => "debug",
    });
    let file = connection.run_dir.join("mirror.conf");
    let options = arguments.places.options(connection, Some(file.clone()));
    if let Some(source) = active_source(&options)?
        && Path::new(&source) != file
        && !arguments.replace
    {
        return Err(Failure::Failed(format!(
            "a configuration is active here already (from {source}); add the mirror to it (flumen mirror import prints it), \
             or let it take the place with --replace: `rollback 1` brings the other one back"
        )));
    }
    let text = mirror.configuration();
    std::fs::write(&file, &text)
        .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", file.display())))?;
    let mut screen = Screen::new(watch, json)?;
    let stop = Arc::new(AtomicBool::new(false));
    let (connection, stopped) = (connection.clone(), Arc::clone(&stop));
    let devices = mirror.devices().join(" to ");
    let looking = run_beside(&options, &XdpEngines, move || {
        complain(&format!("mirror on {devices}; Ctrl-C ends it\n"));
        std::thread::spawn(move || screen.look_on(&connection, None, &stopped))
    })?;
    stop.store(true, Ordering::Relaxed);
    let looked = looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    if arguments.stay {
        complain("what is attached goes on until `flumen detach`\n");
    } else {
        flumen_daemon::detach(&options, &XdpEngines)?;
        complain("stopped; the host is as it was\n");
    }
    looked
}
