//! Replaces the toolchain image of a final stage that compiles nothing.

use std::collections::BTreeSet;

use super::{libraries, packages, runtime, started_programs};
use crate::build::toolchain::{self, Language};
use crate::build::{BaseImage, CERTIFICATES, Presence, SlimImage, Stage, StageBase, providers, runtime_image};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind, Framework, Project};
use crate::optimize::new_stage::apt_install;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reason::reasons;
use crate::shell::{Invocation, Manager, Script, parse};
use crate::sources::patterns;
use crate::text::Span;
use runtime::Toolchain;

/// Puts the runtime under a final stage that stands on a toolchain's image.
pub(in crate::optimize) fn replace(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let StageBase::Image(image) = &target.base else { return };
    let Some(language) = Language::of_image(image) else { return };
    if !toolchain::is_application(build, target) || uses_toolchain(input, target) {
        return;
    }
    let web = input.projects_of(Ecosystem::DotNet).all(may_be_web);
    let Some(small) = runtime_image(image, language, web) else {
        if SlimImage::of(image).is_none() && !is_runtime(image) {
            output.skip(ToolchainReason::UnknownRuntime { image: image.clone() });
        }
        return;
    };
    if small == *image {
        return;
    }
    if let Some(why) = needs_toolchain(input, target, language, image) {
        return output.skip(why);
    }
    let needs = MissingPrograms::of(input, target, language, image, &small);
    if let Some(program) = needs.unknown {
        return output.skip(ToolchainReason::UnknownPackage { small: small.clone(), program: program.clone() });
    }
    let mut lines = needs.lines;
    let packages: Vec<&str> = needs.packages.iter().map(String::as_str).collect();
    let alpine = small.contains("alpine");
    if !packages.is_empty() {
        lines.insert(0, install(&packages, alpine));
    }
    if input.build.last(target, Keyword::Workdir).is_none()
        && let Some(folder) = runtime::base_folder(image).filter(|folder| *folder != "/")
    {
        lines.push(format!("WORKDIR {folder}"));
    }
    let from = build.instruction(target.start);
    let mut edits = vec![input.edit(target.base_span, small.clone())];
    if !lines.is_empty() {
        // A line that copies from another stage stands with its like.
        let mut transfers = build.transfers(target).iter();
        let copies = lines.iter().all(|line| line.starts_with("COPY"));
        let first = transfers
            .find(|transfer| copies && matches!(transfer.from, Some(StageBase::Stage(_))))
            .map(|transfer| transfer.index);
        let end = first.map_or(input.instruction_span(target.start).end, |index| input.instruction_span(index).start);
        let text = lines.join("\n") + "\n";
        let start = if from.span.end == end { "\n" } else { "" };
        edits.push(input.edit(Span::at(end), format!("{start}{text}").replace('\n', input.newline())));
    }
    let why = match language {
        Language::Java => {
            format!("the program needs only a Java runtime; `{image}` also contains a compiler and build tools")
        }
        Language::DotNet => format!("the program needs only the .NET runtime; `{image}` also contains the SDK"),
        _ => format!("the program is already compiled; `{image}` contains its toolchain"),
    };
    output.step(format!("uses `{small}` instead of `{image}`"), why, edits);
}

/// Whether a .NET project may need ASP.NET; one without an entry point says nothing.
fn may_be_web(project: &Project) -> bool {
    project.entry_points.is_empty() || project.frameworks.contains(&Framework::AspNetCore)
}

/// A line that installs packages.
fn install(packages: &[&str], alpine: bool) -> String {
    let names = packages.join(" ");
    if alpine {
        return format!("RUN apk add --no-cache {names}");
    }
    apt_install(&names)
}

fn is_runtime(image: &str) -> bool {
    image.contains("-jre") || image.contains("-headless")
}

/// Whether a RUN of the stage compiles or calls a build tool.
fn uses_toolchain(input: &PassInput, target: &Stage) -> bool {
    toolchain::runs(input.build, target).any(|(_, _, all)| {
        all.iter().any(|invocation| {
            use Manager as M;
            let tools = [M::Go, M::Cargo, M::Maven, M::Gradle, M::Dotnet];
            let tool = invocation.package_call().is_some_and(|call| tools.contains(&call.manager));
            tool || toolchain::compiles(invocation).is_some()
                || matches!(invocation.program, Some("jar" | "jlink" | "jdeps" | "make" | "rustup"))
        })
    })
}

/// Why what runs needs the toolchain too.
fn needs_toolchain(input: &PassInput, target: &Stage, language: Language, image: &str) -> Option<ToolchainReason> {
    let source = |path: &str| FileKind::of(path).is_compiled();
    if let Some(program) = language.toolchain().find(|program| started_programs::is_called(input, target, program)) {
        return Some(ToolchainReason::CallsTool { program: program.to_string() });
    }
    let of = match language {
        Language::Java => "Java",
        Language::DotNet => "C#",
        _ => "",
    };
    let phrases = patterns::words_in(of, "uses the compiler at run time");
    let holding = input.evidence.holding(&phrases).find(|(path, _)| source(path));
    if let Some((path, _)) = holding {
        return Some(ToolchainReason::UsesCompiler { path: path.clone() });
    }
    let home = match language {
        Language::Java if image.contains("openjdk") => Some("/usr/local/openjdk-"),
        Language::Go => Some("/usr/local/go/"),
        _ => None,
    };
    let text = build_text(input, target);
    home.filter(|home| text.contains(home)).map(|home| ToolchainReason::NamesToolchainFolder { home: home.to_string() })
}

