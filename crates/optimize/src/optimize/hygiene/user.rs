//! Pass `non-root`: adds a non-root user that owns the files that the program writes.

use super::root_reason::{RootReason, WriteEvidence};
use std::collections::BTreeSet;

use super::account::{self, Account};
use super::data_folders::{self, CreatedFolders};
use super::writes::{self, Writes};
use super::{frameworks, health, low_port, mounted, needs_root, steps};
use crate::build::{BaseImage, Setting, Stage, StageBase, Transfer, User, accounts, service};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::assumption::Support;
use crate::optimize::languages::node;
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::text::{Span, path};

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    match build.user(target) {
        Setting::By(_, User::Root) | Setting::Base(User::Root) | Setting::Default(User::Root) => {}
        Setting::Unknown => return output.skip(RootReason::UnknownBaseUser),
        _ => return,
    }
    if service::is_for_developers(build, target) {
        return output.skip(RootReason::ForDevelopers);
    }
    if build.launch(target).is_none() {
        return output.skip(RootReason::UnknownCommand);
    }
    if accounts::steps_down(build, target) {
        return output.skip(RootReason::ChangesUser);
    }
    if !service::may_serve_by_any_name(build, target) {
        return output.skip(RootReason::NeedsRoot);
    }
    let Some(plan) = output.ok_or_skip(plan(input, target)) else { return };
    if let Some(reason) = low_port::refusal(input, target) {
        return output.skip(reason);
    }
    output.step(plan.what, plan.why, plan.edits);
    let unknown = plan.writes.unknown.as_ref().map(|why| (Support::Missing, why.to_string()));
    output.assume(plan.writes.assumption_text(), unknown);
    low_port::assume(input, target, output);
}

/// What a user without rights takes.
struct UserPlan {
    edits: Vec<FileEdit>,
    what: String,
    why: String,
    writes: Writes,
}

fn plan(input: &PassInput, target: &Stage) -> Result<UserPlan, RootReason> {
    let build = input.build;
    needs_root::reason_to_stay_root(input, target).map_or(Ok(()), Err)?;
    let account = account::of(build, target)?;
    let folder = build.workdir(target, usize::MAX).value().cloned().ok_or(RootReason::UnknownWorkingFolder)?;
    let empty = data_folders::folders(input, target, &BTreeSet::new());
    let writes = known_writes(input, target, &folder, &empty)?;
    edits_of(input, target, &account, &folder, writes)
}

/// What the program writes, by its sources and frameworks; or why that needs root.
fn known_writes(
    input: &PassInput,
    target: &Stage,
    folder: &str,
    empty: &[CreatedFolders],
) -> Result<Writes, RootReason> {
    let mut writes = writes::of(input, folder)?;
    for path in empty.iter().flat_map(|created| &created.folders) {
        if let Some(mount) = mounted::over(input, target, [path]) {
            return Err(RootReason::DataFolderMounted { path: path.clone(), mount });
        }
    }
    frameworks::add(input, target, folder, &mut writes);
    for (path, sign) in node::written_folders::writes(input) {
        writes.sources |= path == folder;
        writes.folders.insert(path);
        writes.evidence = Some(WriteEvidence::Start(sign));
    }
    // What nothing shows to be written is no reason to keep root.
    if let Some(evidence) = &writes.evidence
        && let Some(mount) = mounted::over(input, target, writes.folders.union(&writes.whole))
    {
        return Err(RootReason::WritesToMount { evidence: evidence.clone(), mount });
    }
    writes.folders.extend(input.build.volumes(target));
    writes.given_away()?;
    if folder == "/" && (writes.sources || !writes.whole.is_empty()) {
        if let Some(evidence) = writes.evidence {
            return Err(RootReason::WritesInRootFolder { evidence });
        }
        writes.folders.remove("/");
        writes.sources = false;
    }
    Ok(writes)
}

