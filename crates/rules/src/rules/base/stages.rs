//! Rules about stages.

use std::collections::HashMap;

use crate::build::toolchain::Language;
use crate::build::{
    Build, EdgeKind, FoundVariable, PackageSize, Reference, Stage, StageBase, is_like, releases, reserved_use,
    runtime_image, toolchain,
};
use crate::data;
use crate::dockerfile::expand::{Lex, Operator, uses};
use crate::dockerfile::{Arguments, Instruction, Keyword, platform};
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, ImpactKind, Safety, Target};
use crate::manifest::Ecosystem;
use crate::rules::Context;
use crate::rules::base::node_build;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Verb, Word, program};
use crate::text::{Span, path};

crate::rules::family! {
    "duplicate-stage-name" => duplicate_stage_name;
    "reserved-stage-name" => reserved_stage_name;
    "stage-name-case" => stage_name_case;
    "stage-by-number" => stage_by_number;
    "unreachable-stage" => unreachable_stage;
    "constant-platform" => constant_platform;
    "intended-platform" => intended_platform;
    "redundant-platform" => redundant_platform;
    "single-stage-build" => single_stage_build;
}

fn duplicate_stage_name(cx: &Context, out: &mut Findings) {
    let mut first = HashMap::new();
    for stage in cx.build().stages() {
        let (Some(name), Some(span)) = (&stage.name, stage.name_span) else { continue };
        if let Some(earlier) = first.insert(name, span) {
            let message = format!("the stage name `{name}` is already used: from here on it refers to this stage");
            let finding = cx.finding(span, message).help("give each stage a unique name");
            out.push(finding.label(earlier, "first used here"));
        }
    }
}

fn reserved_stage_name(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        let (Some(name), Some(span)) = (&stage.name, stage.name_span) else { continue };
        let Some(what) = reserved_use(name) else { continue };
        let finding = cx.finding(span, format!("stage name `{name}` is reserved by the builder for {what}"));
        out.push(finding.help("rename the stage"));
    }
}

fn stage_name_case(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let Some(Arguments::Words(words)) = build.from_of(stage).map(|from| &from.arguments) else { continue };
        let [_, _, name] = words.as_slice() else { continue };
        let written = build.input().file.str(*name);
        let lower = written.to_lowercase();
        if written == lower {
            continue;
        }
        let mut finding =
            cx.finding(name.span, format!("`{written}` has upper-case letters, but `FROM` finds only `{lower}`"));
        finding = finding.help("write the name in lower case, here and where it is used");
        let mut places: Vec<Span> = vec![name.span];
        places.extend(build.edges_to(stage).map(|edge| edge.span));
        places.sort_unstable();
        let wrong = |span: &Span| {
            let text = cx.source().slice(*span);
            text != lower && text.to_lowercase() == lower
        };
        places.retain(wrong);
        let target = Target::File(cx.file());
        let edit = |span: Span| FileEdit { target: target.clone(), span, text: lower.clone() };
        let edits: Vec<FileEdit> = places.into_iter().map(edit).collect();
        if !edits.is_empty() {
            finding.fixes.push(Fix { title: format!("rename it to `{lower}`"), safety: Safety::Safe, edits });
        }
        out.push(finding);
    }
}

fn stage_by_number(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in build.stages().iter().filter_map(|stage| stage.name.as_deref()) {
        *counts.entry(name).or_default() += 1;
    }
    for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
        let StageBase::Stage(to) = edge.to else { continue };
        let written = cx.source().slice(edge.span);
        if written.parse::<usize>().is_err() {
            continue;
        }
        let stage = &build.stages()[to];
        let message = format!("stage {written} becomes a different stage when a FROM is added above");
        let Some(name) = &stage.name else {
            out.push(cx.finding(edge.span, message).help("name the stage with `AS`, and use the name"));
            continue;
        };
        let finding = cx.finding(edge.span, message).help("use the name of the stage");
        // A name that is used again later means the later stage.
        let unique = counts[name.as_str()] == 1;
        out.push(if unique { finding.safe_edit(format!("use `{name}`"), edge.span, name.clone()) } else { finding });
    }
}

fn unreachable_stage(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Another target needs other stages.
    let Some(last) = build.stages().last().filter(|last| build.is_needed(last)) else { return };
    for stage in &build.stages()[..last.index] {
        let used = build.edges_to(stage).next().is_some();
        // A stage with a name may be a build target.
        if stage.name.is_some() || used || build.is_needed(stage) {
            continue;
        }
        let Some(from) = build.from_of(stage) else { continue };
        let message = "nothing uses this stage, and without a name it cannot be a build target";
        out.push(cx.finding(from.head, message).help("name it with `AS` and use it, or remove it"));
    }
}

