//! The settings of programs of Spring and .NET: their names and values.

use super::literals::StringLiteral;
use crate::manifest::plain_json;
use crate::yaml::{self, YamlNode};

/// The value of a setting, with the default of a variable in its place.
pub fn setting<'s>(mut settings: impl Iterator<Item = &'s StringLiteral>, name: &str) -> Option<&'s str> {
    let known = settings.find(|known| setting_name(known) == Some(name))?;
    let variable = known.text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    Some(variable.map_or(&*known.text, |inner| inner.split_once(':').map_or("", |(_, default)| default)))
}

/// The full name of a setting; `None` for a text that is none.
pub fn setting_name(setting: &StringLiteral) -> Option<&str> {
    setting.before.strip_suffix('=').map(str::trim)
}

/// The values of the settings in a file, each with its full name in `before`: `spring.data.mongodb.host=`.
pub fn settings_of(name: &str, text: &str) -> Vec<StringLiteral> {
    match name.rsplit_once('.') {
        Some((_, "properties")) => properties(text),
        // Editors put a byte order mark in front; comments are no YAML.
        Some((_, "json")) => yaml_settings(&plain_json(&text.replace('\u{feff}', "   "))),
        _ => yaml_settings(text),
    }
}

/// Names of settings with more parts, or longer parts, are not Spring's.
const MOST_PARTS: usize = 16;
const LONGEST_PART: usize = 100;

fn yaml_settings(text: &str) -> Vec<StringLiteral> {
    let tree = yaml::read(text);
    let mut values = Vec::new();
    let mut open: Vec<(String, YamlNode<'_>)> = tree.documents().map(|node| (String::new(), node)).collect();
    while let Some((name, node)) = open.pop() {
        if node.is_alias() || name.split('.').count() > MOST_PARTS {
            continue;
        }
        if let Some(value) = node.value_text() {
            let at = node.span().start as usize;
            values.push(StringLiteral { at, text: value.to_owned(), before: format!("{name}=") });
        }
        for entry in node.entries() {
            let Some(key) = entry.key.text().filter(|key| key.len() <= LONGEST_PART) else { continue };
            let name = if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
            open.push((name, entry.value));
        }
    }
    values.sort_by_key(|value| value.at);
    values
}

fn properties(text: &str) -> Vec<StringLiteral> {
    let mut start = 0;
    let mut values = Vec::new();
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        if !bare.starts_with('#')
            && let Some((key, value)) = bare.split_once(['=', ':'])
        {
            let (before, text) = (format!("{key}="), value.trim().trim_matches(['"', '\'']).to_owned());
            values.push(StringLiteral { at: start, text, before });
        }
        start += line.len();
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_in_yaml_have_their_whole_names() {
        let text = "spring:\n  data:\n    mongodb:\n      host: store\n      username: user\n---\nspring:\n  rabbitmq: {host: rabbitmq}\n";
        let all = settings_of("application.yml", text);
        let shown: Vec<(&str, &str)> = all.iter().map(|value| (&*value.before, &*value.text)).collect();
        let expected = [
            ("spring.data.mongodb.host=", "store"),
            ("spring.data.mongodb.username=", "user"),
            ("spring.rabbitmq.host=", "rabbitmq"),
        ];
        assert_eq!(shown, expected);
        assert!(all.iter().all(|value| text[value.at..].starts_with(&value.text)));
        let nested = format!("{}x: host\n", "a:\n ".repeat(3));
        settings_of("application.yml", &nested);
        settings_of("application.yml", &"[".repeat(10_000));
    }

    #[test]
    fn settings_in_json_may_have_comments() {
        let text = "\u{feff}{\n  // a: b\n  \"ConnectionStrings\": {\n    \"Main\": \"Host=db\", /* c */\n  },\n}\n";
        let all = settings_of("appsettings.json", text);
        let shown: Vec<(&str, &str)> = all.iter().map(|value| (&*value.before, &*value.text)).collect();
        assert_eq!(shown, [("ConnectionStrings.Main=", "Host=db")]);
        assert!(text[all[0].at..].starts_with("\"Host=db\""));
    }

    #[test]
    fn the_default_of_a_variable_stands_for_it() {
        let known =
            |text: &str, name: &str| setting(settings_of("application.yml", text).iter(), name).map(str::to_owned);
        assert_eq!(known("server: {port: 8081}", "server.port").as_deref(), Some("8081"));
        assert_eq!(known("server:\n  port: ${PORT:8082}\n", "server.port").as_deref(), Some("8082"));
        assert_eq!(known("server:\n  port: ${PORT}\n", "server.port").as_deref(), Some(""));
        assert_eq!(known("port: 1", "server.port"), None);
    }
}
