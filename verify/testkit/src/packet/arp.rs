//! ARP for IPv4 over Ethernet (RFC 826).

use std::net::Ipv4Addr;

use super::{Layer, Mac, Packet, ToIpv4, ToMac};

#[derive(Clone, Debug)]
pub(super) struct Arp {
    operation: u16,
    sender: (Mac, Ipv4Addr),
    target: (Mac, Ipv4Addr),
}

// === impl Packet ===

impl Packet {
    /// A broadcast frame that asks who has `target`.
    pub fn arp_request(sender_mac: impl ToMac, sender: impl ToIpv4, target: impl ToIpv4) -> Self {
        let mac = sender_mac.to_mac();
        Self::eth().macs(mac, Mac::BROADCAST).arp(
            1,
            (mac, sender.to_ipv4()),
            (Mac::default(), target.to_ipv4()),
        )
    }

    /// A unicast frame that tells `target` the sender's address.
    pub fn arp_reply(
        sender_mac: impl ToMac,
        sender: impl ToIpv4,
        target_mac: impl ToMac,
        target: impl ToIpv4,
    ) -> Self {
        let (mac, target_mac) = (sender_mac.to_mac(), target_mac.to_mac());
        Self::eth().macs(mac, target_mac).arp(2, (mac, sender.to_ipv4()), (target_mac, target.to_ipv4()))
    }

    /// Adds an ARP packet: operation 1 asks, 2 answers.
    pub fn arp(self, operation: u16, sender: (Mac, Ipv4Addr), target: (Mac, Ipv4Addr)) -> Self {
        self.with(Layer::Arp(Arp { operation, sender, target }))
    }
}

// === impl Arp ===

impl Arp {
    pub(super) fn wrap(&self, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 8, 0, 6, 4];
        bytes.extend(self.operation.to_be_bytes());
        for (mac, ip) in [self.sender, self.target] {
            bytes.extend(mac.0);
            bytes.extend(ip.octets());
        }
        bytes.extend_from_slice(body);
        bytes
    }
}
