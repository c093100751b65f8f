//! Random compose projects: every attribute in several forms, every operator of variables, every rule of merging, `include`
//! and `extends` in all forms. The same seed gives the same project.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A project as files, arguments and variables.
#[derive(Debug, Default)]
pub(crate) struct RandomProject {
    /// Texts by path below the project's folder.
    pub(crate) files: BTreeMap<String, String>,
    /// Compose files in order.
    pub(crate) compose_files: Vec<String>,
    pub(crate) env_files: Vec<String>,
    pub(crate) profiles: Vec<String>,
    pub(crate) name: Option<String>,
    /// Variables of the shell.
    pub(crate) variables: Vec<(String, String)>,
    /// What is in it, for the coverage.
    pub(crate) features: BTreeSet<String>,
}

const ATTRIBUTES: &str = include_str!("attributes.tsv");
const RESOURCES: &str = include_str!("resources.tsv");
const FEATURES: &str = include_str!("features.tsv");

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The names of all that a project may have in it.
pub(crate) fn all_features() -> BTreeSet<String> {
    let attributes = rows(ATTRIBUTES).enumerate().map(|(index, row)| format!("attribute {} {index}", row[0]));
    let resources = rows(RESOURCES).enumerate().map(|(index, row)| format!("resource {} {index}", row[0]));
    let features = rows(FEATURES).map(|row| format!("{} {}", row[0], row[1]));
    attributes.chain(resources).chain(features).collect()
}

struct Generator {
    seed: u64,
    state: u64,
    project: RandomProject,
    services: Vec<&'static str>,
    /// What Compose refuses, in every fourth project: table and row.
    bad: Option<(&'static str, usize)>,
}

/// Rows of the tables whose values Compose may refuse.
fn bad_rows() -> Vec<(&'static str, usize)> {
    let bad = |name: &'static str, table: &'static str, column: usize| {
        rows(table).enumerate().filter(move |(_, row)| row[column] == "bad").map(move |(index, _)| (name, index))
    };
    bad("attribute", ATTRIBUTES, 1).chain(bad("resource", RESOURCES, 2)).chain(bad("feature", FEATURES, 2)).collect()
}

/// The project of a seed.
pub(crate) fn project(seed: u64) -> RandomProject {
    let state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let bad = bad_rows();
    let bad = (seed % 4 == 3).then(|| bad[(seed / 4) as usize % bad.len()]);
    let services = vec!["a", "b", "c", "d"];
    let mut generator = Generator { seed, state, project: RandomProject::default(), services, bad };
    generator.build();
    generator.project
}

impl Generator {
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        ((self.state >> 11) % limit.max(1) as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn feature(&mut self, kind: &str, name: &str) {
        self.project.features.insert(format!("{kind} {name}"));
    }

    /// A row of `features.tsv` of a kind: its name and its text. One that Compose refuses where this project is to have it.
    fn choice(&mut self, kind: &str) -> (&'static str, String) {
        let bad = self.bad_feature(kind);
        let all: Vec<Vec<&'static str>> = rows(FEATURES).filter(|row| row[0] == kind && row[2] == "good").collect();
        let good = self.below(all.len());
        let row = bad.unwrap_or_else(|| all[good].clone());
        self.feature(kind, row[1]);
        let text = row[3].replace("\\\\", "\u{0}").replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t");
        (row[1], text.replace("\\1", "\u{1}").replace('\u{0}', "\\"))
    }

    /// The row of a kind that Compose refuses, when this project is to have it.
    fn bad_feature(&self, kind: &str) -> Option<Vec<&'static str>> {
        match self.bad {
            Some(("feature", index)) => rows(FEATURES).nth(index).filter(|row| row[0] == kind),
            _ => None,
        }
    }

    fn operator(&mut self) -> String {
        self.choice("operator").1
    }

    /// A value with texts for `%` and a later service for `@`; `None` where there is no later service.
    fn fill(&mut self, text: &str, service: usize) -> Option<String> {
        let later = self.services.len() - service - 1;
        if text.contains('@') && !text.contains("b@sha") && later == 0 {
            return None;
        }
        let pick = self.below(later);
        let name = if later > 0 { self.services[service + 1 + pick] } else { "" };
        let text = if text.contains("b@sha") {
            text.to_owned()
        } else {
            text.replace("@I", &self.below(3).to_string()).replace('@', name)
        };
        let (mut out, mut quote) = (String::new(), None);
        let chars: Vec<char> = text.chars().collect();
        for (index, &c) in chars.iter().enumerate() {
            match c {
                '"' | '\'' if quote.is_none() => quote = Some(c),
                c if quote == Some(c) => quote = None,
                _ => {}
            }
            if c != '%' {
                out.push(c);
                continue;
            }
            let before = index.checked_sub(1).map_or(' ', |index| chars[index]);
            let after = chars.get(index + 1).copied().unwrap_or(' ');
            let whole = " [{,".contains(before) && ",]} ".contains(after);
            let text = if quote.is_some() || whole {
                self.operator()
            } else {
                ["x1", "$A", "$EMPTY", "$$A", "$DOT"][self.below(5)].to_owned()
            };
            if whole && quote.is_none() {
                write!(out, "\"{text}\"").unwrap();
            } else {
                out.push_str(&text);
            }
        }
        Some(out)
    }

