//! See `rules/deleted-in-later-layer.md`.

use crate::build::{Build, PackageSize, Stage, StageBase, Transfer, is_like, toolchain};
use crate::dockerfile::Instruction;
use crate::finding::{Basis, CostFrequency, Finding, Findings, Impact, ImpactKind, Saving};
use crate::inputs::context::{EntryId, Selector, select};
use crate::manifest::{ContentKind, FileKind};
use crate::rules::Context;
use crate::rules::shared::copied_packages;
use crate::rules::shared::written_paths::{self, CommandFolder, Deletion};
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word};
use crate::text::{Span, path};

crate::rules::rule!("deleted-in-later-layer", check);

/// The most files and packages that are remembered; no real file has more.
const REMEMBERED: usize = 1_000;

/// The most searches for a name in the context; no real file has more.
const SEARCHES: usize = 16;

/// Smaller files are not worth a change.
const WORTHWHILE: u64 = 100_000;

/// A file or package in a layer that a later layer may delete.
struct LayerContent<'a> {
    /// A path, or a package's name.
    what: DeletedContent,
    instruction: &'a Instruction,
    index: usize,
    /// The source of a COPY.
    source: Option<String>,
    bytes: Option<u64>,
}

enum DeletedContent {
    Path(String),
    Package(Manager, String),
}

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut contents: Vec<LayerContent> = Vec::new();
    let mut copies = ContextCopies::default();
    let shipped: Vec<&Stage> = cx.shipped().collect();
    for stage in shipped.iter().rev() {
        let mut transfers = build.transfers(stage).iter().peekable();
        let mut runs = toolchain::runs(build, stage).peekable();
        let mut trees: Vec<CopiedFolder> = Vec::new();
        loop {
            let next = (transfers.peek().map(|transfer| transfer.index), runs.peek().map(|run| run.0));
            match next {
                (None, None) => break,
                (Some(copy), run) if run.is_none_or(|run| copy < run) => {
                    let Some(transfer) = transfers.next() else { break };
                    let paths = written_paths::copied(build, stage, transfer);
                    if copies.folders.len() < copied_packages::DEEPEST {
                        copies.folders.extend(context_copies(build, stage, transfer));
                    }
                    if transfer.from.is_some() {
                        let to =
                            copied_packages::destination(build, stage, transfer).filter(|_| trees.len() < REMEMBERED);
                        trees.extend(to.map(|path| CopiedFolder { path, instruction: transfer.instruction }));
                    }
                    let bytes = if transfer.sources.len() == 1 { written_paths::bytes(cx, transfer) } else { None };
                    contents.extend(paths.into_iter().filter(|copied| weighs(copied, bytes)).map(|copied| {
                        LayerContent {
                            what: DeletedContent::Path(copied.path),
                            instruction: copied.instruction,
                            index: copied.index,
                            source: transfer.from.is_none().then_some(copied.source.text).flatten(),
                            bytes,
                        }
                    }));
                }
                _ => {
                    let Some((index, instruction, invocations)) = runs.next() else { break };
                    parts(cx, stage, index, &invocations, &trees, out);
                    // From here on, files in the folder may come from this RUN.
                    trees.clear();
                    run(cx, stage, (index, instruction), &invocations, &mut contents, &mut copies, out);
                }
            }
        }
    }
}

/// Whether a copied file is large enough to report: by its size if that is known, otherwise by its type.
fn weighs(copied: &written_paths::CopiedPath, bytes: Option<u64>) -> bool {
    let name = copied.source.text.as_deref().unwrap_or_default().to_ascii_lowercase();
    if let Some(bytes) = bytes {
        return bytes >= WORTHWHILE;
    }
    let packed = [ContentKind::Archive, ContentKind::Compressed, ContentKind::Package, ContentKind::Binary];
    let dump = [".sql", ".bin"].iter().any(|ending| name.ends_with(ending));
    dump || packed.contains(&FileKind::of(&name).nature())
}

