//! Which programs the image of a stage may contain. In doubt it contains them.

use super::{BaseImage, Build, Presence, Reference, Stage, StageBase, is_like, providers};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind};
use crate::shell::program::{Kind, Program, State};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::path;

/// The folders in which programs are looked up if PATH is not set, in this order: `DefaultPathEnvUnix` of `BuildKit`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The folders in which programs are looked up if PATH is not set, in this order.
pub fn default_path() -> impl Iterator<Item = &'static str> {
    DEFAULT_PATH.split(':')
}

/// Whether a program is in one of the system's folders, or is called without a path.
pub fn is_of_system(path: &str) -> bool {
    let folder = path::parent(path);
    folder.is_empty() || default_path().any(|path_folder| path_folder == folder)
}

/// The programs in the image at the end of a stage.
pub struct Programs<'a, 'i> {
    build: &'a Build<'i>,
    stage: &'a Stage,
}

impl<'a, 'i> Programs<'a, 'i> {
    /// The programs of the stage.
    pub fn of(build: &'a Build<'i>, stage: &'a Stage) -> Self {
        Self { build, stage }
    }

    /// The name of the image in messages.
    pub fn image_name(&self) -> String {
        match self.build.root_base(self.stage) {
            StageBase::Image(reference) => format!("`{reference}`"),
            StageBase::Scratch => "`scratch`".to_owned(),
            _ => "the image".to_owned(),
        }
    }

    /// Whether the base image is known not to have it, and no step in the stage's chain adds it.
    pub fn lacks(&self, program: &str) -> bool {
        // A shell builtin needs no program.
        if Program::of(program).is(Kind::Builtin) {
            return false;
        }
        let base = match self.build.root_base(self.stage) {
            StageBase::Image(reference) => {
                let image = BaseImage::of(reference);
                match (program, image.has_shell()) {
                    ("sh", Some(shell)) => !shell && image.presence("sh") != Presence::Has,
                    _ => image.presence(program) == Presence::Lacks,
                }
            }
            // An empty file system contains only programs that were copied by name.
            StageBase::Scratch => BaseImage::of("scratch").presence(program) == Presence::Lacks,
            _ => false,
        };
        base && !self.build.chain(self.stage).any(|stage| self.brings(stage, program))
    }

    /// Whether the image may run programs of an ecosystem: they run by themselves, or it is no plain image of a proxy and not
    /// known to lack what interprets them.
    pub fn may_interpret(&self, ecosystem: Ecosystem) -> bool {
        let Some(interpreter) = interpreter(ecosystem) else { return true };
        let StageBase::Image(reference) = self.build.root_base(self.stage) else { return true };
        if ecosystem == Ecosystem::Node && self.lacks(interpreter) {
            return false;
        }
        !data::PROXY_IMAGES.contains(Reference::of(reference).short_name())
            || self.build.chain(self.stage).any(|stage| self.brings(stage, interpreter))
    }

    fn brings(&self, stage: &Stage, program: &str) -> bool {
        let copied = self.build.transfers(stage).iter().any(|transfer| {
            let into = transfer.destination.as_deref().is_none_or(|to| path::name(to) == program);
            let is_copied = transfer.sources.iter().any(|source| {
                let Some(text) = source.text.as_deref() else { return true };
                let whole = may_hold_programs(text.trim_matches('/').trim_end_matches("/*"));
                let archive = [".tar", ".tgz"].iter().any(|ending| text.contains(ending)) || source.is_remote();
                path::name(text) == program || (whole && transfer.from.is_some()) || (archive && text.contains(program))
            });
            // A folder of the context, copied over the system.
            let over = transfer.from.is_none()
                && transfer.destination.as_deref().is_some_and(is_program_folder)
                && transfer.sources.iter().any(|source| source.text.as_deref().is_none_or(may_be_folder));
            into || is_copied || over
        });
        copied || self.runs_bring(stage, program)
    }

    fn runs_bring(&self, stage: &Stage, program: &str) -> bool {
        self.build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run).any(|(index, instruction)| {
            // A script for another shell shows nothing.
            let Some(code) = self.build.code(index) else { return true };
            let text = self.build.input().file.source().slice(instruction.span);
            if mentions(text, program) || names_installer(text) {
                return true;
            }
            code.script.invocations().iter().any(|invocation| match invocation.package_call() {
                // They run commands from their input.
                Some(_) if invocation.is_via("xargs") => true,
                Some(call) => installs(&call, program),
                None => may_install(invocation),
            })
        })
    }
}

/// What interprets the programs of an ecosystem; `None` where they run by themselves.
pub(super) const fn interpreter(ecosystem: Ecosystem) -> Option<&'static str> {
    Some(match ecosystem {
        Ecosystem::Node => "node",
        Ecosystem::Python => "python3",
        Ecosystem::Ruby => "ruby",
        Ecosystem::Php => "php",
        Ecosystem::Java => "java",
        Ecosystem::DotNet => "dotnet",
        _ => return None,
    })
}

/// Whether an absolute path is one of the folders in which programs are looked up, or a parent of one.
fn is_program_folder(path: &str) -> bool {
    path.starts_with('/') && may_hold_programs(path.trim_matches('/'))
}

/// Whether a copy of the whole folder, named without the first slash, may add any program.
fn may_hold_programs(folder: &str) -> bool {
    folder == "opt" || default_path().any(|path_folder| path::is_within(&path_folder[1..], folder))
}

/// Whether a source may be a folder or several files: its last part has no extension.
fn may_be_folder(path: &str) -> bool {
    let name = path::name(path);
    path.ends_with('/') || path.contains(['*', '?', '[']) || name == "." || name == ".." || !name.contains('.')
}

/// Whether a word of the text is a tool that installs the packages in its own files.
fn names_installer(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(|word| Program::of(word).is(Kind::Installer))
}

/// Whether the text contains the word.
fn mentions(text: &str, word: &str) -> bool {
    let is_outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
    text.match_indices(word)
        .any(|(at, _)| is_outside(text[..at].chars().next_back()) && is_outside(text[at + word.len()..].chars().next()))
}

fn installs(call: &PackageCall, program: &str) -> bool {
    if !matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Other | Verb::Run) {
        return false;
    }
    if call.has_unknown_packages() {
        return true;
    }
    let globs = providers(program, call.manager);
    call.packages.iter().any(|package| {
        let name = package.name.text;
        match &globs {
            Some(globs) => globs.iter().any(|glob| is_like(glob, name)) || name.contains(program),
            // Language packages contain programs of the same name; for system packages the table decides.
            None => name.contains(program) || (is_system(call.manager) && providers(program, Manager::Apt).is_none()),
        }
    })
}

const fn is_system(manager: Manager) -> bool {
    matches!(
        manager,
        Manager::Apt
            | Manager::Apk
            | Manager::Dnf
            | Manager::Yum
            | Manager::Microdnf
            | Manager::Zypper
            | Manager::Pacman
            | Manager::Conda
    )
}

/// A script or tool whose effect is unknown.
fn may_install(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return true };
    let script = !is_of_system(invocation.path.text());
    let known = Program::of(program);
    let installs = known.is(Kind::Installer) || known.is(Kind::Packages) || known.is(Kind::Recipes);
    let shell = (known.is_shell() || known.state == State::Any)
        && (!invocation.args.is_empty() || invocation.command.place.pipe_index > 0);
    script || FileKind::of(program).is_shell() || shell || installs
}
