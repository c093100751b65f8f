//! What a service is configured with, and what that means for the check of its image (`data/service_settings.tsv`).

use std::sync::{LazyLock, OnceLock};

use globset::{Glob, GlobMatcher};

use super::KnownService;
use crate::compose::escaped;
use crate::data;

/// What a service is configured with, as far as its check may depend on it.
#[derive(Clone, Debug, Default)]
pub struct ServiceSettings {
    /// The words of `entrypoint` and `command`, with the variables of Compose as they are written.
    pub words: Vec<String>,
    /// Its variables; without a value where that is not known before it starts.
    pub variables: Vec<(String, Option<String>)>,
    /// Where files of the host and configs are put into the container.
    pub files: Vec<String>,
}

/// A setting of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Setting {
    form: &'static str,
    name: String,
    value: Option<String>,
}

/// A name of a setting in lower case, or `name=value`; both may be globs.
struct SettingName {
    has_value: bool,
    text: String,
    /// `None` where the text has nothing that globs replace.
    glob: Option<Glob>,
    /// Compiled for the first setting that it is compared with: few of them are ever asked.
    matcher: OnceLock<GlobMatcher>,
}

impl SettingName {
    fn of(word: &str) -> Option<Self> {
        let text = word.to_ascii_lowercase();
        let glob = if text.contains(['*', '?', '[', '{', '\\']) { Some(Glob::new(&text).ok()?) } else { None };
        Some(Self { has_value: word.contains('='), text, glob, matcher: OnceLock::new() })
    }

    fn fits(&self, text: &str) -> bool {
        match &self.glob {
            Some(glob) => self.matcher.get_or_init(|| glob.compile_matcher()).is_match(text),
            None => self.text == text,
        }
    }
}

/// A row of the table, ready to be compared.
struct SettingRow {
    services: Vec<&'static str>,
    form: &'static str,
    names: Vec<SettingName>,
    words: &'static str,
    effect: &'static str,
    text: &'static str,
}

static ROWS: LazyLock<Vec<SettingRow>> = LazyLock::new(|| data::SERVICE_SETTINGS.rows().filter_map(row).collect());

fn row(cells: data::Row) -> Option<SettingRow> {
    let &[services, form, words, effect, text, ..] = cells else { return None };
    let names = words.split_ascii_whitespace().filter_map(SettingName::of);
    Some(SettingRow { services: data::words(services).collect(), form, names: names.collect(), words, effect, text })
}

impl SettingRow {
    fn fits(&self, setting: &Setting) -> bool {
        let name = setting.name.to_ascii_lowercase();
        let value = setting.value.as_deref().map(|value| format!("{name}={}", value.to_ascii_lowercase()));
        self.form == setting.form
            && self.names.iter().any(|known| match (known.has_value, &value) {
                (true, Some(value)) => known.fits(value),
                (true, None) => false,
                (false, _) => known.fits(&name),
            })
    }
}

/// A change of a check: text of its words and what stands there instead, with marks for what the compose file has.
struct CheckChange {
    old: String,
    new: String,
}

/// The mark of the n-th text that is taken from the compose file as it stands.
fn mark(index: usize) -> String {
    format!("\u{1}{index}\u{1}")
}

/// The check of a known image that fits the settings of a service: the words of `test` as a compose file writes them.
///
/// # Errors
/// Why no check is known that certainly fits, in one sentence without a full stop.
pub fn configured_test(known: &KnownService, settings: &ServiceSettings) -> Result<Vec<String>, String> {
    let test = open_test(known, settings)?;
    let is_set = |name: &str| settings.variables.iter().any(|(known, _)| known == name);
    if let Some(name) = test.words.iter().find_map(|word| missing_variable(word, &is_set)) {
        return Err(format!("the check needs the variable `{name}`, which the service does not set"));
    }
    Ok(test.filled())
}

