//! What kind of file a path names: its language, its nature and what it is for, by the tables `data/file_kinds.tsv` and
//! `data/folder_kinds.tsv`.

/// Whether a file is TypeScript, or the settings of its compiler (`tsconfig.build.json`).
pub fn is_typescript(place: &str) -> bool {
    let is_settings = path::name(place).strip_prefix("tsconfig").and_then(|rest| rest.rsplit_once('.'));
    is_settings.is_some_and(|(_, ending)| ending == "json") || FileKind::of(place).language() == "TypeScript"
}

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::project::Ecosystem;
use crate::data;
use crate::secret;
use crate::text::path;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentKind {
    /// Statements of a programming language.
    Code,
    /// Statements of a shell.
    Shell,
    /// Pages, components and templates.
    Markup,
    /// Style sheets.
    Style,
    /// Definitions of tables and messages.
    Schema,
    /// Settings of servers and programs.
    Config,
    /// Other data that are text.
    Data,
    /// What only tools that build read.
    Build,
    /// A project of .NET.
    Project,
    /// A solution of .NET.
    Solution,
    /// What an installer wrote.
    Lock,
    /// Texts for people.
    Documentation,
    /// Pictures.
    Picture,
    /// What a compiler wrote.
    Binary,
    /// An archive of tar, compressed or not.
    Archive,
    /// A compressed file.
    Compressed,
    /// What else a program of its own unpacks.
    Package,
    /// What an editor or a merge left.
    Backup,
    /// Settings of version control and of builders.
    Repository,
    /// Anything else.
    Unknown,
}

/// What a file is for, as far as its name and its folders say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// The program itself: nothing says otherwise.
    Program,
    /// Tests, and what only they read.
    Test,
    /// Shows how something is used.
    Example,
    /// Texts for people, and what makes pages of them.
    Documentation,
    /// Settings of tools, and what only developers run.
    Development,
    /// What people run, in the container too.
    Script,
    /// Changes of a database's tables.
    Migration,
    /// Scripts that make releases.
    Release,
    /// Sources that a tool wrote.
    Generated,
    /// What builds write.
    Output,
    /// Packages of others.
    Vendored,
}

/// What a file is, by its path.
#[derive(Clone, Copy, Debug)]
pub struct FileKind<'p> {
    path: &'p str,
    row: FileKindRow,
}

#[derive(Clone, Copy, Debug)]
struct FileKindRow {
    language: &'static str,
    ecosystem: Option<Ecosystem>,
    nature: ContentKind,
    comment: &'static str,
    /// Whether `Dockerfile` with this ending may be one.
    variant: bool,
}

const UNKNOWN: FileKindRow =
    FileKindRow { language: "-", ecosystem: None, nature: ContentKind::Unknown, comment: "-", variant: true };

impl<'p> FileKind<'p> {
    /// By the name, and the folders in front of it.
    pub fn of(path: &'p str) -> Self {
        static ROWS: OnceLock<HashMap<&str, FileKindRow>> = OnceLock::new();
        let rows = ROWS.get_or_init(|| data::FILE_KINDS.rows().filter_map(read).collect());
        let name = small(path::name(path));
        let mut endings = name.match_indices('.').map(|(at, _)| &name[at..]);
        let row = rows.get(&*name).or_else(|| endings.find_map(|ending| rows.get(ending)));
        Self { path, row: row.copied().unwrap_or(UNKNOWN) }
    }

    /// What it holds.
    pub fn nature(self) -> ContentKind {
        self.row.nature
    }

