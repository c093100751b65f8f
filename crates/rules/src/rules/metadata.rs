//! The front matter of a rule's page as a closed struct. Reading never fails: it gives a value and problems, and a
//! test keeps all pages free of problems.

use crate::finding::{Basis, Severity};
use crate::inputs::{BuildInput, Need, Needs};
use crate::settings::OptionKind;

/// What a page says about its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What the rule finds, in a few words without a full stop.
    pub summary: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub category: Category,
    /// What its findings mean for the reader.
    pub kind: Kind,
    /// Groups that select it.
    pub groups: Vec<Group>,
    /// How sure a finding is.
    pub confidence: Confidence,
    /// How its figures are known in the best case.
    pub basis: Basis,
    /// What it reads.
    pub subject: Subject,
    /// The inputs that it requires: without them it is skipped, and the report says so.
    pub needs: Needs,
    /// The inputs that it uses if they are available.
    pub wants: Needs,
    /// Whether its findings have a fix.
    pub fix: Fixability,
    /// What its edits do to the parsed file, and nothing else: `run` (a RUN changes), `+user` (a USER is added), `-cmd`
    /// (a CMD is removed), `unknown` for a line that is not an instruction; `keyword` (the spelling of a keyword
    /// changes), `comment`, `directive`; `dockerignore` and `settings` for those files. The page runner compares both
    /// parses.
    pub changes: Vec<&'static str>,
    /// Whether it is on by default.
    pub status: Status,
    /// The version that added it.
    pub since: &'static str,
    /// Its names in other linters, and its former names.
    pub aliases: Vec<&'static str>,
    /// Those of its aliases that the other linter reports in more places, each with an instruction (`DL4006 run`): a
    /// comment for that linter may be needed where this rule reports nothing. Optional.
    pub narrower: Vec<(&'static str, &'static str)>,
    /// Its options in the settings (`[rules.<name>]`): a name and its type, `allow list`. Optional.
    pub options: Vec<(&'static str, OptionKind)>,
    /// What its findings with one cause have in common, of which one is reported that names the places of all. Optional.
    pub joins: Option<Joining>,
    /// The passes of `optimize` that remove its findings, or come along with those: where one of them changes a build, the
    /// finding says it. Optional.
    pub passes: Vec<&'static str>,
    /// What its findings prove to be wrong in every case. Optional.
    pub breaks: Option<Broken>,
}

/// A closed set of words, as written in pages.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// All words, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// As written in pages and results.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

words! {
    /// What a rule is about.
    Category {
        /// The build fails, or does something else than it seems to do.
        Correctness = "correctness",
        /// Secrets, users, permissions.
        Security = "security",
        /// Bytes in the image or in the context.
        Size = "size",
        /// Seconds of a build: steps that rerun, files that are downloaded again.
        Cache = "cache",
        /// Start, stop and health of the container.
        Runtime = "runtime",
        /// Builds that give the same result tomorrow.
        Reproducibility = "reproducibility",
        /// A matter of taste; off unless selected.
        Style = "style",
    }
}

words! {
    /// What a finding means for the reader: what `audit` shows first.
    Kind {
        /// It does not work: it cannot be built, started or reached, is never healthy, loses data or requests, or cannot go back.
        Fails = "fails",
        /// It costs bytes, seconds or pulls.
        Costs = "costs",
        /// It may go wrong one day: secrets, root, end of life, moving tags.
        Risk = "risk",
    }
}

words! {
    /// A group of rules; its rules are off unless selected.
    Group {
        /// Versions of distribution packages.
        Pinning = "pinning",
        /// Labels of the image.
        Labels = "labels",
        /// The order of things that may be in any order.
        Ordering = "ordering",
        /// What loses requests or time when containers are replaced by newer ones.
        Deploy = "deploy",
    }
}

words! {
    /// How sure a finding is.
    Confidence {
        /// Follows from the reference.
        High = "high",
        /// True for all but unusual cases.
        Medium = "medium",
        /// A guess that is worth checking.
        Low = "low",
    }
}

