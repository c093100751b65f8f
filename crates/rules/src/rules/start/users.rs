//! Rules about users.

use crate::build::{BaseImage, Build, Reference, Run, Setting, Stage, StageBase, Transfer, User, accounts, service};
use crate::dockerfile::{File, Keyword};
use crate::finding::{Finding, Findings};
use crate::manifest::FileKind;
use crate::rules::Context;
use crate::shell::program::{Kind, Program};
use crate::shell::{ArgumentValue, Invocation, Word};
use crate::text::{Span, path};

crate::rules::family! {
    "root-user" => root_user;
    "last-user-root" => last_user_root;
    "named-user" => named_user;
    "created-user-unused" => created_user_unused;
    "useradd-high-uid" => useradd_high_uid;
    "user-without-passwd" => user_without_passwd;
    "supplementary-groups-dropped" => supplementary_groups_dropped;
}

/// The number of folders that a message names.
const NAMED: usize = 4;

fn root_user(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.input().options.run.is_on_demand {
        return;
    }
    if cx.is_for_developers_only() || accounts::steps_down(build, stage) {
        return;
    }
    // With a user that nothing runs as, the rule about that user says it.
    let is_service = service::is_service(build, stage)
        || service::is_service_by_script(build, stage) && unused_users(cx, stage).is_empty();
    if let Setting::Base(User::Root) | Setting::Default(User::Root) = build.user(stage)
        && is_service
    {
        let message = "no USER is set, so the container runs as root (as its base does)";
        let finding = cx.finding(stage.base_span, message);
        let finding = finding.help(help(build, stage));
        out.push(with_user(build, stage, finding));
    }
}

/// What has to be done in addition to a USER line, depending on the folders that the program is known to write to.
fn help(build: &Build, stage: &Stage) -> String {
    let quoted = |folders: Vec<String>| {
        let quoted: Vec<String> = folders.iter().take(NAMED).map(|folder| format!("`{folder}`")).collect();
        quoted.join(", ")
    };
    let folders = quoted(build.written_folders(stage));
    let folders = if folders.is_empty() { folders } else { format!(" ({folders}, also if they are mounted)") };
    let home = quoted(build.folders_in_root_home(stage));
    let home = if home.is_empty() { home } else { format!("; move {home} out of root's home") };
    let install = build
        .installed_at_start(stage)
        .map(|(script, command)| format!("; `{command}` in `{script}` writes at every start: move it to a RUN"));
    format!(
        "make a non-root user the owner of the files that the program writes{folders}, and end the stage with `USER`{home}{}",
        install.unwrap_or_default()
    )
}

fn last_user_root(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Setting::By(index, user) = build.user(stage) else { return };
    let root = match &user {
        User::Root => true,
        // The same on Windows.
        User::Other(name) => name.eq_ignore_ascii_case("ContainerAdministrator"),
        _ => false,
    };
    if !root
        || service::leaves_start_to_base(build, stage)
        || !service::may_serve(build, stage)
        || accounts::steps_down(build, stage)
    {
        return;
    }
    let finding = cx.finding(build.instruction(index).head, "the last USER is root, so the container runs as root");
    // The image may have a user of its own, with a home that its programs need.
    if !has_known_user(build, stage) {
        out.push(finding.help("end the stage with the user that the base image has, if that is not root"));
        return;
    }
    let finding = finding.help("end the stage with a non-root `USER`");
    out.push(if user == User::Root { with_user(build, stage, finding) } else { finding });
}

fn named_user(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let args: Vec<(usize, String)> = args(file);
    for (stage, index, instruction) in build.all_of(Keyword::User) {
        let Some(operand) = file.operand(instruction) else { continue };
        // The value of a variable may be a number.
        let Some(user) = build.expand(stage, index, &operand.text) else { continue };
        let user = user.split(':').next().unwrap_or_default();
        let number = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
        if number {
            continue;
        }
        let message = format!("USER `{}` is a name; Kubernetes and bind mounts need its numeric UID", operand.text);
        let finding = cx.finding(operand.span, message).help("use the numeric UID: `USER 10001`");
        // The other linter does not report an ARG, whatever its default.
        let has_build_arg =
            |name: &str| operand.text.contains(&format!("${name}")) || operand.text.contains(&format!("${{{name}}}"));
        let has_build_arg = args.iter().any(|(at, name)| *at < index && has_build_arg(name));
        out.push(if has_build_arg { finding.without("DL3066") } else { finding });
    }
}