/// A folder that was copied from another stage.
struct CopiedFolder<'a> {
    path: String,
    instruction: &'a Instruction,
}

/// What was copied of the context.
#[derive(Default)]
struct ContextCopies<'a> {
    folders: Vec<ContextCopy<'a>>,
    /// How often the context was searched for a name.
    searches: usize,
}

/// A folder of the context that was copied.
struct ContextCopy<'a> {
    /// In the context.
    source: String,
    /// In the image.
    path: String,
    instruction: &'a Instruction,
    index: usize,
}

fn context_copies<'a>(build: &Build<'a>, stage: &Stage, transfer: &Transfer<'a>) -> Vec<ContextCopy<'a>> {
    let Some(to) = copied_packages::destination(build, stage, transfer) else { return Vec::new() };
    if transfer.from.is_some() || transfer.parents || !transfer.exclude.is_empty() {
        return Vec::new();
    }
    let sources = transfer.sources.iter().filter(|source| !source.is_remote());
    let texts = sources.filter_map(|source| source.text.as_deref()).filter(|text| !text.contains(['*', '?', '[']));
    let (instruction, index) = (transfer.instruction, transfer.index);
    let copy = |text: &str| ContextCopy {
        source: path::join("", text.trim_start_matches('/')),
        path: to.clone(),
        instruction,
        index,
    };
    texts.map(copy).collect()
}

/// What a command deletes of a folder of the context that an earlier layer contains, if it is large.
fn copied_part<'a>(cx: &Context, copies: &mut ContextCopies<'a>, deletion: &Deletion) -> Option<LayerContent<'a>> {
    let context = cx.context()?;
    copies.searches += usize::from(deletion.name.is_some());
    if deletion.name.is_some() && copies.searches > SEARCHES {
        return None;
    }
    copies.folders.iter().find_map(|copy| {
        let below = path::relative(&deletion.path, &copy.path)?;
        let from = path::join(&copy.source, below);
        let bytes = match &deletion.name {
            None if below.is_empty() || below.contains('*') => return None,
            None => select(context, &from, Selector { parents: false, exclude: &[] }).ok()?.amount.bytes,
            Some(name) => {
                let is_part =
                    |id: &EntryId| is_like(name, context.entry(*id).name) && path::is_below(&context.path(*id), &from);
                let parts = context.entries().filter(is_part);
                parts.map(|id| context.entry(id).amount.bytes).sum()
            }
        };
        let what = match &deletion.name {
            None => deletion.path.clone(),
            Some(name) => path::join(&deletion.path, &format!("**/{name}")),
        };
        (bytes >= WORTHWHILE).then(|| LayerContent {
            what: DeletedContent::Path(what),
            instruction: copy.instruction,
            index: copy.index,
            source: Some(String::new()),
            bytes: Some(bytes),
        })
    })
}

/// The folders that an install from a manifest creates.
fn installed_folders(build: &Build, place: (&Stage, usize), invocation: &Invocation) -> Vec<String> {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.is_from_manifest());
    let Some(call) = call.filter(|call| !call.says("global")) else { return Vec::new() };
    let folders = match call.manager {
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun | Manager::Composer => {
            copied_packages::package_folders(build, place, invocation, &call)
        }
        _ => Vec::new(),
    };
    folders.into_iter().filter(|folder| !folder.contains('?')).collect()
}

