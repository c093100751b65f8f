//! Rules about programs that are copied from another image.

use crate::build::toolchain::Language;
use crate::build::{
    Build, Libc, Lookup, Reference, Release, Stage, StageBase, VariableValue, installed, libc, releases, toolchain,
};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::manifest::{Dependency, DependencyScope, Ecosystem, FileRole};
use crate::rules::Context;
use crate::rules::shared::copied_packages;
use crate::rules::shared::copied_packages::{CopiedInstall, copied_installs};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Verb};
use crate::sources::patterns;
use crate::text::{Span, path};

crate::rules::family! {
    "libc-mismatch" => libc_mismatch;
    "node-major-mismatch" => node_major_mismatch;
    "python-minor-mismatch" => python_minor_mismatch;
    "virtual-environment-moved" => virtual_environment_moved;
}

fn libc_mismatch(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    node_modules(cx, out);
    for stage in cx.shipped().take(copied_packages::DEEPEST) {
        let Some(libc) = libc_of(build, stage) else { continue };
        if brings_libc(build, stage) {
            continue;
        }
        for copy in copied_packages::stage_copies(build, stage) {
            let may_clash = |theirs: &Libc| {
                // Programs linked with a library work with it; only glibc's releases differ.
                std::mem::discriminant(theirs) != std::mem::discriminant(&libc) || matches!(theirs, Libc::Glibc(_))
            };
            let Some(theirs) = libc_of(build, copy.maker).filter(may_clash) else { continue };
            let Some((program, path, span)) = mismatched_copy(build, &copy, theirs) else { continue };
            // A program that listens uses `net` and thus cgo; other programs may not need it.
            if matches!(program, LinkedProgram::Go(..)) && build.last(stage, Keyword::Expose).is_none() {
                continue;
            }
            let Some(why) = clash(&program, theirs, libc) else { continue };
            let maker = copy.maker;
            let message = format!(
                "`{path}` of stage `{}` was linked with {}, but this stage has {}: {why}",
                maker.title(),
                title(theirs, build, maker),
                title(libc, build, stage),
            );
            let finding = cx.finding(span, message).help(program.help(theirs));
            let finding = finding.with(program.place(), |finding, (index, span)| {
                let place = build.code(index).map(|code| code.place(&build.input().file, span));
                place.into_iter().fold(finding, |finding, span| finding.label(span, "built here"))
            });
            out.push(finding);
            break;
        }
    }
}

/// Reports packages of npm with compiled parts that were installed for another C library.
fn node_modules(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in cx.shipped().take(copied_packages::DEEPEST) {
        let Some(libc) = libc_of(build, stage) else { continue };
        if brings_libc(build, stage) {
            continue;
        }
        for addons in copied_addons(build, stage) {
            let (path, span) = &addons.copy.source;
            let Some(package) = addons.by_libc() else { continue };
            if out.iter().any(|finding| finding.span == *span) {
                continue;
            }
            let maker = addons.copy.place.0;
            let program = LinkedProgram::Node;
            let Some(theirs) = libc_of(build, maker) else { continue };
            let Some(why) = clash(&program, theirs, libc) else { continue };
            let message = format!(
                "`{path}` was installed in stage `{}` for {}, but this stage has {}: {why} (`{package}`)",
                maker.title(),
                title(theirs, build, maker),
                title(libc, build, stage),
            );
            let finding = cx.finding(*span, message).help(program.help(theirs));
            out.push(finding.label(addons.place(build), "installed here"));
        }
    }
}

/// The C library of the image that a stage is based on.
fn libc_of(build: &Build, stage: &Stage) -> Option<Libc> {
    match build.root_base(stage) {
        StageBase::Scratch => Some(Libc::None),
        StageBase::Image(image) => libc(image),
        _ => None,
    }
}

/// Whether the stage adds a C library or a compatibility layer for one.
fn brings_libc(build: &Build, stage: &Stage) -> bool {
    let installs = |stage: &Stage| {
        toolchain::runs(build, stage).any(|(_, instruction, _)| {
            let text = build.input().file.logical(instruction.text);
            ["gcompat", "libc6-compat", "glibc", "musl"].iter().any(|word| text.contains(word))
        })
    };
    let copies = |stage: &Stage| {
        build.transfers(stage).iter().filter(|transfer| transfer.from.is_some()).any(|transfer| {
            transfer.sources.iter().any(|source| {
                let text = source.text.as_deref().unwrap_or("/").trim_end_matches('/');
                let words = ["ld-linux", "ld-musl", "libc.so", "libc.musl", "-linux-gnu"];
                text.is_empty()
                    || text == "/."
                    || ["/lib", "/lib64", "/usr/lib", "/usr", "/usr/lib64"].contains(&text)
                    || words.iter().any(|word| text.contains(word))
            })
        })
    };
    build.chain(stage).take(copied_packages::DEEPEST).any(|stage| installs(stage) || copies(stage))
}

