/// What happens to a packet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Outcome {
    /// Sent out of an interface.
    Forward,
    /// Handed to the kernel: for the host itself, or for the kernel to resolve or fragment.
    Deliver,
    /// Discarded.
    Drop,
    /// Answered or absorbed by us.
    Consume,
}

impl Outcome {
    /// Every outcome, in the order tables print them.
    pub const ALL: [Outcome; 4] = [Outcome::Forward, Outcome::Deliver, Outcome::Consume, Outcome::Drop];

    /// As shown and exported.
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Forward => "forward",
            Outcome::Deliver => "deliver",
            Outcome::Drop => "drop",
            Outcome::Consume => "consume",
        }
    }
}

/// One definition makes the enum, its counter, its metric name, its outcome and its line in the manual.
macro_rules! reasons {
    ($($variant:ident $outcome:ident $name:literal $text:literal;)*) => {
        /// Why a packet ended as it did. Every packet ends with exactly one, and each belongs to one [`Outcome`].
        ///
        /// The number is the index of its counter and is stored in pinned maps: new reasons go to the end.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Reason {
            $(#[doc = $text] $variant,)*
        }

        impl Reason {
            /// Every reason, by number.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant,)*];

            /// The outcome of every packet that ends with this reason.
            #[inline(always)]
            pub const fn outcome(self) -> Outcome {
                match self { $(Reason::$variant => Outcome::$outcome,)* }
            }

            /// As shown, exported and filtered on; a metric is `flumen_packets_total{reason="<name>"}`.
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$variant => $name,)* }
            }

            /// The manual's line.
            pub const fn text(self) -> &'static str {
                match self { $(Reason::$variant => $text,)* }
            }
        }
    };
}

