//! Pass `go-scratch`: a statically linked Go program that uses nothing of the operating system gets `scratch` as its
//! base.

use super::base::sets_zone;
use super::runtime::Toolchain;
use crate::build::toolchain::{self, Language};
use crate::build::{CERTIFICATES, FoundVariable, Reference, Stage, StageBase};
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::finding::FileEdit;
use crate::manifest::{Ecosystem, FileKind, FileRole, calls_c};
use crate::optimize::assumption::Support;
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::optimize::reason::reasons;
use crate::shell::program::Program;
use crate::shell::{Invocation, parse};
use crate::sources::patterns;
use crate::text::{Span, path};

/// Where programs look for time zones.
const ZONES: &str = "/usr/share/zoneinfo";

/// Where Go keeps the sources of modules.
const VENDORED: &str = "vendor";

/// Puts `scratch` under a final stage that brings such a program and runs nothing while it is built.
pub(in crate::optimize) fn replace(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let StageBase::Image(image) = &target.base else { return };
    if !matches!(Reference::of(image).short_name(), "debian" | "alpine" | "ubuntu") {
        return;
    }
    let Some(builder) = builder(input, target) else { return };
    if let Some(why) = needs(input, target) {
        return output.skip(why);
    }
    let Some(static_build) = output.ok_or_skip(StaticBuild::of(input, builder)) else { return };
    let Some(lines) = output.ok_or_skip(copy_system_files(input, target, builder, image)) else { return };
    let mut edits = vec![input.edit(target.base_span, "scratch")];
    edits.extend(lines.into_iter().chain(static_build.edits));
    let why = "the program is statically linked, and no source uses another program, a user or a folder of the system";
    output.step(format!("uses `scratch` instead of `{image}`"), why, edits);
    output.assume(
        "the program is not linked with a C library",
        static_build.open.map(|why| (Support::Missing, why.to_string())),
    );
    let module = modules(input).next();
    let unread = module.map(|(_, name)| format!("the sources of modules such as `{name}` were not checked"));
    output.assume(
        "the program uses no other program, user or folder of the system",
        unread.map(|why| (Support::Open, why)),
    );
    let shell = "an image from scratch has no shell for `docker exec`".to_owned();
    output.assume("no one needs a shell in the container", Some((Support::Open, shell)));
}

/// The stage on Go's image that a stage takes its program from.
fn builder<'b>(input: &'b PassInput, target: &Stage) -> Option<&'b Stage> {
    let stages = input.build.stages();
    input.build.transfers(target).iter().find_map(|transfer| {
        let Some(StageBase::Stage(index)) = transfer.from else { return None };
        let stage = stages.get(index)?;
        let StageBase::Image(image) = input.build.root_base(stage) else { return None };
        (Language::of_image(image) == Some(Language::Go)).then_some(stage)
    })
}

/// What makes the compiler link nothing.
struct StaticBuild {
    edits: Vec<FileEdit>,
    /// What leaves it open that the program needs no C library.
    open: Option<ScratchBlocker>,
}

impl StaticBuild {
    /// An error says what speaks against it.
    fn of(input: &PassInput, builder: &Stage) -> Result<Self, ScratchBlocker> {
        let build = input.build;
        let (mut compiles, mut edits) = (false, Vec::new());
        for stage in build.chain(builder) {
            for (index, _, all) in toolchain::runs(build, stage) {
                for invocation in all.iter().filter(|invocation| toolchain::compiles(invocation) == Some(Language::Go))
                {
                    compiles = true;
                    match build.run_variable(stage, index, invocation, "CGO_ENABLED").map(FoundVariable::text) {
                        Some(Some(value)) if value == "0" => {}
                        Some(_) => return Err(ScratchBlocker::CgoEnabled),
                        None => edits.push(without_cgo(input, index, invocation)?),
                    }
                }
            }
        }
        refuse_if(!compiles, ScratchBlocker::UnknownBuild)?;
        let open = if edits.is_empty() { None } else { uses_cgo(input, builder)? };
        Ok(Self { edits, open })
    }
}

