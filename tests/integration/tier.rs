//! The two tiers of the tests. `DOCKOPT_FULL=1`, the full one, runs every case. The always tier runs some of them, others each
//! day: its seed is the number of the day, or what `DOCKOPT_SEED` says.

use std::ops::Range;
use std::time::SystemTime;

use crate::tidy::{below, sources};

/// Whether every case is to be run.
pub(crate) fn is_full() -> bool {
    std::env::var_os("DOCKOPT_FULL").is_some_and(|value| !value.is_empty())
}

/// What decides which cases the always tier runs.
pub(crate) fn seed() -> usize {
    if let Ok(seed) = std::env::var("DOCKOPT_SEED") {
        return seed.parse().expect("DOCKOPT_SEED is a number");
    }
    let day = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() / 86_400;
    usize::try_from(day).unwrap()
}

/// The numbers of random inputs: all, or so many of them by the seed.
pub(crate) fn inputs(some: usize, all: usize) -> Range<usize> {
    let first = seed() % (all / some) * some;
    if is_full() { 0..all } else { first..first + some }
}

/// What a failure calls a random input, so that it can be run again.
pub(crate) fn input_name(number: usize) -> String {
    if is_full() { format!("input {number}") } else { format!("input {number} of DOCKOPT_SEED={}", seed()) }
}

/// So many of the cases by the seed, or all.
pub(crate) fn cases<T>(all: Vec<T>, some: usize) -> Vec<T> {
    if is_full() { all } else { cases_of_the_day(all, some) }
}

/// So many of the cases, from one on that the seed names.
pub(crate) fn cases_of_the_day<T>(mut all: Vec<T>, some: usize) -> Vec<T> {
    let first = seed() * some % all.len();
    all.rotate_left(first);
    all.truncate(some);
    all
}

/// What `tests/slow-tests.tsv` says of tests, which `tests/run` keeps to: a test, its limit, and why.
#[test]
fn slow_tests_are_tests_and_say_why() {
    let code: Vec<String> =
        below("tests/integration", "rs").into_iter().chain(sources()).map(|file| file.text).collect();
    let table = std::fs::read_to_string("tests/slow-tests.tsv").unwrap();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let [test, limit, why] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?} has no three columns")
        };
        let function = format!("fn {}(", test.rsplit("::").next().unwrap());
        assert!(code.iter().any(|text| text.contains(&function)), "there is no test {test}");
        assert!(limit == "full" || limit.parse::<u32>().is_ok_and(|seconds| seconds > 30), "{line}");
        assert!(!why.is_empty(), "{line}");
    }
}

#[test]
fn the_days_take_all_cases_in_turn() {
    let (all, first) = (vec![0, 1, 2, 3, 4], seed() * 2 % 5);
    assert_eq!(cases_of_the_day(all.clone(), 2), [first, (first + 1) % 5]);
    assert_eq!(cases(all.clone(), 2).len(), if is_full() { 5 } else { 2 });
    assert_eq!(cases(all, 9).len(), 5);
    let range = inputs(7, 90);
    assert!(range.start.is_multiple_of(7) && range.end <= 90, "{range:?}");
    assert_eq!(range.len(), if is_full() { 90 } else { 7 });
}
