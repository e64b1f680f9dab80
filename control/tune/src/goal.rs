use std::fmt;
use std::str::FromStr;

/// What interrupts are set for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// As few interrupts as the rate allows: the driver finds its own delay.
    #[default]
    Throughput,
    /// An interrupt for each frame, as soon as it is there: costs CPU time.
    Latency,
}

/// What is tuned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// The host itself: sysctls, CPUs.
    pub host: bool,
    /// These network devices.
    pub devices: Vec<String>,
    /// What for.
    pub goal: Goal,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Goal::Throughput => "throughput",
            Goal::Latency => "latency",
        })
    }
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(word: &str) -> Result<Goal, String> {
        match word {
            "throughput" => Ok(Goal::Throughput),
            "latency" => Ok(Goal::Latency),
            other => Err(format!("unknown goal {other}; there is throughput, latency")),
        }
    }
}