fn constant_platform(cx: &Context, out: &mut Findings) {
    for pinned in pinned(cx.build()).into_iter().filter(|pinned| !pinned.is_meant(cx.build())) {
        let message = format!("this stage is always built for `{}`, whatever platform the build requests", pinned.text);
        let help = "remove the flag; in a stage that only builds, use `--platform=$BUILDPLATFORM`";
        out.push(cx.finding(pinned.span, message).help(help));
    }
}

/// A FROM with a literal platform.
pub(in crate::rules) struct PinnedPlatform<'b> {
    stage: &'b Stage,
    from: &'b Instruction,
    /// The base as written.
    image: String,
    architecture: String,
    /// The platform as written.
    pub(in crate::rules) text: String,
    /// The position of the platform.
    pub(in crate::rules) span: Span,
}

/// The FROMs that BuildKit warns about: the name of the stage contains neither the system nor the architecture.
pub(in crate::rules) fn pinned<'b>(build: &'b Build) -> Vec<PinnedPlatform<'b>> {
    let file = &build.input().file;
    let stage_platform = |stage: &'b Stage| {
        let instruction = build.from_of(stage)?;
        let from = file.from(instruction)?;
        let flag = from.platform.filter(|platform| !platform.text.is_empty())?;
        if !uses(&flag.text, Lex::new(file.escape())).is_empty() {
            return None;
        }
        let (system, architecture) = platform(&flag.text)?;
        let name = stage.name.as_deref().unwrap_or_default();
        let names_platform = name.contains(&system) || name.contains(&architecture);
        (!names_platform).then(|| PinnedPlatform {
            stage,
            from: instruction,
            image: from.image.text.to_string(),
            architecture,
            text: flag.text.to_string(),
            span: flag.span,
        })
    };
    build.stages().iter().filter_map(stage_platform).collect()
}

impl PinnedPlatform<'_> {
    /// Whether the platform is intended: by a comment above, by the name of the stage or its base image, or by the names of
    /// all stages that use it.
    pub(in crate::rules) fn is_meant(&self, build: &Build) -> bool {
        let is_named = |stage: &Stage| {
            let base = match &stage.base {
                StageBase::Image(image) => image,
                _ => "",
            };
            self.is_in(base) || self.is_in(stage.name.as_deref().unwrap_or_default())
        };
        let mut users = build.edges_to(self.stage).peekable();
        let only_for_it = users.peek().is_some() && users.all(|edge| is_named(&build.stages()[edge.stage]));
        is_named(self.stage)
            || self.is_in(&self.image)
            || is_explained(build, self.from)
            || only_for_it
            || self.is_only_one(build)
            || self.is_fetched(build)
    }

    /// Whether the publisher provides the base image only for this architecture.
    fn is_only_one(&self, build: &Build) -> bool {
        let StageBase::Image(image) = build.root_base(self.stage) else { return false };
        let reference = Reference::of(image);
        let tag = reference.tag.unwrap_or("latest");
        data::IMAGE_ARCHITECTURES.rows().any(|row| {
            let fits = is_like(row[0], reference.short_name()) && data::words(row[1]).any(|glob| is_like(glob, tag));
            fits && row[2] == self.architecture
        })
    }

    /// Whether the stage downloads programs that are named after this architecture, and none for another one.
    fn is_fetched(&self, build: &Build) -> bool {
        let mut is_found = false;
        for (_, instruction) in build.instructions(self.stage) {
            if !matches!(instruction.keyword, Keyword::Run | Keyword::Add) {
                continue;
            }
            let text = build.input().file.logical(instruction.text);
            for known in words(text).iter().filter_map(|word| architecture(word)) {
                if known != self.architecture {
                    return false;
                }
                is_found = true;
            }
        }
        is_found
    }

    /// Whether a name contains the architecture.
    fn is_in(&self, name: &str) -> bool {
        words(name).iter().any(|word| architecture(word).is_some_and(|named| named == self.architecture))
    }
}

/// Whether a comment above mentions platforms.
fn is_explained(build: &Build, from: &Instruction) -> bool {
    from.comments.iter().any(|&comment| {
        let text = build.input().file.logical(comment);
        // Comments that suppress findings and instructions that are commented out are not explanations.
        let is_code = text.contains("ignore=") || text.contains("check=") || text.contains("--platform=");
        let is_subject = |word: &str| meaning(word) == Some("*");
        !is_code && words(text).iter().any(|word| is_subject(word) || architecture(word).is_some())
    })
}