/// `CGO_ENABLED=0` before a call of the compiler.
fn without_cgo(input: &PassInput, index: usize, invocation: &Invocation) -> Result<FileEdit, ScratchBlocker> {
    let unknown = ScratchBlocker::MayUseCgo;
    let asks = |text: &str| text == "-race" || text.starts_with("-buildmode") || text.contains("-linkmode");
    if let Some(word) = invocation.args.iter().find(|word| asks(word.text())) {
        return Err(ScratchBlocker::CgoFlag { flag: word.text().to_string() });
    }
    let code = input
        .build
        .code(index)
        .filter(|code| !code.is_exec() && invocation.via.is_empty())
        .ok_or_else(|| unknown.clone())?;
    let place = code.place(input.file(), invocation.path.span);
    refuse_if(input.source().slice(place) != invocation.path.text(), unknown)?;
    Ok(input.edit(Span::at(place.start), "CGO_ENABLED=0 "))
}

/// Why it is open that no package needs C; an error names a source that does.
fn uses_cgo(input: &PassInput, builder: &Stage) -> Result<Option<ScratchBlocker>, ScratchBlocker> {
    let caller = input.evidence.holding(&["\"C\""]).find(|(path, text)| is_source(path) && calls_c(path, text));
    let vendored = || input.evidence.vendored.values().find_map(|vendored_module| vendored_module.calls_c.as_ref());
    if let Some(path) = caller.map(|(path, _)| path).or_else(vendored) {
        return Err(ScratchBlocker::UsesCgo { path: path.clone() });
    }
    if has_no_compiler(input, builder) {
        return Ok(None);
    }
    let unread = modules(input).find(|(vendored, _)| !vendored);
    Ok(unread.map(|(_, name)| ScratchBlocker::ModuleMayUseCgo { name: name.to_string() }))
}

/// Whether nothing in the stage could compile C: on Alpine, nobody installs a compiler.
fn has_no_compiler(input: &PassInput, builder: &Stage) -> bool {
    let build = input.build;
    let StageBase::Image(image) = build.root_base(builder) else { return false };
    let installs = |stage: &Stage| {
        toolchain::runs(build, stage).any(|(_, _, all)| {
            let mut calls = all.iter().filter_map(Invocation::package_call);
            calls.any(|call| call.has_unknown_packages() || !toolchain::build_packages(&call).is_empty())
        })
    };
    image.contains("alpine") && !build.chain(builder).any(installs)
}

/// The modules that the program asks for, and whether their sources lie beside it.
fn modules<'a>(input: &PassInput<'a>) -> impl Iterator<Item = (bool, &'a str)> {
    let evidence = input.evidence;
    input.projects_of(Ecosystem::Go).flat_map(move |project| {
        let folder = path::join(&project.root, VENDORED);
        let vendored = evidence.vendored.contains_key(&folder);
        project.dependencies.iter().map(move |module| (vendored, module.name.as_str()))
    })
}

/// The lines that bring certificates and time zones, where the base has some and the program may look there.
fn copy_system_files(
    input: &PassInput,
    target: &Stage,
    builder: &Stage,
    image: &str,
) -> Result<Option<FileEdit>, ScratchBlocker> {
    let build = input.build;
    let StageBase::Image(toolchain) = build.root_base(builder) else { return Ok(None) };
    let mut paths = Vec::new();
    let has = |path: &str| {
        build.instructions(target).any(|(_, instruction)| input.source().slice(instruction.span).contains(path))
    };
    if !has("/etc/ssl/") && Reference::of(image).short_name() == "alpine" {
        refuse_if(!Toolchain::of(toolchain).is_some_and(|row| row.has_certificates), ScratchBlocker::NoCertificates)?;
        paths.push((CERTIFICATES, "/etc/ssl/certs/"));
    }
    if !has(ZONES) && wants_zones(input) {
        refuse_if(toolchain.contains("alpine"), ScratchBlocker::NoTimeZones)?;
        paths.push((ZONES, ZONES));
    }
    if paths.is_empty() {
        return Ok(None);
    }
    let from = builder.name.as_deref().ok_or(ScratchBlocker::UnnamedBuildStage)?;
    let mut transfers = build.transfers(target).iter();
    let first =
        transfers.find(|transfer| matches!(transfer.from, Some(StageBase::Stage(_)))).map(|transfer| transfer.index);
    let at = first.map_or(input.instruction_span(target.start).end, |index| input.instruction_span(index).start);
    let line = |(path, to): (&str, &str)| format!("COPY --from={from} {path} {to}{}", input.newline());
    Ok(Some(input.edit(Span::at(at), paths.into_iter().map(line).collect::<String>())))
}

