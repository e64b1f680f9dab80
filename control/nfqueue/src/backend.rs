use crate::statistics::replace;
use crate::{QueueError, QueueSocket, QueueState, Rules, Statistics, Target, Tool, queue_states};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Queues of ours have numbers from here on; a number is low enough for any tool and high enough not to be anybody's.
const FIRST: u16 = 41_200;

/// Numbers that are tried.
const NUMBERS: u16 = 64;

/// Processes at most: one for each CPU, but packets come by few.
const MOST: usize = 4;

/// A queue in which something waits and nothing moves for so long has a process that is stuck.
const STUCK: Duration = Duration::from_secs(2);

/// Packets that met a rule before it was removed are in their queue after so long.
const IN_FLIGHT: Duration = Duration::from_millis(500);

/// Queues are empty after so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a process that ends by itself gets before it is started again.
const PAUSE: Duration = Duration::from_millis(200);

/// Where the processes and those who start them meet. Gone after a reboot.
#[derive(Clone, Debug)]
pub struct Places {
    folder: PathBuf,
}

/// The processes of the queues, and the rules that feed them. Dropping it leaves both as they are: as XDP does, they go on
/// without whoever started them, and the next one takes over.
pub struct Backend {
    places: Places,
    program: PathBuf,
    arguments: Vec<String>,
    processes: usize,
    held: Vec<Held>,
    /// Were replaced, and end when their queues are empty.
    leaving: Vec<Held>,
    targets: Vec<Target>,
    tool: Option<Tool>,
    restarts: u64,
    /// From then on hooks that have no rules may go, once nothing waits.
    hooks_until: Option<Instant>,
    /// Counted at queues that are gone.
    past: Statistics,
}

/// One queue.
struct Held {
    socket: QueueSocket,
    child: Option<Child>,
    started: Instant,
    /// Last packet that moved, and when.
    moved: (u64, Instant),
}

/// What is to be known of it.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// What feeds the queues; none when there are none.
    pub tool: Option<Tool>,
    /// Devices.
    pub targets: Vec<Target>,
    /// The queues, as the kernel has them.
    pub queues: Vec<QueueState>,
    /// What all processes have done.
    pub statistics: Statistics,
    /// Processes that ended and were started again.
    pub restarts: u64,
}

/// What a successor must know.
#[derive(Default, Serialize, Deserialize)]
struct Running {
    tool: Option<Tool>,
    processes: Vec<Process>,
    past: Statistics,
}

#[derive(Clone, Serialize, Deserialize)]
struct Process {
    pid: i32,
    queue: u16,
}

// === impl Places ===