/// The same, whether or not the variables are set that the check needs.
///
/// # Errors
/// Why no check is known that fits, in one sentence without a full stop.
pub fn usual_test(known: &KnownService, settings: &ServiceSettings) -> Result<Vec<String>, String> {
    Ok(open_test(known, settings)?.filled())
}

/// A check with marks where texts of the compose file belong.
struct OpenTest {
    words: Vec<String>,
    fragments: Vec<String>,
}

impl OpenTest {
    fn filled(&self) -> Vec<String> {
        let filled = self.words.iter().map(|word| {
            let marked = |text: String, (index, fragment): (usize, &String)| text.replace(&mark(index), fragment);
            self.fragments.iter().enumerate().fold(escaped(word), marked)
        });
        filled.collect()
    }
}

fn open_test(known: &KnownService, settings: &ServiceSettings) -> Result<OpenTest, String> {
    let mut test = known.test().ok_or("no check of its image is documented")?;
    let is_shell = test.first().is_some_and(|form| form == "CMD-SHELL") || test.get(2).is_some_and(|word| word == "-c");
    let (options, arguments) = split(&settings.words);
    let is_default_port = |value: &str| known.ports().any(|port| value.rsplit(':').next() == Some(&port.to_string()));
    let mut applied: Vec<(usize, Setting)> = Vec::new();
    let variables = settings.variables.iter().map(|(name, value)| setting("variable", name, value.clone()));
    let files = settings.files.iter().map(|file| setting("file", file, None));
    let is_in_check =
        |name: &str| test.iter().any(|word| word.contains(&format!("${{{name}")) || word.contains(&format!("${name}")));
    for setting in options.iter().chain(&arguments).cloned().chain(variables).chain(files) {
        let Some((index, row)) = row_of(known, &setting) else { continue };
        let is_generic = row.services == ["*"] && row.effect == "refuse";
        let is_harmless = setting.form == "variable"
            && (is_in_check(&setting.name) || setting.value.as_deref().is_some_and(is_default_port));
        if !(is_generic && is_harmless) {
            applied.push((index, setting));
        }
    }
    applied.extend(without(known, &options));
    applied.sort_by_key(|(index, _)| *index);
    let mut is_enabled = !known.has_preconditions;
    let mut fragments: Vec<String> = Vec::new();
    for (index, setting) in &applied {
        let row = &ROWS[*index];
        match row.effect {
            "enable" => is_enabled = true,
            "refuse" => return Err(refusal(row, setting)),
            "replace" => {
                for change in changes(row, setting, settings, is_shell, &mut fragments)? {
                    apply(&mut test, &change);
                }
            }
            "listener" => {
                if let Some(address) = listener(row, setting, settings)? {
                    apply(&mut test, &CheckChange { old: row.text.to_owned(), new: address });
                }
            }
            _ => {}
        }
    }
    if !is_enabled {
        return Err("its check depends on settings that are not known to be there".to_owned());
    }
    Ok(OpenTest { words: test, fragments })
}

impl ServiceSettings {
    /// The value of an option of `command`: the first that has one of these names (`--name`, or `--name=value` for that
    /// value alone).
    pub fn option(&self, names: &'static str) -> Option<String> {
        let (options, _) = split(&self.words);
        options.into_iter().find_map(|option| {
            let value = option.value.unwrap_or_default();
            let fits = |name: &str| name == option.name || name.split_once('=') == Some((&option.name, &value));
            data::words(names).any(fits).then_some(value)
        })
    }
}

fn setting(form: &'static str, name: &str, value: Option<String>) -> Setting {
    Setting { form, name: name.to_owned(), value }
}

/// The first row for a setting: one of the service, else one for all.
fn row_of(known: &KnownService, setting: &Setting) -> Option<(usize, &'static SettingRow)> {
    let first =
        |service: &str| ROWS.iter().enumerate().find(|(_, row)| row.services.contains(&service) && row.fits(setting));
    first(known.name).or_else(|| first("*"))
}

