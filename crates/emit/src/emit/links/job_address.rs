//! The database of an image that only migrates: in a URL of its command, or in variables that its script sets
//! (`export DB_HOST="postgres"`).

use std::collections::BTreeMap;

use super::mention::{ConnectionRole, Mention, UrlParts, parts};
use crate::emit::facts::application::Application;
use crate::emit::facts::start::start_texts;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_word};
use crate::manifest::FileKind;

/// How such a job finds its database; the address stands in its image, so that no variable leads it elsewhere.
pub(in crate::emit) fn job_address(input: &EmitInput, application: &Application) -> Option<Mention> {
    application.migrates.as_ref()?;
    let starts = start_texts(input, application);
    let is_end = |c: char| c.is_whitespace() || "\"'[],;".contains(c);
    let database = |url: &str| ServerImage::with_scheme(UrlParts::of(url)?.kind()).filter(|row| row.is_database());
    let of_url = starts.iter().find_map(|start| {
        let mut words = start.text.split(is_end).filter(|word| word.contains("://"));
        words.find_map(|word| Some((word.to_owned(), database(word)?, start.place.clone())))
    });
    let known = of_url.or_else(|| {
        let mut scripts = starts.iter().filter(|start| FileKind::of(&start.place).is_shell());
        scripts.find_map(|start| {
            let (url, row) = url_of_script(start.text)?;
            Some((url, row, start.place.clone()))
        })
    });
    let (value, row, place) = known?;
    Some(Mention {
        variable: None,
        role: ConnectionRole::Url,
        row,
        reason: format!("its image names {}", row.host),
        value: Some(value),
        has_default: true,
        is_setting: false,
        place: Some(place),
    })
}

/// The URL that the settings of a script stand for, where it names the kind of database too.
fn url_of_script(text: &str) -> Option<(String, ServerImage)> {
    let mut values: BTreeMap<&str, &str> = BTreeMap::new();
    let mut put = |role: ConnectionRole, value| {
        let name = match role {
            ConnectionRole::Host => "host",
            ConnectionRole::User => "user",
            ConnectionRole::Password => "password",
            ConnectionRole::Database => "database",
            _ => return,
        };
        values.entry(name).or_insert(value);
    };
    for line in text.lines().map(|line| line.trim().trim_start_matches("export ")) {
        let Some((name, value)) = line.split_once('=') else { continue };
        let value = value.trim_matches(['"', '\'']);
        if let (true, Some((_, _, role))) = (is_word(value), parts(name)) {
            put(role, value);
        }
    }
    let has_word = |word: &str| text.split(|c: char| !c.is_ascii_alphanumeric()).any(|known| known == word);
    let row = ServerImage::all().find(|row| row.is_database() && row.url_schemes().any(has_word))?;
    let scheme = row.url_schemes().next()?;
    let of = |name: &str| values.get(name).copied().unwrap_or_default();
    let host = values.get("host")?;
    Some((format!("{scheme}://{}:{}@{host}/{}", of("user"), of("password"), of("database")), row))
}

#[cfg(test)]
mod tests {
    use super::url_of_script;

    #[test]
    fn settings_of_a_script_are_an_address() {
        let text = "export DB_HOST=\"postgres\"\nexport DB_PORT=\"5432\"\nexport DB_NAME=\"shop\"\nDB_USER=app\nDB_PASSWORD='b'\ngoose postgres \"$DSN\" up\n";
        let (url, row) = url_of_script(text).unwrap();
        assert_eq!((url.as_str(), row.host), ("postgresql://app:b@postgres/shop", "postgres"));
        assert!(url_of_script("goose postgres \"$DSN\" up\n").is_none());
        assert!(url_of_script("DB_HOST=db\nrun up\n").is_none());
    }
}
