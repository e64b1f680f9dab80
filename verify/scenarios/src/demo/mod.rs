//! The tour: Flumen on real traffic, each promise checked while it is shown.

mod chapters;
mod download;
mod screen;
mod set;

use std::time::Instant;

use anyhow::{Result, bail};
use flumen_testkit::netns;

use crate::interrupt::Interrupt;
use screen::Screen;
use set::Set;

/// Runs the tour. What it made is removed when it returns, whatever happened.
///
/// # Errors
/// When a promise was not kept, or the lab cannot be made; [`crate::Interrupted`] after Ctrl-C.
pub(crate) fn run() -> Result<()> {
    let begin = Instant::now();
    let interrupt = Interrupt::new()?;
    netns::remove_leftovers()?;
    flumen_scenarios::remove_leftovers()?;
    let mut screen = Screen::new(interrupt);
    let shown = tour(&mut screen);
    if shown.is_err() {
        // it may be that the children failed because of it
        screen.check_interrupt()?;
    }
    shown?;
    let broken = screen.broken();
    if broken > 0 {
        let promises = if broken == 1 { "a promise was" } else { "promises were" };
        bail!("{promises} not kept; look for ✗ above");
    }
    screen.end(begin.elapsed());
    Ok(())
}

fn tour(screen: &mut Screen) -> Result<()> {
    let mut set = Set::build()?;
    chapters::picture(screen);
    chapters::start(screen, &mut set)?;
    chapters::allowed(screen, &set)?;
    chapters::denied(screen, &set)?;
    chapters::explain(screen, &set)?;
    chapters::switch(screen, &set)?;
    chapters::survive(screen, &mut set)?;
    chapters::account(screen, &set)?;
    chapters::detach(screen, &mut set)
}
