//! The chapters, in order.

use anyhow::{Context, Result};
use flumen_api::Protocol;
use flumen_scenarios::balances;

use super::download::Download;
use super::screen::Screen;
use super::set::{Host, IPERF_PORT, Set};
use Host::{Client, Gateway};

const CONFIGURATION: &str = include_str!("../../lab/gateway.conf");
const STRICTER: &str = include_str!("../../lab/stricter.conf");

const ALL: fn(&str) -> bool = |_| true;

pub(super) fn picture(screen: &Screen) {
    screen.say(include_str!("picture.txt"));
}

pub(super) fn start(screen: &mut Screen, set: &mut Set) -> Result<()> {
    screen.title("A gateway starts");
    let directory = set.directory()?;
    std::fs::write(directory.join("gateway.conf"), CONFIGURATION)?;
    std::fs::write(directory.join("stricter.conf"), STRICTER)?;
    screen.run(set, Gateway, "flumen check gateway.conf", ALL)?;
    screen.typed(Gateway, "flumen run --config gateway.conf &");
    set.lab.flumen_mut().start_with(&directory.join("gateway.conf"))?;
    screen.show(&set.lab.flumen().log(), |line| line.contains("is attached") || line.contains("is active"));
    screen.run(set, Gateway, "flumen show interfaces", ALL)?;
    let interfaces = set.lab.flumen().interfaces()?.interfaces;
    let driver = interfaces.iter().all(|interface| interface.mode.as_deref() == Some("driver"));
    screen.promise(driver, "the eBPF program runs in the driver of all three interfaces");
    Ok(())
}

pub(super) fn allowed(screen: &mut Screen, set: &Set) -> Result<()> {
    screen.title("Allowed: policy web-out, and source NAT for IPv4");
    for to in ["203.0.113.2", "2001:db8:2::2"] {
        let said = screen.run(set, Client, &format!("ping -c 3 -i 0.2 -W 2 {to}"), |line| {
            line.contains("bytes from") || line.contains("packets transmitted")
        })?;
        screen.promise(
            said.success && said.text.contains("3 received"),
            "no packet is lost, not even the first, for which the gateway had to ask for a neighbour",
        );
    }
    let v4 = screen.run(set, Client, "curl --silent http://203.0.113.2/whoami", ALL)?;
    screen.promise(v4.text.starts_with("203.0.113.1:"), "to the server, the IPv4 client is the gateway");
    let v6 = screen.run(set, Client, "curl --silent http://[2001:db8:2::2]/whoami", ALL)?;
    screen.promise(v6.text.starts_with("[2001:db8:1::2]:"), "over IPv6 it is itself");

    let mut download = Download::start(screen, set)?;
    download.wait_beyond(screen, 1_000_000)?;
    let said = screen.run(set, Gateway, "flumen show sessions --protocol tcp", ALL)?;
    let session = Download::session(set.lab.flumen())?;
    screen.promise(
        download.runs()
            && session.source_nat
            && said.text.contains(&format!("203.0.113.1:{}", session.departs.source_port)),
        "the session table shows the translated connection while it runs",
    );
    Ok(())
}

pub(super) fn denied(screen: &mut Screen, set: &Set) -> Result<()> {
    screen.title("Denied and rejected, each with its reason");
    screen.say(
        "  Nobody may reach the vault (policy keep-out: deny), nobody may use telnet (no-telnet: reject).",
    );
    let silent =
        screen.run(set, Client, "curl --silent --show-error --max-time 1 http://10.3.0.2/whoami", ALL)?;
    screen.promise(!silent.success, "denied: silence, curl gives up after its second");
    let answered =
        screen.run(set, Client, "curl --silent --show-error --max-time 5 telnet://203.0.113.2", ALL)?;
    screen
        .promise(!answered.success && !answered.text.contains("imed out"), "rejected: curl hears so at once");
    let said = screen.run(set, Gateway, "flumen show reasons --seen --interface lan.0", |line| {
        !line.trim().is_empty() && !line.starts_with("INTERFACE") && !line.starts_with("lan")
    })?;
    screen.promise(
        said.text.contains("policy-denied") && said.text.contains("reject-sent"),
        "both are counted under their reasons",
    );
    Ok(())
}

