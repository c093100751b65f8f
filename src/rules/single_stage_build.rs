//! See `rules/single-stage-build.md`.

use super::Context;
use super::file_server::serves_files;
use super::toolchain_price::priced;
use crate::build::toolchain::Language;
use crate::build::{Build, FoundVariable, Reference, Stage, StageBase, releases, runtime_image, toolchain};
use crate::finding::Findings;
use crate::manifest::Ecosystem;
use crate::shell::program::{self, Kind, Program};
use crate::shell::{Invocation, Manager, Verb, Word};
use crate::text::Span;

super::rule!("single-stage-build", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if !toolchain::is_application(build, target) || !takes_context(build, target) {
        return;
    }
    if let Some((index, span, language)) = toolchain::compiled(build, target) {
        let Some(name) = command(build, index, span) else { return };
        let (leaves, place) = (language.leaves(), visible_span(build, index, span));
        let message = format!("{leaves} ship with the output of `{name}`");
        let example = example(build, index, span, language).map(|text| format!(": {text}")).unwrap_or_default();
        let help = format!("build in a separate stage and copy the result{example}");
        out.push(priced(language, cx.finding(place, message).help(help)));
        return;
    }
    let Some((index, span)) = bundled(build, target) else { return };
    let Some(server) = static_server(cx, target) else { return };
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