reasons! {
    Forwarded Forward "forwarded" "Permitted, translated where a rule says so, and sent out.";
    HostInbound Deliver "host-inbound" "For the host itself, and the zone's host-inbound rules allow it.";
    HostReply Deliver "host-reply" "For the host itself, in answer to a connection that the host opened; or an ICMP reply or error, which the kernel matches.";
    HostNeighbour Deliver "host-neighbour" "ARP, or IPv6 neighbour and router discovery: answered by the kernel.";
    OtherStation Deliver "other-station" "Addressed to another station's link address: never forwarded; the kernel drops it unless the host listens.";
    NeighbourUnknown Deliver "neighbour-unknown" "Permitted and translated; the kernel resolves the next hop and sends it.";
    FragmentationNeeded Deliver "fragmentation-needed" "Permitted and translated; larger than the egress MTU, so the kernel fragments it.";
    KernelSends Deliver "kernel-sends" "Permitted and translated; the egress device takes no frames from XDP, or none of several buffers, so the kernel sends it.";
    TtlExceededSent Consume "ttl-exceeded-sent" "TTL or hop limit ran out; answered with ICMP time exceeded (RFC 1812, RFC 4443).";
    PacketTooBigSent Consume "packet-too-big-sent" "Larger than the egress MTU and not to be fragmented; answered with the MTU (RFC 1191, RFC 8201).";
    RejectSent Consume "reject-sent" "A policy rejects it; answered with a TCP reset, or ICMP administratively prohibited (RFC 9293 §3.10.7, RFC 1812 §5.2.7.1).";
    Truncated Drop "truncated" "Ends before its headers do.";
    NotIp Drop "not-ip" "Neither IPv4, IPv6 nor ARP (LLC, LLDP, MPLS, PPPoE, and so on).";
    VlanTooDeep Drop "vlan-too-deep" "More than two VLAN tags.";
    Ipv4Version Drop "ipv4-version" "IPv4 by EtherType, but the version field is not 4.";
    Ipv4HeaderLength Drop "ipv4-header-length" "IPv4 header length below 20 bytes or beyond the packet.";
    Ipv4TotalLength Drop "ipv4-total-length" "IPv4 total length below its header or beyond the frame.";
    Ipv4Checksum Drop "ipv4-checksum" "IPv4 header checksum is wrong.";
    Ipv4Martian Drop "ipv4-martian" "Address that no packet on a link may carry: loopback or 0/8, or a multicast or broadcast source.";
    Ipv6Version Drop "ipv6-version" "IPv6 by EtherType, but the version field is not 6.";
    Ipv6PayloadLength Drop "ipv6-payload-length" "IPv6 payload length is beyond the frame.";
    Ipv6Martian Drop "ipv6-martian" "Address that no packet on a link may carry: loopback or IPv4-mapped, or a multicast source.";
    Ipv6ExtensionHeaders Drop "ipv6-extension-headers" "More than eight IPv6 extension headers, or one out of place (RFC 8200 §4.1).";
    L4Header Drop "l4-header" "TCP, UDP or ICMP header is cut short or contradicts its length field.";
    TcpFlags Drop "tcp-flags" "A combination of TCP flags that no stack sends: none at all, SYN with FIN, or SYN with RST.";
    FragmentTiny Drop "fragment-tiny" "First fragment without the whole transport header, or a later one that writes over it (RFC 1858, RFC 3128).";
    FragmentOffset Drop "fragment-offset" "Fragment that ends beyond 65,535 bytes.";
    FragmentUnknown Drop "fragment-unknown" "Later fragment whose first fragment was not seen, or was not permitted.";
    NoInterface Drop "no-interface" "Arrived on a device or VLAN that is in no zone.";
    NoEgressZone Drop "no-egress-zone" "Its route leaves by a device that is in no zone.";
    NoRoute Drop "no-route" "The kernel has no route to the destination, or only that of an anycast address.";
    RouteBlackhole Drop "route-blackhole" "Routed to a blackhole, unreachable or prohibit route.";
    ForwardingDisabled Drop "forwarding-disabled" "The kernel's forwarding is off for the ingress interface.";
    RouteUnsupported Drop "route-unsupported" "The route needs an encapsulation that only the kernel can do.";
    LinkLocal Drop "link-local" "Link-local source or destination that would have to cross a router (RFC 4291 §2.5.6, RFC 3927 §2.7).";
    RouteZoneChanged Drop "route-zone-changed" "The session's route now leaves by another zone than its policy allowed.";
    PolicyDenied Drop "policy-denied" "A policy denies it.";
    PolicyDefault Drop "policy-default" "No policy between these zones matches: denied.";
    HostDenied Drop "host-denied" "For the host itself, and the zone's host-inbound rules do not allow it.";
    SpoofedSource Drop "spoofed-source" "Carries one of the host's own addresses, or the broadcast address of its subnets, as its source.";
    Multicast Drop "multicast" "Multicast or broadcast that the zone's host-inbound rules do not allow, or a reserved address (240.0.0.0/4); none is routed.";
    NeighbourSpoofed Drop "neighbour-spoofed" "Neighbour or router discovery that crossed a router (hop limit below 255, RFC 4861 §7.1) or is fragmented (RFC 6980).";
    TcpNoSession Drop "tcp-no-session" "TCP without SYN and without a session.";
    IcmpNoSession Drop "icmp-no-session" "ICMP that belongs to no session and opens none: errors, replies, discovery that is addressed beyond us.";
    IcmpMalformed Drop "icmp-malformed" "ICMP error whose quoted packet is cut short, cannot be read, or is not from whom the error goes to.";
    SessionTableFull Drop "session-table-full" "No room for a new session; established ones go on.";
    SessionConflict Drop "session-conflict" "Another session already has its translated addresses and ports.";
    NatPortsExhausted Drop "nat-ports-exhausted" "No free port towards this destination after the allowed number of tries.";
    NatNoAddress Drop "nat-no-address" "The egress interface has no address of this family to translate to.";
    TtlExceeded Drop "ttl-exceeded" "TTL or hop limit ran out, and no answer may be sent (RFC 1122 §3.2.2, the rate limit, or no address of our own).";
    PacketTooBig Drop "packet-too-big" "Larger than the egress MTU, and no answer may be sent.";
    Rejected Drop "rejected" "A policy rejects it, and no answer may be sent.";
    EmitFailed Drop "emit-failed" "The frame, or the answer to it, could not be given its headers (no headroom).";
    Internal Drop "internal" "A table row that the ruleset promises is missing; please report it.";
    Mirrored Forward "mirrored" "Inner packet of a traffic mirror: unwrapped, translated where a rule says so, and sent out.";
    DfCleared Deliver "df-cleared" "Passed to the kernel with DF cleared, on an interface that is in no zone and only has services.";
    PassedThrough Deliver "passed-through" "Passed to the kernel as it came, on an interface that is in no zone and only has services.";
    MirrorHost Deliver "mirror-host" "Inner packet of a traffic mirror that a rule translated to an address of the host.";
    MirrorDiscarded Drop "mirror-discarded" "A rule of its traffic mirror discards the inner packet.";
    MirrorFragment Drop "mirror-fragment" "First fragment of VXLAN to a traffic mirror: tunnel packets must not be fragmented (RFC 7348 §4.3).";
    VxlanTruncated Drop "vxlan-truncated" "VXLAN to a traffic mirror that ends before the inner Ethernet header does.";
    VxlanFlags Drop "vxlan-flags" "VXLAN to a traffic mirror whose header does not say that it has a VNI (RFC 7348 §5).";
    VxlanVni Drop "vxlan-vni" "VXLAN to the port of a traffic mirror, of a VNI that none has.";
    VxlanNested Drop "vxlan-nested" "Inner packet of a traffic mirror is VXLAN to the same port once more.";
    MirrorArp Drop "mirror-arp" "Inner frame of a traffic mirror is ARP, and its output does not keep link addresses.";
    MirrorNotIp Drop "mirror-not-ip" "Inner frame of a traffic mirror is neither IPv4, IPv6 nor ARP, and its output does not keep link addresses.";
    MirrorOutputDown Drop "mirror-output-down" "The output interface of its traffic mirror is down, not there, or must have frames as they are and takes none from XDP, or none of several buffers.";
    MirrorUnresolved Drop "mirror-unresolved" "The next hop of an inner packet on its mirror's output interface is unknown, and the kernel would send it by another.";
}

const _: () = assert!(size_of::<Reason>() == 1);

impl Reason {
    /// Reasons there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The reason with this number.
    pub const fn from_number(number: usize) -> Option<Reason> {
        if number < Self::COUNT { Some(Self::ALL[number]) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn each_reason_has_its_own_name_and_its_number_is_its_place() {
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(*reason as usize, place);
            assert_eq!(Reason::from_number(place), Some(*reason));
            assert!(
                Reason::ALL[..place].iter().all(|earlier| earlier.name() != reason.name()),
                "{}",
                reason.name()
            );
        }
        assert_eq!(Reason::from_number(Reason::COUNT), None);
    }
}