    /// The language, as GitHub linguist calls it; `-` for none.
    pub fn language(self) -> &'static str {
        self.row.language
    }

    /// Whose compiler or interpreter reads it.
    pub fn ecosystem(self) -> Option<Ecosystem> {
        self.row.ecosystem
    }

    /// How a comment is written: what begins it, or both ends with a blank between; `blank` where white space is all that
    /// can be added.
    pub fn comment(self) -> Option<&'static str> {
        Some(self.row.comment).filter(|comment| *comment != "-")
    }

    /// The path without its ending, the last dot and what follows it.
    pub fn without_ending(self) -> &'p str {
        let name = path::name(self.path);
        let ending = name.rfind('.').map_or(0, |at| name.len() - at);
        self.path.strip_suffix(&name[name.len() - ending..]).unwrap_or(self.path)
    }

    /// The path without its ending where it is source code of the ecosystem.
    pub fn source_stem(self, ecosystem: Ecosystem) -> &'p str {
        if self.is_source_of(ecosystem) { self.without_ending() } else { self.path }
    }

    /// The endings of source code of an ecosystem, with their dots.
    pub fn endings_of(ecosystem: Ecosystem) -> impl Iterator<Item = &'static str> {
        data::FILE_KINDS.keys().filter(move |name| name.starts_with('.') && Self::of(name).is_source_of(ecosystem))
    }

    /// Whether a file with `Dockerfile` in front of this ending may be one, a variant for `php` or `dev` say.
    pub fn may_be_dockerfile(self) -> bool {
        self.row.variant
    }

    /// What it is for.
    pub fn role(self) -> FileRole {
        self.named_role().or_else(|| self.folder_role()).unwrap_or(FileRole::Program)
    }

    /// What the folders in front of it say that it is for.
    pub fn folder_role(self) -> Option<FileRole> {
        let mut folders = self.path.split('/').rev().skip(1).collect::<Vec<_>>();
        // Below `src/main` the folders are names of packages: `com/example/demo`.
        if let Some(at) = folders.windows(2).position(|pair| pair == ["main", "src"]) {
            folders.drain(..at);
        }
        let roles: Vec<FileRole> = folders.into_iter().filter_map(FileRole::of_folder).collect();
        if roles.contains(&FileRole::Test) {
            return Some(FileRole::Test);
        }
        roles.first().copied()
    }

    /// What its own name says that it is for.
    pub fn named_role(self) -> Option<FileRole> {
        let name = small(path::name(self.path));
        roles().names.role_of(&name)
    }

    /// Whether it is source code of a language of the ecosystem; pages and components are none.
    pub fn is_source_of(self, ecosystem: Ecosystem) -> bool {
        self.is_code() && self.row.ecosystem == Some(ecosystem)
    }

    /// Whether it is source code.
    pub fn is_code(self) -> bool {
        self.row.nature == ContentKind::Code
    }

    /// Whether it is source code, or a component with code in it (`.vue`).
    pub fn has_code(self) -> bool {
        self.is_code() || self.row.nature == ContentKind::Markup && self.row.ecosystem == Some(Ecosystem::Node)
    }

    /// Whether it is a script of a POSIX shell, by its ending.
    pub fn is_shell(self) -> bool {
        self.row.nature == ContentKind::Shell && self.row.language == "Shell"
    }

    /// Whether it is source code that compilers turn into machine code without a language of its own around it.
    pub fn is_native(self) -> bool {
        matches!(self.row.language, "C" | "C++" | "Assembly")
    }

    /// Whether it is written in a language that a compiler reads before the program starts.
    pub fn is_compiled(self) -> bool {
        use Ecosystem::{DotNet, Go, Java, Rust};
        self.is_code() && matches!(self.row.ecosystem, Some(Go | Rust | Java | DotNet))
    }

    /// Whether compilers and their tools may read it, and nothing else has to.
    pub fn is_read_by_compilers(self) -> bool {
        use Ecosystem::{DotNet, Go, Java, Rust};
        matches!(self.row.ecosystem, Some(Go | Rust | Java | DotNet))
            || self.is_native()
            || self.row.nature == ContentKind::Lock && self.row.ecosystem != Some(Ecosystem::Node)
            || matches!(self.row.language, "Protocol Buffer" | "TOML" | "XML" | "Java Properties")
    }

    /// Whether it says what runs in a container: a script, a list of processes, a crontab.
    pub fn starts_processes(self) -> bool {
        self.is_shell() || self.row.nature == ContentKind::Config && !matches!(self.row.language, "YAML" | "TOML")
    }

    /// Whether a server may read it, or is started by it.
    pub fn is_read_by_servers(self) -> bool {
        matches!(self.row.nature, ContentKind::Code | ContentKind::Shell | ContentKind::Config)
    }

    /// Whether it may name a file that the program writes: code, or settings of a known syntax.
    pub fn may_name_writes(self) -> bool {
        self.is_code()
            || self.row.nature == ContentKind::Config && self.row.language != "-"
            || matches!(self.row.language, "Java Properties" | "Prisma")
    }

    /// Whether it is a text that says how a project is built or run, and people wrote it.
    pub fn is_evidence(self) -> bool {
        let known = matches!(
            self.row.nature,
            ContentKind::Code
                | ContentKind::Shell
                | ContentKind::Markup
                | ContentKind::Schema
                | ContentKind::Config
                | ContentKind::Data
                | ContentKind::Build
                | ContentKind::Project
                | ContentKind::Solution
                | ContentKind::Repository
        );
        known && !self.is_native() && self.row.language != "Batchfile" && self.named_role() != Some(FileRole::Vendored)
    }

    /// Whether it is a Dockerfile, or stands beside one for the build's sake: a file of Compose, a `.dockerignore`.
    pub fn is_recipe(self) -> bool {
        let name = small(path::name(self.path));
        let is_variant = ["dockerfile", "containerfile"].iter().any(|word| {
            name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
        });
        is_variant && self.may_be_dockerfile()
            || name.ends_with(".dockerfile")
            || name.ends_with(".dockerignore")
            || path::is_compose(&name)
    }

    /// Whether it holds commands that people or pipelines run: a `Makefile`, a `justfile`.
    pub fn holds_commands(self) -> bool {
        data::FILE_TOPICS.has(&small(path::name(self.path)), "commands")
    }

    /// Whether it belongs to a forge, to checks or to deployment, by its name or the first folder: no image reads it.
    pub fn is_of_forge(self) -> bool {
        let top = self.path.split('/').next().unwrap_or_default();
        [top, path::name(self.path)].into_iter().any(|name| data::FILE_TOPICS.has(&small(name), "forge"))
    }

    /// Whether it is a text for people who read the sources.
    pub fn is_for_people(self) -> bool {
        self.is_text_about("people")
    }

    /// Whether it holds terms of a licence.
    pub fn is_licence(self) -> bool {
        self.is_text_about("licence")
    }

    fn is_text_about(self, role: &str) -> bool {
        let name = small(path::name(self.path));
        let stem = name.split('.').next().unwrap_or_default();
        let is_text = self.nature() == ContentKind::Documentation || !name.contains('.');
        is_text && data::FILE_TOPICS.has(stem, role)
    }

    /// Whether it is a test.
    pub fn is_test(self) -> bool {
        self.role() == FileRole::Test
    }

    /// Whether only compilers of the ecosystem read what lies in a folder above it.
    pub fn lies_for_compilers_of(self, ecosystem: Ecosystem) -> bool {
        let mut folders = self.path.split('/').rev().skip(1);
        let known = &roles().compilers;
        folders.any(|folder| known.iter().any(|(of, name)| *of == ecosystem && folder.eq_ignore_ascii_case(name)))
    }

    /// Whether a part of its path says that its values are for show: those of tests, examples and documents.
    pub fn lies_for_show(self) -> bool {
        self.path.split('/').any(secret::is_folder_for_show)
    }
}

