//! Which programs the image of a stage can have. In doubt it has them.

use super::{BaseImage, Build, Presence, Stage, StageBase, is_like, providers};
use crate::dockerfile::Keyword;
use crate::manifest::FileKind;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::path;

/// The folders in which programs are looked up where nothing sets PATH, in this order: `DefaultPathEnvUnix` of `BuildKit`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The folders in which programs are looked up where nothing sets PATH, in this order.
pub fn default_path() -> impl Iterator<Item = &'static str> {
    DEFAULT_PATH.split(':')
}

/// Whether a program lies in one of the system's own folders, or is called by its name alone.
pub fn is_of_system(path: &str) -> bool {
    let folder = path::parent(path);
    folder.is_empty() || default_path().any(|own| own == folder)
}

/// The programs in the image at the end of a stage.
pub struct Programs<'a, 'i> {
    build: &'a Build<'i>,
    stage: &'a Stage,
}

impl<'a, 'i> Programs<'a, 'i> {
    /// Those of the stage.
    pub fn of(build: &'a Build<'i>, stage: &'a Stage) -> Self {
        Self { build, stage }
    }

    /// What messages call the image.
    pub fn image_name(&self) -> String {
        match self.build.root_base(self.stage) {
            StageBase::Image(reference) => format!("`{reference}`"),
            StageBase::Scratch => "`scratch`".to_owned(),
            _ => "the image".to_owned(),
        }
    }

    /// Whether the base is known not to have it, and nothing in the stage's chain brings it.
    pub fn lacks(&self, program: &str) -> bool {
        // What the shell does itself needs no program.
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
            // What a file system without anything has, somebody copied into it by name.
            StageBase::Scratch => BaseImage::of("scratch").presence(program) == Presence::Lacks,
            _ => false,
        };
        base && !self.build.chain(self.stage).any(|stage| self.brings(stage, program))
    }

    fn brings(&self, stage: &Stage, program: &str) -> bool {
        let copied = self.build.transfers(stage).iter().any(|transfer| {
            let into = transfer.destination.as_deref().is_none_or(|to| path::name(to) == program);
            let taken = transfer.sources.iter().any(|source| {
                let Some(text) = source.text.as_deref() else { return true };
                let whole = may_hold_programs(text.trim_matches('/').trim_end_matches("/*"));
                let archive = [".tar", ".tgz"].iter().any(|ending| text.contains(ending)) || source.is_remote();
                path::name(text) == program || (whole && transfer.from.is_some()) || (archive && text.contains(program))
            });
            // A folder of the context, laid over the system.
            let over = transfer.from.is_none()
                && transfer.destination.as_deref().is_some_and(is_program_folder)
                && transfer.sources.iter().any(|source| source.text.as_deref().is_none_or(may_be_folder));
            into || taken || over
        });
        copied || self.runs_bring(stage, program)
    }

    fn runs_bring(&self, stage: &Stage, program: &str) -> bool {
        self.build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run).any(|(index, instruction)| {
            // Another shell's text says nothing.
            let Some(code) = self.build.code(index) else { return true };
            let text = self.build.input().file.source().slice(instruction.span);
            if mentions(text, program) || names_installer(text) {
                return true;
            }
            code.script.invocations().iter().any(|invocation| match invocation.package_call() {
                // What they read is in their input.
                Some(_) if invocation.is_via("xargs") => true,
                Some(call) => installs(&call, program),
                None => may_install(invocation),
            })
        })
    }
}

/// Whether an absolute path is one of the folders that programs are looked up in, or above them.
fn is_program_folder(path: &str) -> bool {
    path.starts_with('/') && may_hold_programs(path.trim_matches('/'))
}

/// Whether a copy of the whole folder, named without the first slash, may bring any program.
fn may_hold_programs(folder: &str) -> bool {
    folder == "opt" || default_path().any(|own| path::is_within(&own[1..], folder))
}

/// Whether a source may be a folder or several files: its last part has no ending.
fn may_be_folder(path: &str) -> bool {
    let name = path::name(path);
    path.ends_with('/') || path.contains(['*', '?', '[']) || name == "." || name == ".." || !name.contains('.')
}

/// Whether a word of the text is a tool that installs what its own files say.
fn names_installer(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').any(|word| Program::of(word).is(Kind::Installer))
}

/// Whether the text has the word.
fn mentions(text: &str, word: &str) -> bool {
    let outside = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
    text.match_indices(word)
        .any(|(at, _)| outside(text[..at].chars().next_back()) && outside(text[at + word.len()..].chars().next()))
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
            // Language packages bring programs of their own name; for system packages the table decides.
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

/// A script or tool whose effect nobody can tell from here.
fn may_install(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return true };
    let script = !is_of_system(invocation.path.text());
    let known = Program::of(program);
    let installs = known.is(Kind::Installer) || known.is(Kind::Packages) || known.is(Kind::Recipes);
    let shell = (known.is_shell() || known.state == State::Any)
        && (!invocation.args.is_empty() || invocation.command.place.pipe_index > 0);
    script || FileKind::of(program).is_shell() || shell || installs
}