/// The words of a name or text; `x86_64` is one word.
fn words(text: &str) -> Vec<String> {
    let text = text.to_ascii_lowercase().replace("x86_64", "amd64").replace("x86-64", "amd64");
    text.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned).collect()
}

/// What a word means according to the table: an architecture, or `*` for any.
fn meaning(word: &str) -> Option<&'static str> {
    data::ARCHITECTURE_WORDS.row(word).and_then(|row| row.get(1).copied())
}

/// The architecture that a word means.
fn architecture(word: &str) -> Option<String> {
    if let Some(known) = meaning(word) {
        return (known != "*").then(|| known.to_owned());
    }
    // A system without an architecture means its usual one.
    platform(word).filter(|(system, _)| system == "linux" && word != "linux").map(|(_, architecture)| architecture)
}

fn intended_platform(cx: &Context, out: &mut Findings) {
    for pinned in pinned(cx.build()).into_iter().filter(|pinned| pinned.is_meant(cx.build())) {
        let message = format!("platform `{}` is hard-coded, on purpose according to the file", pinned.text);
        out.push(cx.finding(pinned.span, message).help("name the stage after the platform"));
    }
}

fn redundant_platform(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let Some(instruction) = cx.build().from_of(stage) else { continue };
        let Some(from) = file.from(instruction) else { continue };
        let Some(platform) = from.platform else { continue };
        let variables = uses(&platform.text, Lex::new(file.escape()));
        let whole = platform.text.trim_matches('"').len() as u32;
        let [used] = variables.as_slice() else { continue };
        if used.name != "TARGETPLATFORM" || used.span.len() != whole {
            continue;
        }
        let plain = used.operator == Operator::Plain;
        let Some(flag) = instruction.flags.iter().find(|flag| file.flag_name(flag) == "platform") else { continue };
        let mut finding =
            cx.finding(flag.word.span, "`--platform=$TARGETPLATFORM` is redundant: it is the default of FROM");
        finding = finding.help("remove the flag");
        if !plain {
            finding = finding.without("DL3065");
        }
        let span = Span::new(flag.word.span.start, from.image.span.start);
        let between = file.source().slice(Span::new(flag.word.span.end, from.image.span.start));
        if between.bytes().all(|byte| byte == b' ' || byte == b'\t') {
            finding = finding.safe_edit("remove the flag", span, "");
        }
        out.push(finding);
    }
}

fn single_stage_build(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = cx.application().filter(|target| takes_context(build, target)) else { return };
    if let Some((index, span, language)) = toolchain::compiled(build, target) {
        let Some(name) = command(build, index, span) else { return };
        let (leaves, place) = (language.leaves(), visible_span(build, index, span));
        let message = format!("{leaves} ship with the output of `{name}`");
        let example = example(build, index, span, language).map(|text| format!(": {text}")).unwrap_or_default();
        let help = format!("build in a separate stage and copy the result{example}");
        let image = if let StageBase::Image(image) = build.root_base(target) { image } else { "" };
        out.push(with_toolchain_price(language, image, cx.finding(place, message).help(help)));
        return;
    }
    let bundled = bundled(build, target).zip(static_server(cx, target));
    let Some(((index, span), server)) = bundled else {
        if let Some(finding) = node_build::finding(cx, target) {
            out.push(finding);
        }
        return;
    };
    let message = format!("Node and all dependencies are shipped only to serve static files with `{server}");
    let help = "bundle in a separate stage and copy the result into a web server image: `FROM nginx`, `COPY --from=build /app/dist /usr/share/nginx/html`";
    out.push(cx.finding(visible_span(build, index, span), message).help(help));
}

/// Whether sources from the context are copied into a stage that ships.
fn takes_context(build: &Build, target: &Stage) -> bool {
    build.chain(target).any(|stage| {
        build.transfers(stage).iter().any(|transfer| transfer.from.is_none()) || !build.bound(stage).is_empty()
    })
}

fn visible_span(build: &Build, index: usize, span: Span) -> Span {
    build.code(index).map_or(build.instruction(index).head, |code| code.place(&build.input().file, span))
}