words! {
    /// What a rule reads.
    Subject {
        /// A Dockerfile.
        Dockerfile = "dockerfile",
        /// The list of files that are not sent to the builder.
        Dockerignore = "dockerignore",
        /// A compose file.
        Compose = "compose",
        /// A built image.
        Image = "image",
        /// A workflow.
        Workflow = "workflow",
        /// A manifest that says what a platform starts.
        Workload = "workload",
        /// Suppressions and their effect: such rules run after all others.
        Suppressions = "suppressions",
    }
}

words! {
    /// Whether findings have a fix.
    Fixability {
        /// Each does.
        Always = "always",
        /// Some do.
        Sometimes = "sometimes",
        /// None does.
        Never = "never",
    }
}

words! {
    /// Whether a rule is on by default.
    Status {
        /// Off unless selected by name or by `all`.
        Preview = "preview",
        /// On by default in `audit`, which says what all commands know, as `info` unless its findings are of the kind `fails`;
        /// elsewhere off unless selected.
        Audit = "audit",
        /// On by default for findings that are known to be costly; the others are reported only if the rule is selected
        /// by name or by `all`.
        Costly = "costly",
        /// On by default, unless its category or group is off.
        Stable = "stable",
    }
}

words! {
    /// What findings with one cause have in common: one edit of another file cures all of them, one start shows what all need
    /// to know, or builds of one file lack the same.
    Joining {
        /// Their message.
        Message = "message",
        /// Their help.
        Help = "help",
        /// Their message up to the number of calls, and whether they have a fix.
        Calls = "calls",
        /// File, message and fixes.
        File = "file",
    }
}

words! {
    /// What a finding proves to be wrong in every case.
    Broken {
        /// A healthcheck, which is then replaced and not kept where files are written.
        Healthcheck = "healthcheck",
    }
}

/// Optional keys of a page.
const OPTIONAL: [&str; 5] = ["narrower", "options", "joins", "passes", "breaks"];

const KEYS: [&str; 15] = [
    "summary",
    "severity",
    "category",
    "kind",
    "groups",
    "confidence",
    "basis",
    "subject",
    "needs",
    "wants",
    "fix",
    "changes",
    "status",
    "since",
    "aliases",
];

impl Metadata {
    /// Reads a page. Missing or wrong fields become problems and get a cautious value.
    pub fn read(page: &'static str) -> (Self, Vec<String>) {
        let mut front = FrontMatter::read(page);
        let metadata = Self {
            summary: front.text("summary"),
            severity: front.word("severity", &SEVERITIES, Severity::name),
            category: front.word("category", Category::ALL, Category::name),
            kind: front.word("kind", Kind::ALL, Kind::name),
            groups: front.words("groups", Group::ALL, Group::name),
            confidence: front.word("confidence", Confidence::ALL, Confidence::name),
            basis: front.word("basis", &[Basis::Typical, Basis::Computed, Basis::Measured], Basis::name),
            subject: front.word("subject", Subject::ALL, Subject::name),
            needs: front.words("needs", &Need::ALL, Need::name).into_iter().collect(),
            wants: front.words("wants", &Need::ALL, Need::name).into_iter().collect(),
            fix: front.word("fix", &[Fixability::Never, Fixability::Sometimes, Fixability::Always], Fixability::name),
            changes: front.list("changes"),
            status: front.word("status", Status::ALL, Status::name),
            since: front.text("since"),
            aliases: front.list("aliases"),
            narrower: front.narrower(),
            options: front.options(),
            joins: front.optional_word("joins", Joining::ALL, Joining::name),
            passes: front.optional_list("passes"),
            breaks: front.optional_word("breaks", Broken::ALL, Broken::name),
        };
        front.finish(&metadata);
        (metadata, front.problems)
    }

    /// Whether the rule is on when nothing is selected.
    pub fn on_by_default(&self) -> bool {
        matches!(self.status, Status::Stable | Status::Costly)
            && self.category != Category::Style
            && self.groups.is_empty()
            && !self.has_codes()
    }