/// The ARGs of the file with their instructions.
fn args(file: &File) -> Vec<(usize, String)> {
    let mut args = Vec::new();
    for (index, instruction) in file.instructions().iter().enumerate() {
        args.extend(file.args(instruction).into_iter().map(|arg| (index, arg.name.text.into_owned())));
    }
    args
}

/// The most users that are checked; a file usually creates one or two.
const MOST: usize = 32;

fn created_user_unused(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() || build.launch(stage).is_none() || build.input().options.run.is_on_demand {
        return;
    }
    let root = matches!(build.user(stage), Setting::Base(User::Root) | Setting::Default(User::Root));
    // Of a service another rule says that it runs as root.
    let is_reported = service::is_service(build, stage) || cx.is_for_developers_only();
    if !root || is_reported || !service::may_serve(build, stage) || accounts::steps_down(build, stage) {
        return;
    }
    if starts_unread_script(build, stage) {
        return;
    }
    for (name, span) in unused_users(cx, stage) {
        let message = format!("the user `{name}` is created but never used: the container runs as root");
        let help = format!("end the stage with `USER {name}`");
        out.push(cx.finding(span, message).help(help));
    }
}

/// The users that the stages of the final image create and that nothing names, with the commands.
fn unused_users<'b>(cx: &Context<'b, '_>, stage: &Stage) -> Vec<(&'b str, Span)> {
    let build = cx.build();
    let mut users: Vec<(&str, Span)> = Vec::new();
    let runs = cx.shipped().flat_map(|below| build.instructions_of(below, Keyword::Run));
    for code in runs.filter_map(|(index, _)| build.code(index)) {
        for invocation in code.script.invocations() {
            if let Some(name) = accounts::created_user(&invocation) {
                users.push((name, code.place(&build.input().file, invocation.span)));
            }
        }
    }
    users.truncate(MOST);
    users.retain(|(name, _)| !is_used(build, stage, name));
    users
}

/// Whether the container starts a script that was looked for and not read: it may switch to another user.
fn starts_unread_script(build: &Build, stage: &Stage) -> bool {
    let is_script = |invocation: &Invocation| {
        let words = invocation.args.iter().chain([invocation.path]);
        words.filter_map(Word::value).any(|word| FileKind::of(word).is_shell() || word.contains("entrypoint"))
    };
    let starts = || build.launch(stage).is_some_and(|launch| launch.script().invocations().iter().any(is_script));
    build.input().texts.is_some() && build.start_scripts(stage).is_empty() && starts()
}

/// Whether anything that a container runs names the user, or a step that runs as that user.
fn is_used(build: &Build, stage: &Stage, name: &str) -> bool {
    let file = &build.input().file;
    let kinds = [Keyword::User, Keyword::Cmd, Keyword::Entrypoint, Keyword::Env];
    build.chain(stage).any(|stage| {
        build.instructions(stage).any(|(index, instruction)| match instruction.keyword {
            Keyword::Run => build.code(index).is_none_or(|code| {
                code.script.invocations().iter().any(|invocation| is_user_of_command(invocation, name))
            }),
            keyword => kinds.contains(&keyword) && file.source().slice(instruction.span).contains(name),
        })
    })
}

/// Whether a command that neither makes accounts nor sets owners names a user: `su app -c …`, `sed -i s/www-data/app/ …`.
fn is_user_of_command(invocation: &Invocation, name: &str) -> bool {
    let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
    let names_user = |word: &Word| word.text().split(|c: char| !is_of_name(c)).any(|part| part == name);
    !program.is(Kind::Accounts) && !program.is(Kind::Entries) && invocation.args.iter().any(names_user)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.".contains(c)
}

