//! The servers that Celery finds at addresses of its own machine in sources. Its variables count before these (Celery 5.7:
//! `celery.app.utils.Settings`, `broker_url` and `result_backend`, asked with a program).

use std::collections::BTreeSet;

use super::mention::{ConnectionRole, Mention, UrlParts};
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{LOCAL_HOSTS, ServerImage};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::literals::{StringLiteral, string_literals};

/// The variables by which Celery finds servers whose addresses in the sources mean the container itself; `clients`: the
/// packages with which the program talks to servers of which no other address is known.
pub(super) fn celery_addresses(
    input: &EmitInput,
    application: &Application,
    clients: &[(&'static str, ServerImage)],
) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    if !application.has_package(Ecosystem::Python, "celery") {
        return mentions;
    }
    let is_source =
        |text: &str| text.contains("elery") && LOCAL_HOSTS.iter().any(|host| text.contains(&format!("://{host}")));
    let files = application.code_files(input).filter(|file| {
        let is_python = FileKind::of(&file.below).is_source_of(Ecosystem::Python);
        is_python && file.is_of_program() && is_source(file.source.text())
    });
    for file in files {
        let text = file.source.text();
        let arguments = CeleryArguments::of(text);
        for literal in string_literals(&file.below, text) {
            let Some(row) = local_server(&literal.text, clients) else { continue };
            for variable in arguments.variables(&literal) {
                if mentions.iter().any(|known| known.variable.as_deref() == Some(variable)) {
                    continue;
                }
                mentions.push(Mention {
                    variable: Some(variable.to_owned()),
                    role: ConnectionRole::Url,
                    row,
                    value: Some(literal.text.clone()),
                    has_default: false,
                    is_setting: true,
                    reason: format!("the source names {}, and Celery takes `{variable}` before that", literal.text),
                    place: Some(place(&file.source, literal.at)),
                });
            }
        }
    }
    mentions
}

/// The server of a URL that means the container itself.
fn local_server(text: &str, clients: &[(&'static str, ServerImage)]) -> Option<ServerImage> {
    let url = UrlParts::of(text)?;
    let row = ServerImage::with_scheme(url.kind())?;
    let is_open = clients.iter().any(|(_, known)| known.host == row.host);
    (is_open && LOCAL_HOSTS.contains(&url.host.as_str())).then_some(row)
}

/// What calls of a source give Celery by its names: `broker=URL`.
struct CeleryArguments<'t>(BTreeSet<(&'static str, &'t str)>);

impl<'t> CeleryArguments<'t> {
    fn of(text: &'t str) -> Self {
        let mut arguments = BTreeSet::new();
        for (keyword, variable) in KEYWORDS {
            for (at, _) in text.match_indices(keyword) {
                let rest = &text[at + keyword.len()..];
                arguments.insert((variable, &rest[..rest.len() - rest.trim_start_matches(is_name).len()]));
            }
        }
        Self(arguments)
    }

    /// The variables that count before a literal: it is the broker, where results are kept, or both.
    fn variables(&self, literal: &StringLiteral) -> Vec<&'static str> {
        let is_default = ["env", "config("].iter().any(|word| literal.before.to_ascii_lowercase().contains(word));
        let front = literal.before.trim_end_matches(|c: char| !is_name(c));
        let name = &front[front.trim_end_matches(is_name).len()..];
        if is_default || name.is_empty() {
            return Vec::new();
        }
        let lower = name.to_ascii_lowercase();
        let setting = lower.strip_prefix("celery_").unwrap_or(&lower);
        let is_setting = |variable: &str| {
            let mut keywords = KEYWORDS.iter().filter(|(_, known)| *known == variable);
            keywords.any(|(keyword, _)| keyword.trim_end_matches('=') == setting)
        };
        let is_it = |variable: &&str| is_setting(variable) || self.0.contains(&(*variable, name));
        [BROKER, RESULTS].into_iter().filter(is_it).collect()
    }
}

const BROKER: &str = "CELERY_BROKER_URL";
const RESULTS: &str = "CELERY_RESULT_BACKEND";

/// Names of Celery's settings and of arguments of its application, each with the variable that counts before it.
const KEYWORDS: [(&str, &str); 4] =
    [("broker=", BROKER), ("broker_url=", BROKER), ("backend=", RESULTS), ("result_backend=", RESULTS)];

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::CeleryArguments;
    use crate::sources::literals::string_literals;

    #[test]
    fn addresses_of_celery_are_told_from_others() {
        let of = |text: &str| {
            let literals = string_literals("tasks.py", text);
            let arguments = CeleryArguments::of(text);
            literals.iter().flat_map(|literal| arguments.variables(literal)).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("celery.conf.broker_url = 'redis://localhost/0'\n"), "CELERY_BROKER_URL");
        assert_eq!(of("CELERY_RESULT_BACKEND = 'redis://localhost/0'\n"), "CELERY_RESULT_BACKEND");
        assert_eq!(
            of("app = Celery('t', broker='redis://localhost/0', backend='redis://localhost/1')\n"),
            "CELERY_BROKER_URL CELERY_RESULT_BACKEND"
        );
        assert_eq!(
            of("URL = 'redis://localhost/0'\napp = Celery(broker=URL, backend=URL)\n"),
            "CELERY_BROKER_URL CELERY_RESULT_BACKEND"
        );
        for text in [
            "CACHE_URL = 'redis://localhost/0'\n",
            "SESSION_BACKEND = 'redis://localhost/0'\n",
            "BROKER = os.environ.get('BROKER_URL', 'redis://localhost/0')\n",
            "BROKER = os.getenv('BROKER_URL') or 'redis://localhost/0'\n",
            "URL = 'redis://localhost/0'\napp = Celery(broker=URL2)\n",
        ] {
            assert_eq!(of(text), "", "{text}");
        }
    }
}