    /// Whether the rule is on in `audit` when nothing is selected: what is on everywhere, what is meant for `audit`, and what
    /// is lost when containers are replaced.
    pub fn on_in_audit(&self) -> bool {
        // Who writes manifests replaces containers; who writes a compose file may only develop with it.
        let is_of_manifests = self.groups == [Group::Deploy] && self.subject == Subject::Workload;
        self.on_by_default() || self.status == Status::Audit || is_of_manifests && self.status == Status::Stable
    }

    /// Whether it reports the findings of another program, each with that program's code. It runs only if it is
    /// selected by name.
    pub fn has_codes(&self) -> bool {
        self.needs.has(Need::Shellcheck)
    }
}

/// The page without its front matter.
pub(super) fn body(page: &str) -> &str {
    split(page).map_or(page, |(_, body)| body)
}

fn split(page: &str) -> Option<(&str, &str)> {
    page.strip_prefix("---\n")?.split_once("\n---\n")
}

const SEVERITIES: [Severity; 4] = [Severity::Style, Severity::Info, Severity::Warning, Severity::Error];

struct FrontMatter {
    fields: Vec<(&'static str, &'static str)>,
    problems: Vec<String>,
}

impl FrontMatter {
    fn read(page: &'static str) -> Self {
        let mut front = Self { fields: Vec::new(), problems: Vec::new() };
        let Some((head, _)) = split(page) else {
            front.problems.push("the page must start with front matter between two lines `---`".into());
            return front;
        };
        for line in head.lines() {
            let Some((key, value)) = line.split_once(':') else {
                front.problems.push(format!("`{line}` is not `key: value`"));
                continue;
            };
            // As in YAML, a comment starts at a `#` after white space.
            let comment = if value.contains('#') { value.find(" #") } else { None };
            let value = comment.map_or(value, |at| &value[..at]).trim();
            if !KEYS.contains(&key) && !OPTIONAL.contains(&key) {
                front.problems.push(format!("unknown key `{key}`"));
            } else if front.fields.iter().any(|field| field.0 == key) {
                front.problems.push(format!("`{key}` is given twice"));
            } else {
                front.fields.push((key, value));
            }
        }
        front
    }

