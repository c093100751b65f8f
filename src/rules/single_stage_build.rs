//! See `rules/single-stage-build.md`.

use super::Context;
use crate::build::toolchain::Language;
use crate::build::{Base, Build, PackageSize, Stage, toolchain};
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::manifest::Ecosystem;
use crate::shell::program::{self, Kind, Program};
use crate::shell::{Invocation, Manager, Verb, Word};
use crate::text::{Span, path};

super::rule!("single-stage-build", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if !toolchain::is_application(build, target) || !takes_context(build, target) {
        return;
    }
    if let Some((index, span, language)) = toolchain::compiled(build, target) {
        let Some(name) = command(build, index, span) else { return };
        let (left, place) = (language.leaves(), shown(build, index, span));
        let message = format!("{left} ship with what `{name}` makes");
        let help = format!("build in a stage of its own and copy the result: `{}`", example(build, target, language));
        out.push(priced(language, cx.finding(place, message).help(help)));
        return;
    }
    let Some((index, span)) = bundled(build, target) else { return };
    let Some(server) = static_server(cx, target) else { return };
    let message = format!("Node and all dependencies ship to serve files that do not change: `{server}`");
    let help = "bundle in a stage of its own and copy the result into a web server: `FROM nginx`, `COPY --from=build /app/dist /usr/share/nginx/html`";
    out.push(cx.finding(shown(build, index, span), message).help(help));
}

/// With the weight of the toolchain, as Debian packages it.
fn priced(language: Language, finding: Finding) -> Finding {
    let (package, runtime) = match language {
        Language::Go => ("golang-go", None),
        Language::Rust => ("cargo", None),
        Language::C => ("build-essential", None),
        Language::Java => ("default-jdk-headless", Some("default-jre-headless")),
        Language::DotNet => return finding,
    };
    let size = |name| PackageSize::of(name, "debian:13-slim");
    let Some(whole) = size(package) else { return finding };
    let (kept, without) = match runtime.and_then(size) {
        Some(runtime) => (runtime.disk_bytes, format!(" without `{}`", runtime.package)),
        None => (0, String::new()),
    };
    let evidence = format!("the toolchain as Debian packages it: {}{without}", whole.evidence());
    finding.costs(Impact::typical(ImpactKind::DiskBytes, whole.disk_bytes.saturating_sub(kept), evidence))
}

/// Whether sources of the context are copied into what ships.
fn takes_context(build: &Build, target: &Stage) -> bool {
    build.chain(target).any(|stage| {
        build.transfers(stage).iter().any(|transfer| transfer.from.is_none()) || !build.bound(stage).is_empty()
    })
}

fn shown(build: &Build, index: usize, span: Span) -> Span {
    build.code(index).map_or(build.instruction(index).head, |code| code.place(&build.input().file, span))
}

/// The command that compiles, in two words.
fn command(build: &Build, index: usize, span: Span) -> Option<String> {
    let invocations = build.code(index)?.script.invocations();
    let one = invocations.into_iter().find(|one| one.span == span)?;
    Some(match one.package_call() {
        Some(call) if !call.verb_text.is_empty() => format!("{} {}", call.program, call.verb_text),
        _ => one.program?.to_owned(),
    })
}

fn example(build: &Build, target: &Stage, language: Language) -> String {
    let image = match build.root_base(target) {
        Base::Image(image) => image.as_str(),
        _ => "…",
    };
    let small = match language {
        Language::Go => "gcr.io/distroless/static:nonroot",
        Language::Rust | Language::C => "debian:13-slim",
        Language::Java => "eclipse-temurin:21-jre",
        Language::DotNet => "mcr.microsoft.com/dotnet/aspnet:10.0",
    };
    format!("FROM {image} AS build` … `FROM {small}`, `COPY --from=build …")
}

/// The last command that bundles a project in the stages that ship.
fn bundled(build: &Build, target: &Stage) -> Option<(usize, Span)> {
    let all = build.chain(target).flat_map(|stage| toolchain::runs(build, stage));
    let mut found = all.flat_map(|(index, _, all)| {
        all.into_iter().filter(bundles).map(move |one| (index, one.span)).collect::<Vec<_>>()
    });
    found.next()
}

fn bundles(one: &Invocation) -> bool {
    let words: Vec<&str> = one.args.iter().map(Word::text).collect();
    match one.package_call() {
        Some(call) if is_node(call.manager) && call.verb == Verb::Run => {
            words.iter().any(|word| matches!(*word, "build" | "build:prod" | "build:production" | "bundle"))
        }
        Some(_) => false,
        None => match one.program {
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

/// The command by which the image serves files: a server for development or for files alone.
fn static_server(cx: &Context, target: &Stage) -> Option<String> {
    use crate::dockerfile::Keyword;
    let build = cx.build();
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, _)) = build.last(target, keyword) else { continue };
        let Some(code) = build.code(index) else { continue };
        for one in code.script.invocations() {
            let words: Vec<&str> = one.program.into_iter().chain(one.args.iter().map(Word::text)).collect();
            let text = words.join(" ");
            if serves_files(&words) {
                return Some(text);
            }
            // What a script of the manifest does.
            let Some(script) = script(cx, &one) else { continue };
            if serves_files(&script.split_whitespace().collect::<Vec<_>>()) {
                return Some(format!("{text}` → `{script}"));
            }
        }
    }
    None
}

fn script(cx: &Context, one: &Invocation) -> Option<String> {
    one.package_call().filter(|call| is_node(call.manager) && call.verb == Verb::Run)?;
    let mut words = one.args.iter().filter_map(Word::value).filter(|word| !word.starts_with('-') && *word != "run");
    let name = words.next()?;
    let project =
        cx.projects()?.iter().find(|project| project.ecosystem == Ecosystem::Node && project.root.is_empty())?;
    project.script(name).map(str::to_owned)
}

fn serves_files(words: &[&str]) -> bool {
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
