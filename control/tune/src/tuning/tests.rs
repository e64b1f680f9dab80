use super::{LEDGER, Tuning};
use crate::{Goal, Scope, State, TuneError};
use flumen_kernel::network::{Effort, Settings};
use flumen_kernel::{
    DeviceFacts, FakeHost, Feature, Host, Interrupt, Ledger, MachineFacts, Quantity, Setting, Span, prepare,
};
use std::time::Duration;

/// Two CPUs with governors; `ens5` with everything that hardware has, `lan` a veth.
fn host() -> FakeHost {
    let host = FakeHost::default();
    host.set_machine(MachineFacts { cpus: vec![0, 1], root: true, ..Default::default() });
    for (path, value) in [
        ("net/core/rmem_max", "212992"),
        ("net/core/netdev_budget", "300"),
        ("net/core/netdev_max_backlog", "50000"),
    ] {
        host.set(Setting::Sysctl(path.into()), value);
    }
    for cpu in [0, 1] {
        host.set(Setting::Governor(cpu), "powersave");
    }
    let span = |now, max| Span { now, max };
    host.set_device(DeviceFacts {
        name: "ens5".into(),
        driver: "ixgbe".into(),
        features: ["rx-gro", "rx-lro"].map(|name| (name.into(), Feature { on: true, fixed: false })).into(),
        quantities: [
            (Quantity::RxRing, span(512, Some(8192))),
            (Quantity::TxRing, span(512, Some(1024))),
            (Quantity::CombinedChannels, span(1, Some(16))),
            (Quantity::AdaptiveRx, span(1, None)),
            (Quantity::RxUsecs, span(50, None)),
        ]
        .into(),
        interrupts: [(40, 0), (41, 1), (42, 2)]
            .map(|(irq, queue)| Interrupt { irq, name: format!("ens5-TxRx-{queue}"), queue })
            .into(),
        ..DeviceFacts::default()
    });
    for irq in [40, 41, 42] {
        host.set(Setting::IrqAffinity(irq), "0-1");
    }
    host.set_device(DeviceFacts {
        name: "lan".into(),
        driver: "veth".into(),
        is_virtual: true,
        features: [("rx-gro".into(), Feature { on: true, fixed: false })].into(),
        ..DeviceFacts::default()
    });
    host
}

fn open(dir: &tempfile::TempDir, boot: &str) -> Result<Tuning, TuneError> {
    Tuning::open(dir.path(), boot, Duration::ZERO)
}

fn scope(devices: &[&str]) -> Scope {
    Scope { host: true, devices: devices.iter().map(|name| (*name).into()).collect(), goal: Goal::Throughput }
}

fn number(quantity: Quantity) -> Setting {
    Setting::Quantity { device: "ens5".into(), quantity }
}

fn feature(name: &str) -> Setting {
    Setting::Feature { device: "ens5".into(), feature: name.into() }
}

/// Everything that tuning may touch, and its value.
fn snapshot(host: &FakeHost) -> Vec<String> {
    let sysctls = ["rmem_max", "netdev_budget", "netdev_max_backlog"];
    let sysctls = sysctls.map(|name| Setting::Sysctl(format!("net/core/{name}")));
    let numbers =
        [Quantity::RxRing, Quantity::TxRing, Quantity::CombinedChannels, Quantity::RxUsecs].map(number);
    let features = ["rx-gro", "rx-lro"].map(feature);
    let others = [0, 1].map(Setting::Governor).into_iter().chain([40, 41, 42].map(Setting::IrqAffinity));
    sysctls.into_iter().chain(numbers).chain(features).chain(others).map(|one| host.get(&one)).collect()
}