/// The number of digits from which a UID is high.
const LONG_NUMBER: usize = 6;

fn useradd_high_uid(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations().iter().filter(|invocation| invocation.is("useradd")) {
            let (flags, _) = invocation.arguments();
            let flag_named = |names: [&str; 2]| flags.iter().find(|flag| names.contains(&&*flag.name));
            let value = flag_named(["-u", "--uid"]).and_then(|flag| flag.value);
            let Some(value) = value.filter(|value| is_high(&run, value)) else { continue };
            if flag_named(["-l", "--no-log-init"]).is_some() {
                continue;
            }
            let message = format!("UID {} makes the lastlog and faillog files huge", value.text);
            let finding =
                cx.finding(run.place(value.span), message).help("use `useradd -l`, which does not write them");
            out.push(finding.with(run.option_insertion(invocation, "-l"), |finding, (at, text)| {
                finding.safe_edit("do not write the log files", at, text)
            }));
        }
    }
}

/// Whether the number is high; a variable does not count.
fn is_high(run: &Run, value: &ArgumentValue) -> bool {
    let known = if value.dynamic { run.value_of(value.text, value.span.start) } else { Some(value.text.to_owned()) };
    known.is_some_and(|text| text.len() >= LONG_NUMBER && text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn user_without_passwd(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| *build.root_base(target) == StageBase::Scratch) else { return };
    let known_from = cx.shipped().filter_map(|stage| first_accounts(build, stage)).min().unwrap_or(usize::MAX);
    for stage in build.chain(target) {
        for (index, instruction) in build.instructions(stage) {
            let file = &build.input().file;
            let (what, name) = match instruction.keyword {
                Keyword::User => ("USER", file.operand(instruction)),
                Keyword::Copy | Keyword::Add => {
                    ("--chown", file.transfer(instruction).and_then(|transfer| transfer.chown))
                }
                _ => continue,
            };
            let Some(name) = name else { continue };
            let Some(text) = build.scopes().expand(stage.index, index, &name.text) else { continue };
            let Some(unknown) = text.split(':').find(|part| is_name(part)) else { continue };
            if known_from < index {
                continue;
            }
            let fails = if what == "USER" { "the container does not start" } else { "the step fails" };
            let message =
                format!("user `{unknown}` cannot be resolved, as an image from scratch has no /etc/passwd: {fails}");
            let help = "use a number (65532:65532), or copy an /etc/passwd and /etc/group first";
            out.push(cx.finding(name.span, message).help(help));
        }
    }
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first step of a stage that may add /etc/passwd: it names the file, copies to /etc or the root, or runs anything.
fn first_accounts(build: &Build, stage: &Stage) -> Option<usize> {
    let run =
        build.instructions(stage).find(|(_, instruction)| instruction.keyword == Keyword::Run).map(|(index, _)| index);
    let copy = build.transfers(stage).iter().find(|transfer| may_bring(build, transfer)).map(|transfer| transfer.index);
    run.into_iter().chain(copy).min()
}

fn may_bring(build: &Build, transfer: &Transfer) -> bool {
    if build.input().file.source().slice(transfer.instruction.span).contains("passwd") {
        return true;
    }
    let to = transfer.destination.as_deref().map(|to| to.trim_matches('/'));
    match to {
        None | Some("etc") => true,
        // A single program may be copied to the root, as well as a file system.
        Some("" | ".") => transfer.sources.iter().any(|source| {
            let name = source.text.as_deref().map(path::name);
            name.is_none_or(|name| !name.contains('.') || name == ".")
        }),
        _ => false,
    }
}

fn supplementary_groups_dropped(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, instruction)) = build.last(stage, Keyword::User) else { return };
    let file = &build.input().file;
    let Some(operand) = file.operand(instruction) else { return };
    let Some((user, group)) = operand.text.split_once(':') else { return };
    let Some(joined) = joined_group(build, index, user).filter(|joined| *joined != group) else { return };
    if user.contains(['$', '"']) || group.is_empty() {
        return;
    }
    let message = format!("USER sets a group, so `{user}` runs without its other groups, such as `{joined}`");
    let finding = cx.finding(operand.span, message).help("remove the group, so that the user keeps all its groups");
    let span = Span::new(operand.span.start + user.len() as u32, operand.span.end);
    let why = "the primary group is then the one in /etc/passwd";
    out.push(finding.when(file.source().slice(operand.span) == &*operand.text, |finding| {
        finding.unsafe_edit("remove the group", why, span, "")
    }));
}

