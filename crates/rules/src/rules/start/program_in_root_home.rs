//! See `rules/program-in-root-home.md`.

use crate::build::{BaseImage, Build, Code, Lookup, Presence, Setting, Stage, StageBase, User};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::rules::Context;
use crate::rules::shared::copied_packages::{destination, stage_copies};
use crate::shell::program::{Kind, Language, Program};
use crate::shell::{Invocation, Manager, Word};
use crate::text::{Span, path};

crate::rules::rule!("program-in-root-home", check);

const HOME: &str = "/root";

/// The most commands of a start that are looked at.
const MOST: usize = 8;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Setting::By(_, User::Other(user)) = build.user(stage) else { return };
    let Some(launch) = build.launch(stage) else { return };
    if user == "0" || moves_home(build, stage) || opens_home(build, stage) {
        return;
    }
    let invocations = launch.script().invocations();
    if let Some((to, copied)) = copied_packages_of_root(build, stage)
        && let Some(program) = invocations.iter().take(MOST).find(|invocation| needs_packages(invocation))
    {
        let message = format!(
            "the packages in `{to}` are those of root, and `{user}` may not enter `{HOME}`: the container does not start"
        );
        let finding = cx.finding(launch.place(&build.input().file, program.path.span), message);
        let help = "install them into a virtual environment, such as `/opt/venv`, and copy that";
        out.push(finding.help(help).label(copied, "copied here"));
        return;
    }
    for invocation in invocations.iter().take(MOST) {
        let Some(word) = invocation.path.value() else { continue };
        let name = path::name(word);
        let is_in_home = path::is_within(word, HOME);
        let installed = Install::of(build, stage, name);
        let (place, span, instead) = match &installed {
            _ if word.contains('/') && !is_in_home => continue,
            Some(install) => (path::join(HOME, install.folder), Some(install.span), install.instead),
            None if is_in_home => (path::split(word).0.to_owned(), None, "install it to `/usr/local/bin`"),
            None => continue,
        };
        let file = &build.input().file;
        let message =
            format!("`{name}` lies in `{place}`, and `{user}` may not enter `{HOME}`: the container does not start");
        let finding = cx.finding(launch.place(file, invocation.path.span), message);
        let finding = finding.help(format!("install it for all users: {instead}"));
        out.push(span.into_iter().fold(finding, |finding, span| finding.label(span, "installed here")));
        return;
    }
}

/// The folder in root's home to which packages that `pip install --user` installed are copied from another stage.
fn copied_packages_of_root(build: &Build, stage: &Stage) -> Option<(String, Span)> {
    if ["PYTHONUSERBASE", "PYTHONPATH"].into_iter().any(|name| is_set(build, stage, name)) {
        return None;
    }
    let copies =
        build.chain(stage).flat_map(|below| stage_copies(build, below).into_iter().map(move |copy| (below, copy)));
    copies.into_iter().find_map(|(below, copy)| {
        let to = destination(build, below, copy.transfer)?;
        let is_of_user = |invocation: Invocation| {
            invocation.package_call().is_some_and(|call| call.manager == Manager::Pip && call.has(&["--user"]))
        };
        let is_installed = build.chain(copy.maker).any(|maker| build.called(maker).any(is_of_user));
        (is_installed && path::is_within(&to, "/root/.local")).then_some((to, copy.transfer.instruction.head))
    })
}

/// Whether a program runs Python, or is a script that pip installs.
fn needs_packages(invocation: &Invocation) -> bool {
    let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
    program.language == Some(Language::Python) || program.is(Kind::PipScript)
}

/// An install of a program into root's home.
struct Install {
    folder: &'static str,
    instead: &'static str,
    span: Span,
}

impl Install {
    /// The install of a program, if nothing else brings it.
    fn of(build: &Build, stage: &Stage, name: &str) -> Option<Self> {
        if is_brought(build, stage, name) {
            return None;
        }
        let rows: Vec<data::Row> = data::HOME_INSTALLERS.rows().filter(|row| may_bring(row, name)).collect();
        build.chain(stage).find_map(|below| {
            let mut runs = build.instructions_of(below, Keyword::Run);
            runs.find_map(|(index, instruction)| {
                let text = build.code(index).and_then(Code::text)?;
                let row = rows.iter().find(|row| {
                    let behind = text.split_once(row[0]).map(|(_, behind)| behind);
                    behind.is_some_and(|behind| row[1] != "*" || names(behind.lines().next().unwrap_or_default(), name))
                })?;
                let moved = data::words(row[3]).any(|way| text.contains(way) || is_set(build, stage, way));
                let is_root = !matches!(build.user_at(below, index), Setting::By(_, User::Other(_) | User::Unknown));
                let install = Self { folder: row[2], instead: row[4], span: instruction.head };
                (is_root && !moved && !text.contains("HOME=")).then_some(install)
            })
        })
    }
}

fn may_bring(row: &data::Row, name: &str) -> bool {
    row[1] == "*" || data::words(row[1]).any(|program| program == name)
}

/// Whether a line names a package that is called like the program.
fn names(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let command = line.split([';', '&', '|']).next().unwrap_or_default();
    command.split(|c: char| !is_part(c)).any(|word| word == name)
}

fn is_set(build: &Build, stage: &Stage, name: &str) -> bool {
    !name.starts_with('-') && matches!(build.scopes().lookup(stage.index, name, usize::MAX), Lookup::Defined(_))
}

/// Whether the base image, a COPY or another command brings a program of that name to where all find it.
fn is_brought(build: &Build, stage: &Stage, name: &str) -> bool {
    if let StageBase::Image(image) = build.root_base(stage)
        && BaseImage::of(image).presence(name) == Presence::Has
    {
        return true;
    }
    let copied = build.chain(stage).flat_map(|below| build.transfers(below)).any(|transfer| {
        let sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
        let places = sources.chain(transfer.destination.as_deref());
        places.into_iter().any(|place| {
            path::name(place.trim_end_matches('/')) == name || place.ends_with("/bin") || place.ends_with("/bin/")
        })
    });
    let moves = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        let places =
            program.is(Kind::Copies) || program.is(Kind::Entries) || invocation.is("mv") || invocation.is("ln");
        let call = invocation.package_call().filter(|call| !call.has(&["--user"]));
        let is_tool = invocation.args.iter().any(|word| word.is("tool"));
        let packaged = call.is_some_and(|call| call.packages.iter().any(|package| package.name.text == name));
        packaged && !is_tool && !invocation.is("pipx")
            || places && invocation.args.iter().any(|word| word.text().contains(name) || word.text().contains(HOME))
    };
    copied || build.chain(stage).any(|below| build.called(below).any(|invocation| moves(&invocation)))
}

/// Whether the home of the user who installs is another one.
fn moves_home(build: &Build, stage: &Stage) -> bool {
    is_set(build, stage, "HOME")
}

/// Whether a step lets others into root's home, or gives it to them.
fn opens_home(build: &Build, stage: &Stage) -> bool {
    let opens = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        let names_home = |word: &Word| {
            let text = word.text();
            text.starts_with(HOME) || text.starts_with('~') || text.starts_with("$HOME")
        };
        let changes = program.is(Kind::Accounts) || program.is(Kind::Entries) || invocation.is("setfacl");
        changes && invocation.args.iter().any(names_home)
    };
    build.chain(stage).any(|below| build.called(below).any(|invocation| opens(&invocation)))
}
