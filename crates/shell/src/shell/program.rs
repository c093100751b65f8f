//! What programs do (`data/commands.tsv`): to files, over the network, to the shell that starts them.

pub mod options;

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::data;

/// An enum and the words of the table for it.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$what])* $variant,)*
        }

        impl $name {
            fn of(word: &str) -> Option<Self> {
                Some(match word {
                    $($word => Self::$variant,)*
                    _ => return None,
                })
            }
        }
    };
}

words! {
    /// Which files a program touches.
    Files {
        /// None.
        None = "none",
        /// It reads what its arguments name.
        Reads = "reads",
        /// It reads and writes what its arguments name.
        Writes = "writes",
        /// It reads and writes fixed places of the system, and nothing of a project.
        System = "system",
        /// Any.
        Anywhere = "anywhere",
    }
}

words! {
    /// Whether a program uses the network.
    Network {
        /// Never.
        No = "no",
        /// By some of its commands.
        Maybe = "maybe",
        /// It is what the program is for.
        Yes = "yes",
    }
}

words! {
    /// What a command changes of the shell that runs it.
    State {
        /// Nothing.
        None = "-",
        /// The folder it works in.
        Folder = "folder",
        /// Its options.
        Options = "options",
        /// Its variables.
        Variables = "variables",
        /// Umask, limits of the process and traps.
        Limits = "limits",
        /// Names that it knows commands by.
        Names = "names",
        /// Which command is next.
        Flow = "flow",
        /// Whatever a text says.
        Any = "any",
    }
}

words! {
    /// The language that a program belongs to.
    Language {
        /// C and C++.
        C = "c",
        /// C# and what else .NET runs.
        DotNet = "dotnet",
        /// Go.
        Go = "go",
        /// Java and what else a JVM runs.
        Java = "java",
        /// JavaScript and TypeScript outside of a browser.
        Node = "node",
        /// PHP.
        Php = "php",
        /// Python.
        Python = "python",
        /// Ruby.
        Ruby = "ruby",
        /// Rust.
        Rust = "rust",
    }
}

words! {
    /// What else is known of a program; it can be several of these.
    Kind {
        /// Makes or changes accounts.
        Accounts = "accounts",
        /// A builtin of bash that dash lacks.
        Bash = "bash",
        /// Ends by itself, at once or when its work on files is done.
        Brief = "brief",
        /// A tool that builds, or starts, programs of a project.
        BuildTool = "build-tool",
        /// Compiles or bundles a project's sources.
        Bundler = "bundler",
        /// The shell runs it itself.
        Builtin = "builtin",
        /// A C compiler's driver: what it makes stands behind `-o`.
        Cc = "cc",
        /// Compiles, or is a part of it.
        Compiler = "compiler",
        /// Is no compiler, and may call one.
        Compiles = "compiles",
        /// Scripts ask for its status: what follows runs only where it is there or holds.
        Condition = "condition",
        /// Makes files with the content of others.
        Copies = "copies",
        /// The shell does not split its arguments: they are assignments or a test.
        Declares = "declares",
        /// Deletes files.
        Deletes = "deletes",
        /// Changes the content of files, or takes it away.
        Edits = "edits",
        /// Makes folders, links and empty files, or changes owners and modes.
        Entries = "entries",
        /// What it does may depend on variables of its environment.
        Environment = "environment",
        /// Downloads files.
        Fetches = "fetches",
        /// Serves files, as they are or bundled.
        FileServer = "file-server",
        /// Succeeds whatever text it reads.
        Filter = "filter",
        /// Generates, checks or shrinks what a build makes.
        Generator = "generator",
        /// Sets up hooks of a repository for people; an image needs nothing of it.
        Hook = "hook",
        /// Keeps a container open for people, and serves nothing.
        Idle = "idle",
        /// Runs others as the container's first program.
        Init = "init",
        /// Installs what its own files or another project's say, packages of the system among it.
        Installer = "installer",
        /// Runs the program in the file that it is given.
        Interpreter = "interpreter",
        /// Comes with a JDK and its build tools, and with no JRE.
        Jdk = "jdk",
        /// May read apt's lists of packages.
        Lists = "lists",
        /// Needs a running system, a terminal or another machine.
        Live = "live",
        /// Starts a program of a Node project's packages, maybe with other variables.
        Launcher = "launcher",
        /// Calls cargo with its arguments, for another platform.
        LikeCargo = "like-cargo",
        /// Calls go with its arguments, for another platform.
        LikeGo = "like-go",
        /// Makes files or folders where its last operand says, and copies none.
        Makes = "makes",
        /// Deletes, makes folders, or changes owners and modes, and reads no file's content.
        NoContent = "no-content",
        /// Checks or changes files of a Node project in their place: nothing new comes of it.
        NoOutput = "no-output",
        /// Reads nothing of a project, and changes nothing of it.
        NoProject = "no-project",
        /// A builtin, and Debian has no program of its name at first.
        OnlyBuiltin = "only-builtin",
        /// A package manager.
        Packages = "packages",
        /// Compiles or enables extensions of PHP.
        PhpExtension = "php-extension",
        /// pip installs it as a script.
        PipScript = "pip-script",
        /// Prints its arguments, or the files that they name.
        Prints = "prints",
        /// Says which processes run.
        Processes = "processes",
        /// What it sets up counts when a program runs, and not for installs.
        RunTime = "run-time",
        /// Runs what a project's own file says: the recipes of a makefile.
        Recipes = "recipes",
        /// Can't do its work for another user than root.
        Root = "root",
        /// Works on a project's files as well for another user than root.
        Runner = "runner",
        /// Starts a service, given something to run.
        Runtime = "runtime",
        /// Runs until it is stopped.
        Server = "server",
        /// Starts several others.
        Several = "several",
        /// Reads commands.
        Shell = "shell",
        /// Serves SSH itself: port 22 is its own.
        SshServer = "ssh-server",
        /// A server that starts as root, and hands its work to another user or can do nothing as one.
        StepsDown = "steps-down",
        /// Fails when what it reads has not the form that it expects.
        Strict = "strict",
        /// Does not fail.
        Succeeds = "succeeds",
        /// Prints what it is given, or what the image holds: no failure is worth seeing.
        Text = "text",
        /// Comes with a compiler, and images that only run programs lack it.
        Toolchain = "toolchain",
        /// Unpacks archives.
        Unpacks = "unpacks",
        /// Starts another program as another user.
        User = "user",
        /// Verifies checksums or signatures.
        Verifies = "verifies",
        /// Starts another program, and ends with its status.
        Wrapper = "wrapper",
    }
}

