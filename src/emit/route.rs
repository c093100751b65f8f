//! The path under which a program says whether it is ready, as its source has it.

use super::application::Application;
use super::input::EmitInput;
use crate::data;
use crate::manifest::{Ecosystem, FileKind};

/// The path, and where it stands. Only one that a source gives to its application itself: what a router answers depends on
/// the path that it is put under.
pub(super) fn health_route(input: &EmitInput, application: &Application) -> Option<(String, String)> {
    let files: Vec<_> = application.code.files.iter().map(|at| &input.files.files[*at]).collect();
    let sources: Vec<_> =
        files.into_iter().filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program()).collect();
    for path in data::HEALTH_PATHS.keys() {
        for file in &sources {
            let text = file.source.text();
            // Few files have it, and lines are looked at one by one.
            if !text.contains(path.trim_start_matches('/')) {
                continue;
            }
            let is_routes = file.below.ends_with("config/routes.rb");
            let slashed = format!("{path}/");
            for path in [path, slashed.as_str()] {
                let answers = |line: &str| if is_routes { routes(line, path) } else { answers(line, path) };
                if let Some(line) = text.lines().position(answers) {
                    return Some((path.to_owned(), format!("{}:{}", file.source.name(), line + 1)));
                }
            }
        }
    }
    let rails = sources.iter().find(|file| file.source.text().contains("rails/health#show"));
    if let Some(file) = rails {
        return Some(("/up".to_owned(), file.source.name().to_owned()));
    }
    let actuator = application.has_package(Ecosystem::Java, "org.springframework.boot:spring-boot-starter-actuator");
    actuator.then(|| ("/actuator/health".to_owned(), application.place.clone()))
}

/// Whether a line of Rails' routes gives a path to the application itself: `get "up" => …`, not in a block of another path.
fn routes(line: &str, path: &str) -> bool {
    let Some(rest) = line.trim_start().strip_prefix("get ") else { return false };
    let indent = line.len() - line.trim_start().len();
    let bare = path.trim_start_matches('/');
    indent <= 2
        && ['"', '\''].iter().any(|quote| {
            [path, bare].iter().any(|path| rest.trim_start().starts_with(&format!("{quote}{path}{quote}")))
        })
}

/// Whether a line gives a path to an application: `@app.get("/health")`, `app.MapGet("/health"`, `mux.HandleFunc("GET /health"`.
fn answers(line: &str, path: &str) -> bool {
    let starts = ["(\"", "('", "(`", "(\"GET "];
    let quoted = starts.into_iter().find_map(|start| {
        let quote = start.chars().nth(1)?;
        line.find(&format!("{start}{path}{quote}"))
    });
    let Some(at) = quoted else { return false };
    let before = line[..at].trim_start().trim_start_matches('@');
    let Some((receiver, method)) = before.rsplit_once('.') else { return false };
    let receiver = receiver.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let method = method.to_ascii_lowercase();
    let is_application = ["app", "application", "server", "fastify", "http"].contains(&receiver)
        || receiver.to_ascii_lowercase().ends_with("mux");
    let is_get = ["get", "route", "handlefunc", "handle", "mapget"].contains(&method.as_str());
    is_application && is_get
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_application_itself_count() {
        for line in [
            "@app.get(\"/health\")",
            "  app.get('/health', (req, res) => {",
            "\thttp.HandleFunc(\"/health\", ok)",
            "app.MapGet(\"/health\", () => 1);",
            "\tserveMux.HandleFunc(\"GET /health\", ok)",
        ] {
            assert!(answers(line, "/health"), "{line}");
        }
        for line in ["  get \"/up/\", to: \"up#index\"", "  get 'up/' => 'rails/health#show'"] {
            assert!(routes(line, "/up/"), "{line}");
        }
        for line in ["    get \"/up/\"", "  get \"/upper/\"", "  # get \"/up/\"", "  post \"/up/\""] {
            assert!(!routes(line, "/up/"), "{line}");
        }
        for line in [
            "@router.get(\"/health\")",
            "app.post('/health')",
            "fetch('/health')",
            "x = \"/health\"",
            "app.get('/healthy')",
        ] {
            assert!(!answers(line, "/health"), "{line}");
        }
    }
}
