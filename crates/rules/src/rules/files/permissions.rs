//! Rules about what users may do.

use crate::build::{Build, Run, Setting, Stage, StartFile, User};
use crate::data;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Findings, Safety};
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::rules::shared::written_paths::CommandFolder;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word, Wrapper};
use crate::text::{Span, path};

crate::rules::family! {
    "sudo" => sudo_in_run;
    "world-writable" => world_writable;
    "docker-socket" => docker_socket;
}

fn sudo_in_run(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            let instruction = build.effective(index);
            let runs = matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint);
            if let Some(code) = build.code(index)
                && runs
            {
                of_code(cx, &Run { build, stage, index, instruction, code }, out);
            }
        }
    }
}

/// One finding for an instruction, at the first sudo. Its fix removes all of them; without such a fix it has none.
fn of_code(cx: &Context, run: &Run, out: &mut Findings) {
    let root = is_root(run.build, run.stage, run.index, run.instruction);
    let invocations = run.invocations();
    let mut places: Vec<(Span, Option<String>)> = Vec::new();
    let mut edits: Vec<(Span, String)> = Vec::new();
    for invocation in &invocations {
        let Some((span, wrapper)) = sudo(invocation) else { continue };
        // A script that a shell under sudo runs is visited once for each of its commands.
        if places.iter().any(|(place, _)| *place == span) {
            continue;
        }
        places.push((span, wrapper.and_then(|wrapper| other_user(wrapper.args))));
        let bare = wrapper.filter(|wrapper| root && wrapper.args.is_empty());
        edits.extend(bare.and_then(|wrapper| removal(run, invocation, wrapper)).map(|place| (place, String::new())));
    }
    // A sudo to root takes precedence over a sudo to another user.
    let Some((first, user)) = places.iter().find(|(_, user)| user.is_none()).or(places.first()) else { return };
    let (message, help) = match user {
        Some(user) if root => stepping_down(user),
        Some(user) => (
            format!("sudo is not needed to run a step as `{user}`: USER does that"),
            format!("remove `sudo`; set `USER {user}` before the step and the previous user after it"),
        ),
        None => {
            let root_anyway = "sudo is not needed: the step already runs as root";
            let message =
                if root { root_anyway } else { "sudo is not needed to run a step as root: `USER root` does that" };
            let help = "remove `sudo`; if another user is set, use `USER root` before the step and that user after it";
            (message.to_owned(), help.to_owned())
        }
    };
    let finding = cx.finding(run.place(*first), message).help(help);
    edits.sort_by_key(|(span, _)| span.start);
    out.push(if edits.len() < places.len() { finding } else { finding.edits("remove `sudo`", Safety::Safe, edits) });
}

fn stepping_down(user: &str) -> (String, String) {
    (
        format!("sudo only switches from root to `{user}` here, which needs neither the package nor its configuration"),
        format!(
            "set `USER {user}` before the step and `USER root` after it, or replace sudo with `runuser -u {user} --` \
             (util-linux)"
        ),
    )
}

/// The user other than root that the options of sudo name, as written.
fn other_user(args: &[Word]) -> Option<String> {
    let options = ProgramOptions::of("sudo");
    let mut args = args.iter();
    while let Some(word) = args.next() {
        let text = word.text();
        if let Some(user) = text.strip_prefix("--user=") {
            return not_root(user);
        }
        let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
        // The letters up to the first that takes a value: `-u`, `-Hu`, `-uapp`.
        let at = letters.char_indices().find(|(_, letter)| options.takes_value(&format!("-{letter}")));
        match at {
            Some((at, letter)) => {
                let rest = &letters[at + letter.len_utf8()..];
                let value = if rest.is_empty() { args.next()?.text() } else { rest };
                if letter == 'u' {
                    return not_root(value);
                }
            }
            None if options.takes_value(text) => {
                let value = args.next()?.text();
                if text == "--user" {
                    return not_root(value);
                }
            }
            None => {}
        }
    }
    None
}

/// A user by name, or by `#` and the number.
fn not_root(user: &str) -> Option<String> {
    let user = user.trim_matches(['"', '\'']);
    let user = user.strip_prefix("\\#").or_else(|| user.strip_prefix('#')).unwrap_or(user);
    (!matches!(user, "" | "root" | "0")).then(|| user.to_owned())
}

/// Where sudo runs it, or is run alone.
fn sudo<'s>(invocation: &Invocation<'s>) -> Option<(Span, Option<Wrapper<'s>>)> {
    if invocation.is("sudo") {
        return Some((invocation.path.span, None));
    }
    let wrapper = invocation.via.iter().find(|wrapper| wrapper.program == "sudo")?;
    Some((wrapper.span, Some(*wrapper)))
}

/// Whether the step is known to run as root.
fn is_root(build: &Build, stage: &Stage, index: usize, instruction: &Instruction) -> bool {
    // A trigger runs as the user that the image ends with.
    let trigger = build.instruction(index).keyword == Keyword::Onbuild;
    let user = if trigger { build.user(stage) } else { build.user_at(stage, index) };
    matches!(instruction.keyword, Keyword::Run)
        && matches!(
            user,
            Setting::By(_, User::Root) | Setting::Base(User::Root | User::StepsDown) | Setting::Default(User::Root)
        )
}

/// From `sudo` to the program that it runs.
fn removal(run: &Run, invocation: &Invocation, wrapper: Wrapper) -> Option<Span> {
    let at = invocation.via.iter().position(|other| other.span == wrapper.span)?;
    let next = invocation.via.get(at + 1).map_or(invocation.path.span, |next| next.span);
    let place = run.place(Span::new(wrapper.span.start, next.start));
    let text = run.file().source().slice(place);
    let plain =
        text.strip_prefix("sudo").is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == ' ' || c == '\t'));
    (plain && !run.code.is_exec()).then_some(place)
}

fn world_writable(cx: &Context, out: &mut Findings) {
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

/// Programs that give other users access to a file.
const OPENERS: [&str; 3] = ["chmod", "chown", "setfacl"];

fn docker_socket(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for (index, instruction) in cx.shipped().flat_map(|stage| build.effective_instructions(stage)) {
        match instruction.keyword {
            Keyword::Volume => {
                for path in file.list(instruction).iter().filter(|path| is_socket(&path.text)) {
                    let message = "VOLUME at the Docker socket: mounting the socket there gives the container root access to the host";
                    let help = "remove it; if the socket is needed, mount it explicitly when the container starts";
                    out.push(cx.finding(path.span, message).help(help));
                }
            }
            Keyword::Run => {
                let Some(code) = build.code(index) else { continue };
                for invocation in code.script.invocations() {
                    let opens = invocation.program.is_some_and(|program| OPENERS.contains(&program));
                    if let Some(word) = invocation.args.iter().find(|word| opens && is_socket(word.text())) {
                        let message = "this opens the Docker socket to every user at run time; a build has no socket";
                        let help = "add the container's user to the group of the host's socket (`--group-add`)";
                        out.push(cx.finding(code.place(file, word.span), message).help(help));
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_socket(path: &str) -> bool {
    matches!(path.trim_matches(['"', '\'']), "/var/run/docker.sock" | "/run/docker.sock")
}