impl FileRole {
    /// What a folder's name says of all below it.
    pub fn of_folder(name: &str) -> Option<Self> {
        roles().folders.get(&*small(name)).copied()
    }

    /// Whether files with it belong to the program.
    pub fn is_of_program(self) -> bool {
        matches!(self, Self::Program | Self::Migration | Self::Generated)
    }

    /// Whether folders of it hold what builds or installers write.
    pub fn may_be_written_by_builds(self) -> bool {
        matches!(self, Self::Output | Self::Vendored)
    }
}

/// The roles that names tell.
struct Roles {
    folders: HashMap<&'static str, FileRole>,
    names: NameRoles,
    /// Folders of which only compilers read something.
    compilers: Vec<(Ecosystem, &'static str)>,
}

/// Patterns of names with their roles, by what a name has to begin or to end with; the first that fits counts.
#[derive(Default)]
struct NameRoles {
    patterns: Vec<(&'static str, FileRole)>,
    /// The numbers of those without `*`.
    whole: HashMap<&'static str, usize>,
    /// Those that begin with a byte, and those that begin with `*` and end with a byte.
    by_first: HashMap<u8, Vec<usize>>,
    by_last: HashMap<u8, Vec<usize>>,
    /// All others.
    others: Vec<usize>,
}

impl NameRoles {
    fn add(&mut self, pattern: &'static str, role: FileRole) {
        let number = self.patterns.len();
        self.patterns.push((pattern, role));
        let ends = [pattern.bytes().next(), pattern.bytes().next_back()].map(|byte| byte.filter(|byte| *byte != b'*'));
        match ends {
            _ if !pattern.contains('*') => drop(self.whole.entry(pattern).or_insert(number)),
            [Some(first), _] => self.by_first.entry(first).or_default().push(number),
            [None, Some(last)] => self.by_last.entry(last).or_default().push(number),
            [None, None] => self.others.push(number),
        }
    }

