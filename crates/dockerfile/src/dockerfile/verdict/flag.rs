//! Flags by name and type, as BuildKit's second stage checks them.

use super::issue::Issue;
use crate::dockerfile::syntax::{File, Flag, Instruction, Keyword};

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FlagKind {
    /// Nothing, `=true` or `=false`.
    Bool,
    /// A value, once.
    Text,
    /// A value, any number of times.
    Texts,
}

/// An instruction's flags.
pub(super) type Flags = &'static [(&'static str, FlagKind)];

pub(super) const ADD: Flags = &[
    ("chown", FlagKind::Text),
    ("chmod", FlagKind::Text),
    ("link", FlagKind::Bool),
    ("keep-git-dir", FlagKind::Bool),
    ("checksum", FlagKind::Text),
    ("unpack", FlagKind::Bool),
    ("exclude", FlagKind::Texts),
];
pub(super) const COPY: Flags = &[
    ("chown", FlagKind::Text),
    ("from", FlagKind::Text),
    ("chmod", FlagKind::Text),
    ("link", FlagKind::Bool),
    ("exclude", FlagKind::Texts),
    ("parents", FlagKind::Bool),
];
pub(super) const FROM: Flags = &[("platform", FlagKind::Text)];
pub(super) const HEALTHCHECK: Flags = &[
    ("interval", FlagKind::Text),
    ("timeout", FlagKind::Text),
    ("start-period", FlagKind::Text),
    ("start-interval", FlagKind::Text),
    ("retries", FlagKind::Text),
];
pub(super) const RUN: Flags = &[
    ("mount", FlagKind::Texts),
    ("network", FlagKind::Text),
    ("security", FlagKind::Text),
    ("device", FlagKind::Texts),
];

/// The flags of an instruction, without `--`, and whether each takes a value.
pub fn known_flags(keyword: Keyword) -> impl Iterator<Item = (&'static str, bool)> {
    let flags: Flags = match keyword {
        Keyword::Add => ADD,
        Keyword::Copy => COPY,
        Keyword::From => FROM,
        Keyword::Healthcheck => HEALTHCHECK,
        Keyword::Run => RUN,
        _ => &[],
    };
    flags.iter().map(|(name, kind)| (*name, *kind != FlagKind::Bool))
}

/// Checks an instruction's flags in order: unknown, repeated, then the value.
pub(super) fn check_flags(file: &File, instruction: &Instruction, known: Flags, issues: &mut Vec<Issue>) {
    let mut used: Vec<&str> = Vec::new();
    for flag in &instruction.flags {
        let name = file.flag_name(flag);
        let Some(&(known, kind)) = known.iter().find(|(known, _)| *known == name) else {
            issues.push(unknown_flag(flag, name, instruction, known));
            continue;
        };
        if used.contains(&known) && kind != FlagKind::Texts {
            issues.push(Issue::new(flag.word.span, format!("duplicate flag specified: --{name}")));
            continue;
        }
        if !used.contains(&known) {
            used.push(known);
        }
        if let Some(message) = value_error(name, file.flag_value(flag), kind) {
            issues.push(Issue::new(flag.word.span, message));
        }
    }
}

fn unknown_flag(flag: &Flag, name: &str, instruction: &Instruction, known: Flags) -> Issue {
    let issue = Issue::new(flag.word.span, format!("unknown flag: --{name}"));
    if known.is_empty() {
        return issue.help(format!("{} takes no flags", instruction.keyword.as_str()));
    }
    let written: Vec<String> = known.iter().map(|(known, _)| format!("--{known}")).collect();
    let names: Vec<&str> = written.iter().map(String::as_str).collect();
    let issue = issue.nearest(&format!("--{name}"), &names);
    if issue.help.is_some() {
        return issue;
    }
    issue.help(format!("the flags of {} are {}", instruction.keyword.as_str(), names.join(", ")))
}

fn value_error(name: &str, value: Option<&str>, kind: FlagKind) -> Option<String> {
    match (kind, value) {
        (FlagKind::Bool, None) | (FlagKind::Text | FlagKind::Texts, Some(_)) => None,
        (FlagKind::Bool, Some("")) | (_, None) => Some(format!("missing a value on flag: --{name}")),
        (FlagKind::Bool, Some(value)) => {
            let is_bool = value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false");
            (!is_bool).then(|| format!("expecting boolean value for flag --{name}, not: {value}"))
        }
    }
}