pub(super) fn explain(screen: &mut Screen, set: &Set) -> Result<()> {
    screen.title("Why? The pipeline itself explains");
    let until_bytes = |text: &str| text.lines().take_while(|line| !line.starts_with("Frame")).count();
    for (to, port, outcome, row) in
        [("10.3.0.2", 80, "drop", "keep-out"), ("203.0.113.2", 80, "forward", "web-out")]
    {
        let line =
            format!("flumen explain -i lan.0 --source 10.1.0.2 --destination {to} --destination-port {port}");
        let said = screen.start(set, Gateway, &line)?.finish(screen)?;
        let lines: Vec<&str> = said.text.lines().take(until_bytes(&said.text)).collect();
        screen.show(&lines.join("\n"), ALL);
        screen.promise(
            said.success && said.text.contains(&format!("=> {outcome}")) && said.text.contains(row),
            &format!("{outcome}, by policy {row}: the same code that runs in the kernel, on the live tables"),
        );
    }
    Ok(())
}

pub(super) fn switch(screen: &mut Screen, set: &Set) -> Result<()> {
    screen.title("The rules change under load, and nothing is lost");
    let other = "curl --silent --show-error --max-time 5 http://203.0.113.2:8080/whoami";
    let before = screen.run(set, Client, other, ALL)?;
    let lost_before = receive_buffer_errors(set)?;
    let iperf = "iperf3 -c 203.0.113.2 -u -b 40M -l 1200 -t 4";
    screen.typed(Client, &format!("{iperf} &"));
    let mut load = screen.start_unseen(&mut set.command(Client, iperf)?, iperf)?;
    screen.wait_until("iperf3 sends", || load.status().is_some() || iperf_packets(set) > 1000)?;
    screen.run(set, Gateway, "flumen apply stricter.conf", ALL)?;
    let after = screen.run(set, Client, other, ALL)?;
    screen.promise(
        before.success && !after.success,
        "the new ruleset rejects port 8080, from one packet to the next",
    );
    let mut switches = 1;
    while load.status().is_none() && switches < 12 {
        for file in ["gateway.conf", "stricter.conf"] {
            set.lab.flumen().run(&format!("apply {}", set.directory()?.join(file).display()))?;
            switches += 1;
        }
    }
    screen.say(&format!("  … and to and fro, {switches} rulesets in all while iperf3 runs."));
    let said = load.finish(screen)?;
    screen.show(&said.text, |line| {
        line.contains("Lost/Total") || line.contains("receiver") || line.contains("error")
    });
    let (lost, total) = lost_of_total(&said.text).context("iperf3 does not say what was lost")?;
    // what the server's kernel counts as "no room in the socket" has passed the gateway
    let late = receive_buffer_errors(set)? - lost_before;
    if late > 0 {
        screen.say(&format!("  {late} datagrams reached the server when iperf3 was too busy to take them."));
    }
    screen.promise(
        said.success && total > 1000 && lost <= late,
        &format!("{switches} switches, {total} datagrams, none lost by the gateway"),
    );
    Ok(())
}

/// Packets of iperf3's UDP flow so far.
fn iperf_packets(set: &Set) -> u64 {
    let sessions = set.lab.flumen().sessions().unwrap_or_default();
    let mut iperf = sessions.iter().filter(|session| {
        session.protocol == Protocol::UDP && session.arrives.destination_port == IPERF_PORT
    });
    iperf.next().map_or(0, |session| session.forward.packets)
}

/// Lost and total datagrams of iperf3's last line.
fn lost_of_total(text: &str) -> Option<(u64, u64)> {
    let line = text.lines().rfind(|line| line.contains("receiver"))?;
    let word = line.split_whitespace().find(|word| word.contains('/') && !word.contains("bits"))?;
    let (lost, total) = word.split_once('/')?;
    Some((lost.parse().ok()?, total.parse().ok()?))
}

/// UDP datagrams that the server's kernel had no room for.
fn receive_buffer_errors(set: &Set) -> Result<u64> {
    let table = set.lab.server().read_proc_net("snmp")?;
    let mut udp = table.lines().filter_map(|line| line.strip_prefix("Udp:"));
    let (names, values) = (udp.next().unwrap_or_default(), udp.next().unwrap_or_default());
    let mut columns = names.split_whitespace().zip(values.split_whitespace());
    let (_, errors) = columns.find(|(name, _)| *name == "RcvbufErrors").context("no RcvbufErrors")?;
    Ok(errors.parse()?)
}