/// What is known of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Files that it touches.
    pub files: Files,
    /// Whether it uses the network.
    pub network: Network,
    /// What it changes of the shell.
    pub state: State,
    /// Its language.
    pub language: Option<Language>,
    /// Whether the table knows it.
    pub is_known: bool,
    /// Whether a source is known for it; safe fixes rest on no other.
    pub is_verified: bool,
    kinds: u128,
}

static PROGRAMS: LazyLock<HashMap<&str, Program>> = LazyLock::new(|| {
    let mut programs = HashMap::new();
    for row in data::COMMANDS.rows() {
        if let &[name, files, network, state, language, kinds, _, source] = row {
            let mut program = Program {
                files: Files::of(files).unwrap_or(Files::Anywhere),
                network: Network::of(network).unwrap_or(Network::Maybe),
                state: State::of(state).unwrap_or(State::Any),
                language: Language::of(language),
                is_known: true,
                is_verified: source != "unverified",
                kinds: 0,
            };
            for word in data::words(kinds) {
                program.kinds |= Kind::of(word).map_or(0, Kind::bit);
            }
            programs.insert(name, program);
        }
    }
    programs
});

impl Kind {
    const fn bit(self) -> u128 {
        1 << self as u32
    }
}

impl Program {
    /// A program of which nothing is known.
    pub const UNKNOWN: Self = Self {
        files: Files::Anywhere,
        network: Network::Maybe,
        state: State::None,
        language: None,
        is_known: false,
        is_verified: false,
        kinds: 0,
    };

    /// The program of a name without folders; a version behind it counts for nothing: `python3.11`, `gcc-12`.
    pub fn of(name: &str) -> Self {
        if let Some(program) = PROGRAMS.get(name) {
            return *program;
        }
        let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if bare.len() == name.len() {
            return Self::UNKNOWN;
        }
        PROGRAMS.get(bare.strip_suffix('-').unwrap_or(bare)).copied().unwrap_or(Self::UNKNOWN)
    }

    /// Whether it is one of these.
    pub const fn is(self, kind: Kind) -> bool {
        self.kinds & kind.bit() != 0
    }

    /// Whether it reads commands.
    pub const fn is_shell(self) -> bool {
        self.is(Kind::Shell)
    }