#[test]
fn a_host_is_tuned_and_put_back_exactly_by_another_process() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let before = snapshot(&host);
    let applied = open(&dir, "boot").unwrap().apply(&host, &scope(&["ens5"])).unwrap();
    assert!(applied.plan.differing().next().is_none(), "nothing differs any more");
    let expected = ["134217728", "600", "50000", "4096", "1024", "2", "50", "off", "off", "performance"];
    assert_eq!(snapshot(&host)[..10], expected);
    assert_eq!(snapshot(&host)[11..], ["0", "1", "0"], "queue 2 is served by the first CPU again");
    assert_eq!(applied.changes.len(), 12, "{applied:?}");

    let mut tuning = open(&dir, "boot").unwrap();
    assert!(
        tuning.apply(&host, &scope(&["ens5"])).unwrap().changes.is_empty(),
        "a second time changes nothing"
    );
    let shown = tuning.show(&host, &scope(&["ens5"])).unwrap();
    let ring = shown.items.iter().find(|item| item.setting == number(Quantity::RxRing)).unwrap();
    assert_eq!(
        (ring.before.as_deref(), ring.now.as_deref(), ring.state),
        (Some("512"), Some("4096"), State::Good)
    );
    let undone = tuning.undo(&host, &[]).unwrap();
    assert_eq!((undone.changes.len(), undone.failures.len()), (12, 0));
    assert_eq!(snapshot(&host), before);
    assert!(!dir.path().join(LEDGER).exists());
    assert!(tuning.undo(&host, &[]).unwrap().changes.is_empty());
}

#[test]
fn one_refusal_takes_everything_of_the_run_back_and_says_what() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let before = snapshot(&host);
    host.refuse(Setting::IrqAffinity(41));
    let mut tuning = open(&dir, "boot").unwrap();
    let TuneError::Refused(refusal) = tuning.apply(&host, &scope(&["ens5"])).unwrap_err() else {
        panic!("not refused")
    };
    assert_eq!(refusal.setting, Setting::IrqAffinity(41));
    assert_eq!((refusal.undone.len(), refusal.stuck.len()), (10, 0));
    assert!(refusal.to_string().contains("the 10 changes before it were taken back"), "{refusal}");
    assert_eq!(snapshot(&host), before);
    assert!(!dir.path().join(LEDGER).exists(), "nothing is left to undo");
}

#[test]
fn a_refused_run_leaves_what_an_earlier_one_changed() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut tuning = open(&dir, "boot").unwrap();
    tuning.apply(&host, &scope(&[])).unwrap();
    host.set(Setting::Governor(0), "schedutil");
    host.refuse(feature("rx-lro"));
    assert!(tuning.apply(&host, &scope(&["ens5"])).is_err());
    assert_eq!(host.get(&Setting::Governor(0)), "schedutil", "as it was before the refused run");
    assert_eq!(host.get(&Setting::Governor(1)), "performance");
    tuning.undo(&host, &[]).unwrap();
    assert_eq!(host.get(&Setting::Governor(0)), "powersave", "as it was before everything");
}

#[test]
fn a_run_that_was_killed_can_be_undone() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut ledger = Ledger::open(&dir.path().join(LEDGER), "boot").unwrap();
    ledger
        .record(
            vec![(Setting::Governor(0), "powersave".into()), (Setting::Governor(1), "powersave".into())],
            Effort::All,
        )
        .unwrap();
    host.set(Setting::Governor(0), "performance");
    let undone = open(&dir, "boot").unwrap().undo(&host, &[]).unwrap();
    assert_eq!(undone.changes.len(), 1);
    assert_eq!(host.get(&Setting::Governor(0)), "powersave");
}

#[test]
fn what_cannot_be_put_back_is_named_and_stays_saved() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut tuning = open(&dir, "boot").unwrap();
    tuning.apply(&host, &scope(&["ens5"])).unwrap();
    host.refuse(Setting::Governor(1));
    let undone = tuning.undo(&host, &[]).unwrap();
    assert_eq!(undone.failures.len(), 1);
    assert_eq!(undone.failures[0].setting, Setting::Governor(1));
    assert_eq!(host.get(&number(Quantity::RxRing)), "512");
    assert!(dir.path().join(LEDGER).exists());
}

#[test]
fn one_device_is_put_back_alone() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut tuning = open(&dir, "boot").unwrap();
    tuning.apply(&host, &scope(&["ens5"])).unwrap();
    let undone = tuning.undo(&host, &["ens5".to_owned()]).unwrap();
    assert_eq!((undone.changes.len(), undone.failures.len()), (8, 0), "{undone:?}");
    assert_eq!(host.get(&Setting::IrqAffinity(40)), "0-1");
    assert_eq!(host.get(&Setting::Governor(0)), "performance", "the host's own stay");
    assert_eq!(tuning.undo(&host, &[]).unwrap().changes.len(), 4);
}