pub(super) fn survive(screen: &mut Screen, set: &mut Set) -> Result<()> {
    screen.title("The daemon dies in the middle of a download");
    let mut download = Download::start(screen, set)?;
    download.wait_beyond(screen, 4_000_000)?;
    let before = Download::session(set.lab.flumen())?;
    let pid = set.lab.flumen().status()?.pid;
    screen.typed(Gateway, &format!("kill -9 {pid}"));
    set.lab.flumen_mut().kill()?;
    let asked = screen.run(set, Gateway, "flumen show status", ALL)?;
    let arrived = download.arrived();
    download.wait_beyond(screen, arrived + 2_000_000)?;
    screen.promise(!asked.success && download.runs(), "nobody is at home, and the download goes on");
    let ping =
        screen.run(set, Client, "ping -c 2 -i 0.2 -W 2 203.0.113.2", |line| line.contains("transmitted"))?;
    screen.promise(ping.success, "new sessions are admitted");
    let vault =
        screen.run(set, Client, "ping -c 2 -i 0.2 -W 1 10.3.0.2", |line| line.contains("transmitted"))?;
    screen.promise(!vault.success, "what was denied still is");

    screen.typed(Gateway, "flumen run &");
    set.lab.flumen_mut().start_again()?;
    screen.show(&set.lab.flumen().log(), |line| line.contains("took over") || line.contains("adopted"));
    screen.run(set, Gateway, "flumen show sessions --protocol tcp --destination-port 80", ALL)?;
    screen.promise(
        set.lab.flumen().status()?.adopted
            && Download::goes_on(set.lab.flumen(), &before)?
            && download.runs(),
        "the new daemon has taken over ruleset and sessions; the download has noticed nothing",
    );
    let same = download.finish(screen, set)?;
    screen.promise(same, "it arrives whole: the checksums are the same");
    Ok(())
}

pub(super) fn account(screen: &mut Screen, set: &Set) -> Result<()> {
    screen.title("Every packet is accounted for");
    // counters are read one after the other: at rest they agree
    let mut balanced = false;
    let settled = screen.wait_until("all is at rest", || {
        balanced = balances(set.lab.flumen())
            .is_ok_and(|all| all.iter().all(|balance| balance.received == balance.ended));
        balanced
    });
    let said = screen.start(set, Gateway, "flumen show reasons --seen")?.finish(screen)?;
    let table = said.text.lines().skip_while(|line| !line.starts_with("INTERFACE")).collect::<Vec<_>>();
    screen.show(&table.join("\n"), ALL);
    screen.promise(
        settled.is_ok() && balanced,
        "received = forwarded + delivered + consumed + dropped, to the packet, on every interface",
    );
    screen.check_interrupt()
}

pub(super) fn detach(screen: &mut Screen, set: &mut Set) -> Result<()> {
    screen.title("And it goes as it came");
    screen.run(set, Gateway, "flumen detach", ALL)?;
    set.lab.flumen_mut().wait()?;
    let links = screen.run(set, Gateway, "ip -brief link show type veth", ALL)?;
    let pins = set.lab.flumen().places().bpf_dir().exists();
    let programs = set.command(Gateway, "ip -details link show")?.output()?;
    let programs = String::from_utf8_lossy(&programs.stdout).contains("xdp");
    screen.promise(links.success && !pins && !programs, "no program and no table is left");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_config::{LoadMode, Model};

    #[test]
    fn what_iperf3_lost_is_read_from_its_last_line() {
        let text = "\
[  5]   0.00-4.00   sec  19.1 MBytes  40.0 Mbits/sec  0.000 ms  0/16666 (0%)  sender
[  5]   0.00-4.00   sec  19.1 MBytes  40.0 Mbits/sec  0.004 ms  3/16664 (0.018%)  receiver
";
        assert_eq!(lost_of_total(text), Some((3, 16664)));
        assert_eq!(lost_of_total("iperf3: error - unable to connect"), None);
    }

    #[test]
    fn both_configurations_are_accepted() {
        for text in [CONFIGURATION, STRICTER] {
            let loaded = Model::from_text(text, None, LoadMode::Strict);
            assert_eq!(loaded.map(|loaded| loaded.warnings), Ok(Vec::new()));
        }
    }
}