/// Reports parts of copied folders that the next RUN deletes.
fn parts(
    cx: &Context,
    stage: &Stage,
    index: usize,
    invocations: &[Invocation],
    trees: &[CopiedFolder],
    out: &mut Findings,
) {
    let build = cx.build();
    let mut folder = CommandFolder::of(build, stage, index);
    for invocation in invocations {
        folder.follow(invocation);
        // An earlier command may have created it.
        if !matches!(invocation.program, Some("rm" | "cd" | "set" | "find" | "mkdir")) {
            return;
        }
        // `rm -f` of a single file does not show that the file exists.
        let letters = |word: &Word| word.text().starts_with('-') && !word.text().starts_with("--");
        let has = |letter: [char; 2]| invocation.args.iter().any(|word| letters(word) && word.text().contains(letter));
        let is_sure = !has(['f', 'f']) || has(['r', 'R']);
        for written_paths::Deletion { word, path, name } in
            written_paths::deletions(build, (stage, index), &folder, invocation)
        {
            if name.is_some() || !is_sure && !word.text().contains('*') {
                continue;
            }
            let above = |tree: &&CopiedFolder| {
                tree.path.len() > 1 && path != tree.path && written_paths::takes_away(&tree.path, &path)
            };
            let Some(tree) = trees.iter().find(above) else { continue };
            let Some(code) = build.code(index) else { continue };
            let line = tree.instruction.start_line;
            let message = format!("`{path}` stays in the layer of line {line}: deleting it here saves nothing");
            let finding = cx.finding(code.place(&build.input().file, word.span), message);
            let help = "delete it in the stage it is copied from, or exclude it with `--exclude`";
            out.push(finding.help(help).label(tree.instruction.head, "copied here"));
        }
    }
}

/// Reports what the commands of a RUN delete; files that the same RUN creates do not count.
fn run<'a>(
    cx: &Context,
    stage: &Stage,
    (index, instruction): (usize, &'a Instruction),
    invocations: &[Invocation],
    contents: &mut Vec<LayerContent<'a>>,
    copies: &mut ContextCopies<'a>,
    out: &mut Findings,
) {
    let build = cx.build();
    let mut folder = CommandFolder::of(build, stage, index);
    let mut deletions: Vec<(LayerContent, Span)> = Vec::new();
    for invocation in invocations {
        folder.follow(invocation);
        if let Some(call) = invocation.package_call().filter(|call| call.manager.is_system()) {
            packages(&call, (index, instruction), contents, &mut deletions);
        }
        forget_moved(&folder, invocation, contents);
        for deletion in written_paths::deletions(build, (stage, index), &folder, invocation) {
            let word = deletion.word;
            let is_deleted = |layer_content: &LayerContent| matches!(&layer_content.what, DeletedContent::Path(known) if deletion.includes(known));
            deletions.extend(copied_part(cx, copies, &deletion).map(|content| (content, word.span)));
            while let Some(at) = contents.iter().position(is_deleted) {
                let content = contents.remove(at);
                if content.index != index {
                    deletions.push((content, word.span));
                }
            }
        }
        if contents.len() > REMEMBERED {
            contents.drain(..REMEMBERED / 2);
        }
        let written: Vec<String> = written_paths::written_paths(build, (stage, index), invocation);
        let written = written.iter().filter_map(|path| folder.join(path));
        for path in written.chain(installed_folders(build, (stage, index), invocation)) {
            if !is_mounted(build, instruction, &path) {
                // From here on, an earlier file of that name counts as overwritten.
                contents.push(LayerContent {
                    what: DeletedContent::Path(path),
                    instruction,
                    index,
                    source: None,
                    bytes: None,
                });
            }
        }
    }
    let Some(code) = build.code(index) else { return };
    let mut reported = Vec::new();
    for (content, span) in deletions {
        if reported.contains(&(content.index, span)) {
            continue;
        }
        reported.push((content.index, span));
        out.push(finding(cx, stage, &content, code.place(&build.input().file, span)));
    }
}

/// A moved file is no longer at the old path.
fn forget_moved(folder: &CommandFolder, invocation: &Invocation, contents: &mut Vec<LayerContent>) {
    if !invocation.is("mv") {
        return;
    }
    for path in invocation.args.iter().filter_map(|word| word.value()).filter_map(|path| folder.join(path)) {
        contents.retain(
            |content| !matches!(&content.what, DeletedContent::Path(known) if written_paths::takes_away(&path, known)),
        );
    }
}