#[test]
fn a_veth_keeps_gro_and_what_it_lacks_is_absent() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut tuning = open(&dir, "boot").unwrap();
    let plan = tuning.show(&host, &scope(&["lan"])).unwrap();
    let gro = Setting::Feature { device: "lan".into(), feature: "rx-gro".into() };
    assert!(plan.items.iter().all(|item| item.setting != gro));
    let ring = Setting::Quantity { device: "lan".into(), quantity: Quantity::RxRing };
    let ring = plan.items.iter().find(|item| item.setting == ring).unwrap();
    assert_eq!((ring.state, ring.now.as_deref()), (State::Absent, None));
    assert_eq!(plan.notes.len(), 2, "{:?}", plan.notes);
    tuning.apply(&host, &scope(&["lan"])).unwrap();
    assert_eq!(host.get(&gro), "on");
}

#[test]
fn a_feature_that_the_driver_always_has_is_fixed_and_keeps_nothing_from_being_tuned() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut device = host.device("ens5").unwrap().unwrap();
    device.features.insert("rx-gro-hw".into(), Feature { on: true, fixed: true });
    host.set_device(device);
    let mut tuning = open(&dir, "boot").unwrap();
    let plan = tuning.apply(&host, &scope(&["ens5"])).unwrap().plan;
    let fixed: Vec<_> = plan.items.iter().filter(|item| item.state == State::Fixed).collect();
    assert!(matches!(fixed[..], [item] if item.setting == feature("rx-gro-hw")), "{fixed:?}");
}

#[test]
fn for_latency_every_frame_interrupts() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut tuning = open(&dir, "boot").unwrap();
    tuning.apply(&host, &Scope { goal: Goal::Latency, ..scope(&["ens5"]) }).unwrap();
    assert_eq!([Quantity::AdaptiveRx, Quantity::RxUsecs].map(|one| host.get(&number(one))), ["0", "1"]);
    tuning.undo(&host, &[]).unwrap();
    assert_eq!([Quantity::AdaptiveRx, Quantity::RxUsecs].map(|one| host.get(&number(one))), ["1", "50"]);
}

#[test]
fn ena_keeps_half_of_its_channels_for_what_programs_send() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut device = host.device("ens5").unwrap().unwrap();
    device.driver = "ena".into();
    device.quantities.insert(Quantity::CombinedChannels, Span { now: 2, max: Some(2) });
    host.set_device(device);
    open(&dir, "boot").unwrap().apply(&host, &scope(&["ens5"])).unwrap();
    assert_eq!(host.get(&number(Quantity::CombinedChannels)), "1");
}

#[test]
fn another_boot_forgets_and_two_runs_at_once_are_refused() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let mut tuning = open(&dir, "boot").unwrap();
    tuning.apply(&host, &scope(&[])).unwrap();
    assert!(matches!(open(&dir, "boot"), Err(TuneError::Busy { .. })));
    drop(tuning);
    assert!(open(&dir, "next").unwrap().undo(&host, &[]).unwrap().changes.is_empty());
}

#[test]
fn a_device_that_is_not_there_is_named_and_nothing_is_changed() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    let before = snapshot(&host);
    let mut tuning = open(&dir, "boot").unwrap();
    let error = tuning.apply(&host, &scope(&["ens5", "nosuch"])).unwrap_err();
    assert_eq!(error.to_string(), "there is no network device nosuch");
    assert_eq!(snapshot(&host), before);
}

#[test]
fn tuning_and_the_daemon_change_different_settings() {
    let (dir, host) = (tempfile::tempdir().unwrap(), host());
    for device in ["ens5", "lan"] {
        host.add_link(device, &[]);
        for name in ["rp_filter", "forwarding", "accept_local"] {
            host.set(Setting::conf("ipv4", device, name), "1");
        }
    }
    host.set_kind("lan", "veth");
    let devices = ["ens5", "lan"].map(str::to_owned);
    let mut own = Ledger::open(&dir.path().join("host-settings.json"), "boot").unwrap();
    let nothing = (&Settings::default(), Effort::All);
    prepare(&host, &mut own, &devices, &devices, nothing).unwrap();
    let plan = open(&dir, "boot").unwrap().show(&host, &scope(&["ens5", "lan"])).unwrap();
    assert!(own.settings().count() > 0);
    assert!(own.settings().all(|(setting, _)| plan.items.iter().all(|item| item.setting != *setting)));
}
