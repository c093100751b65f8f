//! Files that no build needs: by their class, by git, by their name at the root of the context, or as another service.

use super::code::is_code;
use super::evidence::{asks_git, mention, versioner};
use super::exclusion::{Exclusion, Section, WORTHWHILE};
use super::group::Group;
use super::reason::ContextReason;
use crate::data;
use crate::inputs::context::{BuildContext, ClassKind, ClassMatch, ContextEntryKind, EntryId, classify};
use crate::manifest::{Ecosystem, FileKind, is_manifest};
use crate::optimize::pass_input::PassOutput;
use crate::text::path;

/// Bytes from which a file that nothing mentions is told.
const LARGE: u64 = 1_000_000;

/// Large files that are told.
const TOLD: usize = 3;

/// Parts of variables that give a version to those who would take it from the history.
const TOLD_VERSION: [&str; 3] = ["PRETEND_VERSION", "PBR_VERSION", "DYNAMIC_VERSIONING_BYPASS"];

/// All that is to go, in the order of its finding; none lies in another.
pub(super) fn find_exclusions(group: &Group, output: &mut PassOutput) -> Vec<Exclusion> {
    let mut gone = classes(group, output);
    add_project_files(group, &mut gone);
    if group.takes_everything() {
        dotnet(group, &mut gone);
        services(group, &mut gone);
        ignored_by_git(group, &mut gone);
        large(group, &gone, output);
    }
    gone
}

/// Whether the history is needed, or may be.
pub(super) fn keeps_history(group: &Group) -> bool {
    history_reader(group).is_some()
}

fn history_reader<'a>(group: &Group<'a>) -> Option<&'a str> {
    *group.history.get_or_init(|| {
        let makes = group.dockerfiles().any(|text| text.contains("make"));
        let has_version = group.dockerfiles().any(|text| TOLD_VERSION.iter().any(|name| text.contains(name)));
        let versioner = || versioner(group).filter(|_| !has_version && group.may_read_history().is_some());
        asks_git(group, makes).or_else(versioner)
    })
}

/// Why the history stays.
fn reason_for_history(group: &Group) -> ContextReason {
    let reader = history_reader(group).map(str::to_owned).or_else(|| group.text_with_history());
    match (reader, group.may_read_history()) {
        (Some(reader), _) => ContextReason::HistoryRead { reader },
        (None, Some(why)) => ContextReason::HistoryPerhapsRead { why },
        (None, None) => ContextReason::HistoryNamed,
    }
}

/// By the table of names.
fn classes(group: &Group, output: &mut PassOutput) -> Vec<Exclusion> {
    let mut gone = Vec::new();
    for class_match in classify(group.context) {
        let Some(bytes) = group.bytes_sent(class_match.entry) else { continue };
        let path = group.context.path(class_match.entry);
        if group.is_named(&path) {
            continue;
        }
        let (goes, section) = match class_match.class.kind {
            ClassKind::Secret => continue,
            ClassKind::VersionControl => {
                let goes = history_reader(group).is_none() && group.is_useless(class_match);
                if !goes && path == ".git" {
                    output.refuse("keeps `.git` in the build context", reason_for_history(group));
                }
                (goes, Section::Forge)
            }
            ClassKind::Editor | ClassKind::Pipeline => (group.is_useless(class_match), Section::Forge),
            ClassKind::BuildOutput => (is_made_again(group, class_match, &path), Section::Made),
            ClassKind::Leftover => (is_leftover(group, class_match, &path), Section::Made),
            // They lie over what the build installs.
            ClassKind::Dependencies if group.evidence.committed.contains(&path) => {
                let why = ContextReason::CommittedPackages;
                output.refuse(format!("keeps `{path}` in the build context"), why);
                continue;
            }
            ClassKind::Dependencies | ClassKind::Bytecode | ClassKind::ToolCache => {
                (group.is_useless(class_match), Section::Made)
            }
        };
        if goes {
            let pattern = section_for(group.context, class_match, section);
            let worth =
                !matches!(class_match.class.kind, ClassKind::Editor | ClassKind::Pipeline | ClassKind::Leftover);
            gone.push(Exclusion::new(class_match.entry, pattern, section, bytes, worth));
        }
    }
    gone
}