/// The edits that let the account do what the program does.
fn edits_of(
    input: &PassInput,
    target: &Stage,
    account: &Account,
    folder: &str,
    writes: Writes,
) -> Result<UserPlan, RootReason> {
    let copies = copies(input, target, folder);
    let owns = writes.sources || copies.iter().any(|copy| is_locked(input, copy));
    let mut edits = Vec::new();
    // Of what is copied, the user gets what the program writes to.
    let needs_owner =
        |copy: &&Transfer| owns || writes.whole.iter().any(|folder| goes_into(input, target, copy, folder));
    edits.extend(copies.iter().filter(needs_owner).filter_map(|copy| with_owner(input, target, copy, account)));
    let is_empty_folder = |folder: &&String| !copies.iter().any(|copy| goes_into(input, target, copy, folder));
    let whole: Vec<&str> =
        if owns { Vec::new() } else { writes.whole.iter().filter(is_empty_folder).map(String::as_str).collect() };
    refuse_if(!has_shell(input, target) && !writes.folders.is_empty() && !writes.sources, RootReason::ScratchFolders)?;
    let empty = data_folders::folders(input, target, &writes.folders);
    let first = first_user(input, target, &empty);
    let (early, late) = split_folders(input, target, &writes, &empty, first);
    refuse_if(early.union(&late).any(|path| needs_quotes(path)), RootReason::QuotedFolder)?;
    edits.extend(create_user(input, target, account, &early, first));
    edits.extend(data_folders::handed(input, &empty, account));
    edits.extend(made_last(input, target, account, &late));
    edits.extend(handed_over(input, target, account, &whole));
    let step = (owns && late.is_empty()).then(|| steps::first_own(input, target, &copies)).flatten();
    let handed: Vec<usize> = empty.iter().map(|created| created.index).collect();
    if owns {
        edits.extend(steps::handed(input, target, &copies, account, step, &handed));
    }
    edits.push(user(input, target, account, step));
    let why = match (&writes.evidence, writes.sources) {
        (Some(evidence), _) => format!("{evidence}; the new user gets write access there"),
        (None, true) => "it is not known whether it writes to its folder, so the new user owns that folder".to_owned(),
        (None, false) => "no source writes outside /tmp".to_owned(),
    };
    Ok(UserPlan { edits, what: format!("runs as `{}`", account.name), why, writes })
}

/// The folders that are made for the user before and behind the author's steps: behind them what an install empties, and
/// what a `mkdir` of the author would find there. What RUNs hand over themselves is in neither.
fn split_folders(
    input: &PassInput,
    target: &Stage,
    writes: &Writes,
    empty: &[CreatedFolders],
    first: Option<usize>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let handed: Vec<&String> = empty.iter().flat_map(|created| &created.folders).collect();
    let later = data_folders::later_folders(input, target, first.unwrap_or(usize::MAX));
    let comes_late =
        |path: &String| path.contains("/node_modules/") || later.iter().any(|folder| path::is_within(path, folder));
    let folders = writes.folders.iter().filter(|path| !handed.contains(path)).cloned();
    let (late, early) = folders.partition(comes_late);
    (early, late)
}

fn has_shell(input: &PassInput, target: &Stage) -> bool {
    match input.build.root_base(target) {
        StageBase::Image(reference) => {
            !reference.contains("distroless") && BaseImage::of(reference).has_shell() != Some(false)
        }
        StageBase::Scratch => false,
        _ => true,
    }
}

/// COPYs of the target into its working folder: of sources, or of the whole folder from another stage.
fn copies<'a>(input: &PassInput<'a>, target: &Stage, folder: &str) -> Vec<Transfer<'a>> {
    let holds_folder = |transfer: &Transfer| {
        let to = place(input, target, transfer);
        to.is_some_and(|to| {
            path::is_within(&to, folder) && !matches!(path::name(&to), "node_modules" | ".venv" | "vendor")
        })
    };
    input.build.transfers(target).iter().filter(|transfer| holds_folder(transfer)).cloned().collect()
}

/// Whether some of what a COPY brings may be read by its owner alone.
fn is_locked(input: &PassInput, copy: &Transfer) -> bool {
    let Some(context) = input.context() else { return false };
    if copy.from.is_some() {
        return false;
    }
    copy.select(context).into_iter().flatten().flat_map(|selection| selection.tops).any(|top| {
        let locked = |id| {
            let entry = context.entry(id);
            let folder = entry.kind == crate::inputs::context::ContextEntryKind::Directory;
            entry.mode & if folder { 0o005 } else { 0o004 } == 0
        };
        top.is_some_and(locked) || context.descendants(top).any(locked)
    })
}

/// The COPY with an owner, unless it has one.
fn with_owner(input: &PassInput, target: &Stage, copy: &Transfer, account: &Account) -> Option<FileEdit> {
    if steps::is_for_installs(input, target, copy) {
        return None;
    }
    let owned = copy.instruction.flags.iter().any(|flag| input.file().flag_name(flag) == "chown");
    let at = Span::at(copy.instruction.name.span.end);
    (!owned).then(|| input.edit(at, format!(" --chown={}", account.owner)))
}