    /// Attributes of a service as lines. `tagged`: whether some are taken out of or replaced in earlier files.
    fn attributes(&mut self, service: usize, count: usize, tagged: bool) -> Vec<(String, String)> {
        let table: Vec<Vec<&'static str>> = rows(ATTRIBUTES).collect();
        let mut all: Vec<(String, String)> = Vec::new();
        for _ in 0..count {
            let index = self.below(table.len());
            if table[index][1] == "good" {
                self.attribute(index, service, tagged, &mut all);
            }
        }
        all
    }

    /// Adds a row of `attributes.tsv`, unless its attribute is there.
    fn attribute(&mut self, index: usize, service: usize, tagged: bool, all: &mut Vec<(String, String)>) {
        let Some(row) = rows(ATTRIBUTES).nth(index) else { return };
        if all.iter().any(|(key, _)| key == row[0]) {
            return;
        }
        let Some(mut value) = self.fill(row[2], service) else { return };
        self.feature("attribute", &format!("{} {index}", row[0]));
        if tagged && self.chance(12) {
            let (_, tag) = self.choice("tag");
            value = tag.replace('%', &value);
        }
        all.push((row[0].to_owned(), value));
    }

    /// What the first service of a project must have, so that all projects together have everything.
    fn duties(&mut self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        if let Some(("attribute", index)) = self.bad {
            self.attribute(index, 0, false, &mut all);
        }
        if self.bad_feature("operator").is_some() {
            let text = self.operator();
            all.push(("hostname".to_owned(), format!("'{text}'")));
        }
        let good: Vec<usize> =
            rows(ATTRIBUTES).enumerate().filter(|(_, row)| row[1] == "good").map(|(index, _)| index).collect();
        for duty in 0..6 {
            // Far from each other in the table: of one attribute a service takes one form.
            let index = good[(self.seed as usize + duty * 37) % good.len()];
            self.attribute(index, 0, false, &mut all);
        }
        all
    }

    fn build(&mut self) {
        let count = 2 + self.below(3);
        self.services.truncate(count);
        self.environment();
        let files = 1 + self.below(3).min(self.below(3));
        self.feature("files", &files.to_string());
        for index in 0..files {
            let path = ["compose.yaml", "over/override.yaml", "third.yml"][index].to_owned();
            let text = self.file(index);
            self.project.files.insert(path.clone(), text);
            self.project.compose_files.push(path);
        }
        if self.chance(40) {
            let (_, text) = self.choice("profile");
            self.project.profiles = text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        }
        if self.chance(15) || self.bad_feature("name").is_some() {
            self.project.name = Some(self.choice("name").1);
        }
    }

    fn environment(&mut self) {
        for (name, value) in
            [("A", "1"), ("B", "two words"), ("EMPTY", ""), ("HOME", "/srv/user"), ("SESSION_SECRET", "s$1")]
        {
            self.project.variables.push((name.to_owned(), value.to_owned()));
        }
        for (path, text) in [
            ("e1.env", "E1=one\nDQ=from-e1\nSHOW=e1\n"),
            ("sub/e3.env", "E3='x'\n"),
            ("raw.env", "R1=${A} \"x\" # no comment\nA\n# c\nR2=\n"),
            ("bad.env", "a b=c\n"),
            ("l1.env", "com.label=one\nother=${A:-x}\n"),
            ("inc.env", "A=inc\nI=inc-$B\nDOT=inc\n"),
        ] {
            self.project.files.insert(path.to_owned(), text.to_owned());
        }
        let mut texts = Vec::new();
        for _ in 0..2 {
            let mut text = String::from("DOT=dot\n");
            for _ in 0..4 {
                text.push_str(&self.choice("dotenv").1);
                text.push('\n');
            }
            texts.push(text);
        }
        let dotenv = texts.pop().unwrap_or_default();
        self.project.files.insert("e2.env".to_owned(), texts.pop().unwrap_or_default());
        match self.below(5) {
            0 if self.bad.is_none() => {
                self.feature("env", "no .env");
            }
            1 => {
                self.feature("env", "--env-file");
                self.project.files.insert("other.env".to_owned(), dotenv);
                self.project.env_files = vec!["e1.env".to_owned(), "other.env".to_owned()];
            }
            _ => {
                self.feature("env", ".env");
                self.project.files.insert(".env".to_owned(), dotenv);
            }
        }
    }

