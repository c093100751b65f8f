//! The recorded counts, and what is said where those of today are others.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::callgrind::Profile;

/// Percent above the record that are an error.
const LIMIT: u64 = 5;
/// The same where another compiler or valgrind counted: it makes other instructions of the same source, but not a quarter more.
const WIDE_LIMIT: u64 = 25;
/// Functions below this part of a command are not recorded.
const PART: u64 = 500;
/// Functions that are named.
const NAMED: usize = 3;
/// The command that records.
const AGAIN: &str = "cargo bench --profile dev --bench instructions -- --record";

/// Counts by command, then by function; the total has no function.
#[derive(Default)]
pub(crate) struct Record {
    toolchain: String,
    commands: BTreeMap<String, Counts>,
}

#[derive(Default)]
struct Counts {
    total: u64,
    functions: BTreeMap<String, u64>,
}

impl Record {
    pub(crate) fn new(toolchain: String, profiles: &[(&str, Profile)]) -> Self {
        let counts = |profile: &Profile| {
            let is_large = |(_, count): &(&String, &u64)| **count * PART >= profile.total;
            let functions = profile.functions.iter().filter(is_large).map(|(name, count)| (name.clone(), *count));
            Counts { total: profile.total, functions: functions.collect() }
        };
        let commands = profiles.iter().map(|(name, profile)| ((*name).to_owned(), counts(profile))).collect();
        Self { toolchain, commands }
    }

    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("# Instructions of a run, written by `{AGAIN}`\n# {}\n", self.toolchain);
        for (command, counts) in &self.commands {
            _ = writeln!(text, "{command}\t{}\t", counts.total);
            let mut functions: Vec<_> = counts.functions.iter().collect();
            functions.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
            for (name, count) in functions {
                _ = writeln!(text, "{command}\t{count}\t{name}");
            }
        }
        text
    }

    pub(crate) fn read(text: &str) -> Self {
        let mut record = Self::default();
        for line in text.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                comment.clone_into(&mut record.toolchain);
            } else if let [command, count, name] = line.split('\t').collect::<Vec<_>>()[..] {
                let count = count.parse().expect("a count");
                let counts = record.commands.entry(command.to_owned()).or_default();
                if name.is_empty() {
                    counts.total = count;
                } else {
                    counts.functions.insert(name.to_owned(), count);
                }
            }
        }
        record
    }
}

/// What comes of a comparison.
pub(crate) struct Verdict {
    pub(crate) text: String,
    pub(crate) is_failure: bool,
}

/// Compares counts with the recorded ones.
pub(crate) fn judge(record: &Record, toolchain: &str, profiles: &[(&str, Profile)]) -> Verdict {
    let is_same = record.toolchain == toolchain;
    let limit = if is_same { LIMIT } else { WIDE_LIMIT };
    let (mut text, mut is_failure, mut is_lower) = (String::new(), false, false);
    if !is_same {
        _ = writeln!(
            text,
            "recorded with another toolchain ({}; this is {toolchain}): the limit is {limit} % instead of {LIMIT} %; \
             record again with `{AGAIN}`",
            record.toolchain
        );
    }
    for (command, profile) in profiles {
        let Some(counts) = record.commands.get(*command) else {
            is_failure = true;
            _ = writeln!(text, "{command}: {} instructions, not recorded", profile.total);
            continue;
        };
        let _ = write!(text, "{command:<14} {:>6.1} million instructions", millions(profile.total));
        _ = writeln!(text, ", {}", change(counts.total, profile.total));
        if profile.total * 100 > counts.total * (100 + limit) {
            is_failure = true;
            for (name, before, now) in growth(counts, profile).into_iter().take(NAMED) {
                _ = writeln!(text, "  grew: {name}, from {before} to {now}");
            }
        }
        is_lower |= profile.total * 100 < counts.total * (100 - LIMIT);
    }
    if is_failure {
        _ = writeln!(
            text,
            "more instructions than recorded: take out what costs them, or if they are wanted, record them with `{AGAIN}`"
        );
    } else if is_lower {
        _ = writeln!(text, "fewer instructions than recorded: keep the gain with `{AGAIN}`");
    }
    Verdict { text, is_failure }
}

/// Functions with their counts before and now, those that grew most first.
fn growth<'p>(counts: &Counts, profile: &'p Profile) -> Vec<(&'p str, u64, u64)> {
    // One that was too small to be recorded had less than that.
    let before = |name: &String| counts.functions.get(name).copied().unwrap_or(0);
    let mut grown: Vec<_> = profile.functions.iter().map(|(name, now)| (name.as_str(), before(name), *now)).collect();
    grown.retain(|(_, before, now)| now.saturating_sub(*before) * PART > counts.total);
    grown.sort_by_key(|(name, before, now)| (std::cmp::Reverse(now - before), *name));
    grown
}

#[allow(clippy::cast_precision_loss)] // For people.
fn change(before: u64, now: u64) -> String {
    let percent = (now as f64 / before.max(1) as f64 - 1.0) * 100.0;
    format!("{percent:+.2} % of {before}")
}

#[allow(clippy::cast_precision_loss)] // For people.
fn millions(count: u64) -> f64 {
    count as f64 / 1e6
}