/// Records the packages that a call installs or removes.
fn packages<'a>(
    call: &PackageCall,
    (index, instruction): (usize, &'a Instruction),
    contents: &mut Vec<LayerContent<'a>>,
    deletions: &mut Vec<(LayerContent<'a>, Span)>,
) {
    let virtuals = call.flags.iter().filter(|flag| matches!(&*flag.name, "-t" | "--virtual"));
    let named = call
        .packages
        .iter()
        .filter(|package| !package.name.dynamic && !package.absent)
        .map(|package| (package.name.text, package.span));
    match call.verb {
        Verb::Install => {
            let group = virtuals.filter_map(|flag| Some((flag.value?.text, flag.span)));
            let group: Vec<(&str, Span)> = if call.manager == Manager::Apk { group.collect() } else { Vec::new() };
            contents.extend(named.chain(group).map(|(name, _)| LayerContent {
                what: DeletedContent::Package(call.manager, name.to_owned()),
                instruction,
                index,
                source: None,
                bytes: None,
            }));
        }
        Verb::Remove => {
            for (name, span) in named {
                let same = |layer_content: &LayerContent| matches!(&layer_content.what, DeletedContent::Package(manager, known) if *manager == call.manager && known == name);
                let Some(at) = contents.iter().rposition(same) else { continue };
                let content = contents.remove(at);
                if content.index != index && !deletions.iter().any(|(other, _)| other.index == content.index) {
                    deletions.push((content, span));
                }
            }
        }
        _ => {}
    }
}

/// Whether a path is in a mount of the RUN, and therefore not in its layer.
fn is_mounted(build: &Build, instruction: &Instruction, path: &str) -> bool {
    let mounts = build.input().file.mounts(instruction);
    mounts
        .iter()
        .filter_map(|mount| mount.target())
        .any(|target| crate::rules::shared::copied_packages::overlap(target, path))
}

fn finding(cx: &Context, stage: &Stage, content: &LayerContent, span: Span) -> Finding {
    let line = content.instruction.start_line;
    let (message, help) = match (&content.what, &content.source) {
        (DeletedContent::Path(path), Some(source)) if source.is_empty() => (
            format!("`{path}` stays in the layer of line {line}: deleting it here saves nothing"),
            "exclude it in .dockerignore, so that it is not copied".to_owned(),
        ),
        (DeletedContent::Path(path), Some(source)) => (
            format!("`{path}` stays in the layer of line {line}: deleting it here saves nothing"),
            format!("read it with `RUN --mount=type=bind,source={source},target={path}` instead of copying it"),
        ),
        (DeletedContent::Path(path), None) => (
            format!("`{path}` stays in the layer of line {line}: deleting it here saves nothing"),
            "delete it in the instruction that creates it, or create it in another stage".to_owned(),
        ),
        (DeletedContent::Package(_, name), _) => (
            format!("`{name}` stays in the layer of line {line}: removing it here saves nothing"),
            "remove it in the RUN that installs it, or install it in another stage".to_owned(),
        ),
    };
    let finding = cx.finding(span, message).help(help).label(content.instruction.head, "added here");
    if let (DeletedContent::Package(Manager::Apt, name), StageBase::Image(image)) =
        (&content.what, cx.build().root_base(stage))
        && let Some(size) = PackageSize::of(name, image)
    {
        return finding.costs(Impact::typical(ImpactKind::DiskBytes, size.disk_bytes, size.evidence()));
    }
    let Some(bytes) = content.bytes.filter(|bytes| *bytes > 0) else { return finding };
    finding.costs(Impact {
        kind: ImpactKind::DiskBytes,
        saves: Some(Saving::Bytes(bytes)),
        per: CostFrequency::Pull,
        basis: Basis::Computed,
        is_least: false,
        evidence: "the size of what COPY takes from the build context".to_owned(),
    })
}