/// Whether the program may look up time zones: a source does, or modules whose sources are not here. The sources of
/// `time/tzdata` are the zones.
fn wants_zones(input: &PassInput) -> bool {
    let evidence = input.evidence;
    let words = patterns::words_in("Go", "looks up time zones");
    let names_zones = evidence.holding(&words).any(|(path, _)| is_source(path));
    let others = modules(input).any(|(vendored, _)| !vendored)
        || evidence.vendored.values().any(|vendored_module| vendored_module.wants_zones);
    (names_zones || others) && evidence.holding(&["\"time/tzdata\""]).next().is_none()
}

/// What of the base the stage, its container or the sources need.
fn needs(input: &PassInput, target: &Stage) -> Option<ScratchBlocker> {
    let services = &input.evidence.services;
    if services.iter().any(|service| service.healthcheck.is_some()) {
        return Some(ScratchBlocker::ComposeHealthcheck);
    }
    let mut commands = services.iter().flat_map(|service| service.entrypoint.iter().chain(&service.command));
    if commands.any(|command| starts_other(command)) {
        return Some(ScratchBlocker::ComposeCommand);
    }
    if let Some(user) = services.iter().find_map(|service| service.user.as_deref()).filter(|user| !is_number(user)) {
        return Some(ScratchBlocker::ComposeUser { user: user.to_string() });
    }
    of_stage(input, target).or_else(|| of_sources(input))
}

/// Whether a command of compose is a shell or a script.
fn starts_other(command: &str) -> bool {
    let script = parse(command);
    let invocations = script.invocations();
    invocations.len() != 1
        || invocations.iter().any(|invocation| {
            invocation.program.is_none_or(|name| Program::of(name).is_shell() || name.ends_with(".sh"))
        })
}