/// The copied program that is linked with the C library of the stage that built it: how it was built, its path and
/// place.
fn mismatched_copy(
    build: &Build,
    copy: &copied_packages::StageCopy,
    theirs: Libc,
) -> Option<(LinkedProgram, String, Span)> {
    if let Some((path, span)) = copied_packages::python_packages(build, copy) {
        return Some((LinkedProgram::Python, path, span));
    }
    let program = first_linked_program(build, copy.maker, theirs)?;
    let source =
        copy.transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(|t| program.may_be(t)))?;
    Some((program, source.text.clone()?, source.span))
}

/// What goes wrong when the program runs with another C library; `None` if it works.
fn clash(program: &LinkedProgram, theirs: Libc, libc: Libc) -> Option<&'static str> {
    let absent = match program {
        LinkedProgram::Python | LinkedProgram::Node => "its compiled packages cannot be loaded",
        LinkedProgram::Go(..) => "it does not start if it uses cgo, as `net` does",
        _ => "it does not start",
    };
    match (theirs, libc) {
        (Libc::Glibc(_), Libc::Musl | Libc::None) | (Libc::Musl, Libc::Glibc(_) | Libc::None) => Some(absent),
        (Libc::Glibc(Some(theirs)), Libc::Glibc(Some(release))) if is_newer(program, &theirs, &release) => {
            Some("it needs symbols that the older release lacks (`version GLIBC_… not found`)")
        }
        _ => None,
    }
}

/// Whether a program of one Debian release needs symbols that another release lacks.
fn is_newer(program: &LinkedProgram, theirs: &Release, libc: &Release) -> bool {
    let (Some(theirs), Some(release_number)) = (theirs.number(), libc.number()) else { return false };
    match program {
        // manylinux wheels are built for older releases than any of these.
        LinkedProgram::Python | LinkedProgram::Node => false,
        // The symbols that cgo itself needs were added in Debian 12.
        LinkedProgram::Go(..) => theirs >= 12 && release_number <= 11,
        LinkedProgram::Rust(..) | LinkedProgram::C(..) => theirs > release_number,
    }
}

/// The C library of a stage's base image, as messages call it.
fn title(libc: Libc, build: &Build, stage: &Stage) -> String {
    let image = match build.root_base(stage) {
        StageBase::Image(image) => format!("`{image}`"),
        _ => "`scratch`".to_owned(),
    };
    match libc {
        Libc::Glibc(Some(release)) => format!("the glibc of {image} (Debian {})", release.version),
        Libc::Glibc(None) => format!("the glibc of {image}"),
        Libc::Musl => format!("the musl of {image}"),
        Libc::None => format!("no C library (its base is {image})"),
    }
}

// How the program of a stage is linked, as far as its commands show. In doubt it counts as static, and nothing is
// reported.

/// A dynamically linked program or package, and the command that built it.
pub(in crate::rules) enum LinkedProgram {
    Go(usize, Span),
    Rust(usize, Span),
    C(usize, Span),
    Python,
    Node,
}

impl LinkedProgram {
    /// The RUN that built it, and the command in its script.
    pub(in crate::rules) fn place(&self) -> Option<(usize, Span)> {
        match *self {
            Self::Go(index, span) | Self::Rust(index, span) | Self::C(index, span) => Some((index, span)),
            Self::Python | Self::Node => None,
        }
    }

    /// Whether a copied path may be the program, or a folder that contains it.
    pub(in crate::rules) fn may_be(&self, path: &str) -> bool {
        let last = path::name(path);
        let system = ["/etc", "/usr/share", "/tmp", "/var", "/root/.cache"];
        let is_library = last.contains(".so");
        let plain = !last.contains('.') || is_library || matches!(self, Self::Rust(..)) && path.contains("target/");
        plain
            && !data::NAME_WORDS.has(last, "data-folder")
            && FileRole::of_folder(last) != Some(FileRole::Documentation)
            && !path.contains("musl")
            && !system.iter().any(|folder| path.starts_with(folder))
    }

