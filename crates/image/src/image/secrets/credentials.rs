//! Files in which programs keep logins, by their names: what of their lines is a secret.

use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use super::fact::{SecretFact, SecretFactKind};
use crate::data;
use crate::secret::{SecretKind, Sign, certain_in_text, is_common, is_filler, names_secret, variable};

/// How a file is looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As any text.
    Plain,
    /// `NAME=value` lines of variables.
    Variables,
    /// A program's own file: names with values, URLs; whose logins it holds.
    Logins(&'static str),
    /// `machine h login u password p`.
    Netrc,
    /// `host:port:database:user:password`.
    Pgpass,
    /// A store of keys.
    KeyStore,
}

impl Form {
    /// By a path without a leading slash.
    pub(super) fn of(path: &[u8]) -> Self {
        let cut = memchr::memrchr(b'/', path);
        let (folder, name) = cut.map_or((&b""[..], path), |cut| (&path[..cut], &path[cut + 1..]));
        let within = |last: &[u8]| {
            folder == last || (folder.ends_with(last) && folder[..folder.len() - last.len()].ends_with(b"/"))
        };
        match name {
            b".npmrc" | b".yarnrc.yml" => Self::Logins("npm login"),
            b".pypirc" => Self::Logins("PyPI login"),
            b"pip.conf" | b"pip.ini" => Self::Logins("pip login"),
            b".netrc" | b"_netrc" => Self::Netrc,
            b".pgpass" => Self::Pgpass,
            b".my.cnf" => Self::Logins("MySQL login"),
            b".git-credentials" | b".gitconfig" => Self::Logins("git login"),
            b"config" if within(b".git") => Self::Logins("git login"),
            b"credentials" if within(b".config/git") || within(b"git") => Self::Logins("git login"),
            b".dockercfg" => Self::Logins("registry login"),
            b"config.json" if within(b".docker") => Self::Logins("registry login"),
            b"auth.json" if within(b"containers") => Self::Logins("registry login"),
            b"auth.json" if within(b".composer") || within(b".config/composer") => Self::Logins("Composer login"),
            b"credentials" if within(b".aws") => Self::Logins("AWS login"),
            b"config" if within(b".kube") => Self::Logins("Kubernetes login"),
            b"kubeconfig" => Self::Logins("Kubernetes login"),
            _ if name.windows(10).any(|part| part == b"kubeconfig") => Self::Logins("Kubernetes login"),
            b"credentials" | b"credentials.toml" if within(b".cargo") => Self::Logins("Cargo login"),
            b"credentials" if within(b".gem") => Self::Logins("RubyGems login"),
            b"settings.xml" if within(b".m2") => Self::Logins("Maven login"),
            b"application_default_credentials.json" => Self::Logins("Google Cloud login"),
            b"hosts.yml" if within(b".config/gh") => Self::Logins("GitHub login"),
            b"credentials.tfrc.json" | b".terraformrc" => Self::Logins("Terraform login"),
            b"terraform.tfstate" | b"terraform.tfstate.backup" => Self::Logins("secret in Terraform's state"),
            b"rclone.conf" => Self::Logins("rclone login"),
            _ if is_variables(name) => Self::Variables,
            _ if is_key_store(name) => Self::KeyStore,
            _ => Self::Plain,
        }
    }
}

/// `.env`, `.env.production`, `prod.env`; not what shows how one is written.
fn is_variables(name: &[u8]) -> bool {
    let is_env_file = name == b".env" || name.starts_with(b".env.") || (name.ends_with(b".env") && name.len() > 4);
    let shows = |part| std::str::from_utf8(part).is_ok_and(|word| data::SECRET_WORDS.has(word, "shown-file"));
    is_env_file && !name.split(|byte| matches!(byte, b'.' | b'-' | b'_')).any(shows)
}

/// Stores of those whom one trusts hold no private keys.
fn is_key_store(name: &[u8]) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends: [&[u8]; 5] = [b".p12", b".pfx", b".jks", b".keystore", b".jceks"];
    ends.iter().any(|end| lower.ends_with(end)) && memmem::find(&lower, b"trust").is_none()
}

