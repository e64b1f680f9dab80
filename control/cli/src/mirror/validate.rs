//! `flumen mirror validate`: would these variables and rules be accepted?

use super::arguments::MirrorArguments;
use crate::check;
use crate::failure::Outcome;
use crate::output::Output;
use clap::Args;
use flumen_daemon::LoadMode;

/// Of `flumen mirror validate`.
#[derive(Args, Debug)]
pub(crate) struct ValidateArguments {
    #[command(flatten)]
    mirror: MirrorArguments,
    /// Refuse devices that this host does not have [default: warn]
    #[arg(long)]
    host: bool,
}

/// Reads everything, and checks the configuration that comes of it.
pub(super) fn run(arguments: &ValidateArguments, output: Output) -> Outcome {
    let imported = arguments.mirror.imported()?;
    let text = imported.mirror.configuration();
    check::of_text("the mirror", &text, arguments.host, LoadMode::Strict, output)
}
