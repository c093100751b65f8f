//! Files in which programs keep logins, by their names: what of their lines is a secret.

use std::sync::LazyLock;

use memchr::memmem;
use regex::Regex;

use super::fact::{SecretFact, SecretFactKind};
use crate::data;
use crate::secret::{SecretKind, Sign, certain_in_text, is_common, is_filler, names_secret, reportable, variable};
use crate::text::path::is_compose;

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
    /// Settings of an application, or what starts it: whatever in them is a secret beyond doubt, or looks drawn.
    Settings(&'static str),
    /// A manifest of Kubernetes, which may be that of a Secret.
    Manifest,
    /// The passwords of a system's accounts.
    Shadow,
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
            b".s3cfg" => Self::Logins("S3 login"),
            b"shadow" | b"shadow-" if folder == b"etc" => Self::Shadow,
            _ if is_variables(name) => Self::Variables,
            _ if is_key_store(name) => Self::KeyStore,
            _ => settings_form(name).unwrap_or(Self::Plain),
        }
    }
}

/// The form of a file that frameworks and tools read their settings from.
fn settings_form(name: &[u8]) -> Option<Form> {
    let name = std::str::from_utf8(name).ok()?.to_ascii_lowercase();
    let (stem, end) = name.rsplit_once('.')?;
    let begins =
        |start: &str| stem == start || stem.starts_with(&format!("{start}-")) || stem.starts_with(&format!("{start}."));
    let is_yaml = matches!(end, "yaml" | "yml");
    if is_compose(&name) {
        return Some(Form::Settings("secret in a compose file"));
    }
    if end == "txt" && (begins("requirements") || begins("constraints")) {
        return Some(Form::Settings("login of a package index"));
    }
    if (is_yaml || end == "properties") && (begins("application") || begins("bootstrap")) {
        return Some(Form::Settings("secret of a Spring application"));
    }
    if end == "json" && begins("appsettings") {
        return Some(Form::Settings("secret of a .NET application"));
    }
    match name.as_str() {
        "nuget.config" => Some(Form::Settings("NuGet login")),
        "wp-config.php" => Some(Form::Settings("secret of WordPress")),
        "database.yml" | "secrets.yml" => Some(Form::Settings("secret of a Rails application")),
        "parameters.yml" => Some(Form::Settings("secret of a Symfony application")),
        _ if is_yaml => Some(Form::Manifest),
        _ => None,
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
    if matches!(form, Form::Plain | Form::KeyStore) || form == Form::Manifest && !is_secret_manifest(bytes) {
        return;
    }
    let text = String::from_utf8_lossy(bytes);
    if let Form::Settings(what) = form {
        return settings(what, &text, secrets);
    }
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
            Form::Manifest => manifest(trimmed, &mut add),
            Form::Shadow => shadow(trimmed, &mut add),
            Form::Plain | Form::KeyStore | Form::Settings(_) => {}
        }
    }
}

/// The secrets of a text of settings, with their lines.
fn settings(what: &'static str, text: &str, secrets: &mut Vec<SecretFact>) {
    let (mut line, mut from) = (1, 0);
    for secret in reportable(text) {
        line += text[from..secret.range.start].matches('\n').count() as u32;
        from = secret.range.start;
        let name = if let Sign::Name(name) = &secret.by { Some(name.chars().take(64).collect()) } else { None };
        let length = secret.value.len() as u32;
        secrets.push(SecretFact { kind: SecretFactKind::Login(what), line: Some(line), prefix: "", length, name });
    }
}

/// Whether a manifest is one of a Secret.
fn is_secret_manifest(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"kind: Secret").is_some() && memmem::find(bytes, b"apiVersion:").is_some()
}

/// The values of `data` and `stringData` of a Secret: those that are long enough, under whatever name.
fn manifest(line: &str, add: Add<'_>) {
    let Some((name, value)) = line.split_once(": ") else { return };
    let value = value.trim().trim_matches(['"', '\'']);
    let is_encoded = value.len() >= 8
        && value.len() % 4 == 0
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
        && (value.ends_with('=') || value.bytes().any(|byte| byte.is_ascii_uppercase()));
    let is_named = variable(name, Some(value)).is_some() && !is_filler(value);
    if (is_encoded || is_named) && !is_common(value) && !matches!(name, "kind" | "apiVersion" | "name" | "type") {
        add(SecretFactKind::Login("Kubernetes Secret"), Some(name), value);
    }
}

/// `user:$6$salt$hash:…`: who reads the hash can guess the password.
fn shadow(line: &str, add: Add<'_>) {
    let mut fields = line.split(':');
    let user = fields.next();
    if let Some(hash) = fields.next().filter(|hash| hash.starts_with('$') && hash.len() > 12) {
        add(SecretFactKind::Login("password hash"), user, hash);
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