/// Whether USER or an owner needs no list of users: numbers alone.
fn is_number(user: &str) -> bool {
    user.split(':').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What the lines of the stage need.
fn of_stage(input: &PassInput, target: &Stage) -> Option<ScratchBlocker> {
    for (_, instruction) in input.build.instructions(target) {
        match instruction.keyword {
            Keyword::Run => return Some(ScratchBlocker::RunNeedsShell),
            Keyword::Volume => return Some(ScratchBlocker::Volume),
            Keyword::Cmd | Keyword::Entrypoint if starts_shell(&instruction.arguments) => {
                return Some(ScratchBlocker::StartsShell);
            }
            Keyword::Healthcheck if !is_none(input, instruction) => return Some(ScratchBlocker::Healthcheck),
            Keyword::User if !is_number(input.file().str(instruction.rest).trim()) => {
                return Some(ScratchBlocker::NamedUser);
            }
            Keyword::Copy | Keyword::Add => {
                let owner = instruction.flags.iter().find_map(|flag| input.file().flag(flag).strip_prefix("--chown="));
                if owner.is_some_and(|owner| !is_number(owner)) {
                    return Some(ScratchBlocker::NamedOwner);
                }
            }
            _ => {}
        }
    }
    let programs =
        |transfer: &crate::build::Transfer| matches!(transfer.from, Some(StageBase::Image(_) | StageBase::Unknown(_)));
    if input.build.transfers(target).iter().any(programs) {
        return Some(ScratchBlocker::CopiesFromImage);
    }
    None
}

/// What the sources ask for.
fn of_sources(input: &PassInput) -> Option<ScratchBlocker> {
    // A folder with an ignore file alone shows as little as an empty one.
    let has_sources = input.evidence.texts.keys().any(|path| is_source(path));
    if input.evidence.texts_cut || !has_sources {
        return Some(ScratchBlocker::UnreadSources);
    }
    let mut needs = patterns::of("needs of the image").filter_map(|need| {
        let (path, _) = input.evidence.holding(&[need.text]).find(|(path, _)| is_source(path))?;
        Some(ScratchBlocker::SourceNeeds { path: path.clone(), need: need.argument.to_string() })
    });
    let zone = || sets_zone(input).then_some(ScratchBlocker::TimeZoneVariable);
    needs.next().or_else(zone).or_else(|| writes(input))
}

/// What the program writes, for which somebody has to make a folder that its user may write to.
fn writes(input: &PassInput) -> Option<ScratchBlocker> {
    let meanings = ["writes somewhere", "writes a file", "writes a folder"];
    let words: Vec<&str> = meanings.iter().flat_map(|meaning| patterns::words_in("Go", meaning)).collect();
    let (path, _) = input.evidence.holding(&words).find(|(path, _)| is_source(path))?;
    Some(ScratchBlocker::WritesFiles { path: path.clone() })
}

fn starts_shell(arguments: &Arguments) -> bool {
    let Arguments::Json(words) = arguments else { return true };
    words.first().is_some_and(|word| word.value.ends_with("sh"))
}

fn is_none(input: &PassInput, healthcheck: &Instruction) -> bool {
    input.file().str(healthcheck.rest).trim().eq_ignore_ascii_case("none")
}

fn is_source(path: &str) -> bool {
    let kind = FileKind::of(path);
    kind.is_source_of(Ecosystem::Go) && kind.named_role() != Some(FileRole::Test)
}

reasons! {
    /// Why a Go program keeps its base image.
    pub(super) ScratchBlocker {
        CgoEnabled: "`CGO_ENABLED` allows linking with a C library";
        UnknownBuild: "no command is known to compile it, so how it is linked is unknown";
        MayUseCgo: "the program may be linked with a C library; set `CGO_ENABLED=0` for its build if it is not";
        CgoFlag { flag: String }: "`{flag}` needs a C library";
        UsesCgo { path: String }: "`{path}` uses cgo";
        ModuleMayUseCgo { name: String }: "module `{name}` may use cgo; its sources are not vendored";
        NoCertificates: "the CA certificates cannot be copied from the build stage";
        NoTimeZones: "the program may need time zones, and the build stage has none";
        UnnamedBuildStage: "the build stage has no name";
        ComposeHealthcheck: "a compose healthcheck uses a program of the image";
        ComposeCommand: "a compose service starts another program of the image";
        ComposeUser { user: String }: "a compose service runs it as `{user}`; a user name needs /etc/passwd";
        RunNeedsShell: "a RUN in its stage needs a shell";
        Volume: "a volume would be owned by root";
        StartsShell: "its command starts a shell";
        Healthcheck: "its HEALTHCHECK may use a program of the base image";
        NamedUser: "its USER is a name, which needs /etc/passwd";
        NamedOwner: "a --chown uses a name, which needs /etc/passwd";
        CopiesFromImage: "files that are copied from another image may need the base image";
        UnreadSources: "not all sources were read";
        SourceNeeds { path: String, need: String }: "`{path}` uses {need}";
        TimeZoneVariable: "an environment variable sets a time zone, whose data is in the base image";
        WritesFiles { path: String }:
            "`{path}` writes files, and `scratch` has no command to create a folder for the non-root user";
    }
}