/// The command that compiles, in two words.
fn command(build: &Build, index: usize, span: Span) -> Option<String> {
    let invocations = build.code(index)?.script.invocations();
    let invocation = invocations.into_iter().find(|invocation| invocation.span == span)?;
    Some(match invocation.package_call() {
        Some(call) if !call.verb_text.is_empty() => format!("{} {}", call.program, call.verb_text),
        _ => invocation.program?.to_owned(),
    })
}

/// The stages to write. The small image must not lack what the program needs.
fn example(build: &Build, index: usize, span: Span, language: Language) -> Option<String> {
    let stage = build.stage_of(index)?;
    let image = match build.root_base(stage) {
        StageBase::Image(image) => Some(image.as_str()),
        _ => None,
    };
    let from = image.unwrap_or("…");
    let runtime = || image.and_then(|image| runtime_image(image, language, true));
    // A distribution's own image runs programs that were linked there.
    let same = image
        .filter(|image| releases(image).iter().any(|release| release.product == Reference::of(image).short_name()));
    let (command, small) = match language {
        Language::Go => match cgo(build, stage, index, span) {
            Cgo::Off => (String::new(), "gcr.io/distroless/static:nonroot".to_owned()),
            Cgo::Wanted => (String::new(), same.map(str::to_owned).or_else(runtime).unwrap_or("debian:…-slim".into())),
            // Otherwise only `net` and `os/user` link with the C library.
            Cgo::Default => (" `RUN CGO_ENABLED=0 go build …`,".to_owned(), "gcr.io/distroless/static:nonroot".into()),
        },
        Language::Rust | Language::C => (String::new(), same.map(str::to_owned).or_else(runtime)?),
        Language::Java => (String::new(), runtime().unwrap_or("eclipse-temurin:…-jre".into())),
        Language::DotNet => (String::new(), runtime().unwrap_or("mcr.microsoft.com/dotnet/aspnet:…".into())),
    };
    let loaded = match language {
        Language::C | Language::Rust => ", and the libraries that it loads (see `ldd`)",
        Language::Go if command.is_empty() && !small.contains("static") => {
            ", and the libraries that it loads (see `ldd`)"
        }
        _ => "",
    };
    Some(format!("`FROM {from} AS build` …{command} `FROM {small}`, `COPY --from=build …`{loaded}"))
}

/// Whether Go links with C.
enum Cgo {
    Off,
    /// If there is a C compiler.
    Default,
    Wanted,
}

fn cgo(build: &Build, stage: &Stage, index: usize, span: Span) -> Cgo {
    let invocations = build.code(index).map(|code| code.script.invocations()).unwrap_or_default();
    let invocation = invocations.iter().find(|invocation| invocation.span == span);
    match invocation
        .and_then(|invocation| build.run_variable(stage, index, invocation, "CGO_ENABLED"))
        .map(FoundVariable::text)
    {
        Some(Some(text)) if text == "0" => return Cgo::Off,
        Some(_) => return Cgo::Wanted,
        None => {}
    }
    // A C compiler or headers that are installed are needed.
    let mut calls = build.chain(stage).flat_map(|stage| toolchain::runs(build, stage)).flat_map(|(_, _, all)| {
        let calls = all.iter().filter_map(Invocation::package_call);
        calls.flat_map(|call| toolchain::build_packages(&call)).map(str::to_owned).collect::<Vec<_>>()
    });
    let wanted = calls.any(|name| toolchain::is_compiler(&name) || name.ends_with("-dev"));
    if wanted { Cgo::Wanted } else { Cgo::Default }
}

/// The last command in the stages that ship that bundles a project.
fn bundled(build: &Build, target: &Stage) -> Option<(usize, Span)> {
    let all = build.chain(target).flat_map(|stage| toolchain::runs(build, stage));
    let mut bundlers = all.flat_map(|(index, _, all)| {
        all.into_iter().filter(bundles).map(move |invocation| (index, invocation.span)).collect::<Vec<_>>()
    });
    bundlers.next()
}

fn bundles(invocation: &Invocation) -> bool {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    match invocation.package_call() {
        Some(call) if is_node(call.manager) && call.verb == Verb::Run => {
            words.iter().any(|word| matches!(*word, "build" | "build:prod" | "build:production" | "bundle"))
        }
        Some(_) => false,
        None => match invocation.program {
            Some("webpack" | "rollup" | "esbuild") => true,
            Some(name) => {
                let known = Program::of(name);
                known.is(Kind::Bundler) && known.language == Some(program::Language::Node) && words.contains(&"build")
            }
            None => false,
        },
    }
}

fn is_node(manager: Manager) -> bool {
    matches!(manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun)
}

