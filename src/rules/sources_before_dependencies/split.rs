//! The edit: what the install reads is copied first, and the sources behind the install. Only where the
//! set of files is known to be closed and the install stands right below the copy.

use std::collections::BTreeMap;

use super::Install;
use crate::build::installed;
use crate::build::{Code, Stage};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{FileEdit, Fix, Safety, Target};
use crate::inputs::context::BuildContext;
use crate::manifest::{self, Tool};
use crate::rules::Context;
use crate::shell::{InputKind, Invocation, Manager, PackageCall, Verb};
use crate::text::Span;

/// Copies that the edit may add.
const MOST: usize = 6;

/// Moves the copy behind the install, or adds a download of its own above it.
pub(super) fn fix(cx: &Context, stage: &Stage, copy: &Instruction, install: &Install) -> Option<Fix> {
    let build = cx.build();
    let file = &build.input().file;
    if !build.is_ordinary() {
        return None;
    }
    let copied = build.transfers(stage).into_iter().find(|one| one.instruction.head == copy.head)?;
    let code = build.code(install.index)?;
    let invocations = code.script.invocations();
    let (invocation, call) = invocations.iter().find_map(|one| {
        let call = one.package_call().filter(|call| code.place(file, call.span) == install.span)?;
        Some((one, call))
    })?;
    let [source] = copied.sources.as_slice() else { return None };
    let plain = source.is_everything() && copied.from.is_none() && !copied.parents && copied.exclude.is_empty();
    let target = copied.destination.as_deref()?;
    let target = installed::joined(&installed::workdir(build, stage, copied.index), target);
    let place = (stage, install.index);
    let folder = installed::folder(build, place, invocation, &call)?;
    let way = way(cx, place, (invocation, &call), (&folder, &target)).filter(|way| plain && way.open.is_empty())?;
    let newline = if cx.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let manifests = copies(cx, copy, way)?.join(newline);
    let edit = |span: Span, text: String| FileEdit { target: Target::File(cx.file()), span, text };
    let why = "what the install reads besides its manifests is not there yet when it runs";
    let (title, edits) = if call.verb == Verb::Build {
        let simple = call.manager == Manager::Go && folder == target && !code.is_exec();
        let lines = format!("{manifests}{newline}RUN go mod download{newline}");
        let edits = vec![edit(Span::at(copy.span.start), lines)];
        simple.then_some(("download before the sources are copied", edits))?
    } else {
        let end = whole(cx, code, (copied.index, install.index), &call)?;
        let leaves = installed_into(cx.context()?, &folder, &target, call.manager);
        let sources = format!("{newline}{}", cx.source().slice(copy.span));
        let edits = vec![edit(copy.span, manifests), edit(Span::at(end), sources)];
        (!leaves).then_some(("install before the sources are copied", edits))?
    };
    Some(Fix { title: title.into(), safety: Safety::Unsafe(why.into()), edits })
}

/// How the call installs: its manifest and all that it reads.
fn way<'i>(
    cx: &Context<'_, 'i>,
    place: (&Stage, usize),
    (invocation, call): (&Invocation, &PackageCall),
    (folder, target): (&str, &str),
) -> Option<&'i manifest::Install> {
    if call.manager == Manager::Pip {
        let [input] = call.inputs.as_slice() else { return None };
        let list = input.kind == InputKind::Requirements && !input.path.dynamic && call.packages.is_empty();
        let path = installed::joined(folder, input.path.text);
        let path = path.strip_prefix(target.trim_end_matches('/'))?.trim_start_matches('/');
        let fits = |way: &manifest::Install| way.tool == Tool::Pip && list && path == way.manifest;
        let mut all = cx.projects()?.iter().flat_map(|project| &project.installs);
        return all.find(|way| fits(way)).map(|way| &**way);
    }
    let known = matches!(
        call.manager,
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun | Manager::Bundle | Manager::Go | Manager::Composer
    );
    let found = installed::of(cx.build(), place, invocation, call).filter(|_| known)?;
    found.install.filter(|_| found.has_lock)
}

/// The COPY lines that bring the files of a way to install, in the style of the copy of everything.
fn copies(cx: &Context, copy: &Instruction, way: &manifest::Install) -> Option<Vec<String>> {
    let file = &cx.build().input().file;
    let parts = file.transfer(copy)?;
    let mut flags = String::new();
    for flag in &copy.flags {
        let text = cx.source().slice(flag.word.span);
        ["--chown=", "--chmod=", "--link"].iter().find(|known| text.starts_with(**known))?;
        flags.push_str(text);
        flags.push(' ');
    }
    let destination = parts.destination.text.trim_end_matches('/').trim_end_matches("/.");
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in &way.files {
        folders.entry(path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default().push(path);
    }
    let within =
        |folder: &str| if folder.is_empty() { format!("{destination}/") } else { format!("{destination}/{folder}/") };
    let mut lines: Vec<String> =
        folders.iter().map(|(folder, files)| format!("COPY {flags}{} {}", files.join(" "), within(folder))).collect();
    lines.extend(way.folders.iter().map(|folder| format!("COPY {flags}{folder} {}", within(folder))));
    let plain = |path: &String| !path.contains([' ', '*', '?', '[', '$', '"', '\\']);
    let closed = way.missing.is_empty() && way.files.iter().chain(&way.folders).all(plain);
    (closed && !lines.is_empty() && lines.len() <= MOST).then_some(lines)
}

/// The end of a RUN that does nothing but install, right below the copy.
fn whole(cx: &Context, code: &Code, (copy, run): (usize, usize), call: &PackageCall) -> Option<u32> {
    let build = cx.build();
    let installs = |one: &Invocation| match one.package_call() {
        Some(other) => {
            other.manager == call.manager && matches!(other.verb, Verb::Install | Verb::Clean | Verb::Download)
        }
        None => matches!(one.program, Some("set" | "rm" | "corepack" | "cd")),
    };
    if run != copy + 1 || !code.script.invocations().iter().all(installs) {
        return None;
    }
    let own = build.instruction(run);
    let bound = own.keyword != Keyword::Run || !build.input().file.mounts(own).is_empty();
    let dangles = cx.source().slice(own.span).trim_end().ends_with(build.input().file.escape());
    (!bound && !dangles).then_some(own.span.end)
}

/// Whether the context brings a folder that the copy would put over what was installed.
fn installed_into(context: &BuildContext, folder: &str, target: &str, manager: Manager) -> bool {
    let name = match manager {
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun => "node_modules",
        Manager::Composer | Manager::Bundle | Manager::Go => "vendor",
        _ => return false,
    };
    let below = folder.strip_prefix(target.trim_end_matches('/')).unwrap_or_default();
    context.find(format!("{below}/{name}").trim_start_matches('/')).is_some()
}