/// What stands at the top alone needs no pattern for everywhere, unless tools make it in any folder.
fn section_for(context: &BuildContext, class_match: &ClassMatch, section: Section) -> String {
    let name = context.entry(class_match.entry).name;
    let deep = || context.entries().any(|id| context.entry(id).name == name && context.parent(id).is_some());
    if section == Section::Forge && class_match.pattern == format!("**/{name}") && name != ".DS_Store" && !deep() {
        return name.to_owned();
    }
    class_match.pattern.clone()
}

/// Whether what a build on the host left is made anew in this one.
fn is_made_again(group: &Group, class_match: &ClassMatch, path: &str) -> bool {
    let name = group.context.entry(class_match.entry).name;
    if name.strip_suffix(".egg-info").is_some() {
        return group.is_useless(class_match);
    }
    let ignored =
        || group.evidence.git_ignored.as_ref().is_some_and(|all| all.iter().any(|path_ignored| path_ignored == path));
    let plain = [".next", ".nuxt", ".output", ".svelte-kit", "target"].contains(&name);
    group.builds() && !group.is_named_above(path) && (plain || ignored())
}

fn is_leftover(group: &Group, class_match: &ClassMatch, path: &str) -> bool {
    let name = group.context.entry(class_match.entry).name;
    let served = path.split('/').any(|part| ["public", "static", "assets"].contains(&part));
    let is_served = served || FileKind::of(path).lies_for_show();
    !is_served && group.is_useless(class_match) && !is_mentioned(group, name, path)
}

/// Whether a source speaks of a file, or it is not known: not all of them were read.
pub(super) fn is_mentioned(group: &Group, name: &str, path: &str) -> bool {
    group.evidence.texts_cut || mention(group, name, path).is_some()
}

pub(super) fn lies_in(context: &BuildContext, gone: &[Exclusion], id: EntryId) -> bool {
    gone.iter().any(|exclusion| {
        exclusion.entry == id || context.is_below(id, exclusion.entry) || context.is_below(exclusion.entry, id)
    })
}

/// Files at the top about the build and for people, that nothing mentions.
fn add_project_files(group: &Group, gone: &mut Vec<Exclusion>) {
    let context = group.context;
    let site = data::FILE_TOPICS.with("pages").any(|name| context.find(name).is_some());
    for id in context.children(None) {
        let entry = context.entry(id);
        let Some(bytes) = group.bytes_sent(id) else { continue };
        if entry.kind != ContextEntryKind::File || group.is_named(entry.name) {
            continue;
        }
        let kind = FileKind::of(entry.name);
        let section = if kind.is_of_forge() || matches!(entry.name, ".gitattributes" | ".gitmodules") {
            Section::Forge
        } else if kind.is_recipe() || (!site && kind.is_for_people()) {
            Section::About
        } else {
            continue;
        };
        let ending = &entry.name[kind.without_ending().len()..];
        let endings =
            || [format!("*{ending}"), ending.to_owned()].iter().any(|word| mention(group, word, "").is_some());
        let text = kind.is_for_people() && !ending.is_empty() && endings();
        if !text && !is_mentioned(group, entry.name, entry.name) && !lies_in(context, gone, id) {
            gone.push(Exclusion::new(id, entry.name, section, bytes, false));
        }
    }
}