    fn text(&mut self, key: &str) -> &'static str {
        match self.fields.iter().find(|field| field.0 == key) {
            Some(("aliases" | "changes" | "groups" | "needs" | "wants", value)) => value,
            Some((_, value)) if !value.is_empty() => value,
            _ => {
                self.problems.push(format!("`{key}` is missing"));
                ""
            }
        }
    }

    fn list(&mut self, key: &str) -> Vec<&'static str> {
        let value = self.text(key);
        let Some(inner) = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')) else {
            if !value.is_empty() {
                self.problems.push(format!("`{key}` must be a list in brackets"));
            }
            return Vec::new();
        };
        inner.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
    }

    /// A list; empty if the page has no such key.
    fn optional_list(&mut self, key: &str) -> Vec<&'static str> {
        if self.fields.iter().any(|field| field.0 == key) { self.list(key) } else { Vec::new() }
    }

    /// `code instruction`, several in brackets; empty if the page has no such key.
    fn narrower(&mut self) -> Vec<(&'static str, &'static str)> {
        let mut narrower = Vec::new();
        for entry in self.optional_list("narrower") {
            match entry.split_once(' ').filter(|(_, instruction)| INSTRUCTIONS.contains(instruction)) {
                Some(pair) => narrower.push(pair),
                None => self.problems.push(format!("`narrower: {entry}` is not a code with an instruction")),
            }
        }
        narrower
    }

    /// `name kind`, several in brackets; empty if the page has no such key.
    fn options(&mut self) -> Vec<(&'static str, OptionKind)> {
        let mut options = Vec::new();
        for option in self.optional_list("options") {
            let (name, kind) = option.split_once(' ').unwrap_or((option, ""));
            match OptionKind::ALL.into_iter().find(|known| known.name() == kind.trim()) {
                Some(kind) => options.push((name, kind)),
                None => self.refuse("options", option, &OptionKind::ALL, OptionKind::name),
            }
        }
        options
    }

    /// One of `known`; the first one if the page is wrong.
    fn word<T: Copy>(&mut self, key: &str, known: &[T], name: fn(T) -> &'static str) -> T {
        let value = self.text(key);
        let word = known.iter().copied().find(|word| name(*word) == value);
        if word.is_none() && !value.is_empty() {
            self.refuse(key, value, known, name);
        }
        word.unwrap_or(known[0])
    }

    /// One of `known`; `None` if the page has no such key.
    fn optional_word<T: Copy>(&mut self, key: &str, known: &[T], name: fn(T) -> &'static str) -> Option<T> {
        let is_given = self.fields.iter().any(|field| field.0 == key);
        if is_given { Some(self.word(key, known, name)) } else { None }
    }

    fn words<T: Copy>(&mut self, key: &str, known: &[T], name: fn(T) -> &'static str) -> Vec<T> {
        let mut words = Vec::new();
        for value in self.list(key) {
            match known.iter().copied().find(|word| name(*word) == value) {
                Some(word) => words.push(word),
                None => self.refuse(key, value, known, name),
            }
        }
        words
    }

    fn refuse<T: Copy>(&mut self, key: &str, value: &str, known: &[T], name: fn(T) -> &'static str) {
        let known: Vec<&str> = known.iter().copied().map(name).collect();
        self.problems.push(format!("`{key}: {value}` is not one of {}", known.join(", ")));
    }

    /// Checks that involve several fields.
    fn finish(&mut self, metadata: &Metadata) {
        let missing = KEYS.into_iter().filter(|key| !self.fields.iter().any(|field| field.0 == *key));
        for key in missing {
            let problem = format!("`{key}` is missing");
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        if metadata.summary.ends_with('.') {
            self.problems.push("`summary` must not end with a full stop".into());
        }
        for change in metadata.changes.iter().filter(|change| !is_change(change)) {
            self.problems.push(format!("`changes: {change}` is not an instruction, optionally after + or -"));
        }
        for (code, _) in metadata.narrower.iter().filter(|(code, _)| !metadata.aliases.contains(code)) {
            self.problems.push(format!("`narrower: {code}` is not one of the aliases"));
        }
        // Edits that affect only the layout change nothing.
        if metadata.fix == Fixability::Never && !metadata.changes.is_empty() {
            self.problems.push("`changes` must be empty if `fix` is `never`".into());
        }
        let numbers = metadata.since.split('.').filter(|part| part.parse::<u16>().is_ok()).count();
        if !metadata.since.is_empty() && (numbers != 3 || metadata.since.split('.').count() != 3) {
            self.problems.push(format!("`since: {}` is not a version", metadata.since));
        }
    }
}

/// The instructions, as pages write them.
const INSTRUCTIONS: [&str; 19] = [
    "add",
    "arg",
    "cmd",
    "copy",
    "entrypoint",
    "env",
    "expose",
    "from",
    "healthcheck",
    "label",
    "maintainer",
    "onbuild",
    "run",
    "shell",
    "stopsignal",
    "unknown",
    "user",
    "volume",
    "workdir",
];

/// Whether it is a word of `changes`.
fn is_change(word: &str) -> bool {
    const OTHER: [&str; 5] = ["comment", "directive", "dockerignore", "keyword", "settings"];
    // What stands under a key of a compose file's services, or at its top; under a key of a pipeline.
    OTHER.contains(&word)
        || word.starts_with("compose.")
        || word.starts_with("workflow.")
        || INSTRUCTIONS.contains(&word.strip_prefix(['+', '-']).unwrap_or(word))
}

/// Whether an input is available for a build. A context that no COPY uses is not missing.
pub fn is_there(input: &BuildInput, need: Need) -> bool {
    match need {
        Need::ContextNames | Need::ContextBytes => input.context.is_some(),
        Need::ContextTexts => input.texts.is_some(),
        Need::Projects => input.projects.is_some(),
        Need::BaseImage => !input.base_images.is_empty(),
        Need::Shellcheck => input.shellcheck.is_some(),
        Need::Git => input.git.is_some(),
        Need::Image | Need::Buildlog => false,
    }
}

#[cfg(test)]
mod tests;
