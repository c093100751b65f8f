//! Names in a context that a build seldom needs, and names that look like secrets. By name and neighbours only, no
//! content; whether a COPY wants one of them is for the caller to ask.

mod class;
mod table;

use std::borrow::Cow;

pub use self::class::{Certainty, Class, ClassKind, ClassMatch};
use self::class::{Evidence, Holds, NamePattern};
use self::table::CLASSES;
use crate::inputs::context::entry::{ContextEntryKind, EntryId};
use crate::inputs::context::tree::BuildContext;
use crate::manifest::FileKind;
use crate::secret::is_credentials_file;

const fn secret(certainty: Certainty, reason: &'static str) -> Class {
    let (kind, name, holds, evidence) = (ClassKind::Secret, NamePattern::Any, Holds::File, Evidence::None);
    Class { kind, certainty, reason, name, holds, evidence }
}

static KEY: Class = secret(Certainty::Sure, "a private key");
static TOKEN: Class = secret(Certainty::Likely, "credentials of a tool");
static ENVIRONMENT: Class = secret(Certainty::Likely, "environment settings, usually with passwords");
static STATE: Class = secret(Certainty::Likely, "terraform stores secrets in plain text");
static MAYBE: Class = secret(Certainty::Possible, "may contain a key or a token");

/// The topmost entries that a class fits, in the order of a walk. A directory's contents belong to it.
pub fn classify(context: &BuildContext) -> &[ClassMatch] {
    // Many Dockerfiles may share one large context, and several questions of each come here.
    context.classes.get_or_init(|| look(context))
}

fn look(context: &BuildContext) -> Vec<ClassMatch> {
    let mut class_matches: Vec<ClassMatch> = Vec::new();
    for id in context.entries() {
        if class_matches.last().is_some_and(|last| context.is_below(id, last.entry)) {
            continue;
        }
        let entry = context.entry(id);
        let directory = entry.kind == ContextEntryKind::Directory;
        let parent = context.parent(id);
        let holder = parent.map_or("", |parent| context.entry(parent).name);
        let secret = if directory { None } else { secret_class(holder, entry.name) };
        let Some(class) = secret.or_else(|| CLASSES.iter().find(|class| fits(class, context, id))) else { continue };
        let anywhere = class.evidence == Evidence::None && class.kind != ClassKind::Secret;
        let pattern = match class.name {
            NamePattern::Is(_) if anywhere => format!("**/{}", entry.name),
            NamePattern::Ends(end) if anywhere => format!("**/*{end}"),
            _ if class.kind == ClassKind::Secret && holder != ".aws" && holder != ".docker" => {
                format!("**/{}", literal(entry.name))
            }
            _ => literal(&context.path(id)),
        };
        class_matches.push(ClassMatch { class, entry: id, amount: entry.amount, pattern });
    }
    class_matches
}

/// Whether a file's name (`holder`: of its directory) looks like that of a secret.
pub fn is_secret_name(holder: &str, name: &str) -> bool {
    secret_class(holder, name).is_some()
}

/// How sure it is, by its name alone (`holder`: of its directory), that a file holds a secret; `None` for other names.
pub fn secret_certainty(holder: &str, name: &str) -> Option<Certainty> {
    secret_class(holder, name).map(|class| class.certainty)
}

/// What a folder of this name would be at the top of a context, if it held a file.
pub fn folder_kind(context: &BuildContext, name: &str, file: &str) -> Option<ClassKind> {
    let is_beside = |file: &str| context.child(None, file).is_some();
    let fits = |class: &&Class| class.names(name, true) && class.is_shown(is_beside, |inside| inside == file);
    CLASSES.iter().find(fits).map(|class| class.kind)
}

fn fits(class: &Class, context: &BuildContext, id: EntryId) -> bool {
    let entry = context.entry(id);
    let is_beside = |file: &str| context.child(context.parent(id), file).is_some();
    class.names(entry.name, entry.kind == ContextEntryKind::Directory)
        && class.is_shown(is_beside, |file| context.child(Some(id), file).is_some())
}

impl Class {
    /// Whether an entry may be of the class by its name.
    fn names(&self, name: &str, is_directory: bool) -> bool {
        let is_needed = match self.holds {
            Holds::Directory => is_directory,
            Holds::File => !is_directory,
            Holds::Either => true,
        };
        let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
        is_needed
            && match self.name {
                NamePattern::Is(names) => names.contains(&name),
                NamePattern::Ends(end) => name.len() > end.len() && name.ends_with(end),
                NamePattern::Starts(start) => name.strip_prefix(start).is_some_and(is_number),
                NamePattern::Any => true,
            }
    }

    /// Whether the files around an entry show that it is of the class.
    fn is_shown(&self, is_beside: impl Fn(&str) -> bool, is_inside: impl Fn(&str) -> bool) -> bool {
        match self.evidence {
            Evidence::None => true,
            Evidence::Beside(files) => files.iter().any(|file| is_beside(file)),
            Evidence::Inside(file) => is_inside(file),
        }
    }
}

