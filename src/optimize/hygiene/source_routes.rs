//! Routes that sources declare and that answer without a login, a database or a prefix that is set elsewhere.

use crate::manifest::{Ecosystem, FileKind};
use crate::optimize::pass_input::PassInput;
use crate::optimize::reached_sources::LazyReach;
use crate::sources::patterns;

/// A route.
pub(super) struct Route {
    /// Its path.
    pub path: String,
    /// The file that declares it.
    pub file: String,
}

/// What is asked before each request of a Python application, and words by which it refuses.
const BEFORE: [&str; 3] = ["before_request", ".middleware(", "add_middleware("];
const REFUSES: [&str; 4] = ["401", "403", "unauthorized", "forbidden"];

/// Whether a Python application asks each request for something.
fn is_guarded(text: &str) -> bool {
    let requires_login =
        BEFORE.iter().any(|word| text.contains(word)) && REFUSES.iter().any(|word| text.contains(word));
    let has_app = text.split("fastapi(").skip(1).any(|rest| {
        let end = rest
            .find("\n)")
            .unwrap_or(rest.len())
            .min(rest.find('\n').filter(|_| !rest.starts_with('\n')).unwrap_or(rest.len()));
        rest[..end].contains("dependencies=")
    });
    requires_login || has_app
}

/// The meaning of paths that say whether a service works; the better ones come first.
const HEALTH: &str = "path of a health check";

/// Lines of a handler that are looked at.
const HANDLER: usize = 14;

/// Whether a path is one of those that say whether a service works.
pub(super) fn is_health(path: &str) -> bool {
    patterns::words(HEALTH).any(|known| known == path)
}

/// The best route that the sources declare on the application itself.
pub(super) fn find(scene: &PassInput) -> Option<Route> {
    let reach = LazyReach::new(scene);
    let guards: Vec<&str> = patterns::words("may refuse each request").collect();
    let mut guarded = scene.evidence.perhaps_holding(&guards).filter(|(path, _)| reach.may_run(path));
    if guarded.any(|(_, text)| patterns::shows(&text.to_ascii_lowercase(), "may refuse each request")) {
        return None;
    }
    let words: Vec<&str> = patterns::words("makes an application").chain(["get ", "health:", "AppFactory"]).collect();
    let mut routes: Vec<(usize, Route)> = Vec::new();
    for (file, text) in scene.evidence.perhaps_holding(&words).filter(|(path, _)| reach.may_run(path)) {
        for path in declared(file, text) {
            let rank = patterns::words(HEALTH).position(|known| known == path).or((path == "/").then_some(usize::MAX));
            if let Some(rank) = rank {
                routes.push((rank, Route { path, file: file.clone() }));
            }
        }
    }
    routes.into_iter().min_by_key(|(rank, _)| *rank).map(|(_, route)| route)
}

/// Paths of GET routes that a file declares on an application, not on a router that is mounted somewhere.
fn declared(file: &str, text: &str) -> Vec<String> {
    match FileKind::of(file).ecosystem() {
        Some(Ecosystem::Python) => of_lines(text, &python_apps(text), |line| line.strip_prefix('@')),
        Some(Ecosystem::Node) => of_lines(text, &node_apps(text), Some),
        Some(Ecosystem::Ruby) => ruby(file, text),
        Some(Ecosystem::Php) if file.ends_with("bootstrap/app.php") => {
            let named = text.split_once("health:").and_then(|(_, rest)| quoted(rest));
            named.map(str::to_owned).into_iter().collect()
        }
        Some(Ecosystem::Php) => {
            of_lines(text, &["$app".to_owned()], |line| if text.contains("AppFactory") { Some(line) } else { None })
        }
        _ => Vec::new(),
    }
}

/// `app.get("/path"` with one of these names before the dot.
fn of_lines<'t>(text: &'t str, apps: &[String], path_of_line: impl Fn(&'t str) -> Option<&'t str>) -> Vec<String> {
    let mut paths = Vec::new();
    if apps.is_empty() {
        return paths;
    }
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(line) = path_of_line(line.trim_start()) else { continue };
        let Some(rest) = apps.iter().find_map(|app| line.strip_prefix(app.as_str())) else { continue };
        let Some(rest) = rest.strip_prefix('.').or_else(|| rest.strip_prefix("->")) else { continue };
        let Some((method, arguments)) = rest.split_once('(') else { continue };
        let Some(path) = quoted(arguments) else { continue };
        let body = lines[at..].iter().take(HANDLER).enumerate();
        let body = body.take_while(|(offset, line)| *offset < 2 || !line.trim_start().starts_with(['@', '$']));
        let body: String = body.map(|(_, line)| line.to_ascii_lowercase()).collect();
        let gets =
            method == "get" || (method == "route" && !body.lines().next().unwrap_or_default().contains("methods"));
        let other_app = lines[at + 1..].iter().take(HANDLER).find_map(|line| {
            let line = line.trim_start();
            apps.iter().any(|app| line.starts_with(&format!("{app}."))).then_some(line)
        });
        let body = other_app.and_then(|line| body.split(&line.to_ascii_lowercase()).next()).unwrap_or(&body);
        if gets && !patterns::shows(body, "may refuse or fail") {
            paths.push(path.to_owned());
        }
    }
    paths
}