/// A group that a step of the chain adds the user to.
fn joined_group(build: &Build, before: usize, user: &str) -> Option<String> {
    let stage = build.stage_of(before)?;
    build.chain(stage).find_map(|stage| {
        let runs = build
            .instructions(stage)
            .filter(|(index, instruction)| *index < before && instruction.keyword == Keyword::Run);
        let codes = runs.filter_map(|(index, _)| build.code(index));
        codes
            .into_iter()
            .find_map(|code| code.script.invocations().iter().find_map(|invocation| joins(invocation, user)))
    })
}

/// `usermod -aG docker app`, `useradd -G docker app`, `adduser app docker`, `gpasswd -a app docker`.
fn joins(invocation: &Invocation, user: &str) -> Option<String> {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    let last = words.last().copied();
    match invocation.program? {
        "usermod" | "useradd" if last == Some(user) => {
            let at = words.iter().position(|word| matches!(*word, "-G" | "-aG" | "-Ga" | "--groups"))?;
            let groups = words.get(at + 1)?;
            groups.split(',').next_back().map(str::to_owned)
        }
        "adduser" | "addgroup" => match words.as_slice() {
            [name, group] if *name == user && !group.starts_with('-') => Some((*group).to_owned()),
            _ => None,
        },
        "gpasswd" => match words.as_slice() {
            ["-a" | "--add", name, group] if *name == user => Some((*group).to_owned()),
            _ => None,
        },
        _ => None,
    }
}

// Edits that end a stage with a USER line, for the rules on containers that run as root.

/// The user of distroless images: without a name, a home folder and privileges.
const NOBODY: &str = "65532:65532";

/// The finding with an edit that runs the program as another user: a user that the file or the base image created, or
/// else 65532.
pub(in crate::rules) fn with_user(build: &Build, stage: &Stage, finding: Finding) -> Finding {
    let user = earlier_user(build, stage).or_else(|| made_user(build, stage));
    let user = user.unwrap_or_else(|| unprivileged_user(build, stage).unwrap_or(NOBODY).to_owned());
    let file = &build.input().file;
    let newline = if file.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let title = format!("run as `{user}`");
    let why = if build.input().texts.is_some() {
        "files that the program writes must belong to that user, and ports below 1024 may need a capability"
    } else {
        "files that the program writes must belong to that user (`dockopt fix` reads the sources for that), and ports below 1024 may need a capability"
    };
    if let Some(reason) = build.root_only(stage, has_home(build, stage, &user)) {
        let mut finding = finding;
        finding.notes.push(format!("not fixed, because a container has to be root as it is: {reason}"));
        return finding;
    }
    // ONBUILD instructions of an image run as its user.
    if build.chain(stage).any(|stage| has_run_trigger(build, stage)) {
        return finding;
    }
    let first = build.closing(stage);
    if let Some(name) = plain_user_before(build, stage, first) {
        return finding.unsafe_edit(title, why, name, user);
    }
    if let Some(at) = first.map(|index| crate::dockerfile::start_with_comments(file.source(), build.instruction(index)))
    {
        return finding.unsafe_edit(title, why, Span::at(at), format!("USER {user}{newline}"));
    }
    // After a continuation on the last line, or in an unclosed heredoc, it would be part of that instruction.
    let last = build.instructions(stage).last().map_or(build.instruction(stage.start), |(_, i)| i);
    let open = last.heredocs.iter().any(|heredoc| heredoc.terminator.is_none());
    if open || goes_on(file.source().slice(last.head), file.escape()) {
        return finding;
    }
    let end = last.span.end;
    finding.unsafe_edit(title, why, Span::at(end), format!("{newline}USER {user}"))
}

