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
            let line = file.source.text().lines().position(|line| answers(line, path));
            if let Some(line) = line {
                return Some((path.to_owned(), format!("{}:{}", file.source.name(), line + 1)));
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

/// Whether a line gives a path to an application: `@app.get("/health")`, `app.MapGet("/health"`, `http.HandleFunc("/health"`.
fn answers(line: &str, path: &str) -> bool {
    let quoted = ['"', '\'', '`'].into_iter().find_map(|quote| line.find(&format!("({quote}{path}{quote}")));
    let Some(at) = quoted else { return false };
    let before = line[..at].trim_start().trim_start_matches('@');
    let Some((receiver, method)) = before.rsplit_once('.') else { return false };
    let receiver = receiver.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let method = method.to_ascii_lowercase();
    let is_application = ["app", "application", "server", "fastify", "http"].contains(&receiver);
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
        ] {
            assert!(answers(line, "/health"), "{line}");
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
