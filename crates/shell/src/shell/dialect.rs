//! Which language a shell's command line or a `#!` line announces.

use super::ShellOptions;
use crate::text::path;

/// A family of shell languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `sh`, `ash`, `dash`, `busybox sh`
    Posix,
    /// `bash`
    Bash,
    /// `zsh`
    Zsh,
    /// `ksh`, `mksh`
    Ksh,
    /// `powershell`, `pwsh`
    PowerShell,
    /// `cmd`
    Cmd,
    /// Anything else: another shell (`fish`), an interpreter, a variable.
    Other,
}

impl Dialect {
    /// Whether [`parse`](super::parse) reads it.
    pub fn is_parsed(self) -> bool {
        matches!(self, Self::Posix | Self::Bash | Self::Zsh | Self::Ksh)
    }
}

/// A shell as it is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shell {
    /// Its language.
    pub dialect: Dialect,
    /// The options it starts with.
    pub options: ShellOptions,
}

impl Default for Shell {
    /// `/bin/sh -c`, the builder's own on Linux.
    fn default() -> Self {
        Self { dialect: Dialect::Posix, options: ShellOptions::default() }
    }
}

/// The shell that an argument vector starts, as in `SHELL ["/bin/bash", "-o", "pipefail", "-c"]`.
pub fn shell_of(argv: &[&str]) -> Shell {
    let mut argv = argv;
    while let [program, rest @ ..] = argv {
        let name = program_name(program);
        if name == "env" {
            let is_operand = |arg: &&str| !arg.starts_with('-') && !arg.contains('=');
            argv = &rest[rest.iter().position(is_operand).unwrap_or(rest.len())..];
            continue;
        }
        if name == "busybox" {
            argv = rest;
            continue;
        }
        let dialect = dialect_of_name(&name);
        let mut options = ShellOptions::default();
        if dialect.is_parsed() {
            options.apply(rest.iter().map(|arg| Some(*arg)));
        }
        return Shell { dialect, options };
    }
    Shell { dialect: Dialect::Other, options: ShellOptions::default() }
}

/// The shell that a script's first line asks for; none without `#!`.
pub fn shell_of_shebang(first_line: &str) -> Option<Shell> {
    let line = first_line.strip_prefix("#!")?;
    let argv: Vec<&str> = line.split_ascii_whitespace().collect();
    Some(shell_of(&argv))
}

fn program_name(path: &str) -> String {
    let name = path::name(path);
    let name = name.rsplit('\\').next().unwrap_or(name).to_ascii_lowercase();
    name.strip_suffix(".exe").map_or(name.clone(), str::to_owned)
}

fn dialect_of_name(name: &str) -> Dialect {
    match name {
        "sh" | "ash" | "dash" => Dialect::Posix,
        "bash" | "rbash" => Dialect::Bash,
        "zsh" => Dialect::Zsh,
        "ksh" | "mksh" | "ksh93" | "oksh" | "pdksh" => Dialect::Ksh,
        "powershell" | "pwsh" => Dialect::PowerShell,
        "cmd" => Dialect::Cmd,
        _ => Dialect::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(argv: &[&str], expected: &str) {
        let Shell { dialect, options } = shell_of(argv);
        let mut got = format!("{dialect:?}");
        let flags = [(options.errexit, "errexit"), (options.pipefail, "pipefail"), (options.nounset, "nounset")];
        for (_, name) in flags.iter().filter(|(on, _)| *on) {
            got += " ";
            got += name;
        }
        assert_eq!(got, expected, "{argv:?}");
    }

    #[test]
    fn shell_instruction() {
        check(&["/bin/sh", "-c"], "Posix");
        check(&["/bin/bash", "-o", "pipefail", "-c"], "Bash pipefail");
        check(&["/bin/bash", "-euxo", "pipefail", "-c"], "Bash errexit pipefail nounset");
        check(&["bash", "-eo", "pipefail", "+e", "-c"], "Bash pipefail");
        check(&["/bin/ash", "-eo", "pipefail", "-c"], "Posix errexit pipefail");
        check(&["C:\\Windows\\System32\\cmd.exe", "/S", "/C"], "Cmd");
        check(&["PowerShell.EXE", "-Command", "$ErrorActionPreference = 'Stop';"], "PowerShell");
        check(&["/usr/bin/env", "-S", "A=b", "bash", "-e", "-c"], "Bash errexit");
        check(&["/bin/busybox", "sh", "-ec"], "Posix errexit");
        check(&["python3", "-c"], "Other");
        check(&[], "Other");
    }

    #[test]
    fn shebang() {
        assert_eq!(shell_of_shebang("#!/bin/bash -e").map(|s| s.dialect), Some(Dialect::Bash));
        assert!(shell_of_shebang("#! /bin/sh -e\r").is_some_and(|s| s.options.errexit && s.dialect.is_parsed()));
        assert_eq!(shell_of_shebang("#!/usr/bin/env python3").map(|s| s.dialect), Some(Dialect::Other));
        assert_eq!(shell_of_shebang("set -e"), None);
    }
}
