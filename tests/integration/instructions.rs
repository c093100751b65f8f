//! What `benches/instructions.rs` makes of counts.

#[path = "../../benches/instructions/callgrind.rs"]
mod callgrind;
#[allow(dead_code)] // The benchmark runs commands with it.
#[path = "../../benches/instructions/calls.rs"]
mod calls;
#[path = "../../benches/instructions/record.rs"]
mod record;

use callgrind::Profile;
use calls::FileCalls;
use record::{Record, judge};

/// What callgrind writes of a program whose `check` calls a library function, which calls a closure of `check`; `copies` is
/// what the library itself takes below it, `start` what it takes where no function of dockopt called it.
fn profile(check: u64, copies: u64, start: u64) -> Profile {
    let (below_check, below_main) = (copies + 40, check + copies + 40);
    let below_start = below_main + 100;
    Profile::read(&format!(
        "events: Ir\n\nfn=(below main)\n0 10\ncfn=main\ncalls=1 0\n0 {below_start}\ncfn=library::copy\ncalls=1 0\n0 {start}\n\n\
         fn=main\n0 60\ncfn=dockopt::run\ncalls=1 0\n0 {below_main}\n\n\
         fn=dockopt::run\n0 40\ncfn=dockopt_rules::rules::check\ncalls=2 0\n0 {below_main}\n\n\
         fn=dockopt_rules::rules::check\n0 {check}\ncfn=library::each\ncalls=1 0\n0 {below_check}\n\n\
         fn=library::each\n0 0\ncfn=library::copy\ncalls=5 0\n0 {copies}\ncfn=dockopt_rules::rules::check::{{{{closure}}}}\ncalls=5 0\n0 40\n\n\
         fn=library::copy\n0 {}\n\nfn=library::each'2\n0 0\n\nfn=dockopt_rules::rules::check::{{{{closure}}}}\n0 40\n\ntotals: {}\n",
        copies + start,
        10 + 60 + 40 + check + copies + start + 40
    ))
}

fn function(profile: &Profile, name: &str) -> u64 {
    profile.functions.get(name).copied().unwrap_or(0)
}

#[test]
fn library_functions_count_for_who_calls_them() {
    let profile = profile(1_000, 500, 100);
    assert_eq!(profile.total, 1_750);
    // Of 600 instructions in the library's copy, five sixths are below the check.
    assert_eq!(function(&profile, "dockopt::rules::check"), 1_500);
    assert_eq!(function(&profile, "dockopt::rules::check::{{closure}}"), 40);
    assert_eq!(function(&profile, "dockopt::run"), 40);
    assert_eq!(function(&profile, "start of the program"), 170);
    assert_eq!(profile.functions.values().sum::<u64>(), profile.total);
}

/// A record of one command, written and read.
fn record(profile: Profile) -> Record {
    Record::read(&Record::new("rustc 1.0, valgrind-3".to_owned(), &[("lint", profile)]).to_text())
}

#[test]
fn five_percent_more_fail_and_the_function_is_named() {
    let record = record(profile(1_000, 500, 100));
    let of = |check, copies| judge(&record, "rustc 1.0, valgrind-3", &[("lint", profile(check, copies, 100))]);
    let same = of(1_080, 500);
    assert!(!same.is_failure, "{}", same.text);
    for (check, copies) in [(1_090, 500), (1_000, 590), (1_300, 900)] {
        let more = of(check, copies);
        assert!(more.is_failure, "{}", more.text);
        let line = format!("grew: dockopt::rules::check, from 1500 to {}\n", check + copies);
        assert!(more.text.contains(&line), "{}", more.text);
        assert!(more.text.contains("-- --record"), "{}", more.text);
    }
    let fewer = of(900, 500);
    assert!(!fewer.is_failure && fewer.text.contains("keep the gain"), "{}", fewer.text);
}

#[test]
fn another_toolchain_is_named_and_gets_a_wider_limit() {
    let record = record(profile(1_000, 500, 100));
    let of = |check| judge(&record, "rustc 2.0, valgrind-3", &[("lint", profile(check, 500, 100))]);
    let (some, much) = (of(1_300), of(1_500));
    assert!(!some.is_failure && much.is_failure, "{}\n{}", some.text, much.text);
    assert!(some.text.starts_with("recorded with another toolchain (rustc 1.0, valgrind-3; this is rustc 2.0, "));
}

#[test]
fn a_command_without_a_record_fails() {
    let record = record(profile(1_000, 500, 100));
    let verdict = judge(&record, "rustc 1.0, valgrind-3", &[("audit", profile(1_000, 500, 100))]);
    assert!(verdict.is_failure && verdict.text.contains("audit: 1750 instructions, not recorded"), "{}", verdict.text);
}

#[test]
fn the_record_has_functions_of_each_command() {
    let text = include_str!("../../benches/instructions/counts.tsv");
    for command in ["lint", "audit", "image", "optimize", "compose check", "cache history"] {
        let rows = text.lines().filter(|line| line.starts_with(&format!("{command}\t"))).count();
        assert!(rows > 10, "{command}: {rows}");
    }
}

/// What strace writes of a run that asks each of so many neighbours of a file whether it has a manifest.
fn calls(neighbours: usize) -> FileCalls {
    let line = |number: usize| {
        format!(
            "7 statx(AT_FDCWD, \"./services/s{number}/go.mod\", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x7ffc) = -1 ENOENT\n"
        )
    };
    let listing =
        "7 openat(AT_FDCWD, \"./services\", O_RDONLY) = 3\n7 getdents64(3, 0x55 /* 9 entries */, 32768) = 280\n";
    FileCalls::read(&(listing.repeat(50) + &(0..neighbours).map(line).collect::<String>()))
}

#[test]
fn a_question_to_each_neighbour_fails_and_is_named() {
    let record = calls::record(&[("lint", calls(0))]);
    let (same, is_failure) = calls::judge(&record, &[("lint", calls(5))]);
    assert!(!is_failure && same.contains("105 calls on the file system, 100 recorded"), "{same}");
    let (more, is_failure) = calls::judge(&record, &[("lint", calls(200))]);
    assert!(is_failure && more.contains("asked about most: go.mod 200, (an open folder) 50, services 50"), "{more}");
    let (other, is_failure) = calls::judge(&record, &[("audit", calls(0))]);
    assert!(is_failure, "it is not recorded: {other}");
}