/// What a file's lines tell.
pub(super) fn look(form: Form, bytes: &[u8], secrets: &mut Vec<SecretFact>) {
    if matches!(form, Form::Plain | Form::KeyStore) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    for (number, line) in (1..).zip(text.lines()) {
        let trimmed = line.trim();
        if trimmed.starts_with('#') || trimmed.starts_with(';') || trimmed.starts_with("//") && !trimmed.contains(":_")
        {
            continue;
        }
        let mut add = |kind: SecretFactKind, name: Option<&str>, value: &str| {
            let name = name.map(|name| name.chars().take(64).collect());
            secrets.push(SecretFact { kind, line: Some(number), prefix: "", length: value.len() as u32, name });
        };
        match form {
            Form::Variables => variables(trimmed, &mut add),
            Form::Logins(what) => logins(what, trimmed, &mut add),
            Form::Netrc => netrc(trimmed, &mut add),
            Form::Pgpass => pgpass(trimmed, &mut add),
            Form::Plain | Form::KeyStore => {}
        }
    }
}

type Add<'a> = &'a mut dyn FnMut(SecretFactKind, Option<&str>, &str);

fn variables(line: &str, add: Add<'_>) {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else { return };
    let Some(secret) = variable(name.trim(), Some(value)) else { return };
    let Some(value) = secret.value.filter(|value| !is_common(value)) else { return };
    let kind = if secret.why == SecretKind::Url { SecretFactKind::Url } else { SecretFactKind::Variable };
    if kind == SecretFactKind::Url || !is_filler(&value) {
        add(kind, Some(&secret.name), &value);
    }
}

/// A name and its value in INI, YAML, JSON, XML and npm's own form.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r#"["']?([A-Za-z_][A-Za-z0-9_.-]{0,63})["']?"#;
    let value = r#"(?:"([^"]*)"|'([^']*)'|([^ \t,}'"<>]+))"#;
    Regex::new(&format!(r"(?:(?:^|[ \t{{,\[:]){name}[ \t]*[=:][ \t]*{value}|<{name}>([^<]*)<)")).ok()
});

fn logins(what: &'static str, line: &str, add: Add<'_>) {
    let mut known: Vec<String> = Vec::new();
    for secret in
        certain_in_text(line).into_iter().filter(|secret| secret.by == Sign::Login && !is_common(&secret.value))
    {
        add(SecretFactKind::Login(what), None, &secret.value);
        known.push(secret.value);
    }
    let Some(pair) = &*PAIR else { return };
    let mut at = 0;
    while let Some(captures) = pair.captures_at(line, at) {
        let name = captures.get(1).or_else(|| captures.get(5)).map_or("", |name| name.as_str());
        let value = (2..=4).chain([6]).find_map(|group| captures.get(group));
        // A value may hold a pair itself: `//host:8080/:_authToken=…`.
        at = value.map_or(line.len(), |value| value.start().max(at + 1));
        let value = value.map_or("", |value| value.as_str()).trim();
        // AWS's documents are full of keys that end so.
        if !names_secret(name) || value.contains("EXAMPLE") {
            continue;
        }
        let Some(value) = variable(name, Some(value)).and_then(|secret| secret.value) else { continue };
        if !is_common(&value) && !known.contains(&value) && !value.starts_with('{') {
            add(SecretFactKind::Login(what), Some(name), &value);
            known.push(value);
        }
    }
}

fn netrc(line: &str, add: Add<'_>) {
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        let value = if word == "password" { words.next() } else { None };
        if let Some(value) = value.filter(|value| variable("password", Some(value)).is_some() && !is_common(value)) {
            add(SecretFactKind::Login("netrc login"), None, value);
        }
    }
}

fn pgpass(line: &str, add: Add<'_>) {
    let password = line.splitn(5, ':').nth(4).filter(|password| !password.is_empty() && !is_common(password));
    if let Some(password) = password {
        add(SecretFactKind::Login("PostgreSQL login"), None, password);
    }
}