/// The text in the quotes that an argument list begins with.
fn quoted(arguments: &str) -> Option<&str> {
    let arguments = arguments.trim_start();
    let quote = arguments.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let path = arguments[1..].split(quote).next()?;
    let plain =
        path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte));
    plain.then_some(path)
}

/// Names that hold an application: `app = FastAPI(`.
fn python_apps(text: &str) -> Vec<String> {
    if is_guarded(&text.to_ascii_lowercase()) {
        return Vec::new();
    }
    assigned(text, &patterns::words_in("Python", "makes an application"))
}

/// `const app = express()`. Where all requests pass a guard first, none.
fn node_apps(text: &str) -> Vec<String> {
    let makers = patterns::words_in("JavaScript", "makes an application");
    if !makers.iter().any(|maker| text.contains(maker)) {
        return Vec::new();
    }
    let lower = text.to_ascii_lowercase();
    let guard = |line: &str| line.trim_start().contains(".use(") && line.contains("auth");
    if lower.lines().any(guard) {
        return Vec::new();
    }
    assigned(text, &makers)
}

fn assigned(text: &str, makers: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.lines().filter(|line| makers.iter().any(|maker| line.contains(maker))) {
        let Some((left, right)) = line.split_once('=') else { continue };
        let right = right.trim_start().trim_start_matches("require('express')").trim_start();
        let right = right.trim_start_matches("await ");
        let is_app = makers.iter().any(|maker| right.starts_with(maker) || right.contains(&format!(".{maker}")));
        let name = left.trim().trim_start_matches("export ").trim_start_matches("const ");
        let name =
            name.trim_start_matches("let ").trim_start_matches("var ").split(':').next().unwrap_or_default().trim();
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if is_app && plain {
            names.push(name.to_owned());
        }
    }
    names
}

/// Sinatra's `get '/path' do`, Rails' own check.
fn ruby(file: &str, text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    let rails = file.ends_with("config/routes.rb");
    for line in text.lines().map(str::trim_start) {
        let Some(rest) = line.strip_prefix("get ") else { continue };
        let is_rails_health = rails && line.contains("rails/health#show");
        let sinatra = !rails && text.to_ascii_lowercase().contains("sinatra") && line.ends_with("do");
        match quoted(rest) {
            Some(path) if is_rails_health || sinatra => paths.push(path.to_owned()),
            None if is_rails_health => {
                let rooted = rest.replacen(['"', '\''], "\"/", 1).replace('\'', "\"");
                paths.extend(quoted(&rooted).map(str::to_owned));
            }
            _ => {}
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(file: &str, text: &str, expected: &[&str]) {
        assert_eq!(declared(file, text), expected, "{text}");
    }

    #[test]
    fn routes_on_the_application_count() {
        check("main.py", "app = FastAPI()\n@app.get(\"/health\")\ndef health():\n    return {}\n", &["/health"]);
        check(
            "main.py",
            "app = FastAPI()\n@app.get(\"/health\")\ndef health(db=Depends(get_db)):\n    return {}\n",
            &[],
        );
        check(
            "api.py",
            "router = APIRouter(prefix=\"/x\")\n@router.get(\"/health\")\ndef health():\n    return {}\n",
            &[],
        );
        check("app.py", "app = Flask(__name__)\n@app.route('/')\ndef home():\n    return ''\n", &["/"]);
        check("app.py", "app = Flask(__name__)\n@app.route('/users/<name>')\ndef home(name):\n    return ''\n", &[]);
        check(
            "server.js",
            "const app = express();\napp.get('/health', (req, res) => res.send('ok'));\napp.get('/x', (req, res) => db.all());\n",
            &["/health"],
        );
        check("server.js", "const app = express();\napp.use(requireAuth);\napp.get('/health', x);\n", &[]);
        let guard = "@app.before_request\ndef guard():\n    abort(401)\n";
        check("app.py", &format!("app = Flask(__name__)\n{guard}@app.route('/')\ndef home():\n    return ''\n"), &[]);
        let home = "@app.get('/')\ndef home():\n    return ''\n";
        check("app.py", &format!("app = FastAPI(dependencies=[Depends(check)])\n{home}"), &[]);
        check("app.py", &format!("app = FastAPI(\n    dependencies=[Depends(check)],\n)\n{home}"), &[]);
        check("app.py", "app = Flask(__name__)\n@app.get('/')\ndef home():\n    abort(401)\n", &[]);
        check("app.rb", "require 'sinatra'\nget '/health' do\n  'ok'\nend\n", &["/health"]);
        check("config/routes.rb", "get \"up\" => \"rails/health#show\", as: :rails_health_check\n", &["/up"]);
    }
}