/// The rows that fit where options are missing, and those that always fit.
fn without(known: &KnownService, options: &[Setting]) -> Vec<(usize, Setting)> {
    let rows = ROWS.iter().enumerate().filter(|(_, row)| row.services.contains(&known.name));
    let fits = |row: &SettingRow| match row.form {
        "-" => true,
        "without" => {
            !options.is_empty() && !options.iter().any(|option| data::words(row.words).any(|name| name == option.name))
        }
        _ => false,
    };
    rows.filter(|(_, row)| fits(row)).map(|(index, row)| (index, setting(row.form, row.words, None))).collect()
}

fn refusal(row: &SettingRow, setting: &Setting) -> String {
    if row.text != "-" {
        return row.text.replace("{setting}", &setting.name);
    }
    match setting.form {
        "file" => format!("what is put at `{}` may change where and how it answers", setting.name),
        "variable" => format!("the variable `{}` may change where and how it answers", setting.name),
        _ => format!("`{}` may change where and how it answers", setting.name),
    }
}

/// Options with their values, and the other words.
fn split(words: &[String]) -> (Vec<Setting>, Vec<Setting>) {
    let (mut options, mut arguments) = (Vec::new(), Vec::new());
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if !word.starts_with('-') || word.len() == 1 {
            arguments.push(setting("argument", word, None));
            continue;
        }
        let next = words.next_if(|next| !next.starts_with('-') && !word.contains('='));
        match (word.split_once('='), next) {
            (Some((name, value)), _) => options.push(setting("option", name, Some(value.to_owned()))),
            // `-c name=value` is `--name=value`.
            (None, Some(next)) if word == "-c" && next.contains('=') => {
                let (name, value) = next.split_once('=').unwrap_or_default();
                options.push(setting("option", &format!("--{name}"), Some(value.to_owned())));
            }
            (None, next) => options.push(setting("option", word, next.cloned())),
        }
    }
    (options, arguments)
}

fn changes(
    row: &SettingRow,
    setting: &Setting,
    settings: &ServiceSettings,
    is_shell: bool,
    fragments: &mut Vec<String>,
) -> Result<Vec<CheckChange>, String> {
    let mut changes = Vec::new();
    for pair in row.text.split(" ;; ") {
        let Some((old, new)) = pair.split_once(" => ") else { continue };
        let mut new = new.to_owned();
        for (name, fragment) in [("{value}", port as FragmentReader), ("{secret}", secret)] {
            if new.contains(name) {
                let fragment = fragment(setting, settings, is_shell)?;
                new = new.replace(name, &mark(fragments.len()));
                fragments.push(fragment);
            }
        }
        changes.push(CheckChange { old: old.to_owned(), new });
    }
    Ok(changes)
}

/// Reads a part of a check out of a setting, as a compose file writes it.
type FragmentReader = fn(&Setting, &ServiceSettings, bool) -> Result<String, String>;

fn port(setting: &Setting, _: &ServiceSettings, is_shell: bool) -> Result<String, String> {
    let value = setting.value.as_deref().unwrap_or_default();
    let port = if value.contains('$') { value } else { value.rsplit(':').next().unwrap_or_default() };
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || is_variable(port) && (is_shell || !port.starts_with("$$")) {
        return Ok(port.to_owned());
    }
    Err(format!("the port that `{}` sets is not known", setting.name))
}

fn secret(setting: &Setting, settings: &ServiceSettings, is_shell: bool) -> Result<String, String> {
    let value = setting.value.as_deref().unwrap_or_default();
    let runs_shell = settings.words.first().is_some_and(|word| word == SHELL);
    match value.strip_prefix("$$") {
        _ if !is_variable(value) => Err(format!(
            "the password is written after `{}`: put it into a variable, which the check can use too",
            setting.name
        )),
        Some(_) if runs_shell && is_shell => Ok(format!("\"{value}\"")),
        Some(_) => Err(format!("no shell replaces the variable behind `{}`", setting.name)),
        None => Ok(format!("'{value}'")),
    }
}