/// `bin` and `obj` beside a project file: the host's, with its paths in them.
fn dotnet(group: &Group, gone: &mut Vec<Exclusion>) {
    let context = group.context;
    if !group.installs(Ecosystem::DotNet) {
        return;
    }
    for id in context.entries() {
        let name = context.entry(id).name;
        if !["bin", "obj"].contains(&name)
            || context.entry(id).kind != ContextEntryKind::Directory
            || lies_in(context, gone, id)
        {
            continue;
        }
        let project = |id: EntryId| context.entry(id).name.ends_with("proj");
        let path = context.path(id);
        if context.children(context.parent(id)).any(project)
            && !group.is_named(&path)
            && let Some(bytes) = group.bytes_sent(id)
        {
            gone.push(Exclusion::new(id, format!("**/{name}"), Section::Made, bytes, true));
        }
    }
}

/// Folders with a Dockerfile of their own that nothing here speaks of.
fn services(group: &Group, gone: &mut Vec<Exclusion>) {
    let context = group.context;
    let folders = context.children(None).filter(|id| context.entry(*id).kind == ContextEntryKind::Directory);
    for id in folders.collect::<Vec<_>>() {
        let name = context.entry(id).name;
        let member = group.projects().any(|project| {
            let inside = path::is_within(&project.root, name);
            inside && project.workspace.is_some()
        });
        let excluded =
            context.child(Some(id), "Dockerfile").is_some() && group.projects().any(|project| project.root == name);
        if !excluded || member || group.is_named(name) || group.is_named_above(name) || lies_in(context, gone, id) {
            continue;
        }
        let spoken = group.dockerfiles().any(|text| text.contains(name)) || is_mentioned(group, name, name);
        if let Some(bytes) = group.bytes_sent(id)
            && !spoken
        {
            gone.push(Exclusion::new(id, name, Section::Other, bytes, true));
        }
    }
}

/// What git ignores is on this machine alone. A name that a source speaks of may be read all the same.
fn ignored_by_git(group: &Group, gone: &mut Vec<Exclusion>) {
    let context = group.context;
    for path in group.evidence.git_ignored.iter().flatten() {
        let Some(id) = context.find(path).filter(|id| !lies_in(context, gone, *id)) else { continue };
        let known = classify(context)
            .iter()
            .any(|class_match| class_match.entry == id || context.is_below(class_match.entry, id));
        let Some(bytes) = group.bytes_sent(id) else { continue };
        if !known && !group.is_named(path) && !is_spoken_of(group, path, context.entry(id).kind) {
            gone.push(Exclusion::new(id, path, Section::Other, bytes, bytes >= WORTHWHILE));
        }
    }
}

/// Whether a source may read a path: by its name, its ending, or a folder above it.
fn is_spoken_of(group: &Group, path: &str, kind: ContextEntryKind) -> bool {
    let name = path::name(path);
    let (stem, ending) = name.rsplit_once('.').map_or((name, None), |(stem, ending)| (stem, Some(ending)));
    let ending = if kind == ContextEntryKind::Directory { None } else { ending.map(|ending| format!(".{ending}")) };
    let mut words: Vec<&str> = path.split('/').collect();
    words.extend([stem].into_iter().chain(ending.as_deref()).filter(|word| !word.is_empty()));
    (kind != ContextEntryKind::Directory && is_code(path))
        || words.into_iter().any(|word| is_mentioned(group, word, path))
        || group.dockerfiles().any(|text| text.contains(name))
}

/// Large files that nothing mentions stay; only their owner knows.
fn large(group: &Group, gone: &[Exclusion], output: &mut PassOutput) {
    let context = group.context;
    let files = context.children(None).filter(|id| {
        let entry = context.entry(*id);
        entry.kind == ContextEntryKind::File && entry.amount.bytes >= LARGE && !lies_in(context, gone, *id)
    });
    for id in files.take(TOLD) {
        let entry = context.entry(id);
        // What installs read is theirs.
        if is_manifest(entry.name).is_some() {
            continue;
        }
        if !group.is_named(entry.name) && !is_mentioned(group, entry.name, entry.name) {
            let size = crate::text::bytes(entry.amount.bytes);
            let why = ContextReason::Unmentioned { size };
            output.refuse(format!("keeps `{}` in the image", entry.name), why);
        }
    }
}
