//! Boots the guest, passes its output on and takes its exit code.

use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::lane::{Job, Kernel, QEMU, initrd, quoted};
use crate::tally::Tally;
use crate::tree::Tree;

/// Runs the command in the chroot on the host's files.
const GUEST: &str = include_str!("guest.sh");

/// Variables that the command sees as they are on the host.
const KEPT: [&str; 4] = ["PATH", "HOME", "LANG", "RUST_BACKTRACE"];

/// A stock kernel has 802.1Q: no test may go without.
const NEED_VLANS: (&str, &str) = ("FLUMEN_NEED_VLANS", "1");

/// The exit code of `timeout` when the time was up.
const TIMED_OUT: i32 = 124;

/// Times that a guest is started which ends before anything of ours runs in it: emulated kernels are seen to panic at
/// boot, once in some dozens.
const BOOTS: u32 = 3;

const CPUS: &str = "2";
const CONSOLE_TAIL: usize = 40;

/// Boots `kernel`, runs `job` in it and adds its test results to `tally`.
///
/// # Errors
/// When the guest does not come up or is out of time, or the command fails.
pub(crate) fn run(tree: &Tree, kernel: &Kernel, job: &Job, tally: &mut Tally) -> Result<()> {
    let work = Work::new(tree)?;
    let share = work.0.join("share");
    fs::create_dir_all(&share)?;
    fs::write(share.join("guest"), GUEST)?;
    fs::write(share.join("variables"), variables(tree, job)?)?;
    fs::write(share.join("command"), command(tree, job))?;
    let ramdisk = work.0.join("initrd");
    initrd::write(kernel, &work.0.join("root"), &ramdisk)?;
    let console = work.0.join("console");

    let mut qemu = Command::new("timeout");
    qemu.args(["--foreground", "-k", "10", &job.limit.as_secs().to_string(), QEMU]);
    qemu.args(machine(job)).arg("-serial").arg(format!("file:{}", console.display()));
    qemu.arg("-kernel").arg(kernel.image()).arg("-initrd").arg(&ramdisk);
    for (folder, tag, options) in [
        (Path::new("/"), "root", ",readonly=on"),
        (&kernel.modules(), "modules", ",readonly=on"),
        (tree.root(), "tree", ""),
        (&share, "lane", ""),
    ] {
        qemu.arg("-virtfs").arg(shared(folder, tag, options)?);
    }
    let mut status = pass_on(&mut qemu, tally)?;
    for _ in 1..BOOTS {
        if share.join("began").exists() || status == Some(TIMED_OUT) {
            break;
        }
        print_console(&console, false);
        println!("kernel lane: the guest did not come up, which is the emulator's; once more");
        status = pass_on(&mut qemu, tally)?;
    }

    let code = fs::read_to_string(share.join("code")).ok();
    if job.console || code.is_none() {
        print_console(&console, job.console);
    }
    match code.as_deref().map(str::trim) {
        Some("0") => Ok(()),
        Some(code) => bail!("the command ended with {code}"),
        None if status == Some(TIMED_OUT) => bail!("no end after {} s", job.limit.as_secs()),
        None => bail!("the guest ended without an exit code (QEMU's: {status:?})"),
    }
}

/// A folder of its own in `target`, removed at the end.
struct Work(PathBuf);

// === impl Work ===

impl Work {
    fn new(tree: &Tree) -> Result<Self> {
        let folder = tree.at("target/lane").join(std::process::id().to_string());
        if folder.exists() {
            fs::remove_dir_all(&folder)?; // of an earlier process with our number
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("kernel lane: cannot remove {}: {error}", self.0.display());
        }
    }
}

