//! See `rules/world-writable.md`.

use super::Context;
use super::written_paths::CommandFolder;
use crate::build::{Stage, StartFile};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::manifest::FileKind;
use crate::shell::{Invocation, Word};
use crate::text::path;

super::rule!("world-writable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    if serves_any_user(cx) || cx.build().target().is_some_and(|target| cx.build().is_for_developers_only(target)) {
        return;
    }
    for stage in cx.shipped() {
        for (index, instruction) in build.instructions(stage) {
            if let Some(chmod) = file.transfer(instruction).and_then(|transfer| transfer.chmod) {
                if is_open(&chmod.text) {
                    let message = format!("`--chmod={}` lets any user in the container change it", chmod.text);
                    out.push(cx.finding(chmod.span, message).help("give write access to the user that needs it"));
                }
                continue;
            }
            let Some(code) = build.code(index) else { continue };
            if instruction.keyword != Keyword::Run {
                continue;
            }
            let invocations = code.script.invocations();
            let mut folder = CommandFolder::of(build, stage, index);
            for (at, invocation) in invocations.iter().enumerate() {
                folder.follow(invocation);
                let Some((mode, path)) = opening_chmod(invocation) else { continue };
                let whole = folder.join(path.text());
                let deletes = |later: &Invocation| {
                    removes(later, path.text()) || whole.as_deref().is_some_and(|whole| removes(later, whole))
                };
                if invocations[at + 1..].iter().any(deletes) {
                    continue;
                }
                let message = format!("`chmod {}` lets any user in the container change {}", mode.text(), target(path));
                let span = code.place(file, mode.span);
                let finding = cx.finding(span, message);
                let finding =
                    finding.help("give write access to the user that needs it: `chown`, or `chmod g+w` for its group");
                let why = "users other than the owner can no longer write to it";
                out.push(finding.with(
                    tighter(mode.text()).filter(|_| is_script(path.text()) && file.source().slice(span) == mode.text()),
                    |finding, mode| finding.unsafe_edit(format!("use {mode}"), why, span, mode),
                ));
            }
        }
    }
}

/// Whether the container runs with the UID of the user who starts it, so that the owner is unknown: a compose file says
/// `user:`, a variable contains the UID, or a start script asks for its own UID.
fn serves_any_user(cx: &Context) -> bool {
    let build = cx.build();
    let Some(target) = build.target() else { return false };
    let is_number = |name: &str| data::VARIABLES.has(name, "user-number");
    let file = &build.input().file;
    let sets = |stage: &Stage| {
        build
            .instructions(stage)
            .any(|(_, instruction)| file.variables(instruction).iter().any(|pair| is_number(&pair.name.text)))
    };
    let asks = |start_file: &StartFile| {
        let text = cx.text_of(&start_file.file.path).map(String::from_utf8_lossy).unwrap_or_default();
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        text.contains("id -u") || words.any(is_number)
    };
    build.input().options.run.user.as_deref().is_some_and(|user| user.contains('$'))
        || build.chain(target).any(sets)
        || build.start_files(target).iter().any(asks)
}

/// The mode of a chmod, and the first path that it makes writable for any user.
fn opening_chmod<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, &'s Word)> {
    if !invocation.is("chmod") || invocation.flag("--reference").is_some() {
        return None;
    }
    let mut operands = invocation.args.iter().filter(|word| !is_option(word.text()));
    let mode = operands.next().filter(|mode| mode.value().is_some_and(is_open))?;
    let path =
        operands.find(|path| !data::SYSTEM_FOLDERS.with("shared").any(|open| path::is_within(path.text(), open)))?;
    Some((mode, path))
}

/// What a chmod changes, in words where another program fills in the path.
fn target(path: &Word) -> String {
    match path.text() {
        "{}" | "" => "the files that are found".to_owned(),
        text if text.starts_with('$') => format!("the files in `{text}`"),
        text => format!("`{text}`"),
    }
}

/// Whether a command removes a path, a parent of it, or everything in a parent: `/tmp/*`.
fn removes(command: &Invocation, path: &str) -> bool {
    let is_above = |word: &Word| {
        let folder = word.text().strip_suffix("/*").filter(|folder| !folder.is_empty());
        !is_option(word.text()) && path::is_within(path, folder.unwrap_or(word.text()))
    };
    command.is("rm") && command.args.iter().any(is_above)
}

/// `-R`, `-v`, `--recursive`; `-x` and `-w` are modes.
fn is_option(text: &str) -> bool {
    text.starts_with("--") || (text.len() > 1 && text.starts_with('-') && text[1..].chars().all(|c| "Rfvc".contains(c)))
}

/// Whether a mode gives write access to others, without the sticky bit.
fn is_open(mode: &str) -> bool {
    if !mode.is_empty() && mode.bytes().all(|byte| byte.is_ascii_digit()) {
        let Ok(bits) = u32::from_str_radix(mode, 8) else { return false };
        return bits & 0o2 != 0 && bits & 0o1000 == 0;
    }
    let sticky = mode.contains('t');
    mode.split(',').any(|clause| {
        let Some(at) = clause.find(['+', '=']) else { return false };
        let (who, what) = clause.split_at(at);
        // Without `u`, `g`, `o` or `a`, the umask keeps others out.
        !who.is_empty() && who.chars().all(|c| "ugoa".contains(c)) && who.contains(['o', 'a']) && what.contains('w')
    }) && !sticky
}

/// The same mode with write access only for the owner.
fn tighter(mode: &str) -> Option<&'static str> {
    match mode {
        "777" | "0777" => Some("755"),
        "666" | "0666" => Some("644"),
        _ => None,
    }
}

/// Whether it is a program, which no one has to change.
fn is_script(path: &str) -> bool {
    FileKind::of(path).is_shell() || path.contains("/bin/")
}