fn secret_class(holder: &str, name: &str) -> Option<&'static Class> {
    let lower = lower(name);
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.len() > end.len() && lower.ends_with(end));
    let class = match &*lower {
        "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" => Some(&KEY),
        ".env" => Some(&ENVIRONMENT),
        ".netrc" | ".pypirc" | ".git-credentials" | ".dockercfg" | ".vault-token" | "kubeconfig" | ".htpasswd"
        | ".pgpass" => Some(&TOKEN),
        "credentials" if holder == ".aws" => Some(&TOKEN),
        "config.json" if holder == ".docker" => Some(&TOKEN),
        ".npmrc" | ".yarnrc.yml" | "credentials.json" => Some(&MAYBE),
        _ if lower.starts_with(".env.") || ends(&[".env"]) => Some(&ENVIRONMENT),
        _ if ends(&[".p12", ".pfx", ".jks", ".ppk", ".keystore", ".kdbx"]) => Some(&KEY),
        _ if ends(&["-key.pem", "_key.pem", "privkey.pem", ".private.pem"]) || lower == "key.pem" => Some(&KEY),
        _ if ends(&[".pem", ".key", ".tfvars"]) => Some(&MAYBE),
        _ if ends(&[".tfstate", ".tfstate.backup"]) => Some(&STATE),
        _ if ends(&[".json"]) && (lower.starts_with("service-account") || lower.starts_with("serviceaccount")) => {
            Some(&TOKEN)
        }
        _ if is_credentials_file(holder, &lower) && !FileKind::of(name).has_code() => Some(&TOKEN),
        _ => None,
    };
    let sample = ["example", "sample", "template", "dist", "defaults", "tpl"].iter().any(|mark| lower.contains(mark));
    if sample { None } else { class }
}

/// In lower case; most names are.
fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { name.to_ascii_lowercase().into() } else { name.into() }
}

/// A pattern that takes this path and no other.
fn literal(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for character in path.chars() {
        // A backslash before these is understood by both of the engine's pattern readers.
        if matches!(character, '*' | '?' | '[' | ']' | '\\') || (out.is_empty() && matches!(character, '!' | '#')) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ignore::transfer;

    /// `expected`: the topmost paths with their patterns.
    fn check(files: &[&str], expected: &[(&str, &str)]) {
        let sized: Vec<(&str, u64)> = files.iter().map(|path| (*path, 1)).collect();
        let context = BuildContext::of(&sized);
        let class_matches = classify(&context);
        let texts: Vec<(String, &str)> =
            class_matches.iter().map(|class_match| (context.path(class_match.entry), &*class_match.pattern)).collect();
        let texts: Vec<(&str, &str)> = texts.iter().map(|(path, pattern)| (&**path, *pattern)).collect();
        assert_eq!(texts, expected);
        let lines: String = class_matches.iter().map(|class_match| class_match.pattern.clone() + "\n").collect();
        let remaining = transfer(&lines, &files.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>());
        for class_match in class_matches {
            let path = context.path(class_match.entry);
            assert!(
                !remaining.included.iter().any(|included| crate::text::path::is_within(included, &path)),
                "{path} stays"
            );
        }
    }

    #[test]
    fn useless_parts_are_found_at_their_top() {
        check(
            &[
                ".git/HEAD",
                "app/__pycache__/x.pyc",
                "app/main.py",
                "env/pyvenv.cfg",
                "env/lib/node_modules/x",
                "web/node_modules/a/b.js",
            ],
            &[
                (".git", "**/.git"),
                ("app/__pycache__", "**/__pycache__"),
                ("env", "env"),
                ("web/node_modules", "**/node_modules"),
            ],
        );
    }

    #[test]
    fn common_words_need_their_neighbours() {
        check(&["build/x", "dist/y", "target/z", "coverage/i", "vendor/v"], &[]);
        check(&["a[1]/Cargo.toml", "a[1]/target/debug/x", "target/x"], &[("a[1]/target", "a\\[1\\]/target")]);
        check(&["package.json", "dist/x"], &[("dist", "dist")]);
    }

    #[test]
    fn secrets_are_distinguished_from_their_samples() {
        check(
            &[
                ".env",
                ".env.example",
                "conf/.env.prod",
                "id_rsa",
                "id_rsa.pub",
                "tls/server-key.pem",
                ".aws/credentials",
                "credentials",
                "terraform.tfstate",
            ],
            &[
                (".aws/credentials", ".aws/credentials"),
                (".env", "**/.env"),
                ("conf/.env.prod", "**/.env.prod"),
                ("id_rsa", "**/id_rsa"),
                ("terraform.tfstate", "**/terraform.tfstate"),
                ("tls/server-key.pem", "**/server-key.pem"),
            ],
        );
        assert!(!is_secret_name("", ".env.sample") && is_secret_name("", ".env.local"));
        for (holder, name) in
            [(".kube", "config"), ("", "kubeconfig.yaml"), ("", "prod.kubeconfig"), ("", "kubeconfig-prod")]
        {
            assert!(is_secret_name(holder, name), "{name}");
        }
        for name in ["config", "kubeconfig.go", "kubeconfig_test.go", "kubeconfig.example.yaml", "kubeconfig.py"] {
            assert!(!is_secret_name("", name), "{name}");
        }
    }
}
