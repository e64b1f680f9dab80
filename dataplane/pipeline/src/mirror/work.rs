use flumen_abi::{InterfaceId, MirrorRow, Reason, ServiceRow, Vlan, ZoneId};

/// What services hand from stage to stage.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct MirrorWork {
    /// Services of the ingress interface.
    pub(crate) service: ServiceRow,
    /// The mirror that the frame belongs to.
    pub(crate) row: MirrorRow,
    /// Bytes of the frame as it arrived.
    pub(crate) arrived: u32,
    /// Tags of the outer frame.
    pub(crate) vlan: Vlan,
    /// Link address that the outer frame was sent to.
    pub(crate) dst: [u8; 6],
    /// Link address that it came from.
    pub(crate) src: [u8; 6],
    /// A rule has given the inner packet another destination.
    pub(crate) translated: bool,
    /// What is inside is an IP packet.
    pub(crate) ip: bool,
    /// DF of the inner packet is to be cleared.
    pub(crate) clears: bool,
    /// Why the kernel must send it; [`Reason::Mirrored`] when it need not.
    pub(crate) by: Reason,
}

impl MirrorWork {
    /// The inner frame leaves with its own link addresses.
    #[inline(always)]
    pub(crate) const fn keeps(&self) -> bool {
        self.row.flags & MirrorRow::KEEPS_LINK != 0
    }

    /// Before any frame.
    pub(crate) const EMPTY: MirrorWork = MirrorWork {
        service: ServiceRow { df_port: 0, df_over: 0, flags: 0, share: 0 },
        row: MirrorRow { zone: ZoneId::NONE, output: InterfaceId::NONE, df_over: 0, flags: 0 },
        arrived: 0,
        vlan: Vlan { outer: 0, inner: 0 },
        dst: [0; 6],
        src: [0; 6],
        translated: false,
        ip: false,
        clears: false,
        by: Reason::Mirrored,
    };
}
