use crate::gateway::{Gateway, engine_failed, lock};
use flumen_api::{AlarmInfo, ApiError, SystemReport};
use flumen_engine::AttachMode;
use procfs_core::process::Stat;
use procfs_core::{FromRead, LoadAverage, Meminfo, Uptime};
use std::fs::File;
use std::time::{SystemTime, UNIX_EPOCH};

/// Part of a table beyond which it is nearly full, percent.
const NEARLY_FULL: u64 = 90;

impl Gateway {
    /// The host, this process, and what somebody should look after.
    pub(crate) fn system(&self) -> Result<SystemReport, ApiError> {
        let uptime: Uptime = read("/proc/uptime")?;
        let load: LoadAverage = read("/proc/loadavg")?;
        let memory: Meminfo = read("/proc/meminfo")?;
        let own: Stat = read("/proc/self/stat")?;
        let name = nix::sys::utsname::uname().map_err(|errno| unreadable("the host's name", errno.into()))?;
        let ticks = nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100);
        let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().unwrap_or(4096);
        let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
        // Not below: the lock would be held as long as the report is made.
        let applied_unix_s = lock(&self.state).active.applied_unix_s;
        let hundredths = |load: f32| (load * 100.0).round() as u32;
        Ok(SystemReport {
            host: name.nodename().to_string_lossy().into_owned(),
            kernel: name.release().to_string_lossy().into_owned(),
            unix_s: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            host_uptime_s: uptime.uptime as u64,
            daemon_uptime_s: self.started.elapsed().as_secs(),
            applied_unix_s,
            processors: std::thread::available_parallelism().map_or(1, |count| count.get() as u32),
            load_hundredths: [load.one, load.five, load.fifteen].map(hundredths).to_vec(),
            memory_bytes: memory.mem_total,
            available_bytes: memory.mem_available.unwrap_or(memory.mem_free),
            pid: std::process::id(),
            resident_bytes: own.rss.saturating_mul(unsigned(page)),
            threads: u32::try_from(own.num_threads).unwrap_or(0),
            processor_ms: (own.utime + own.stime).saturating_mul(1000) / unsigned(ticks).max(1),
            alarms: self.alarms()?,
        })
    }

    /// The major ones first.
    fn alarms(&self) -> Result<Vec<AlarmInfo>, ApiError> {
        let mut alarms = Vec::new();
        let mut alarm = |major: bool, text: String| alarms.push(AlarmInfo { major, text });
        {
            let state = lock(&self.state);
            let report = super::interfaces(&state.active, &*state.engine, &state.facts, &state.waiting)
                .map_err(engine_failed)?;
            // A device of a zone that is not there has an alarm of its own.
            let absent = |waiting: &&String| {
                report.interfaces.iter().any(|own| {
                    let about = |link: &str| waiting.starts_with(&format!("interface {link} waits"));
                    own.state == flumen_api::LinkState::Absent && (about(&own.device) || about(&own.link))
                })
            };
            let others = report.waiting.iter().filter(|waiting| !absent(waiting));
            others.for_each(|waiting| alarm(false, waiting.clone()));
            let attachments = state.engine.attachments();
            for own in attachments.iter().filter(|own| own.unpinned) {
                let device = &own.device;
                alarm(
                    true,
                    format!(
                        "somebody has removed what keeps the program on {device} without the daemon: when this one ends, \
                         {device} is open. `flumen detach`, and start again"
                    ),
                );
            }
            for interface in report.interfaces {
                let name = &interface.name;
                match interface.state {
                    flumen_api::LinkState::Absent if let Some(note) = &interface.note => {
                        alarm(true, format!("interface {name}: {note}"));
                    }
                    flumen_api::LinkState::Absent => {
                        alarm(true, format!("interface {name}: the host has no device {}", interface.link));
                    }
                    flumen_api::LinkState::Down => alarm(true, format!("interface {name} is down")),
                    flumen_api::LinkState::Up if interface.mode.is_none() => {
                        alarm(
                            true,
                            format!("interface {name} is not attached: its zone is not enforced there"),
                        );
                    }
                    flumen_api::LinkState::Up => {}
                }
                let generic = attachments
                    .iter()
                    .any(|own| own.device == interface.device && own.mode == AttachMode::Generic);
                if let (true, Some(note)) = (generic, interface.note) {
                    alarm(false, format!("interface {name} is slow, in generic mode: {note}"));
                }
            }
            if state.ageing_fails {
                alarm(true, "sessions do not age: see show log messages".to_owned());
            }
            for table in state.engine.tables() {
                let percent = (table.used * 100).checked_div(table.size).unwrap_or(0);
                if percent >= NEARLY_FULL {
                    let (used, size) = (table.used, table.size);
                    alarm(true, format!("table {} is {percent}% full ({used} of {size})", table.name));
                }
            }
        }
        let store = &lock(&self.committer).configurations;
        if let Some(pending) = store.pending() {
            let left = pending.left.as_secs();
            alarm(false, format!("commit {} goes back in {left} s unless it is confirmed", pending.number));
        }
        if store.rescue().is_err() {
            let text = "there is no rescue configuration: request system configuration rescue save";
            alarm(false, text.to_owned());
        }
        alarms.sort_by_key(|alarm| !alarm.major);
        Ok(alarms)
    }
}

fn read<T: FromRead>(path: &str) -> Result<T, ApiError> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    T::from_read(file).map_err(|error| unreadable(path, std::io::Error::other(error.to_string())))
}

fn unreadable(what: &str, error: std::io::Error) -> ApiError {
    ApiError::State { reason: format!("cannot read {what}: {error}") }
}