    /// What to do.
    pub(in crate::rules) fn help(&self, libc: Libc) -> &'static str {
        match (self, libc) {
            (Self::Go(..), _) => "build with `CGO_ENABLED=0`, or on the distribution of this stage",
            (Self::Rust(..), Libc::Glibc(_)) => {
                "build on the distribution of this stage, or for a musl target (`--target x86_64-unknown-linux-musl`)"
            }
            (Self::Python | Self::Node, _) => "install the packages on the distribution of this stage",
            _ => "build on the distribution of this stage, or link with `-static`",
        }
    }
}

/// The first command of a stage's chain that builds a dynamically linked program.
pub(in crate::rules) fn first_linked_program(build: &Build, stage: &Stage, libc: Libc) -> Option<LinkedProgram> {
    let chain: Vec<&Stage> = build.chain(stage).take(copied_packages::DEEPEST).collect();
    let texts = || chain.iter().flat_map(|stage| build.instructions(stage));
    let says = |words: &[&str]| {
        texts().any(|(_, script_text)| {
            let text = build.input().file.logical(script_text.text);
            words.iter().any(|word| text.contains(word))
        })
    };
    // A stage that lists a program's libraries copies them too.
    if says(&["ldd ", "lddtree", "patchelf", "linuxdeploy"]) {
        return None;
    }
    for stage in &chain {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            for invocation in &invocations {
                let Some(language) = toolchain::compiles(invocation) else { continue };
                let place = (index, invocation.span);
                return match language {
                    Language::Go => is_go_dynamic(build, stage, index, invocation, libc, &says)
                        .then_some(LinkedProgram::Go(place.0, place.1)),
                    Language::Rust => {
                        is_rust_dynamic(build, stage, libc, &says).then_some(LinkedProgram::Rust(place.0, place.1))
                    }
                    Language::C => (!says(&["-static", "musl"])).then_some(LinkedProgram::C(place.0, place.1)),
                    Language::Java | Language::DotNet => None,
                };
            }
        }
    }
    None
}

fn is_go_dynamic(
    build: &Build,
    stage: &Stage,
    index: usize,
    invocation: &Invocation,
    libc: Libc,
    says: &dyn Fn(&[&str]) -> bool,
) -> bool {
    if says(&patterns::words_in("Go", "links without shared libraries")) {
        return false;
    }
    let tool = words(invocation).any(|word| word.contains('@'));
    let switched = match build.scopes().lookup_run(stage.index, "CGO_ENABLED", index) {
        Lookup::Defined(definition) => !matches!(&definition.value, VariableValue::Known(value) if &**value == "1"),
        Lookup::Undefined | Lookup::Unknown => false,
    };
    // Without a C compiler Go builds without cgo, and Alpine's image has none.
    let compiler = libc != Libc::Musl || installs_compiler(build, stage);
    !tool && !switched && compiler
}

fn is_rust_dynamic(build: &Build, stage: &Stage, libc: Libc, says: &dyn Fn(&[&str]) -> bool) -> bool {
    if says(&["linux-musl", "+crt-static", "zigbuild", "cross build"]) {
        return false;
    }
    // rustup's toolchain links statically with musl; the one of Alpine's packages does not.
    libc != Libc::Musl || says(&["-crt-static"]) || installs(build, stage, &["rust", "cargo"])
}

fn installs_compiler(build: &Build, stage: &Stage) -> bool {
    installs(build, stage, &["gcc", "build-base", "g++", "clang", "musl-dev"])
}

fn installs(build: &Build, stage: &Stage, packages: &[&str]) -> bool {
    build.chain(stage).take(copied_packages::DEEPEST).any(|stage| {
        toolchain::runs(build, stage).any(|(_, _, invocations)| {
            let calls = invocations.iter().filter_map(Invocation::package_call);
            calls
                .filter(|call| call.manager.is_system())
                .any(|call| call.packages.iter().any(|package| packages.contains(&package.name.text)))
        })
    })
}

/// The words of a command, to search its options.
pub(in crate::rules) fn words<'s>(invocation: &Invocation<'s>) -> impl Iterator<Item = &'s str> {
    invocation.args.iter().map(crate::shell::Word::text)
}

