use crate::failure::Failure;
use crate::file;
use clap::Args;
use flumen_mirror::{Imported, Sources, import};
use std::path::{Path, PathBuf};

/// How a mirror is to be. An option counts more than the environment, that more than variables, those more than the file
/// of interfaces.
#[derive(Args, Debug)]
pub(super) struct MirrorArguments {
    /// Device where the mirrored frames arrive [default: ens5]
    #[arg(short, long, value_name = "DEVICE")]
    interface: Option<String>,
    /// Device where the inner packets leave; the same: as the kernel routes them [default: ens6]
    #[arg(short, long, value_name = "DEVICE")]
    target: Option<String>,
    /// Address that inner packets of the source port are sent to [default: no translation]
    #[arg(short = 'a', long, value_name = "ADDRESS")]
    nat_target: Option<String>,
    /// Port that they are sent to [default: 8080]
    #[arg(short = 'p', long, value_name = "PORT")]
    nat_port: Option<String>,
    /// Source port of the inner packets that are translated [default: 31765]
    #[arg(short, long, value_name = "PORT")]
    source_port: Option<String>,
    /// VXLAN network identifier [default: 1]
    #[arg(long, value_name = "VNI")]
    vni: Option<String>,
    /// Seconds between two lines of statistics [default: 5]
    #[arg(short = 'I', long, value_name = "SECONDS")]
    interval: Option<String>,
    /// Variables: INTERFACE, TARGET_INTERFACE, NAT_IP, NAT_PORT, SOURCE_PORT and so on
    #[arg(long, value_name = "FILE")]
    env: Option<PathBuf>,
    /// Translations, source_port=address:port on each line
    #[arg(long, value_name = "FILE")]
    nat_rules: Option<PathBuf>,
    /// Interfaces: INPUT_INTERFACE, TARGET_INTERFACE, ENABLE_REDIRECT, STATS_INTERVAL
    #[arg(long, value_name = "FILE")]
    interfaces_conf: Option<PathBuf>,
}

impl MirrorArguments {
    /// What all of it says.
    ///
    /// # Errors
    /// A file that cannot be read is wrong usage; what is wrong in it is told with file, line and column, all at once.
    pub(super) fn imported(&self) -> Result<Imported, Failure> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(named).transpose();
        let options = [
            ("--interface", "INTERFACE", &self.interface),
            ("--target", "TARGET_INTERFACE", &self.target),
            ("--nat-target", "NAT_IP", &self.nat_target),
            ("--nat-port", "NAT_PORT", &self.nat_port),
            ("--source-port", "SOURCE_PORT", &self.source_port),
            ("--vni", "VNI", &self.vni),
            ("--interval", "STATS_INTERVAL", &self.interval),
        ];
        let given = options.into_iter().filter_map(|(name, key, value)| Some((name, key, value.clone()?)));
        let sources = Sources {
            rules: read(&self.nat_rules)?,
            interfaces: read(&self.interfaces_conf)?,
            env: read(&self.env)?,
            environment: std::env::vars_os()
                .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
            options: given.collect(),
        };
        import(&sources).map_err(|problems| {
            let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Failure::Failed(lines.join("\n       "))
        })
    }
}

/// Name and text of a file.
fn named(path: &Path) -> Result<(String, String), Failure> {
    Ok((file::name(path), file::read_text(path)?))
}