fn build_text(input: &PassInput, target: &Stage) -> String {
    let instructions = input.build.instructions(target).filter(|(_, instruction)| instruction.keyword != Keyword::Env);
    instructions.map(|(_, instruction)| input.source().slice(instruction.span)).collect::<Vec<_>>().join("\n")
}

/// What the small image lacks.
#[derive(Default)]
struct MissingPrograms {
    packages: BTreeSet<String>,
    lines: Vec<String>,
    unknown: Option<String>,
}

impl MissingPrograms {
    fn of(input: &PassInput, target: &Stage, language: Language, image: &str, small: &str) -> Self {
        let mut needs = Self::default();
        let alpine = small.contains("alpine");
        let manager = if alpine { Manager::Apk } else { Manager::Apt };
        let installed = installed(input, target);
        for program in called_programs(input, target) {
            if BaseImage::of(small).presence(&program) != Presence::Lacks {
                continue;
            }
            let known = providers(&program, manager).unwrap_or_default();
            let has = known.iter().any(|glob| installed.iter().any(|name| crate::build::is_like(glob, name)));
            match known.iter().find(|glob| !glob.contains('*')) {
                _ if has => {}
                Some(package) => _ = needs.packages.insert((*package).to_owned()),
                None if BaseImage::of(image).presence(&program) == Presence::Has => needs.unknown = Some(program),
                None => {}
            }
        }
        if matches!(language, Language::Go | Language::Rust | Language::C) {
            if !alpine {
                let suite = packages::suite(small);
                if suite.is_none() {
                    let linked = libraries::of_crates(input, Some("bookworm"));
                    needs.unknown = linked.into_iter().next().or(needs.unknown);
                }
                needs
                    .packages
                    .extend(libraries::of_crates(input, suite).into_iter().filter(|name| !installed.contains(name)));
            }
            // Debian's minimal system has the zones; those of Go's own folder stay behind.
            if alpine && wants_zones(input) && !installed.contains("tzdata") {
                needs.packages.insert("tzdata".into());
            }
            needs.certificates(input, target, image, alpine, &installed);
        }
        needs
    }

    /// The certificates of the public authorities, which the program's requests are checked with.
    fn certificates(
        &mut self,
        input: &PassInput,
        target: &Stage,
        image: &str,
        alpine: bool,
        installed: &BTreeSet<String>,
    ) {
        let had = Toolchain::of(image).is_some_and(|row| row.has_certificates);
        let copied = build_text(input, target).contains("/etc/ssl/certs");
        if !had || alpine || copied || installed.contains("ca-certificates") {
            return;
        }
        let mut stages = input.build.stages().iter().filter(|stage| stage.index < target.index);
        let from = stages.find(|stage| {
            let StageBase::Image(image) = input.build.root_base(stage) else { return false };
            stage.name.is_some()
                && (Toolchain::of(image).is_some_and(|row| row.has_certificates) && Language::of_image(image).is_some())
        });
        match from.and_then(|stage| stage.name.as_deref()) {
            Some(name) if self.packages.is_empty() && !image.contains("alpine") => {
                self.lines.push(format!("COPY --from={name} {CERTIFICATES} /etc/ssl/certs/"));
            }
            _ => _ = self.packages.insert("ca-certificates".into()),
        }
    }
}

/// Packages that RUNs of the stage install.
fn installed(input: &PassInput, target: &Stage) -> BTreeSet<String> {
    let runs: Vec<_> = toolchain::runs(input.build, target).map(|(_, _, all)| all).collect();
    let calls = runs.iter().flatten().filter_map(Invocation::package_call).filter(|call| call.manager.is_system());
    calls.flat_map(|call| call.packages).map(|package| package.name.text.to_owned()).collect()
}

/// Programs that RUNs, the command, checks and sources call.
fn called_programs(input: &PassInput, target: &Stage) -> BTreeSet<String> {
    let programs = |script: &Script| -> Vec<String> {
        script.invocations().iter().filter_map(|invocation| invocation.program).map(str::to_owned).collect()
    };
    let scripts = input.build.scripts(target).filter(|run| !run.is_trigger());
    let files = input.start_texts(target).into_iter().map(|(_, text)| parse(text));
    let quoted = SlimImage::quoted_anywhere().filter(|name| started_programs::is_wanted(input, target, name));
    let called = scripts.flat_map(|run| programs(&run.code.script)).chain(files.flat_map(|script| programs(&script)));
    called.chain(quoted.map(str::to_owned)).collect()
}

/// Whether the program looks time zones up.
fn wants_zones(input: &PassInput) -> bool {
    let holds = |words: &[&str]| input.evidence.holding(words).next().is_some();
    (sets_zone(input) || holds(&["time.LoadLocation(", "tzfile::"])) && !holds(&["\"time/tzdata\""])
}

/// Whether the image or a compose file names the time zone of the container.
pub(super) fn sets_zone(input: &PassInput) -> bool {
    let named = input.evidence.services.iter().any(|service| service.environment.contains("TZ"));
    let set = input.file().instructions().iter().filter(|instruction| instruction.keyword == Keyword::Env);
    named
        || set
            .flat_map(|instruction| input.file().variables(instruction))
            .any(|instruction| instruction.name.text == "TZ")
}

reasons! {
    /// Why a final stage keeps the toolchain image.
    pub(super) ToolchainReason {
        UnknownRuntime { image: String }: "the runtime image for programs built with `{image}` is not known";
        UnknownPackage { small: String, program: String }:
            "`{small}` lacks `{program}`, and no package is known to provide it";
        CallsTool { program: String }: "the container calls `{program}`";
        UsesCompiler { path: String }: "`{path}` uses the compiler at run time";
        NamesToolchainFolder { home: String }: "an instruction of the stage names `{home}`";
    }
}