// Packages of npm with compiled parts that a stage gets from another stage (`data/node_addons.tsv`). Shared by the rules
// about packages that do not fit the stage.

/// Packages with compiled parts, and how they come into the stage.
pub(in crate::rules) struct CopiedAddons<'b, 'a> {
    addons: Vec<Addon>,
    /// The install and the COPY.
    pub(in crate::rules) copy: CopiedInstall<'b, 'a>,
    span: Span,
}

struct Addon {
    package: &'static str,
    /// Whether it works with the C library alone that it was installed for.
    needs_libc: bool,
    /// Whether it works with the major version of Node alone that it was installed for.
    needs_node: bool,
}

impl CopiedAddons<'_, '_> {
    /// The first that was compiled for a C library.
    pub(in crate::rules) fn by_libc(&self) -> Option<&'static str> {
        self.addons.iter().find(|addon| addon.needs_libc).map(|addon| addon.package)
    }

    /// The first that was compiled for a major version of Node.
    pub(in crate::rules) fn by_node(&self) -> Option<&'static str> {
        self.addons.iter().find(|addon| addon.needs_node).map(|addon| addon.package)
    }

    /// Where it is installed.
    pub(in crate::rules) fn place(&self, build: &Build) -> Span {
        self.copy.code.place(&build.input().file, self.span)
    }
}

/// The packages with compiled parts that a stage copies from others; none where a command installs or compiles them
/// again.
pub(in crate::rules) fn copied_addons<'b, 'a>(build: &'b Build<'a>, stage: &Stage) -> Vec<CopiedAddons<'b, 'a>> {
    let mut copies = Vec::new();
    let compiles_again = |invocation: &crate::shell::Invocation| {
        let call =
            invocation.package_call().filter(|call| Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node));
        call.is_some_and(|call| call.verb == Verb::Install || call.verb_text == "rebuild")
    };
    let runs = crate::build::toolchain::runs(build, stage).flat_map(|run| run.2);
    if runs.into_iter().any(|invocation| compiles_again(&invocation)) {
        return copies;
    }
    for copy in copied_installs(build, stage) {
        let invocations = copy.code.script.invocations();
        let Some(invocation) = invocations.get(copy.at) else { continue };
        let Some(call) = invocation.package_call() else { continue };
        let is_node = matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun);
        // The options name the system that they install for.
        if !is_node || call.has(&["--libc", "--os", "--platform"]) {
            continue;
        }
        let Some(project) = installed::of(build, copy.place, invocation, &call) else { continue };
        let dependencies = project.project.dependencies.iter();
        let run = dependencies.filter(|dependency| dependency.scope == DependencyScope::Run);
        let addons: Vec<Addon> = run.filter_map(Addon::of).collect();
        if !addons.is_empty() {
            copies.push(CopiedAddons { addons, span: call.span, copy });
        }
    }
    copies
}

impl Addon {
    fn of(dependency: &Dependency) -> Option<Self> {
        let &[package, libc, node, ..] = data::NODE_ADDONS.row(&dependency.name)? else { return None };
        let version = dependency.version.as_deref().or(dependency.requirement.as_deref())?;
        let version = numbers(version.trim_start_matches(|c: char| !c.is_ascii_digit()));
        let depends = |from: &str| !version.is_empty() && (from == "-" || version < numbers(from));
        Some(Self { package, needs_libc: depends(libc), needs_node: depends(node) })
    }
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// The major version of Node that the image of a stage brings, by its name.
pub(in crate::rules) fn node_version(build: &Build, stage: &Stage) -> Option<u32> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let release = releases(image).into_iter().find(|release| release.product == "node");
    // `gcr.io/distroless/nodejs22-debian12`
    let named = || Reference::of(image).last_name().strip_prefix("nodejs")?.split('-').next()?.parse().ok();
    release.and_then(Release::number).or_else(named)
}

/// The major version of Node that a stage runs; the highest number where its tag moves to the newest release.
pub(in crate::rules) fn newest_node_version(build: &Build, stage: &Stage) -> Option<u32> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    let moves = reference.short_name() == "node" && !tag.starts_with(|letter: char| letter.is_ascii_digit());
    node_version(build, stage).or(moves.then_some(u32::MAX))
}

