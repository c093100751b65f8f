//! Pass `non-root`: adds a non-root user that owns the files that the program writes.

use super::root_reason::{RootReason, WriteEvidence};
use std::collections::BTreeSet;

use super::account::{self, Account};
use super::data_folders::{self, CreatedFolders};
use super::writes::{self, Writes};
use super::{frameworks, health, mounted, needs_root, steps};
use crate::build::{BaseImage, Setting, Stage, StageBase, Transfer, User, accounts, service};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::assumption::Support;
use crate::optimize::languages::node;
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::rules;
use crate::text::{Span, path};

pub(in crate::optimize) fn run(scene: &PassInput, turn: &mut PassOutput) {
    let build = scene.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    match build.user(target) {
        Setting::By(_, User::Root) | Setting::Base(User::Root) | Setting::Default(User::Root) => {}
        Setting::Unknown => return turn.skip(RootReason::UnknownBaseUser),
        _ => return,
    }
    if service::is_for_developers(build, target) {
        return turn.skip(RootReason::ForDevelopers);
    }
    if build.launch(target).is_none() {
        return turn.skip(RootReason::UnknownCommand);
    }
    if accounts::steps_down(build, target) {
        return turn.skip(RootReason::ChangesUser);
    }
    if !service::may_serve_by_any_name(build, target) {
        return turn.skip(RootReason::NeedsRoot);
    }
    let Some(plan) = turn.ok_or_skip(plan(scene, target)) else { return };
    turn.step(plan.what, plan.why, plan.edits);
    let unknown = plan.writes.unknown.as_ref().map(|why| (Support::Missing, why.to_string()));
    turn.assume(plan.writes.assumption_text(), unknown);
}

/// What a user without rights takes.
struct UserPlan {
    edits: Vec<FileEdit>,
    what: String,
    why: String,
    writes: Writes,
}

fn plan(scene: &PassInput, target: &Stage) -> Result<UserPlan, RootReason> {
    let build = scene.build;
    needs_root::reason_to_stay_root(scene, target).map_or(Ok(()), Err)?;
    let account = account::of(build, target)?;
    let folder = build.workdir(target, usize::MAX).value().cloned().ok_or(RootReason::UnknownWorkingFolder)?;
    let empty = data_folders::folders(scene, target);
    let writes = known_writes(scene, target, &folder, &empty)?;
    edits_of(scene, target, &account, &folder, &empty, writes)
}