/// The word that stands for a shell and its options at the start of [`ServiceSettings::words`].
pub(super) const SHELL: &str = "sh -c";

/// Whether a text is one variable, of Compose or (with `$$`) of the container.
fn is_variable(text: &str) -> bool {
    let Some(name) = text.strip_prefix("$$").or_else(|| text.strip_prefix('$')) else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-:./+?".contains(c);
    let (is_open, name) = name.strip_prefix('{').map_or((false, name), |name| (true, name));
    let name = if is_open { name.strip_suffix('}').unwrap_or("{") } else { name };
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_plain)
}

fn apply(test: &mut [String], change: &CheckChange) {
    for word in test.iter_mut().skip(1) {
        *word = word.replace(&change.old, &change.new);
    }
}

/// The address of a listener without TLS and login; `None` where a row before this one has it.
fn listener(row: &SettingRow, setting: &Setting, settings: &ServiceSettings) -> Result<Option<String>, String> {
    let value_of = |end: &str| {
        let is_it = |(name, _): &&(String, Option<String>)| name.starts_with("KAFKA_") && name.ends_with(end);
        settings.variables.iter().find(is_it).and_then(|(_, value)| value.clone())
    };
    // The first of the row's variables that the service has.
    let has = |name: &str| settings.variables.iter().any(|(known, _)| known == name);
    if data::words(row.words).find(|name| has(name)) != Some(&setting.name) {
        return Ok(None);
    }
    let unknown = || format!("no listener without TLS and login is found in `{}`", setting.name);
    let protocols = value_of("LISTENER_SECURITY_PROTOCOL_MAP").unwrap_or_default();
    let controllers = value_of("CONTROLLER_LISTENER_NAMES").unwrap_or_default();
    let protocol = |name: &str| {
        let mut pairs = protocols.split(',').filter_map(|pair| pair.trim().split_once(':'));
        pairs.find(|(known, _)| *known == name).map_or_else(|| name.to_owned(), |(_, protocol)| protocol.to_owned())
    };
    let value = setting.value.as_deref().ok_or_else(unknown)?;
    let plain = value.split(',').filter_map(|part| part.trim().split_once("://")).find(|(name, _)| {
        protocol(name) == "PLAINTEXT" && !controllers.split(',').any(|controller| controller.trim() == *name)
    });
    let (host, port) = plain.and_then(|(_, address)| address.rsplit_once(':')).ok_or_else(unknown)?;
    let is_advertised = setting.name.contains("ADVERTISED");
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if port.is_empty() || !is_plain(port) || !is_plain(host) {
        return Err(unknown());
    }
    let is_any = is_advertised || ["", "0.0.0.0", "localhost"].contains(&host);
    Ok(Some(format!("{}:{port}", if is_any { "127.0.0.1" } else { host })))
}

/// A variable that a text for a shell needs, and that is not set.
fn missing_variable(text: &str, is_set: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let is_quoted = rest[..at].ends_with('\'');
        let behind = &rest[at + 1..];
        let (is_open, behind) = behind.strip_prefix('{').map_or((false, behind), |behind| (true, behind));
        let end = behind.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(behind.len());
        let (name, after) = behind.split_at(end);
        rest = after;
        // Names in small letters are variables of the script itself; the engine sets HOSTNAME.
        if is_quoted || !name.starts_with(|c: char| c.is_ascii_uppercase()) || name == "HOSTNAME" {
            continue;
        }
        if is_open && after.starts_with(":-") {
            // What stands for it is looked at where it is needed.
            rest = if is_set(name) { closed(after) } else { &after[2..] };
        } else if !is_set(name) {
            return Some(name.to_owned());
        }
    }
    None
}

/// What stands behind the brace that closes the one before this text.
fn closed(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}

#[cfg(test)]
mod tests;
