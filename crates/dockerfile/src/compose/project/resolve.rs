//! Relative paths ─► absolute ones (compose-go's `paths` package).

use super::error::Stop;
use super::loader::Loader;
use super::locations::{absolute as absolute_path, go_join, has_remote_start};
use super::paths::{PathRules, Step};
use super::value::{ComposeData, ComposeValue};

/// Makes the paths of a project absolute, seen from a folder; with a relative folder they stay relative.
pub(super) fn resolve(value: &mut ComposeValue, folder: &str, loader: &mut Loader) -> Result<(), Stop> {
    walk(value, Some(PathRules::root()), folder, loader)
}

fn walk(
    value: &mut ComposeValue,
    rules: Option<&'static PathRules>,
    folder: &str,
    loader: &mut Loader,
) -> Result<(), Stop> {
    let Some(rules) = rules else { return Ok(()) };
    if let Some(how) = rules.how(Step::Resolve) {
        return at(value, how, folder, loader);
    }
    match &mut value.data {
        ComposeData::Map(map) => {
            for (key, entry) in map.iter_mut() {
                walk(&mut entry.value, rules.at(key), folder, loader)?;
            }
        }
        ComposeData::List(items) => {
            for item in items {
                walk(item, rules.item(), folder, loader)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn at(value: &mut ComposeValue, how: &str, folder: &str, loader: &mut Loader) -> Result<(), Stop> {
    match how {
        "context" => {
            let Some(text) = value.as_text() else {
                return Err(value.error(format!("must be a path or a URL, not {}", value.kind())).into());
            };
            let is_remote = text.contains("://") || text.starts_with("service:") || has_remote_start(text);
            if !is_remote {
                set(value, |text| absolute(text, folder, loader));
            }
        }
        "path" => {
            if value.as_text().is_none() {
                return Err(value.error(format!("must be a path, not {}", value.kind())).into());
            }
            set(value, |text| absolute(text, folder, loader));
        }
        "text" => set(value, |text| mounted(text, folder, loader)),
        "link" => {
            set(value, |text| absolute(text, folder, loader));
            if let Some(text) = value.as_text() {
                // Of what is included the path is still relative: Compose looks from its own folder.
                let path = absolute_path(&loader.request.folder, text);
                // All that are not known are asked for together.
                let Ok(target) = loader.lookup.link(&path) else { return Ok(()) };
                if path != target {
                    value.data = ComposeData::Text(target.to_owned());
                }
            }
        }
        "mount" => {
            if value.get("type").and_then(ComposeValue::as_text) != Some("bind") {
                return Ok(());
            }
            let error = value.error("a bind mount needs a `source`");
            let Some(source) = value.as_map_mut().and_then(|map| map.get_mut("source")) else {
                return Err(error.into());
            };
            set(source, |text| mounted(text, folder, loader));
        }
        _ => {
            let is_local = value.get("driver").and_then(ComposeValue::as_text) == Some("local");
            let options = value.as_map_mut().and_then(|map| map.get_mut("driver_opts"));
            let Some(options) = options.filter(|_| is_local).and_then(ComposeValue::as_map_mut) else { return Ok(()) };
            if options.get("o").and_then(ComposeValue::as_text) == Some("bind")
                && let Some(device) = options.get_mut("device")
            {
                set(device, |text| mounted(text, folder, loader));
            }
        }
    }
    Ok(())
}

fn set(value: &mut ComposeValue, change: impl FnOnce(&str) -> String) {
    if let ComposeData::Text(text) = &mut value.data {
        *text = change(text);
    }
}

/// A path of the machine that Compose runs on.
fn absolute(text: &str, folder: &str, loader: &Loader) -> String {
    let text = with_home(text, loader);
    if text.is_empty() || text.starts_with('/') { text } else { go_join(folder, &text) }
}

/// A path of the machine that containers run on, which may be a Windows one.
fn mounted(text: &str, folder: &str, loader: &Loader) -> String {
    let text = with_home(text, loader);
    if text.starts_with('/') || is_windows_absolute(&text) { text } else { go_join(folder, &text) }
}

fn with_home(text: &str, loader: &Loader) -> String {
    match (text.strip_prefix('~'), loader.request.environment.get("HOME").filter(|home| !home.is_empty())) {
        (Some(rest), Some(home)) => go_join(home, rest.trim_start_matches('/')),
        _ => text.to_owned(),
    }
}

fn is_windows_absolute(text: &str) -> bool {
    let is_separator = |byte: Option<&u8>| matches!(byte, Some(b'\\' | b'/'));
    let bytes = text.as_bytes();
    (bytes.get(1) == Some(&b':') && is_separator(bytes.get(2)))
        || (is_separator(bytes.first()) && is_separator(bytes.get(1)) && bytes.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_of_windows_are_recognized() {
        assert!(is_windows_absolute(r"C:\x") && !is_windows_absolute("C:x") && is_windows_absolute(r"\\pipe\x"));
    }
}