/// What the program writes, by its sources and frameworks; or why that needs root.
fn known_writes(
    scene: &PassInput,
    target: &Stage,
    folder: &str,
    empty: &[CreatedFolders],
) -> Result<Writes, RootReason> {
    let mut writes = writes::of(scene, folder)?;
    for path in empty.iter().flat_map(|created| &created.folders) {
        if let Some(mount) = mounted::over(scene, target, [path]) {
            return Err(RootReason::DataFolderMounted { path: path.clone(), mount });
        }
    }
    frameworks::add(scene, target, folder, &mut writes);
    for (path, sign) in node::writes::writes(scene) {
        writes.sources |= path == folder;
        writes.folders.insert(path);
        writes.evidence = Some(WriteEvidence::Start(sign));
    }
    // What nothing shows to be written is no reason to keep root.
    if let Some(evidence) = &writes.evidence
        && let Some(mount) = mounted::over(scene, target, writes.folders.union(&writes.whole))
    {
        return Err(RootReason::WritesToMount { evidence: evidence.clone(), mount });
    }
    writes.folders.extend(scene.build.volumes(target));
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
    scene: &PassInput,
    target: &Stage,
    account: &Account,
    folder: &str,
    empty: &[CreatedFolders],
    writes: Writes,
) -> Result<UserPlan, RootReason> {
    let copies = copies(scene, target, folder);
    let owns = writes.sources || copies.iter().any(|copy| is_locked(scene, copy));
    let mut edits = Vec::new();
    // Of what is copied, the user gets what the program writes to.
    let needs_owner =
        |copy: &&Transfer| owns || writes.whole.iter().any(|folder| goes_into(scene, target, copy, folder));
    edits.extend(copies.iter().filter(needs_owner).filter_map(|copy| with_owner(scene, target, copy, account)));
    let is_empty_folder = |folder: &&String| !copies.iter().any(|copy| goes_into(scene, target, copy, folder));
    let whole: Vec<&str> =
        if owns { Vec::new() } else { writes.whole.iter().filter(is_empty_folder).map(String::as_str).collect() };
    refuse_if(!has_shell(scene, target) && !writes.folders.is_empty() && !writes.sources, RootReason::ScratchFolders)?;
    // What an install empties is made behind it.
    let (late, early): (BTreeSet<String>, _) =
        writes.folders.iter().cloned().partition(|path| path.contains("/node_modules/"));
    edits.extend(create_user(scene, target, account, &early, empty.first().map(|created| created.index))?);
    edits.extend(data_folders::handed(scene, empty, account));
    edits.extend(made_last(scene, target, account, &late));
    edits.extend(handed_over(scene, target, account, &whole));
    let step = (owns && late.is_empty()).then(|| steps::first_own(scene, target, &copies)).flatten();
    let handed: Vec<usize> = empty.iter().map(|created| created.index).collect();
    if owns {
        edits.extend(steps::handed(scene, target, &copies, account, step, &handed));
    }
    edits.push(user(scene, target, account, step));
    let why = match (&writes.evidence, writes.sources) {
        (Some(evidence), _) => format!("{evidence}; the new user gets write access there"),
        (None, true) => "it is not known whether it writes to its folder, so the new user owns that folder".to_owned(),
        (None, false) => {
            "no source writes outside /tmp, and any user can listen on ports below 1024 since Docker 20.10".to_owned()
        }
    };
    Ok(UserPlan { edits, what: format!("runs as `{}`", account.name), why, writes })
}

fn has_shell(scene: &PassInput, target: &Stage) -> bool {
    match scene.build.root_base(target) {
        StageBase::Image(reference) => {
            !reference.contains("distroless") && BaseImage::of(reference).has_shell() != Some(false)
        }
        StageBase::Scratch => false,
        _ => true,
    }
}

/// COPYs of the target into its working folder: of sources, or of the whole folder from another stage.
fn copies<'a>(scene: &PassInput<'a>, target: &Stage, folder: &str) -> Vec<Transfer<'a>> {
    let holds_folder = |transfer: &Transfer| {
        let to = place(scene, target, transfer);
        to.is_some_and(|to| {
            path::is_within(&to, folder) && !matches!(path::name(&to), "node_modules" | ".venv" | "vendor")
        })
    };
    scene.build.transfers(target).iter().filter(|transfer| holds_folder(transfer)).cloned().collect()
}

