//! Options and commands of programs (`data/program_options.tsv`): which options take a value, what commands are for, what
//! wrappers run.

use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};

use crate::data;

/// What is known of a program's words. An option that is not known takes no value in the next word.
#[derive(Debug, Default)]
pub struct ProgramOptions {
    meanings: HashMap<&'static str, &'static str>,
    /// What commands of two words begin with.
    firsts: HashSet<&'static str>,
    /// Those of commands that have their own.
    commands: HashMap<&'static str, Self>,
    /// What stands behind the options of a wrapper: `DURATION COMMAND`.
    synopsis: Option<&'static str>,
    is_whole: bool,
}

static PROGRAMS: LazyLock<HashMap<&str, ProgramOptions>> = LazyLock::new(|| {
    let mut programs: HashMap<&str, ProgramOptions> = HashMap::new();
    for row in data::PROGRAM_OPTIONS.rows() {
        let &[name, word, meaning, ..] = row else { continue };
        let (name, command) = name.split_once(' ').unwrap_or((name, ""));
        let mut program = programs.entry(name).or_default();
        if !command.is_empty() {
            program = program.commands.entry(command).or_default();
        }
        match meaning {
            "starts" => program.synopsis = Some(word),
            "whole" => program.is_whole = true,
            _ => {
                program.meanings.insert(word, meaning);
                program.firsts.extend(word.split_once(' ').map(|(first, _)| first));
            }
        }
    }
    programs
});

static UNKNOWN: LazyLock<ProgramOptions> = LazyLock::new(ProgramOptions::default);

impl ProgramOptions {
    /// Those of the program of a name without folders.
    pub fn of(program: &str) -> &'static Self {
        PROGRAMS.get(program).unwrap_or(&UNKNOWN)
    }

    /// The programs that have a word which means this, in order.
    pub fn programs_with(meaning: &str) -> Vec<&'static str> {
        let has = |options: &Self| options.meanings.keys().any(|word| options.has(word, meaning));
        let mut programs: Vec<&str> =
            PROGRAMS.iter().filter(|(_, options)| has(options)).map(|(name, _)| *name).collect();
        programs.sort_unstable();
        programs
    }

    /// Those behind a command of the program; the program's own where the command has none.
    pub fn of_command(&self, command: &str) -> &Self {
        self.commands.get(command).or_else(|| self.commands.get("*")).unwrap_or(self)
    }

    /// Whether an option, dashes included, takes the next word.
    pub fn takes_value(&self, option: &str) -> bool {
        self.has(option, "value")
    }

    /// How many words an option takes as it stands: with one for its value, where that is the next word.
    pub fn word_count(&self, option: &str) -> usize {
        1 + usize::from(self.takes_value(option))
    }

    /// Whether an option or a command means this.
    pub fn has(&self, word: &str, meaning: &str) -> bool {
        self.meaning(word).any(|known| known == meaning)
    }

    /// The options and commands that mean this.
    pub fn with(&self, meaning: &str) -> Vec<&'static str> {
        self.meanings.keys().copied().filter(|word| self.has(word, meaning)).collect()
    }

    /// All that an option or a command means.
    pub fn meaning(&self, word: &str) -> impl Iterator<Item = &'static str> + use<> {
        data::words(self.meanings.get(word).copied().unwrap_or_default())
    }

    /// Whether commands of two words begin with this one.
    pub fn has_second(&self, first: &str) -> bool {
        self.firsts.contains(first)
    }

    /// Whether `-name` is one option and no letters.
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// What stands behind the options, where it runs another program: `COMMAND`, `DURATION COMMAND`.
    pub const fn synopsis(&self) -> Option<&'static str> {
        self.synopsis
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::{InputKind, Verb};

    #[test]
    fn every_word_of_the_table_is_valid() {
        let mut seen = std::collections::HashSet::new();
        for row in data::PROGRAM_OPTIONS.rows() {
            let &[program, word, meaning, ..] = row else { panic!("{row:?}") };
            assert!(seen.insert((program, word)), "{program} {word} stands twice");
            for name in data::words(meaning) {
                let fits = match name {
                    "value" | "prepares" | "elsewhere" | "output" | "serves-more" | "secret" | "attached-secret"
                    | "login" => word.starts_with('-') && word.len() > 1,
                    "whole" => word == "-",
                    "starts" => word.ends_with("COMMAND"),
                    "header" => word.starts_with('-') || word == "REQUEST_ITEM",
                    "piped-login" => word == "<",
                    _ if InputKind::of(name).is_some() => word.starts_with('-'),
                    "answers" | "simulates" | "downloads" | "part" | "no-cache" | "no-lock" | "global" | "member"
                    | "production" | "fails" | "reports" | "request" | "local" | "probe" | "quiet" | "queries"
                    | "listens-elsewhere" | "saves" | "berry" | "request-seconds" => true,
                    "packages" | "locked" | "makes-image" => !word.starts_with('-'),
                    verb => Verb::of(verb).is_some() && !word.starts_with('-'),
                };
                assert!(fits, "{program} {word}: {name}");
            }
        }
    }

    #[test]
    fn questions() {
        let check = |program: &str, with: &str, without: &str| {
            let options = ProgramOptions::of(program);
            assert!(with.split(' ').all(|option| options.takes_value(option)), "{program}");
            assert!(!without.split(' ').any(|option| options.takes_value(option)), "{program}");
        };
        check("useradd", "-u --uid --home -K", "-l -m -D --defaults --badname");
        check("usermod", "-l --login -d --home", "-L -a -U");
        check("adduser", "--gecos --ingroup -G -h --home-dir", "-D -S -H --system --disabled-password");
        // Options that were missing, and such as take none.
        check("curl", "-x --proxy --proxy-cacert", "-f -L -s --fail --compressed");
        check("go", "-ldflags -C", "-buildvcs -race -v");
        check("gradle", "-p --tests", "-t --continuous");
        check("npm", "--prefix -w", "--network-timeout --save-dev");
        assert!(ProgramOptions::of("go").is_whole() && !ProgramOptions::of("uv").is_whole());
        assert_eq!(ProgramOptions::of("timeout").synopsis(), Some("DURATION COMMAND"));
        assert!(ProgramOptions::of("zypper").takes_value("-R") && !ProgramOptions::of("zypper").takes_value("--type"));
        assert!(ProgramOptions::of("zypper").of_command("in").takes_value("--type"));
        assert!(!ProgramOptions::of("conda").of_command("clean").takes_value("-f"));
        assert!(
            ProgramOptions::of("uv").has("--extra", "prepares") && !ProgramOptions::of("uv").has("--with", "prepares")
        );
        assert!(ProgramOptions::of("apk").has_second("cache") && !ProgramOptions::of("apk").has_second("add"));
    }
}
