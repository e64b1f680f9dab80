use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A zone, stable for as long as any session carries it; 0 is no zone.
    ZoneId(u16)
);
id!(
    /// A policy across commits: the same name keeps its id, so hit counts and sessions stay true; 0 is none.
    PolicyId(u32)
);
id!(
    /// A network device as the kernel numbers it; 0 is none.
    IfIndex(u32)
);
id!(
    /// A configured interface (device and VLAN): the index of its counters; 0 counts frames of no interface.
    InterfaceId(u16)
);
id!(
    /// One committed ruleset, counted up from 1.
    Generation(u32)
);

/// Which of the two resident rulesets: 0 or 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub struct Slot(u32);

impl Slot {
    /// Both, in order.
    pub const BOTH: [Slot; 2] = [Slot(0), Slot(1)];

    /// From the control word; any other number is folded into range.
    #[inline(always)]
    pub const fn new(number: u32) -> Slot {
        Slot(number & 1)
    }

    /// The one that is not this.
    #[inline(always)]
    pub const fn other(self) -> Slot {
        Slot(self.0 ^ 1)
    }

    /// 0 or 1, for table indices.
    #[inline(always)]
    pub const fn index(self) -> u32 {
        self.0 & 1
    }
}

impl InterfaceId {
    /// Counts frames that arrived where no interface is configured.
    pub const NONE: InterfaceId = InterfaceId(0);
    /// Interfaces that can be configured, plus the one of [`InterfaceId::NONE`].
    pub const COUNT: u16 = 256;
}

impl ZoneId {
    /// No zone.
    pub const NONE: ZoneId = ZoneId(0);
}