/// The machine without its disks. `panic=-1` makes a panic end QEMU at once.
fn machine(job: &Job) -> Vec<String> {
    let memory = format!("{}M", job.memory_mib);
    let fixed = [
        "-nodefaults -no-user-config -display none -no-reboot -monitor none -machine q35 -cpu max",
        "-device virtio-rng-pci -device virtio-serial-pci -chardev file,id=out,path=/dev/stdout,append=on",
        "-device virtserialport,chardev=out,name=lane.out",
    ];
    let mut args: Vec<String> = fixed.iter().flat_map(|line| line.split(' ')).map(str::to_owned).collect();
    for pair in [
        ["-accel", accelerator()],
        ["-smp", CPUS],
        ["-m", &memory],
        ["-append", "console=ttyS0 panic=-1 oops=panic loglevel=4"],
    ] {
        args.extend(pair.map(str::to_owned));
    }
    args
}

/// KVM where the processor has it. `/dev/kvm` alone is not enough: nested hosts offer one that boots no stock kernel.
fn accelerator() -> &'static str {
    let writable = fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let hardware = processor.split_whitespace().any(|flag| flag == "vmx" || flag == "svm");
    if writable && hardware { "kvm" } else { "tcg,thread=multi" }
}

/// A shared folder as QEMU takes it; a comma would end the path.
fn shared(folder: &Path, tag: &str, options: &str) -> Result<String> {
    let path = folder.to_str().filter(|path| !path.contains(',')).with_context(|| {
        format!("the path {} cannot be shared with a guest: it has a comma or is no UTF-8", folder.display())
    })?;
    Ok(format!("local,path={path},mount_tag={tag},security_model=none,multidevs=remap{options}"))
}

fn variables(tree: &Tree, job: &Job) -> Result<String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let modprobe =
        std::env::split_paths(&path).map(|folder| folder.join("modprobe")).find(|path| path.exists());
    let modprobe = fs::canonicalize(modprobe.context("modprobe is missing")?)?;
    let folder = job.folder.to_string_lossy();
    let mut text = String::new();
    for (name, value) in [
        ("LANE_TREE", tree.root().to_string_lossy().as_ref()),
        ("LANE_FOLDER", folder.as_ref()),
        ("LANE_MODULES", &job.modules.join(" ")),
        ("LANE_MODPROBE", modprobe.to_string_lossy().as_ref()),
    ] {
        writeln!(text, "{name}={}", quoted(value))?;
    }
    Ok(text)
}

/// The script of the command, with its environment.
fn command(tree: &Tree, job: &Job) -> String {
    let mut lines = String::new();
    let kept = KEPT.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    let own = std::env::vars().filter(|(name, _)| name.starts_with("FLUMEN_") && !name.ends_with("_OBJECT"));
    let objects = [("FLUMEN_EBPF_OBJECT", "flumen.o"), ("FLUMEN_PROBES_OBJECT", "probes.o")];
    let objects = objects.map(|(name, object)| {
        (name.to_owned(), tree.ebpf_objects().join(object).to_string_lossy().into_owned())
    });
    let need_vlans = [NEED_VLANS].map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in kept.chain(own).chain(objects).chain(need_vlans) {
        lines += &format!("export {name}={}\n", quoted(&value));
    }
    let words: Vec<String> = job.command.iter().map(|word| quoted(word)).collect();
    lines + "exec " + &words.join(" ") + "\n"
}

/// Starts the guest and prints what the command prints; gives QEMU's exit code.
fn pass_on(qemu: &mut Command, tally: &mut Tally) -> Result<Option<i32>> {
    let mut child = qemu.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start QEMU")?;
    let mut output = BufReader::new(child.stdout.take().context("QEMU has an output")?);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        print!("{text}");
        tally.add_line(text.trim_end());
        line.clear();
    }
    Ok(child.wait().context("cannot wait for QEMU")?.code())
}

fn print_console(console: &Path, whole: bool) {
    let text =
        fs::read(console).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = if whole { 0 } else { lines.len().saturating_sub(CONSOLE_TAIL) };
    for line in lines.iter().skip(from) {
        eprintln!("console: {line}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_comma_is_refused() {
        assert!(shared(Path::new("/a,b"), "tree", "").is_err());
        assert_eq!(
            shared(Path::new("/"), "root", ",readonly=on").expect("shared"),
            "local,path=/,mount_tag=root,security_model=none,multidevs=remap,readonly=on"
        );
    }
}