    /// A compose file; the first one gives each service what it needs.
    fn file(&mut self, index: usize) -> String {
        let mut out = String::new();
        if self.chance(10) {
            out.push_str("# a comment\n---\n");
        }
        self.heads(&mut out, index);
        let is_anchored = self.chance(40);
        if is_anchored {
            let attributes = self.attributes(self.services.len() - 1, 4, false);
            out.push_str("x-common: &common\n");
            write_all(&mut out, &attributes, "  ");
            if !attributes.iter().any(|(key, _)| key == "labels") {
                out.push_str("  labels: {c: d}\n");
            }
            out.push_str("x-labels: &labels {anchored: yes}\nx-second: &second\n  stop_signal: SIGTERM\n");
            out.push_str("  environment: &env\n    ANCHORED: '${A}'\n");
        }
        let included = if index == 0 { self.include(&mut out) } else { None };
        out.push_str("services:\n");
        if index == 0 {
            let attributes = self.attributes(self.services.len() - 1, 5, false);
            out.push_str("  base:\n");
            write_all(&mut out, &attributes, "    ");
            if !attributes.iter().any(|(key, _)| key == "image") {
                out.push_str("    image: base\n");
            }
        }
        for service in 0..self.services.len() {
            if (index == 0 || service == 0 || !self.chance(40)) && included != Some(service) {
                let text = self.service(service, index, is_anchored);
                out.push_str(&text);
            }
        }
        self.resources(&mut out, index);
        if self.chance(4) {
            self.feature("documents", "2");
            out.push_str("---\nservices:\n  a:\n    labels: {second: document}\n");
        }
        if self.bad_feature("yaml").is_some() {
            let (_, text) = self.choice("yaml");
            out.push_str(&text);
        }
        out
    }

    /// Top-level keys that are no sections.
    fn heads(&mut self, out: &mut String, index: usize) {
        for (number, row) in rows(RESOURCES).enumerate().filter(|(_, row)| row[1] == "-") {
            let is_new = !out.lines().any(|line| line.starts_with(&format!("{}:", row[0])));
            let is_bad = matches!(self.bad, Some(("resource", bad)) if rows(RESOURCES).nth(bad).is_some_and(|bad| bad[0] == row[0]));
            let is_wanted =
                if row[2] == "bad" { self.bad == Some(("resource", number)) } else { !is_bad && self.chance(12) };
            if is_wanted
                && is_new
                && let Some(value) = self.fill(row[3], 0)
            {
                self.feature("resource", &format!("{} {number}", row[0]));
                writeln!(out, "{}: {value}", row[0]).unwrap();
            }
        }
        if self.chance(30) && self.bad_feature("yaml").is_none() {
            let (_, text) = self.choice("yaml");
            writeln!(out, "x-yaml{index}:\n{text}").unwrap();
        }
    }

    /// Moves the last service to a project that is included; gives its index.
    fn include(&mut self, out: &mut String) -> Option<usize> {
        if !self.chance(30) && self.bad_feature("include").is_none() {
            return None;
        }
        let (_, text) = self.choice("include");
        writeln!(out, "include: {text}").unwrap();
        let last = self.services.len() - 1;
        let name = self.services[last];
        let service = self.service(last, 0, false);
        let extra = "  extra:\n    build: {context: ctx, args: {I: '${I:-none}', D: '${DOT}', A: '${A}'}}\n    volumes: [./v:/v]\n    env_file: [{path: own.env, required: false}]\n";
        let whole = format!("services:\n{service}{extra}");
        for (path, text) in [
            ("inc/compose.yaml", whole.clone()),
            ("inc/deep/compose.yaml", whole),
            ("inc/.env", "I=from-inc\nDOT=from-inc\n".to_owned()),
            ("inc/own.env", "OWN=own\n".to_owned()),
            ("inc/over.yaml", format!("services:\n  {name}:\n    labels: {{over: '${{A}}'}}\n")),
            ("inc/nest.yaml", "include: [deep/compose.yaml]\n".to_owned()),
            (
                "inc/nest2.yaml",
                "include: [{path: deep/compose.yaml, project_directory: .., env_file: ../inc.env}]\n".to_owned(),
            ),
            ("inc/circle.yaml", "include: [circle.yaml]\nservices: {}\n".to_owned()),
            ("inc/conflict.yaml", "services:\n  a:\n    image: conflict\n".to_owned()),
        ] {
            self.project.files.insert(path.to_owned(), text);
        }
        Some(last)
    }

