//! One fixture: a configuration, and steps with what must come of them.

use flumen_abi::Reason;
use flumen_testkit::packet::Packet;
use serde_json::Value;

/// A named sequence of steps under a configuration.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// What it proves, as a fact.
    pub name: &'static str,
    /// Configuration in force at the start.
    pub configuration: Value,
    /// Percent of the flows whose DF is cleared, where only that is done.
    pub share: Option<u16>,
    /// In order.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// A frame arrives.
    Frame(Box<FrameStep>),
    /// Milliseconds pass.
    Wait(u32),
    /// Another configuration comes into force.
    Commit(Box<Value>),
    /// Only so many sessions can still be opened.
    LeaveRoomFor(u32),
    /// The steps up to the end fall into one second of the answers' rate limit.
    WithinOneSecond,
}

/// A frame, and what must come of it.
#[derive(Clone, Debug)]
pub struct FrameStep {
    /// Device that it arrives on.
    pub device: &'static str,
    /// Its bytes.
    pub frame: Vec<u8>,
    /// Reason that it ends with; says the outcome too.
    pub reason: Reason,
    /// Device that it leaves by.
    pub egress: Option<&'static str>,
    /// VLAN tags of the egress interface: which counter of the device moves.
    pub egress_vlan: (u16, u16),
    /// Bytes after.
    pub bytes: Bytes,
    /// Whether the checksums of the bytes after must be right.
    pub checksums: bool,
    /// Session rows more (or fewer) than before.
    pub rows: i64,
    /// Whether its session takes the place of one that has ended.
    pub replaces: bool,
    /// Idle timeouts of all sessions after, seconds, in ascending order.
    pub timeouts_s: Option<Vec<u32>>,
}

/// The bytes that an engine must leave.
#[derive(Clone, Debug)]
pub enum Bytes {
    /// Those that came.
    Unchanged,
    /// These.
    Are(Vec<u8>),
    /// Those of one of these: where the engine may choose.
    OneOf(Vec<Vec<u8>>),
}

/// What makes an expected frame: a packet to build, or bytes.
pub trait Frame {
    /// The bytes.
    fn bytes(&self) -> Vec<u8>;
}

impl Frame for Packet {
    fn bytes(&self) -> Vec<u8> {
        self.build()
    }
}

impl Frame for Vec<u8> {
    fn bytes(&self) -> Vec<u8> {
        self.clone()
    }
}

/// Starts a fixture.
pub fn fixture(name: &'static str, configuration: Value) -> Fixture {
    Fixture { name, configuration, share: None, steps: Vec::new() }
}

/// Starts a step: `frame` arrives on `device` and must end with `reason`, unchanged, without opening a session.
pub fn on(device: &'static str, frame: impl Frame, reason: Reason) -> FrameStep {
    FrameStep {
        device,
        frame: frame.bytes(),
        reason,
        egress: None,
        egress_vlan: (0, 0),
        bytes: Bytes::Unchanged,
        checksums: false,
        rows: 0,
        replaces: false,
        timeouts_s: None,
    }
}

/// Starts a step: `frame` arrives on `device` and must leave by `egress` as `after`.
pub fn forwards(
    device: &'static str,
    frame: impl Frame,
    egress: &'static str,
    after: impl Frame,
) -> FrameStep {
    let step = on(device, frame, Reason::Forwarded).becomes(after);
    FrameStep { egress: Some(egress), ..step }
}

/// Starts a step: `frame` arrives on `device` and must be answered there with `answer`.
pub fn answers(device: &'static str, frame: impl Frame, reason: Reason, answer: impl Frame) -> FrameStep {
    let step = on(device, frame, reason).becomes(answer);
    FrameStep { egress: Some(device), ..step }
}

// === impl Fixture ===

impl Fixture {
    /// With DF cleared of so many percent of the flows, where only that is done.
    #[must_use]
    pub fn share(self, percent: u16) -> Fixture {
        Fixture { share: Some(percent), ..self }
    }

    /// A frame.
    pub fn step(mut self, step: FrameStep) -> Fixture {
        self.steps.push(Step::Frame(Box::new(step)));
        self
    }

    /// Several frames.
    pub fn steps(self, steps: impl IntoIterator<Item = FrameStep>) -> Fixture {
        steps.into_iter().fold(self, Fixture::step)
    }

    /// Lets time pass.
    pub fn wait_ms(mut self, ms: u32) -> Fixture {
        self.steps.push(Step::Wait(ms));
        self
    }

    /// Puts another configuration in force.
    pub fn commit(mut self, configuration: Value) -> Fixture {
        self.steps.push(Step::Commit(Box::new(configuration)));
        self
    }

    /// Lets only `sessions` more be opened.
    pub fn leave_room_for(mut self, sessions: u32) -> Fixture {
        self.steps.push(Step::LeaveRoomFor(sessions));
        self
    }

    /// Has the steps from here fall into one second.
    pub fn within_one_second(mut self) -> Fixture {
        self.steps.push(Step::WithinOneSecond);
        self
    }
}

// === impl FrameStep ===

impl FrameStep {
    /// The bytes after, whose checksums must be right.
    pub fn becomes(self, after: impl Frame) -> FrameStep {
        FrameStep { bytes: Bytes::Are(after.bytes()), checksums: true, ..self }
    }

    /// The bytes after are one of these, whose checksums must be right.
    pub fn becomes_one_of(self, after: impl IntoIterator<Item = Packet>) -> FrameStep {
        let after = after.into_iter().map(|packet| packet.build()).collect();
        FrameStep { bytes: Bytes::OneOf(after), checksums: true, ..self }
    }

    /// It opens a session: two rows more.
    pub fn opens_a_session(self) -> FrameStep {
        FrameStep { rows: 2, ..self }
    }

    /// It opens a session in the place of one that has ended: other rows under the same keys.
    pub fn replaces_the_session(self) -> FrameStep {
        FrameStep { replaces: true, ..self }
    }

    /// So many session rows more than before.
    pub fn rows(self, rows: i64) -> FrameStep {
        FrameStep { rows, ..self }
    }

    /// It leaves by this device.
    pub fn leaves(self, egress: &'static str) -> FrameStep {
        FrameStep { egress: Some(egress), ..self }
    }

    /// It leaves with tags: the interface whose counter moves.
    pub fn tagged(self, outer: u16, inner: u16) -> FrameStep {
        FrameStep { egress_vlan: (outer, inner), ..self }
    }

    /// A checksum of it is wrong or absent, and stays so.
    pub fn without_checksums(self) -> FrameStep {
        FrameStep { checksums: false, ..self }
    }

    /// Idle timeouts of all sessions after, seconds, in ascending order.
    pub fn timeouts_s(self, seconds: impl Into<Vec<u32>>) -> FrameStep {
        FrameStep { timeouts_s: Some(seconds.into()), ..self }
    }
}