/// Whether some of what a COPY brings may be read by its owner alone.
fn is_locked(scene: &PassInput, copy: &Transfer) -> bool {
    let Some(context) = scene.context() else { return false };
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
fn with_owner(scene: &PassInput, target: &Stage, copy: &Transfer, account: &Account) -> Option<FileEdit> {
    if steps::is_for_installs(scene, target, copy) {
        return None;
    }
    let owned = copy.instruction.flags.iter().any(|flag| scene.file().flag_name(flag) == "chown");
    let at = Span::at(copy.instruction.name.span.end);
    (!owned).then(|| scene.edit(at, format!(" --chown={}", account.owner)))
}

/// A RUN that makes the user and the folders that are to be the user's, before the first COPY and before the RUN that
/// wants the user.
fn create_user(
    scene: &PassInput,
    target: &Stage,
    account: &Account,
    folders: &BTreeSet<String>,
    wanted: Option<usize>,
) -> Result<Option<FileEdit>, RootReason> {
    let mut commands: Vec<String> = account.command.into_iter().map(str::to_owned).collect();
    if !folders.is_empty() && has_shell(scene, target) {
        let (user, group) = account.owner.split_once(':').unwrap_or((&account.owner, ""));
        let group = if group.is_empty() { String::new() } else { format!(" -g {group}") };
        let paths: Vec<&str> = folders.iter().map(String::as_str).collect();
        refuse_if(paths.iter().any(|path| needs_quotes(path)), RootReason::QuotedFolder)?;
        commands.push(format!("install -d -o {user}{group} {}", paths.join(" ")));
    }
    if commands.is_empty() {
        return Ok(None);
    }
    let newline = scene.newline();
    let text = format!("RUN {}{newline}", commands.join(&format!(" \\{newline}    && ")));
    let brings = |keyword| matches!(keyword, Keyword::Copy | Keyword::Add);
    let first = scene
        .build
        .instructions(target)
        .find(|(index, instruction)| brings(instruction.keyword) || Some(*index) == wanted);
    let place = first.map_or_else(|| health::closing(scene, target), |(index, _)| scene.instruction_span(index).start);
    Ok(Some(scene.edit(Span::at(place), text)))
}

/// A RUN behind all that brings files, for folders below them.
fn made_last(scene: &PassInput, target: &Stage, account: &Account, folders: &BTreeSet<String>) -> Option<FileEdit> {
    let owned: Vec<&str> = folders.iter().map(String::as_str).collect();
    let (user, group) = account.owner.split_once(':').unwrap_or((&account.owner, &account.owner));
    run_behind_files(scene, target, &owned, &format!("install -d -o {user} -g {group} {}", owned.join(" ")))
}

/// A RUN behind all that brings files, where their names need no quotes.
fn run_behind_files(scene: &PassInput, target: &Stage, folders: &[&str], command: &str) -> Option<FileEdit> {
    let brings = |keyword| matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add);
    let (last, _) = scene.build.instructions(target).filter(|(_, instruction)| brings(instruction.keyword)).last()?;
    let plain = !folders.is_empty() && !folders.iter().any(|path| needs_quotes(path));
    plain.then(|| scene.edit(Span::at(scene.instruction_span(last).end), format!("RUN {command}{}", scene.newline())))
}

fn needs_quotes(path: &str) -> bool {
    path.contains([' ', '\'', '"', '$', '\\'])
}

/// Whether a COPY brings a folder's contents or something below it.
fn goes_into(scene: &PassInput, target: &Stage, copy: &Transfer, folder: &str) -> bool {
    place(scene, target, copy).is_some_and(|to| path::is_within(&to, folder))
}

/// The absolute destination of a COPY.
fn place(scene: &PassInput, target: &Stage, copy: &Transfer) -> Option<String> {
    let base = scene.build.workdir(target, copy.index);
    Some(path::join(base.value().map_or("/", String::as_str), copy.destination.as_deref()?))
}

/// A RUN behind all that brings files, for folders whose contents the program changes.
fn handed_over(scene: &PassInput, target: &Stage, account: &Account, folders: &[&str]) -> Option<FileEdit> {
    let (paths, newline) = (folders.join(" "), scene.newline());
    let command = format!("mkdir -p {paths} \\{newline}    && chown -R {} {paths}", account.owner);
    run_behind_files(scene, target, folders, &command)
}

/// The USER line above the closing instructions or the steps that make files for it, or in place of `USER root` there.
fn user(scene: &PassInput, target: &Stage, account: &Account, step: Option<usize>) -> FileEdit {
    let build = scene.build;
    if let Some(index) = step {
        let place = Span::at(scene.instruction_span(index).start);
        return scene.edit(place, format!("USER {}{}", account.name, scene.newline()));
    }
    let start = rules::closing_start(build, target);
    let before = build
        .instructions(target)
        .take_while(|(_, instruction)| start.is_none_or(|start| instruction.span.start < start))
        .last();
    if let Some((_, last)) = before.filter(|(_, last)| last.keyword == Keyword::User) {
        return scene.edit(last.rest.span, account.name.clone());
    }
    let newline = scene.newline();
    if let Some(start) = start {
        return scene.edit(Span::at(start), format!("USER {}{newline}", account.name));
    }
    let at = health::closing(scene, target);
    let open = if scene.source().text()[..at as usize].ends_with('\n') { "" } else { newline };
    scene.edit(Span::at(at), format!("{open}USER {}{newline}", account.name))
}
