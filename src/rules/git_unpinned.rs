//! See `rules/git-unpinned.md`.

use super::Context;
use crate::build::{Run, is_remote_source};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, Word};

super::rule!("git-unpinned", check);

/// What the default branch means.
const WHY: &str = "takes what the default branch has on that day: a later build gets other sources";

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if cx.is_for_developers_only() {
        return;
    }
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        let invocations = code.script.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            let help = if clones_default_branch(invocation) {
                "name a tag (`--branch v1.2`), or check out a commit after it"
            } else if installs_default_branch(invocation) {
                "add `--rev` or `--tag`"
            } else {
                continue;
            };
            // A later command may choose the commit.
            let later = build
                .instructions(stage)
                .filter(|(place, instruction)| *place > index && instruction.keyword == Keyword::Run);
            let mut chooses = invocations[at + 1..].iter().any(chooses_commit);
            chooses |= later
                .filter_map(|(place, _)| build.code(place))
                .any(|code| code.script.invocations().iter().any(chooses_commit));
            if chooses {
                continue;
            }
            let span = code.place(&build.input().file, invocation.span);
            let name = if invocation.is("git") { "git clone" } else { "cargo install --git" };
            out.push(cx.finding(span, format!("`{name}` {WHY}")).help(help));
        }
    }
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for transfer in build.transfers(stage) {
            let source = transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(is_default_branch));
            let Some(source) = source else { continue };
            let finding = cx.finding_at(transfer.index, source.span, format!("ADD of a repository {WHY}"));
            out.push(finding.help("name a tag or a commit: `https://….git#v1.2`"));
        }
    }
}

/// A repository without a reference after `#` or in the query.
fn is_default_branch(text: &str) -> bool {
    is_remote_source(text) && text.trim_end_matches(".git").len() < text.len() && !text.contains(['#', '?', '$'])
}

/// `git clone` of a remote repository without a branch, tag or commit.
fn clones_default_branch(invocation: &Invocation) -> bool {
    let mut words = invocation.args.iter().skip_while(|word| !word.is("clone")).skip(1).peekable();
    let is_option = |word: &&Word| {
        let text = word.text();
        ["-b", "--branch", "--revision", "--mirror", "--bare"]
            .iter()
            .any(|option| text == *option || text.starts_with(&format!("{option}=")))
            || text.starts_with("-b") && text.len() > 2
            || word.is_dynamic()
    };
    let is_remote = |word: &Word| is_remote_source(word.text());
    invocation.is("git")
        && words.peek().is_some()
        && words.clone().any(is_remote)
        && !words.any(|word| is_option(&word))
}

/// `cargo install --git URL`
fn installs_default_branch(invocation: &Invocation) -> bool {
    let call = invocation.call_of(&[Manager::Cargo]);
    call.is_some_and(|call| {
        call.verb_text == "install"
            && call.has(&["--git"])
            && !call.has(&["--rev", "--tag", "--branch"])
            && !invocation.args.iter().any(Word::is_dynamic)
    })
}

/// Whether a command may choose the commit of a repository that was cloned before it.
fn chooses_commit(invocation: &Invocation) -> bool {
    let chooses = |word: &Word| ["checkout", "reset", "switch", "fetch", "pull"].iter().any(|verb| word.is(verb));
    invocation.is("git") && invocation.args.iter().any(chooses)
}