    fn service(&mut self, service: usize, index: usize, is_anchored: bool) -> String {
        let mut out = format!("  {}:\n", self.services[service]);
        let count = 1 + self.below(6);
        let is_first = service == 0 && index == 0;
        let mut attributes = if is_first { self.duties() } else { self.attributes(service, count, index > 0) };
        let has = |attributes: &[(String, String)], key: &str| attributes.iter().any(|(known, _)| known == key);
        let is_complete = has(&attributes, "image") || has(&attributes, "build") || has(&attributes, "provider");
        if index == 0 && !is_complete {
            attributes.push(("image".to_owned(), "i".to_owned()));
        }
        if is_anchored && self.chance(40) {
            let (name, text) = self.choice("anchor");
            let key = if name.starts_with("merge of") || name == "merge" {
                "<<"
            } else {
                text.split(':').next().unwrap_or_default()
            };
            if !has(&attributes, key) {
                let value =
                    text.split_once(':').map_or(String::new(), |(_, value)| value.trim_start_matches(' ').to_owned());
                attributes.push((key.to_owned(), value));
            }
        }
        let is_included = service + 1 == self.services.len();
        let must_extend = is_first && self.bad_feature("extends").is_some();
        if (self.chance(25) || must_extend) && index == 0 && !is_included {
            let (_, text) = self.choice("extends");
            writeln!(out, "    {text}").unwrap();
            self.bases();
        }
        write_all(&mut out, &attributes, "    ");
        out
    }

    /// The files that services extend.
    fn bases(&mut self) {
        if self.project.files.contains_key("ext/base.yaml") {
            return;
        }
        let last = self.services.len() - 1;
        let mut base = String::from("services:\n");
        for (name, extra) in [
            ("web", "    image: web\n"),
            ("child", "    extends: web\n"),
            ("far", "    extends: {file: more/far.yaml, service: x}\n"),
            ("loop", "    extends: loop\n"),
        ] {
            writeln!(base, "  {name}:").unwrap();
            base.push_str(extra);
            let attributes: Vec<_> =
                self.attributes(last, 4, false).into_iter().filter(|(key, _)| key != "image").collect();
            write_all(&mut base, &attributes, "    ");
        }
        let far = "services:\n  x:\n    build: ./ctx\n    volumes: ['./v:/v']\n    env_file: [../../e1.env]\n    develop: {watch: [{path: w, action: rebuild}]}\n";
        self.project.files.insert("ext/base.yaml".to_owned(), base);
        self.project.files.insert("ext/more/far.yaml".to_owned(), far.to_owned());
    }

    fn resources(&mut self, out: &mut String, index: usize) {
        let defaults = [
            ("networks", "n1", "{}"),
            ("networks", "n2", ""),
            ("volumes", "d1", ""),
            ("volumes", "d2", "{}"),
            ("secrets", "s1", "{file: s1}"),
            ("secrets", "s2", "{environment: B}"),
            ("configs", "c1", "{content: x}"),
            ("configs", "c2", "{file: c2}"),
            ("models", "m1", "{model: m}"),
        ];
        let table: Vec<Vec<&'static str>> = rows(RESOURCES).collect();
        let mut sections: BTreeMap<&str, BTreeMap<&str, String>> = BTreeMap::new();
        if index == 0 {
            for (section, name, value) in defaults {
                sections.entry(section).or_default().insert(name, value.to_owned());
            }
        }
        for (number, row) in table.iter().enumerate().filter(|(_, row)| row[1] != "-") {
            let is_wanted = match (row[2], index) {
                ("bad", 0) => self.bad == Some(("resource", number)),
                ("bad", _) => false,
                (_, 0) => self.chance(10) || self.seed as usize % table.len() == number,
                _ => self.chance(2),
            };
            if !is_wanted {
                continue;
            }
            let Some(value) = self.fill(row[3], 0) else { continue };
            self.feature("resource", &format!("{} {number}", row[0]));
            sections.entry(row[0]).or_default().insert(row[1], value);
        }
        for (section, entries) in sections {
            writeln!(out, "{section}:").unwrap();
            for (name, value) in entries {
                writeln!(out, "  {name}: {value}").unwrap();
            }
        }
    }
}

fn write_all(out: &mut String, attributes: &[(String, String)], indent: &str) {
    for (key, value) in attributes {
        if value.starts_with('\n') {
            writeln!(out, "{indent}{key}:{value}").unwrap();
        } else {
            writeln!(out, "{indent}{key}: {value}").unwrap();
        }
    }
}