    /// The names of those that are one of these.
    pub fn with(kind: Kind) -> impl Iterator<Item = &'static str> {
        data::COMMANDS.keys().filter(move |name| Self::of(name).is(kind))
    }

    /// Whether it makes files or folders where its last operand says.
    pub fn makes_files(self) -> bool {
        self.is(Kind::Makes) || self.is(Kind::Copies) && !self.is(Kind::Entries)
    }

    /// Whether it touches what its arguments name, or fixed places of the system, and nothing else.
    pub fn keeps_to_arguments(self) -> bool {
        self.files != Files::Anywhere
    }

    /// Whether it works on the files that its arguments name and on nothing else; what it writes is no archive's.
    pub fn handles_files(self) -> bool {
        matches!(self.files, Files::None | Files::Reads | Files::Writes)
            && self.network == Network::No
            && self.state == State::None
            && !self.is(Kind::Unpacks)
    }

    /// Whether it writes no file, as long as its output is not sent to one, and starts no other program.
    pub fn writes_nothing(self) -> bool {
        matches!(self.files, Files::None | Files::Reads) && self.network == Network::No && !self.is(Kind::Wrapper)
    }

    /// Whether it writes the files that its arguments name.
    pub fn writes_files(self) -> bool {
        self.files == Files::Writes
    }

    /// Whether only the shell's own folder and options can depend on it.
    pub fn is_neutral(self) -> bool {
        match self.state {
            State::Folder | State::Options => true,
            State::None => self.is(Kind::Succeeds),
            _ => false,
        }
    }

    /// Whether it sets up the system an image runs with, accounts among it: no packages, nothing that is fetched.
    pub fn prepares_system(self) -> bool {
        self.files == Files::System
            && self.network == Network::No
            && !self.is(Kind::Packages)
            && !self.is(Kind::PhpExtension)
    }

    /// Whether it changes the shell that runs it without reading a text that says how.
    pub fn sets_shell(self) -> bool {
        !matches!(self.state, State::None | State::Flow | State::Any)
    }

    /// Whether it serves applications of Python, and is a module of the same name too.
    pub fn is_python_server(self) -> bool {
        self.is(Kind::Server) && self.language == Some(Language::Python)
    }

    /// Whether a shell in front of it does no harm: it is over at once, only waits, or is a shell itself.
    pub fn needs_no_exec(self) -> bool {
        self.is(Kind::Builtin) || self.is(Kind::Brief) || self.is(Kind::Idle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{Dialect, shell_of};

    #[test]
    fn every_word_of_the_table_is_valid() {
        for row in data::COMMANDS.rows() {
            let &[name, files, network, state, language, kinds, ..] = row else { panic!("{row:?}") };
            assert!(
                Files::of(files).is_some() && Network::of(network).is_some() && State::of(state).is_some(),
                "{name}"
            );
            assert!(language == "-" || Language::of(language).is_some(), "{name}");
            for word in data::words(kinds) {
                assert!(Kind::of(word).is_some(), "{name}: {word}");
            }
        }
        assert_eq!(PROGRAMS.len(), data::COMMANDS.rows().count());
    }

    #[test]
    fn versions_are_ignored() {
        assert_eq!(Program::of("python3.11"), Program::of("python"));
        assert!(Program::of("gcc-12").is(Kind::Cc));
        assert!(Program::of("php-fpm8.3").is(Kind::StepsDown));
        assert!(Program::of("b2sum").is(Kind::Verifies));
        assert!(!Program::of("no-such-program").is_known && !Program::of("7").is_known);
    }

    #[test]
    fn shells_are_those_that_are_read() {
        for row in data::COMMANDS.rows() {
            let dialect = shell_of(&[row[0]]).dialect;
            assert_eq!(Program::of(row[0]).is_shell(), dialect != Dialect::Other || row[0] == "fish", "{}", row[0]);
        }
    }

    #[test]
    fn questions() {
        let check = |question: fn(Program) -> bool, yes: &str, no: &str| {
            for name in yes.split(' ') {
                assert!(question(Program::of(name)), "{name}");
            }
            for name in no.split(' ') {
                assert!(!question(Program::of(name)), "{name}");
            }
        };
        check(Program::keeps_to_arguments, "cp find cd tar useradd dpkg git", "sh python make node . eval unknown gcc");
        check(Program::handles_files, "cp awk mkdir [ true xargs", "tar curl useradd cd git make");
        check(Program::writes_nothing, "cat echo ls cd [ export exit", "cp sed find env useradd curl sh unknown");
        check(Program::is_neutral, "cd set true : echo pushd printf", "export umask [ source exit cp");
        check(Program::prepares_system, "useradd ldconfig locale-gen", "dpkg pecl add-apt-repository mkdir apt-get");
        check(Program::sets_shell, "cd set export umask alias", ". source eval exit echo");
        check(Program::needs_no_exec, "exec echo sleep tail bash cp cat", "nginx env python sudo nohup java unknown");
    }
}
