//! How quantities and styles look, the same in every table.

use anstyle::{AnsiColor, Style};
use flumen_api::{Protocol, Traffic, Tuple};
use std::net::{IpAddr, SocketAddr};

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();

/// The style of an outcome by its name.
pub(crate) fn outcome_style(outcome: &str) -> Style {
    match outcome {
        "forward" | "deliver" => GOOD,
        "drop" => BAD,
        _ => WARN,
    }
}

/// A time in its two greatest units, rounded up to whole seconds: `12s`, `29m50s`, `2h05m`, `3d04h`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1000);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m{:02}s", seconds % 60),
        (0, ..) => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// Address and port; protocols without ports show the address alone, ICMP its identifier behind `#`.
pub(crate) fn endpoint(protocol: Protocol, address: IpAddr, port: u16) -> String {
    match (protocol, port) {
        (_, 0) => address.to_string(),
        (protocol, identifier) if protocol.is_icmp() => format!("{address}#{identifier}"),
        _ => SocketAddr::new(address, port).to_string(),
    }
}

/// `source > destination`.
pub(crate) fn tuple(protocol: Protocol, tuple: &Tuple) -> String {
    let source = endpoint(protocol, tuple.source, tuple.source_port);
    let destination = endpoint(protocol, tuple.destination, tuple.destination_port);
    format!("{source} > {destination}")
}

/// Words separated by commas, `any` for none.
pub(crate) fn list(words: &[String]) -> String {
    if words.is_empty() { "any".to_owned() } else { words.join(",") }
}

/// Two cells: packets, bytes.
pub(crate) fn traffic(traffic: Traffic) -> [String; 2] {
    [traffic.packets.to_string(), traffic.bytes.to_string()]
}

/// Bytes as bits with three digits and a unit: `1.20k`, `34.5M`.
pub(crate) fn bits(bytes: u64) -> String {
    let bits = bytes.saturating_mul(8);
    let (mut value, mut unit) = (bits as f64, 0);
    while value >= 999.5 && unit < 4 {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 { 0 } else { 1 + usize::from(value < 9.995) };
    format!("{value:.decimals$}{}", ["", "k", "M", "G", "T"][unit])
}

/// `one thing`, `two things`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// What clap complains of, in one line.
pub(crate) fn told(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{bits, duration, endpoint};
    use flumen_api::Protocol;

    #[test]
    fn a_duration_shows_two_units_and_never_less_than_is_left() {
        for (milliseconds, text) in [
            (0, "0s"),
            (1, "1s"),
            (59_001, "1m00s"),
            (1_790_000, "29m50s"),
            (7_500_000, "2h05m"),
            (273_600_000, "3d04h"),
        ] {
            assert_eq!(duration(milliseconds), text);
        }
    }

    #[test]
    fn bits_have_three_digits() {
        for (bytes, text) in
            [(0, "0"), (125, "1.00k"), (12_499_000, "100M"), (1_187_500, "9.50M"), (u64::MAX, "18446744T")]
        {
            assert_eq!(bits(bytes), text);
        }
    }

    #[test]
    fn an_endpoint_is_written_as_its_protocol_has_it() {
        let v6 = "2001:db8::1".parse().unwrap();
        assert_eq!(endpoint(Protocol::TCP, v6, 443), "[2001:db8::1]:443");
        assert_eq!(endpoint(Protocol::ICMP6, v6, 7), "2001:db8::1#7");
        assert_eq!(endpoint(Protocol(47), v6, 0), "2001:db8::1");
    }
}