impl Places {
    /// In this folder, which is made when there is something to be put in it.
    pub fn new(folder: impl Into<PathBuf>) -> Places {
        Places { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn statistics(&self, queue: u16) -> PathBuf {
        self.folder.join(format!("queue-{queue}.json"))
    }

    pub(crate) fn targets(&self) -> Result<Vec<Target>, QueueError> {
        let path = self.folder.join("targets.json");
        let text = fs::read(&path);
        let text = text.map_err(|error| QueueError::system(format!("read {}", path.display()), error))?;
        let file = path.display().to_string();
        serde_json::from_slice(&text).map_err(|source| QueueError::Strange { file, source })
    }

    fn write_targets(&self, targets: &[Target]) -> Result<(), QueueError> {
        let text = serde_json::to_vec(targets).expect("names and numbers are JSON");
        replace(&self.folder.join("targets.json"), &text)
    }

    fn running(&self) -> PathBuf {
        self.folder.join("processes.json")
    }
}

// === impl Backend ===

impl Backend {
    /// None runs yet. A process is `program` with `arguments` and those of [`Backend::process_arguments`], the socket of its
    /// queue as standard input; it calls [`crate::work`].
    pub fn new(places: Places, program: PathBuf, arguments: Vec<String>) -> Backend {
        let processes = std::thread::available_parallelism().map_or(1, |number| number.get().min(MOST));
        Backend {
            places,
            program,
            arguments,
            processes,
            held: Vec::new(),
            leaving: Vec::new(),
            targets: Vec::new(),
            tool: None,
            restarts: 0,
            hooks_until: None,
            past: Statistics::default(),
        }
    }

    /// With so many processes, for measurements.
    #[must_use]
    pub fn with_processes(self, processes: usize) -> Backend {
        Backend { processes, ..self }
    }

    /// Hands packets of these devices to queues, and of no others. No packet is lost on the way from one to the other;
    /// without devices, all of it ends once the queues are empty.
    ///
    /// # Errors
    /// When the kernel has no queues, or no tool can install the rules. What was in force before still is.
    pub fn serve(&mut self, targets: &[Target]) -> Result<(), QueueError> {
        if targets.is_empty() {
            if let Some(tool) = self.tool.or_else(|| self.noted().tool) {
                Rules::remove(tool);
                self.hooks_until = (tool == Tool::Nftables).then(|| Instant::now() + IN_FLIGHT);
                self.leave();
                self.retire_orphans();
                self.note()?;
            }
            return Ok(());
        }
        if targets == self.targets {
            return Ok(());
        }
        fs::create_dir_all(&self.places.folder)
            .map_err(|error| QueueError::system(format!("make {}", self.places.folder.display()), error))?;
        let tool = match self.tool.or_else(|| self.noted().tool) {
            Some(tool) => tool,
            None => Rules::find_tool()?,
        };
        let fresh = self.held.is_empty();
        if fresh {
            self.adopt_past();
            self.start(targets)?;
        } else {
            self.places.write_targets(targets)?;
            for held in &self.held {
                held.tell(Signal::SIGHUP);
            }
        }
        let rules = Rules { targets: targets.to_vec(), queues: self.numbers() };
        match rules.install(tool) {
            Ok(()) => {
                self.tool = Some(tool);
                self.hooks_until = None;
                self.targets = targets.to_vec();
                self.retire_orphans();
                self.note()
            }
            Err(error) => {
                if fresh {
                    self.held.iter().for_each(|held| held.tell(Signal::SIGINT));
                    self.leaving.append(&mut self.held);
                } else {
                    self.places.write_targets(&self.targets)?;
                    self.held.iter().for_each(|held| held.tell(Signal::SIGHUP));
                }
                Err(error)
            }
        }
    }

    /// Serves nothing any more, waits a moment until the queues are empty, and removes what is left.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn end(&mut self) -> Result<(), QueueError> {
        self.serve(&[])?;
        let begin = Instant::now();
        while (!self.leaving.is_empty() || self.hooks_until.is_some()) && begin.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
            self.tend();
        }
        match fs::remove_dir_all(&self.places.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(QueueError::system(format!("remove {}", self.places.folder.display()), error))
            }
            _ => Ok(()),
        }
    }

    /// There is nothing to look after.
    pub fn is_idle(&self) -> bool {
        self.held.is_empty() && self.leaving.is_empty() && self.hooks_until.is_none()
    }

    /// Looks after the processes: one that ended is started again at its queue, one that is stuck is ended first.
    pub fn tend(&mut self) {
        for place in (0..self.leaving.len()).rev() {
            if self.leaving[place].is_gone() {
                let held = self.leaving.swap_remove(place);
                self.past.add(&Statistics::read(&self.places.statistics(held.socket.number())));
            }
        }
        let states = queue_states();
        let over = self.hooks_until.is_some_and(|time| time < Instant::now());
        if over && states.iter().all(|state| state.waiting == 0) {
            Rules::remove_hooks();
            self.hooks_until = None;
        }
        let mut failed = None;
        for place in 0..self.held.len() {
            let held = &mut self.held[place];
            let waiting = states.iter().find(|state| state.number == held.socket.number());
            let received = Statistics::read(&self.places.statistics(held.socket.number())).received;
            if received != held.moved.0 || waiting.is_none_or(|state| state.waiting == 0) {
                held.moved = (received, Instant::now());
            }
            if held.moved.1.elapsed() > STUCK {
                tracing::warn!(queue = held.socket.number(), "the process of a queue is stuck; it is ended");
                held.tell(Signal::SIGKILL);
                held.moved.1 = Instant::now();
            }
            if !held.is_gone() || held.started.elapsed() < PAUSE {
                continue;
            }
            tracing::warn!(
                queue = held.socket.number(),
                "the process of a queue has ended; it is started again"
            );
            match self.spawn(place, true) {
                Ok(()) => self.restarts += 1,
                Err(error) => failed = Some(error),
            }
        }
        if let Some(error) = failed {
            tracing::error!("{error}");
        }
        if self.tool.is_some()
            && let Err(error) = self.note()
        {
            tracing::error!("{error}");
        }
    }

    /// How it is.
    pub fn status(&self) -> Status {
        let mut statistics = self.past.clone();
        for held in self.held.iter().chain(&self.leaving) {
            statistics.add(&Statistics::read(&self.places.statistics(held.socket.number())));
        }
        let mut queues = queue_states();
        queues.retain(|state| self.held.iter().any(|held| held.socket.number() == state.number));
        Status { tool: self.tool, targets: self.targets.clone(), queues, statistics, restarts: self.restarts }
    }

    /// The processes, one for each queue.
    pub fn pids(&self) -> Vec<u32> {
        self.held.iter().filter_map(|held| held.child.as_ref()).map(Child::id).collect()
    }

    /// What a process is told after its own arguments.
    pub fn process_arguments(places: &Places, queue: u16, succeeds: bool) -> Vec<String> {
        let mut arguments = vec![
            "--queue".to_owned(),
            queue.to_string(),
            "--folder".to_owned(),
            places.folder.display().to_string(),
        ];
        if succeeds {
            arguments.push("--succeeds".to_owned());
        }
        arguments
    }

    fn numbers(&self) -> RangeInclusive<u16> {
        let number = |held: Option<&Held>| held.map_or(FIRST, |held| held.socket.number());
        number(self.held.first())..=number(self.held.last())
    }

    /// Takes queues with numbers in a row, and starts their processes.
    fn start(&mut self, targets: &[Target]) -> Result<(), QueueError> {
        self.places.write_targets(targets)?;
        let mut first = FIRST;
        while self.held.len() < self.processes {
            let number = first + self.held.len() as u16;
            if number >= FIRST + NUMBERS {
                self.held.clear();
                return Err(QueueError::NoQueue { first: FIRST });
            }
            match QueueSocket::open(number) {
                Ok(socket) => {
                    let now = Instant::now();
                    self.held.push(Held { socket, child: None, started: now, moved: (0, now) });
                }
                Err(QueueError::Queue { source, .. }) if is_taken(&source) => {
                    self.held.clear();
                    first = number + 1;
                }
                Err(error) => {
                    self.held.clear();
                    return Err(error);
                }
            }
        }
        for place in 0..self.held.len() {
            if let Err(error) = self.spawn(place, false) {
                self.held.iter().for_each(|held| held.tell(Signal::SIGINT));
                self.leaving.append(&mut self.held);
                return Err(error);
            }
        }
        Ok(())
    }

    fn spawn(&mut self, place: usize, succeeds: bool) -> Result<(), QueueError> {
        let held = &mut self.held[place];
        held.started = Instant::now();
        if !succeeds {
            // What another queue of the number has counted is in the past.
            let old = self.places.statistics(held.socket.number());
            Statistics::default().write(&old)?;
        }
        let arguments = Backend::process_arguments(&self.places, held.socket.number(), succeeds);
        let child = Command::new(&self.program)
            .args(&self.arguments)
            .args(arguments)
            .stdin(Stdio::from(held.socket.duplicate()?))
            .stdout(Stdio::null())
            .spawn();
        held.child = Some(
            child.map_err(|error| QueueError::system(format!("start {}", self.program.display()), error))?,
        );
        Ok(())
    }

    /// Writes down which processes there are.
    fn note(&self) -> Result<(), QueueError> {
        let process = |held: &Held| {
            let pid = held.child.as_ref()?.id().cast_signed();
            Some(Process { pid, queue: held.socket.number() })
        };
        let running = Running {
            tool: self.tool,
            processes: self.held.iter().filter_map(process).collect(),
            past: self.past.clone(),
        };
        let text = serde_json::to_vec(&running).expect("numbers are JSON");
        replace(&self.places.running(), &text)
    }

    fn noted(&self) -> Running {
        let text = fs::read(self.places.running()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Counts on from where earlier processes of an earlier daemon stand.
    fn adopt_past(&mut self) {
        if self.past == Statistics::default() {
            self.past = self.noted().past;
        }
    }

    /// Lets the processes end when their queues are empty, for nothing feeds them any more.
    fn leave(&mut self) {
        self.tool = None;
        self.targets.clear();
        for held in &self.held {
            held.tell(Signal::SIGTERM);
        }
        self.leaving.append(&mut self.held);
    }

    /// The same with those of an earlier daemon, whose sockets are theirs alone.
    fn retire_orphans(&mut self) {
        let processes = self.noted().processes;
        let mine = |process: &Process| {
            let children = self.held.iter().chain(&self.leaving).filter_map(|held| held.child.as_ref());
            children.map(Child::id).any(|id| id.cast_signed() == process.pid)
        };
        let orphans: Vec<&Process> = processes.iter().filter(|process| !mine(process)).collect();
        for orphan in &orphans {
            if is_process_of(orphan, &self.places) {
                tracing::info!(
                    pid = orphan.pid,
                    queue = orphan.queue,
                    "took over from a process of an earlier daemon"
                );
                signal(orphan.pid, Signal::SIGTERM);
            }
            self.past.add(&Statistics::read(&self.places.statistics(orphan.queue)));
        }
    }
}

// === impl Held ===

impl Held {
    fn tell(&self, what: Signal) {
        if let Some(child) = &self.child {
            signal(child.id().cast_signed(), what);
        }
    }

    fn is_gone(&mut self) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => true,
        }
    }
}

fn signal(pid: i32, what: Signal) {
    match kill(Pid::from_raw(pid), what) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(errno) => tracing::warn!(pid, "cannot send {what}: {errno}"),
    }
}

/// The kernel says EBUSY of a queue that is taken, EPERM of one of another socket.
fn is_taken(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EBUSY | Errno::EPERM | Errno::EEXIST))
}

/// The process is still the one that was noted.
fn is_process_of(process: &Process, places: &Places) -> bool {
    let line = fs::read(format!("/proc/{}/cmdline", process.pid)).unwrap_or_default();
    let wanted = Backend::process_arguments(places, process.queue, false);
    let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
    words.windows(wanted.len()).any(|window| window.iter().zip(&wanted).all(|(a, b)| *a == b.as_bytes()))
}