fn node_major_mismatch(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        let Some(version) = node_version(build, stage) else { continue };
        for addons in copied_addons(build, stage) {
            let (path, span) = &addons.copy.source;
            let Some(package) = addons.by_node() else { continue };
            let maker = addons.copy.place.0;
            let theirs = node_version(build, maker).filter(|theirs| *theirs != version);
            let (Some(theirs), false) = (theirs, out.iter().any(|finding| finding.span == *span)) else { continue };
            let message = format!(
                "`{path}` was installed with Node {theirs} in stage `{}`, but this stage runs Node {version}: `{package}` was compiled for the other one and cannot be loaded",
                maker.title()
            );
            let finding = cx.finding(*span, message).help("use the same major version of Node in both stages");
            out.push(finding.label(addons.place(build), "installed here"));
        }
    }
}

fn python_minor_mismatch(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let needed = build.needed_stages();
    for stage in needed {
        let Some(version) = copied_packages::python_version(build, stage) else { continue };
        for copy in copied_packages::stage_copies(build, stage) {
            if let Some((span, message)) = mismatch(cx, &version, stage, &copy) {
                let help = "use the same Python version in both stages";
                out.push(cx.finding(span, message).help(help));
            }
        }
    }
}

fn mismatch(cx: &Context, version: &str, stage: &Stage, copy: &copied_packages::StageCopy) -> Option<(Span, String)> {
    let build = cx.build();
    let theirs = copied_packages::python_version(build, copy.maker);
    let title = |stage: &Stage| format!("stage `{}`", stage.title());
    // A path that contains the version.
    for source in &copy.transfer.sources {
        let Some(named) = source.text.as_deref().and_then(version_in) else { continue };
        if let Some(theirs) = theirs.as_deref().filter(|theirs| *theirs != named) {
            let message = format!("{} has Python {theirs}, so it has no `python{named}` to copy", title(copy.maker));
            return Some((source.span, message));
        }
    }
    if let Some(named) = copy.transfer.destination.as_deref().and_then(version_in)
        && named != version
    {
        let message = format!("{} runs Python {version}, which does not search `python{named}`", title(stage));
        return Some((copy.transfer.instruction.head, message));
    }
    let theirs = theirs.filter(|theirs| *theirs != version)?;
    let (text, span) = copied_packages::python_packages(build, copy)?;
    let message = format!(
        "`{text}` was built with Python {theirs}, but {} runs Python {version}: its packages are not found, or cannot be loaded",
        title(stage)
    );
    Some((span, message))
}

/// The version in `…/python3.12/site-packages`.
fn version_in(path: &str) -> Option<String> {
    let part = path.split('/').find_map(|part| part.strip_prefix("python3."))?;
    if path.contains("-packages") { copied_packages::minor(&format!("3.{part}")) } else { None }
}

fn virtual_environment_moved(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        for copy in copied_packages::stage_copies(build, stage) {
            let Some(to) = copied_packages::destination(build, stage, copy.transfer) else { continue };
            let [source] = copy.transfer.sources.as_slice() else { continue };
            let Some(from) = source.text.as_deref().filter(|text| text.starts_with('/')) else { continue };
            let moved = copied_packages::environments(build, copy.maker).into_iter().find_map(|folder| {
                let new = path::join(&to, path::relative(&folder, from)?);
                (new != folder).then_some((folder, new))
            });
            let Some((old, new)) = moved else { continue };
            let Some(script) = starts(build, &new) else { continue };
            let message =
                format!("`{old}` is copied to `{new}`, but its script `{script}` still needs `{old}/bin/python`");
            out.push(cx.finding(source.span, message).help(format!("copy it to `{old}`, or create it at `{new}`")));
            return;
        }
    }
}

/// The script of an environment at a path that a stage starts.
fn starts(build: &Build, folder: &str) -> Option<String> {
    build.stages().iter().filter(|stage| build.ships(stage)).find_map(|stage: &Stage| {
        [Keyword::Entrypoint, Keyword::Cmd].into_iter().find_map(|keyword| {
            let (index, _) = build.last(stage, keyword)?;
            build.code(index)?.script.invocations().iter().find_map(|invocation| {
                let path = invocation.path.value()?;
                let program = invocation.program?;
                let inside = path.strip_prefix(folder).is_some_and(|rest| rest.starts_with("/bin/"));
                let script = Program::of(program).is(Kind::PipScript) && (inside || !path.contains('/'));
                (script || (inside && !program.starts_with("python"))).then(|| program.to_owned())
            })
        })
    })
}