/// The first COPY, or the first RUN that wants the user.
fn first_user(input: &PassInput, target: &Stage, empty: &[CreatedFolders]) -> Option<usize> {
    let wanted = empty.first().map(|created| created.index);
    let brings = |keyword| matches!(keyword, Keyword::Copy | Keyword::Add);
    let mut all = input.build.instructions(target);
    all.find(|(index, instruction)| brings(instruction.keyword) || Some(*index) == wanted).map(|(index, _)| index)
}

/// A RUN that makes the user and the folders that are to be the user's, before the first instruction that needs them.
fn create_user(
    input: &PassInput,
    target: &Stage,
    account: &Account,
    folders: &BTreeSet<String>,
    first: Option<usize>,
) -> Option<FileEdit> {
    let mut commands: Vec<String> = account.command.into_iter().map(str::to_owned).collect();
    if !folders.is_empty() && has_shell(input, target) {
        let (user, group) = account.owner.split_once(':').unwrap_or((&account.owner, ""));
        let group = if group.is_empty() { String::new() } else { format!(" -g {group}") };
        let paths: Vec<&str> = folders.iter().map(String::as_str).collect();
        commands.push(format!("install -d -o {user}{group} {}", paths.join(" ")));
    }
    if commands.is_empty() {
        return None;
    }
    let newline = input.newline();
    let text = format!("RUN {}{newline}", commands.join(&format!(" \\{newline}    && ")));
    let place = first.map_or_else(|| health::closing(input, target), |index| input.instruction_span(index).start);
    Some(input.insert_lines(place, &text))
}

/// A RUN behind all that brings files, for folders below them.
fn made_last(input: &PassInput, target: &Stage, account: &Account, folders: &BTreeSet<String>) -> Option<FileEdit> {
    let owned: Vec<&str> = folders.iter().map(String::as_str).collect();
    let (user, group) = account.owner.split_once(':').unwrap_or((&account.owner, &account.owner));
    run_behind_files(input, target, &owned, &format!("install -d -o {user} -g {group} {}", owned.join(" ")))
}

/// A RUN behind all that brings files, where their names need no quotes.
fn run_behind_files(input: &PassInput, target: &Stage, folders: &[&str], command: &str) -> Option<FileEdit> {
    let brings = |keyword| matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add);
    let (last, _) = input.build.instructions(target).filter(|(_, instruction)| brings(instruction.keyword)).last()?;
    let plain = !folders.is_empty() && !folders.iter().any(|path| needs_quotes(path));
    plain.then(|| input.insert_lines(input.instruction_span(last).end, &format!("RUN {command}{}", input.newline())))
}

fn needs_quotes(path: &str) -> bool {
    path.contains([' ', '\'', '"', '$', '\\'])
}

/// Whether a COPY brings a folder's contents or something below it.
fn goes_into(input: &PassInput, target: &Stage, copy: &Transfer, folder: &str) -> bool {
    place(input, target, copy).is_some_and(|to| path::is_within(&to, folder))
}

/// The absolute destination of a COPY.
fn place(input: &PassInput, target: &Stage, copy: &Transfer) -> Option<String> {
    let base = input.build.workdir(target, copy.index);
    Some(path::join(base.value().map_or("/", String::as_str), copy.destination.as_deref()?))
}

/// A RUN behind all that brings files, for folders whose contents the program changes.
fn handed_over(input: &PassInput, target: &Stage, account: &Account, folders: &[&str]) -> Option<FileEdit> {
    let (paths, newline) = (folders.join(" "), input.newline());
    let command = format!("mkdir -p {paths} \\{newline}    && chown -R {} {paths}", account.owner);
    run_behind_files(input, target, folders, &command)
}

/// The USER line above the closing instructions or the steps that make files for it, or in place of `USER root` there.
fn user(input: &PassInput, target: &Stage, account: &Account, step: Option<usize>) -> FileEdit {
    let build = input.build;
    if let Some(index) = step {
        let place = Span::at(input.instruction_span(index).start);
        return input.edit(place, format!("USER {}{}", account.name, input.newline()));
    }
    let start = build.closing_start(target);
    let before = build
        .instructions(target)
        .take_while(|(_, instruction)| start.is_none_or(|start| instruction.span.start < start))
        .last();
    if let Some((_, last)) = before.filter(|(_, last)| last.keyword == Keyword::User) {
        return input.edit(last.rest.span, account.name.clone());
    }
    let newline = input.newline();
    if let Some(start) = start {
        return input.edit(Span::at(start), format!("USER {}{newline}", account.name));
    }
    let at = health::closing(input, target);
    input.insert_lines(at, &format!("USER {}{newline}", account.name))
}
