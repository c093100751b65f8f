//! See `rules/git-ignored-files-copied.md`.

use super::Context;
use super::ignore_lines::{GITIGNORE_LINES, brought_back_by_git, is_excluded, with_lines};
use crate::build::{Build, Source, toolchain};
use crate::finding::{Findings, Safety, Severity};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{BuildContext, ClassKind, folder_kind, is_secret_name};
use crate::manifest::{Ecosystem, FileKind, is_manifest};
use crate::shell::{Invocation, Verb};
use crate::sources::patterns;
use crate::text::Span;

super::rule!("git-ignored-files-copied", check);

/// Where npm and its like install.
const NODE_FOLDER: &str = "node_modules";

/// Names of output folders that templates of .gitignore list for projects of any kind.
const COMMON_OUTPUTS: [&str; 3] = ["dist", "build", "out"];

/// Paths that a message names.
const NAMED: usize = 4;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let (Some(context), Some(text)) = (cx.context(), cx.text_of(".gitignore")) else { return };
    let Some(span) = whole_copy(build) else { return };
    if cx.is_for_developers_only() {
        return;
    }
    let text = String::from_utf8_lossy(text);
    let copied_paths = build.named_paths(true);
    let mut names: Vec<(TopName, ClassKind)> = Vec::new();
    for top_name in text.lines().take(GITIGNORE_LINES).filter_map(TopName::of) {
        let name = top_name.name;
        let is_known = names.iter().any(|(known, _)| known.name == name);
        // What is there is reported by the rules on the context.
        if is_known
            || context.find(name).is_some()
            || copied_paths.at_or_below(name)
            || brought_back_by_git(&text, name)
        {
            continue;
        }
        let kind = kind(context, name).filter(|kind| counts(build, *kind, name) && has_language(context, name));
        if let Some(kind) = kind
            && !is_excluded(cx, name)
        {
            names.push((top_name, kind));
        }
    }
    // Secrets first, then installed packages.
    names.sort_by_key(|(_, kind)| (*kind != ClassKind::Secret, *kind != ClassKind::Dependencies));
    if names.is_empty() {
        return;
    }
    let listed: Vec<String> = names.iter().take(NAMED).map(|(top, _)| format!("`{}`", top.name)).collect();
    let more = match names.len() - listed.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "on a developer's machine this also copies {}{more}: .gitignore lists {}, .dockerignore does not",
        listed.join(", "),
        if names.len() == 1 { "it" } else { "them" }
    );
    let mut finding = cx.finding(span, message).help("exclude in .dockerignore what .gitignore lists");
    if names.iter().all(|(_, kind)| *kind != ClassKind::Secret) {
        finding.severity = Severity::Info;
    }
    let loads = || cx.texts().any(|text| patterns::shows(&String::from_utf8_lossy(text), "loads environment files"));
    if names.iter().any(|(top, _)| top.is_environment()) && loads() {
        finding.notes.push("not excluded by a fix: the program may load its `.env` from the image".to_owned());
        names.retain(|(top, _)| !top.is_environment());
    }
    let mut lines: Vec<String> = names.iter().map(|(top, _)| top.pattern(context)).collect();
    lines.sort_unstable();
    let safety = Safety::Unsafe("an image that is built where they exist then lacks them".into());
    let is_broken = matches!(cx.ignore(), IgnoreInput::Present(_, file) if file.error().is_some());
    out.push(if is_broken || lines.is_empty() { finding } else { with_lines(cx, &lines, safety, finding) });
}

/// The first COPY of the whole context, in a needed stage.
fn whole_copy(build: &Build) -> Option<Span> {
    let needed = build.needed_stages();
    let mut transfers = needed.flat_map(|stage| build.transfers(stage));
    let copy = transfers.find(|transfer| {
        let is_whole = transfer.sources.iter().any(Source::is_everything);
        transfer.from.is_none() && transfer.exclude.is_empty() && is_whole
    })?;
    Some(copy.instruction.head)
}

/// A name that a line of .gitignore lists at the top of the context.
struct TopName<'t> {
    name: &'t str,
    /// Whether the line lists it there only (`/vendor`).
    is_anchored: bool,
}

impl<'t> TopName<'t> {
    fn of(line: &'t str) -> Option<Self> {
        let line = line.trim();
        let name = line.strip_prefix('/').unwrap_or(line).trim_end_matches('/');
        let is_literal =
            !name.is_empty() && !name.contains(['/', '*', '?', '[', '\\']) && !line.starts_with(['#', '!']);
        is_literal.then_some(Self { name, is_anchored: line.starts_with('/') })
    }

    /// Whether it is a file of variables that programs load.
    fn is_environment(&self) -> bool {
        self.name == ".env" || self.name.starts_with(".env.")
    }

    /// The line for .dockerignore. What the context has by this name elsewhere is tracked, or is reported by other rules.
    fn pattern(&self, context: &BuildContext) -> String {
        let is_elsewhere = context.entries().any(|id| context.entry(id).name == self.name);
        if self.is_anchored || is_elsewhere { self.name.to_owned() } else { format!("**/{}", self.name) }
    }
}

/// What a file or a folder of a name would be among the files of the context.
fn kind(context: &BuildContext, name: &str) -> Option<ClassKind> {
    if is_secret_name("", name) {
        return Some(ClassKind::Secret);
    }
    // A virtual environment is known by a file in it.
    let inside = if name.ends_with("venv") { "pyvenv.cfg" } else { "x" };
    folder_kind(context, name, inside)
}

/// Whether packages of a folder's language may be installed at all: .gitignore files are often made for any project.
fn has_language(context: &BuildContext, name: &str) -> bool {
    let ecosystem = match name {
        NODE_FOLDER => Ecosystem::Node,
        _ if name.ends_with("venv") => Ecosystem::Python,
        _ => return true,
    };
    context.entries().any(|id| {
        let name = context.entry(id).name;
        let is_manifest = is_manifest(name).is_some_and(|kind| kind.ecosystem == ecosystem);
        is_manifest || ecosystem == Ecosystem::Python && FileKind::of(name).ecosystem() == Some(ecosystem)
    })
}

fn counts(build: &Build, kind: ClassKind, name: &str) -> bool {
    match kind {
        ClassKind::Secret | ClassKind::Dependencies => true,
        // Otherwise the image may be made of what the host built, or .gitignore may be a template for any project.
        ClassKind::BuildOutput => builds(build) && (!COMMON_OUTPUTS.contains(&name) || is_named(build, name)),
        _ => false,
    }
}

/// Whether an instruction names a folder, as a part of a path.
fn is_named(build: &Build, name: &str) -> bool {
    let source = build.input().file.source();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    build.input().file.instructions().iter().any(|instruction| {
        let text = source.slice(instruction.span);
        text.match_indices(name).any(|(at, _)| {
            let rest = &text[at + name.len()..];
            !text[..at].ends_with(is_part)
                && !rest.starts_with(is_part)
                && (text[..at].ends_with('/') || rest.starts_with('/'))
        })
    })
}

/// Whether a step builds the project.
fn builds(build: &Build) -> bool {
    let needed = build.needed_stages();
    let mut invocations = needed.flat_map(|stage| toolchain::runs(build, stage)).flat_map(|run| run.2);
    invocations.any(|invocation: Invocation| {
        let call = invocation.package_call();
        toolchain::compiles(&invocation).is_some()
            || call.is_some_and(|call| call.verb == Verb::Build || call.verb == Verb::Run)
    })
}
