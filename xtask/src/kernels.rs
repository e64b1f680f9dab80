//! The kernel lane: one command on the stock kernels of several Debian suites.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::KernelArgs;
use crate::artifacts;
use crate::child;
use crate::ebpf;
use crate::lane::{self, Job, Kernel};
use crate::tally::Tally;
use crate::tree::Tree;

/// Packages whose tests are the default command: every program is loaded, every fixture run, netlink spoken.
const PACKAGES: [&str; 3] = ["flumen-engine", "flumen-kernel", "flumen-conformance"];

/// With them, scenarios for which the developer's kernel may lack something: package, test program, part of the names.
const SCENARIOS: [&str; 3] = ["flumen-scenarios", "scenarios", "sub_interfaces"];

/// Boots each suite's kernel in turn and runs the command in it; every suite is tried, whatever the others did.
///
/// # Errors
/// When QEMU cannot be had, a kernel does not boot, or the command fails on any.
pub(crate) fn run(tree: &Tree, args: KernelArgs) -> Result<()> {
    lane::need_programs()?;
    let jobs = jobs(tree, &args)?;
    let must_test = args.command.is_empty();
    let mut failed = Vec::new();
    for suite in &args.suites {
        if let Err(error) = on_suite(tree, suite, &jobs, must_test) {
            eprintln!("error: kernel lane: {suite}: {error:#}");
            failed.push(suite.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("the kernel lane failed on {}", failed.join(", "));
    }
    Ok(())
}

/// Runs every job, also after one has failed; the first failure is the answer.
fn on_suite(tree: &Tree, suite: &str, jobs: &[Job], must_test: bool) -> Result<()> {
    let kernel = Kernel::of(suite)?;
    let name = format!("kernel lane: {suite}, Linux {}", kernel.version());
    let mut tally = Tally::default();
    let mut failure = None;
    for job in jobs {
        println!("{name}: {}", job.command.join(" "));
        let before = tally.passed;
        failure = failure.or(lane::run(tree, &kernel, job, &mut tally).err());
        if job.must_pass && tally.passed == before && failure.is_none() {
            failure = Some(anyhow!("{} passed no test", job.command.join(" ")));
        }
    }
    if let Some(failure) = failure {
        return Err(failure);
    }
    if must_test && tally.passed == 0 {
        bail!("no test was run");
    }
    println!("{name}: {tally}");
    Ok(())
}

/// What runs in the guest: the command of the caller, or the tests of [`PACKAGES`] and [`SCENARIOS`].
fn jobs(tree: &Tree, args: &KernelArgs) -> Result<Vec<Job>> {
    let job = |folder: PathBuf, command: Vec<String>| Job {
        folder,
        command,
        must_pass: false,
        modules: args.modules.clone(),
        limit: Duration::from_secs(args.timeout),
        memory_mib: args.memory,
        console: args.console,
    };
    if !args.command.is_empty() {
        return Ok(vec![job(tree.root().to_owned(), args.command.clone())]);
    }
    ebpf::build(tree)?;
    let packages = PACKAGES.iter().flat_map(|name| ["--package", name]).collect::<Vec<_>>();
    let [package, program, filter] = SCENARIOS;
    child::run(
        child::cargo().args(["build", "--quiet", "--package", "flumen-cli"]).current_dir(tree.root()),
    )?;
    let mut jobs = Vec::new();
    for (options, words) in
        [(&packages[..], None), (&["--package", package, "--test", program], Some(filter))]
    {
        let mut cargo = child::cargo();
        cargo.args(["test", "--quiet", "--no-run"]).args(options).current_dir(tree.root());
        for program in artifacts::build(&mut cargo)?.into_iter().filter(|program| program.test) {
            let folder = program.manifest.parent().map_or_else(|| tree.root().to_owned(), Path::to_owned);
            let file = program.executable.to_str().context("the path of a test program is no UTF-8")?;
            let command = [file].into_iter().chain(words).map(str::to_owned).collect();
            jobs.push(Job { must_pass: words.is_some(), ..job(folder, command) });
        }
    }
    if !jobs.iter().any(|job| job.must_pass) || jobs.iter().all(|job| job.must_pass) {
        bail!("cargo built no tests of {} or of {package}", PACKAGES.join(", "));
    }
    Ok(jobs)
}