/// The command with which the image serves files: a development server or a file server.
fn static_server(cx: &Context, target: &Stage) -> Option<String> {
    use crate::dockerfile::Keyword;
    let build = cx.build();
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, _)) = build.last(target, keyword) else { continue };
        let Some(code) = build.code(index) else { continue };
        for invocation in code.script.invocations() {
            let words: Vec<&str> =
                invocation.program.into_iter().chain(invocation.args.iter().map(Word::text)).collect();
            let text = words.join(" ");
            if serves_files(&words) {
                return Some(format!("{text}`"));
            }
            // The command of a script in the manifest.
            let Some(script) = script(cx, &invocation) else { continue };
            if serves_files(&script.split_whitespace().collect::<Vec<_>>()) {
                return Some(format!("{text}` (runs `{script}`)"));
            }
        }
    }
    None
}

fn script(cx: &Context, invocation: &Invocation) -> Option<String> {
    invocation.package_call().filter(|call| is_node(call.manager) && call.verb == Verb::Run)?;
    let mut words =
        invocation.args.iter().filter_map(Word::value).filter(|word| !word.starts_with('-') && *word != "run");
    let name = words.next()?;
    let project =
        cx.projects()?.iter().find(|project| project.ecosystem == Ecosystem::Node && project.root.is_empty())?;
    project.script(name).map(str::to_owned)
}

// The price of a toolchain in the final image.

/// Adds the size of the toolchain of an image, as packaged by Debian.
pub(in crate::rules) fn with_toolchain_price(language: Language, image: &str, finding: Finding) -> Finding {
    let (package, runtime, suite) = match language {
        Language::Go => ("golang-go", None, "debian:13-slim"),
        Language::Rust => ("cargo", None, "debian:13-slim"),
        Language::C => ("build-essential", None, "debian:13-slim"),
        // Each JDK has a size of its own.
        Language::Java => match java_release(image) {
            Some("17") => ("openjdk-17-jdk-headless", Some("openjdk-17-jre-headless"), "debian:12-slim"),
            Some("21") => ("openjdk-21-jdk-headless", Some("openjdk-21-jre-headless"), "debian:13-slim"),
            _ => {
                let evidence = "the size of this JDK without its runtime is not known";
                return finding.costs(Impact::unknown(ImpactKind::DiskBytes, evidence));
            }
        },
        Language::DotNet => return finding,
    };
    let size = |name| PackageSize::of(name, suite);
    let Some(whole) = size(package) else { return finding };
    let (kept_bytes, without) = match runtime.and_then(size) {
        Some(runtime) => (runtime.disk_bytes, format!(" without `{}`", runtime.package)),
        None => (0, String::new()),
    };
    let evidence = format!("the toolchain as packaged by Debian: {}{without}", whole.evidence());
    finding.costs(Impact::typical(ImpactKind::DiskBytes, whole.disk_bytes.saturating_sub(kept_bytes), evidence))
}

/// The release of Java that the tag of an image names: `21-jdk`, `3.9-eclipse-temurin-17`.
fn java_release(image: &str) -> Option<&str> {
    let tag = Reference::of(image).tag?;
    let is_release = |word: &&str| ["8", "11", "17", "21", "25"].contains(word);
    let words = || tag.split(['-', '.', '_']);
    // Of an image of a build tool, its own version comes first.
    let of_tool = words().rev().find(is_release);
    match Reference::of(image).short_name() {
        "maven" | "gradle" | "sbt" => of_tool,
        _ => words().next().filter(is_release),
    }
}

// Commands that only serve static files, such as a bundle.

/// Whether a command starts a development server or a static file server.
pub(in crate::rules) fn serves_files(words: &[&str]) -> bool {
    let leads = |word: &str| {
        let program = Program::of(word);
        let runs = [Kind::Runner, Kind::Packages, Kind::Shell].into_iter().any(|kind| program.is(kind));
        runs || word.starts_with('-') || word.contains('=') || matches!(word, "exec" | "dlx" | "bunx")
    };
    let mut words = words.iter().copied().skip_while(|word| leads(word));
    let program = path::name(words.next().unwrap_or_default());
    let first = words.clone().find(|word| !word.starts_with('-'));
    match program {
        "vite" => matches!(first, None | Some("preview" | "dev" | "serve")),
        "ng" | "vue-cli-service" | "gatsby" | "webpack" => first == Some("serve"),
        "react-scripts" => first == Some("start"),
        program => Program::of(program).is(Kind::FileServer),
    }
}