/// Whether it is known which user without privileges a stage has: the file names or makes one, or its base image is known.
pub(in crate::rules) fn has_known_user(build: &Build, stage: &Stage) -> bool {
    let is_known = match build.root_base(stage) {
        StageBase::Image(reference) => BaseImage::of(reference).user().is_some(),
        _ => true,
    };
    is_known || earlier_user(build, stage).or_else(|| made_user(build, stage)).is_some()
}

/// Whether a user has a home that is his: he is made with one, or by the image of his name (`node`).
fn has_home(build: &Build, stage: &Stage, user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    let is_of_image =
        matches!(build.root_base(stage), StageBase::Image(image) if Reference::of(image).short_name() == name);
    is_of_image
        || build.chain(stage).any(|stage| {
            let runs = build.instructions_of(stage, Keyword::Run);
            let codes = runs.filter_map(|(index, _)| build.code(index));
            let makes = |invocation: &Invocation| {
                accounts::created_user(invocation) == Some(name) && accounts::makes_home(invocation)
            };
            codes.into_iter().any(|code| code.script.invocations().iter().any(makes))
        })
}

/// Whether the text of an instruction ends with a continuation, as the last one of a file may; comments and empty lines
/// after it belong to it.
fn goes_on(text: &str, escape: char) -> bool {
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with('#');
    text.lines().map(str::trim).rfind(is_code).is_some_and(|line| line.ends_with(escape))
}

fn has_run_trigger(build: &Build, stage: &Stage) -> bool {
    let file = &build.input().file;
    build
        .instructions(stage)
        .any(|(_, instruction)| file.trigger(instruction).is_some_and(|trigger| trigger.keyword == Keyword::Run))
}

/// The name in a USER under which nothing runs: it is directly above the closing instructions, or at the end.
fn plain_user_before(build: &Build, stage: &Stage, closing: Option<usize>) -> Option<Span> {
    let file = &build.input().file;
    let before = build.instructions(stage).take_while(|(index, _)| closing.is_none_or(|first| *index < first));
    let (_, last) = before.last().filter(|(_, last)| last.keyword == Keyword::User)?;
    let written = file.source().slice(last.rest.span);
    let plain = written.chars().all(|c| c.is_ascii_alphanumeric() || ":-_".contains(c));
    (plain && !written.is_empty()).then_some(last.rest.span)
}

/// The last user of the file that is not root.
fn earlier_user(build: &Build, stage: &Stage) -> Option<String> {
    build.chain(stage).find_map(|stage| {
        let users = build.instructions_of(stage, Keyword::User);
        let others = users.filter_map(|(_, i)| match User::of(build.input().file.str(i.rest)) {
            // The value of a variable may still be root.
            User::Other(name) if !name.contains(['$', '"', '\'']) => Some(name),
            _ => None,
        });
        others.last()
    })
}

/// The last account that a RUN creates.
fn made_user(build: &Build, stage: &Stage) -> Option<String> {
    build.chain(stage).find_map(|stage| {
        let runs = build.instructions_of(stage, Keyword::Run);
        let codes = runs.filter_map(|(index, _)| build.code(index));
        codes
            .flat_map(|code| code.script.invocations())
            .filter_map(|invocation| accounts::created_user(&invocation).map(str::to_owned))
            .last()
    })
}

fn unprivileged_user(build: &Build, stage: &Stage) -> Option<&'static str> {
    match build.root_base(stage) {
        StageBase::Image(reference) => BaseImage::of(reference).unprivileged_user(),
        _ => None,
    }
}