    fn role_of(&self, name: &str) -> Option<FileRole> {
        let first = name.bytes().next().and_then(|first| self.by_first.get(&first));
        let last = name.bytes().next_back().and_then(|last| self.by_last.get(&last));
        let lists = [first, last, Some(&self.others)].into_iter().flatten();
        let is_fit = |number: &&usize| fits(self.patterns[**number].0, name);
        let numbers = lists.filter_map(|list| list.iter().find(is_fit)).chain(self.whole.get(name));
        Some(self.patterns[*numbers.min()?].1)
    }
}

fn roles() -> &'static Roles {
    static ROLES: OnceLock<Roles> = OnceLock::new();
    ROLES.get_or_init(|| {
        let mut roles = Roles { folders: HashMap::new(), names: NameRoles::default(), compilers: Vec::new() };
        for row in data::FOLDER_KINDS.rows() {
            let &[pattern, place, role, ..] = row else { continue };
            if let Some(ecosystem) = Ecosystem::of(place) {
                roles.compilers.push((ecosystem, pattern));
            }
            let Some(role) = read_role(role) else { continue };
            if place == "folder" {
                roles.folders.insert(pattern, role);
            } else {
                roles.names.add(pattern, role);
            }
        }
        roles
    })
}

fn read(row: data::Row) -> Option<(&'static str, FileKindRow)> {
    let &[name, language, ecosystem, nature, comment, variant, ..] = row else { return None };
    let ecosystem = Ecosystem::of(ecosystem);
    Some((name, FileKindRow { language, ecosystem, nature: read_nature(nature)?, comment, variant: variant != "no" }))
}

fn read_nature(word: &str) -> Option<ContentKind> {
    Some(match word {
        "code" => ContentKind::Code,
        "shell" => ContentKind::Shell,
        "markup" => ContentKind::Markup,
        "style" => ContentKind::Style,
        "schema" => ContentKind::Schema,
        "config" => ContentKind::Config,
        "data" => ContentKind::Data,
        "build" => ContentKind::Build,
        "project" => ContentKind::Project,
        "solution" => ContentKind::Solution,
        "lock" => ContentKind::Lock,
        "documentation" => ContentKind::Documentation,
        "picture" => ContentKind::Picture,
        "binary" => ContentKind::Binary,
        "archive" => ContentKind::Archive,
        "compressed" => ContentKind::Compressed,
        "package" => ContentKind::Package,
        "backup" => ContentKind::Backup,
        "repository" => ContentKind::Repository,
        _ => return None,
    })
}

fn read_role(word: &str) -> Option<FileRole> {
    Some(match word {
        "test" => FileRole::Test,
        "example" => FileRole::Example,
        "documentation" => FileRole::Documentation,
        "development" => FileRole::Development,
        "script" => FileRole::Script,
        "migration" => FileRole::Migration,
        "release" => FileRole::Release,
        "generated" => FileRole::Generated,
        "output" => FileRole::Output,
        "vendored" => FileRole::Vendored,
        _ => return None,
    })
}

/// In small letters; most names are.
fn small(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// Whether a name fits a pattern, in which `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(start) else { return false };
    let Some((middle, end)) = rest.rsplit_once('*') else { return name.ends_with(rest) };
    for part in middle.split('*') {
        let Some(at) = name.find(part) else { return false };
        name = &name[at + part.len()..];
    }
    name.ends_with(end)
}
