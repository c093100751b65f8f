//! Calls of curl and wget: their options, what they download and where it is stored.

use crate::build::Run;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Flag, Invocation, RedirectOperator, Script, SeparatorKind, Word};

/// The program that downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Curl,
    Wget,
}

/// A call of curl or wget.
pub(super) struct Download<'s> {
    pub(super) tool: Tool,
    pub(super) flags: Vec<Flag<'s>>,
    pub(super) operands: Vec<&'s Word>,
}

impl<'s> Download<'s> {
    /// The download of an invocation; `None` for another program.
    pub(super) fn of(invocation: &Invocation<'s>) -> Option<Self> {
        let tool = match invocation.program? {
            "curl" => Tool::Curl,
            "wget" => Tool::Wget,
            _ => return None,
        };
        let (flags, operands) = invocation.arguments();
        Some(Self { tool, flags, operands })
    }

    /// Whether one of these options is given.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.flags.iter().any(|flag| names.contains(&&*flag.name))
    }

    /// Whether an option with this meaning is given (`data/program_options.tsv`).
    pub(super) fn says(&self, meaning: &str) -> bool {
        let options = ProgramOptions::of(if self.tool == Tool::Curl { "curl" } else { "wget" });
        self.flags.iter().any(|flag| options.has(&flag.name, meaning))
    }

    /// Whether it only asks the program for its version or its help.
    pub(super) fn asks_only(&self) -> bool {
        self.has(&["--version", "-V", "--help", "-h"])
    }

    /// The addresses that are downloaded, as far as they are known.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        let named = self.flags.iter().filter(|flag| &*flag.name == "--url").filter_map(|flag| flag.value);
        self.operands.iter().map(|word| word.text()).chain(named.map(|value| value.text))
    }

    /// Whether all addresses are on this machine.
    pub(super) fn is_local(&self) -> bool {
        let local = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "file://"];
        let mut addresses = self.addresses().peekable();
        addresses.peek().is_some() && addresses.all(|text| local.iter().any(|host| text.contains(host)))
    }

    /// The file that is written by an option or a redirect; empty if its name is taken from the address.
    pub(super) fn file(&self, invocation: &Invocation<'s>) -> Option<&'s str> {
        let (named, from_address): (&[&str], &[&str]) = match self.tool {
            Tool::Curl => (&["-o", "--output"], &["-O", "--remote-name", "--remote-name-all"]),
            Tool::Wget => (&["-O", "--output-document"], &[]),
        };
        let value = self.flags.iter().find(|flag| named.contains(&&*flag.name)).and_then(|flag| flag.value);
        if let Some(value) = value {
            return Some(value.text).filter(|text| !matches!(*text, "-" | "/dev/null" | "/dev/stdout"));
        }
        if self.has(from_address) {
            return Some("");
        }
        let redirects = &invocation.command.redirects;
        let written = redirects.iter().find(|redirect| {
            let writes = matches!(
                redirect.operator,
                RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber
            );
            writes && matches!(redirect.descriptor, None | Some(1))
        });
        match written {
            Some(redirect) => redirect.target.as_ref().map(Word::text).filter(|text| *text != "/dev/null"),
            None if self.tool == Tool::Wget => Some(""),
            None => None,
        }
    }
}

/// Whether a checksum or a signature is verified somewhere in the RUN.
pub(super) fn verifies(run: &Run) -> bool {
    run.invocations().iter().any(|invocation| {
        let sums =
            invocation.program.is_some_and(|name| name.ends_with("sum") || name == "shasum" || name == "openssl");
        let text = |texts: &[&str]| invocation.args.iter().any(|word| texts.contains(&word.text()));
        let letters =
            |word: &Word| word.text().starts_with('-') && !word.text().starts_with("--") && word.text().contains('c');
        sums && (invocation.is("openssl") || text(&["--check", "--status"]) || invocation.args.iter().any(letters))
            || matches!(invocation.program, Some("gpg" | "gpg2" | "gpgv"))
                && (invocation.is("gpgv") || text(&["--verify", "--batch"]))
            || matches!(invocation.program, Some("cosign" | "minisign" | "slsa-verifier"))
    })
}

/// The indices of the commands of a pipeline, first to last, given that of its last simple command.
pub(super) fn pipeline(script: &Script, last: usize) -> Vec<usize> {
    let Some(end) = script.commands.get(last) else { return Vec::new() };
    let mut indexes = vec![last];
    let mut wanted = end.place.pipe_index;
    for (index, command) in script.commands[..last].iter().enumerate().rev() {
        if wanted == 0 {
            break;
        }
        let place = &command.place;
        if place.scope != end.place.scope || place.pipe_len != end.place.pipe_len {
            continue;
        }
        if place.pipe_index >= wanted || place.after.is_none_or(|after| after.kind != SeparatorKind::Pipe) {
            break;
        }
        wanted = place.pipe_index;
        indexes.push(index);
    }
    indexes.reverse();
    indexes
}
