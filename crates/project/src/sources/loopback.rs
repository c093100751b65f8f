//! At which address a program listens, where its sources say it: `app.listen(3000, 'localhost')`, `app.run()` of Flask,
//! `http.ListenAndServe("127.0.0.1:8080", nil)` (`data/loopback_calls.tsv`).

use super::code;
use super::values::{literal, without_comments};
use crate::data;
use crate::manifest::{Ecosystem, FileKind};

/// A call that listens at an address which only the machine itself reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoopbackCall {
    /// The call, as the table has it: `app.listen`.
    pub call: String,
    /// The address.
    pub host: String,
    /// The line, from 1.
    pub line: usize,
    /// Whether it is what the call does without an address.
    pub is_default: bool,
}

/// What a call says of the address that it listens at.
enum Judgment {
    Loopback(LoopbackCall),
    /// Others reach it, or it is known only when the program runs.
    Other,
}

/// Calls that are looked at.
const MOST: usize = 50;

/// The call with which a source listens, where all of its calls do so at a loopback address. `is_set`: whether the image
/// sets a variable.
pub fn loopback_call(path: &str, text: &str, is_set: &dyn Fn(&str) -> bool) -> Option<LoopbackCall> {
    let text = without_comments(path, text);
    let mut first = None;
    let mut seen = Vec::new();
    for row in data::LOOPBACK_CALLS.rows() {
        let &[call, language, needs, ..] = row else { continue };
        if !is_of(FileKind::of(path), language) || needs != "-" && !text.contains(needs) {
            continue;
        }
        for (at, _) in text.match_indices(call).take(MOST) {
            let is_part = call.starts_with(char::is_alphabetic) && text[..at].ends_with(|c: char| c.is_alphanumeric());
            if is_part || seen.contains(&at) {
                continue;
            }
            seen.push(at);
            match judge(&text, at, row, is_set) {
                Judgment::Loopback(known) => first = first.or(Some(known)),
                Judgment::Other => return None,
            }
        }
    }
    first
}

fn is_of(kind: FileKind, language: &str) -> bool {
    kind.language() == language || language == "JavaScript" && kind.ecosystem() == Some(Ecosystem::Node)
}

fn judge(text: &str, at: usize, row: data::Row, is_set: &dyn Fn(&str) -> bool) -> Judgment {
    let &[call, _, _, names, place, default, variables, ..] = row else { return Judgment::Other };
    let Some(list) = code::bracketed(&text[at + call.len() - 1..]) else { return Judgment::Other };
    let arguments = code::arguments(list);
    let line = text[..at].matches('\n').count() + 1;
    let loopback_at = |host: String, is_default: bool| {
        let name = call.trim_matches(['(', '.']).to_owned();
        Judgment::Loopback(LoopbackCall { call: name, host, line, is_default })
    };
    match host_argument(&arguments, names, place) {
        Some(expression) => match host(text, expression) {
            Some(host) => loopback_at(host, false),
            None => Judgment::Other,
        },
        None if default == "-" || data::words(variables).any(is_set) => Judgment::Other,
        // A tunnel of Gradio reaches it.
        None if arguments.iter().any(|argument| is_unknown(argument)) => Judgment::Other,
        None => loopback_at(default.to_owned(), true),
    }
}

/// Whether arguments are handed over that are not seen here: `**options`, `...options`, a name of an object, `share=True`.
fn is_unknown(argument: &str) -> bool {
    let is_name =
        |text: &str| text.to_ascii_lowercase().contains("option") || text.to_ascii_lowercase().contains("config");
    argument.starts_with('*')
        || argument.starts_with("...")
        || argument.contains("...")
        || argument.starts_with("share")
        || is_name(argument)
}

/// The expression with the host, or with an address that has one.
fn host_argument<'t>(arguments: &[&'t str], names: &'static str, place: &str) -> Option<&'t str> {
    let value_of = |argument: &&'t str| {
        data::words(names).find_map(|name| {
            let rest = argument.strip_prefix(name)?.trim_start();
            rest.strip_prefix(['=', ':']).map(str::trim).or_else(|| rest.is_empty().then_some(*argument))
        })
    };
    let objects = arguments.iter().filter(|argument| argument.starts_with('{'));
    let in_objects = objects.filter_map(|object| code::bracketed(object)).flat_map(code::arguments);
    let all: Vec<&str> = arguments.iter().copied().chain(in_objects).collect();
    if let Some(expression) = all.iter().find_map(value_of) {
        return Some(expression);
    }
    let is_function = |text: &&&str| text.contains("=>") || text.starts_with("function") || text.starts_with("async");
    match place {
        "address" => arguments.first().copied(),
        "address2" => arguments.get(1).copied(),
        "pair" => arguments.first().and_then(|pair| code::arguments(code::bracketed(pair)?).first().copied()),
        number => {
            let number: usize = number.parse().ok()?;
            let plain = arguments.get(number - 1).filter(|argument| !is_function(argument))?;
            let is_named =
                plain.split_once('=').is_some_and(|(name, _)| name.trim().chars().all(char::is_alphanumeric));
            (!is_named && !plain.starts_with('{')).then_some(*plain)
        }
    }
}

/// The loopback address that an expression stands for; `None` for any other one.
fn host(text: &str, expression: &str) -> Option<String> {
    let expression = expression.trim().trim_end_matches(".await?").trim_start_matches('&');
    // `([127, 0, 0, 1], 3000)`, `("127.0.0.1", 8080)`
    if let Some(inner) = expression.strip_prefix('(').and_then(|_| code::bracketed(expression)) {
        let first = *code::arguments(inner).first()?;
        let numbers = first.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let joined = numbers.map(|numbers| numbers.replace(' ', "").replace(',', "."));
        return joined.or_else(|| literal(first).map(str::to_owned)).filter(|host| is_loopback(host));
    }
    let known = literal(expression.trim_start_matches('f')).or_else(|| constant(text, expression))?;
    let address = known.split_once("://").map_or(known, |(_, rest)| rest);
    let host = if is_loopback(address) { address } else { address.rsplit_once(':').map_or(address, |(host, _)| host) };
    is_loopback(host).then(|| host.to_owned())
}

/// The text of a name that a file gives one value.
fn constant<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if !is_name {
        return None;
    }
    let assigned = code::words(text, name).filter_map(|at| {
        let behind = text[at + name.len()..].trim_start();
        let value = behind.strip_prefix(":=").or_else(|| behind.strip_prefix('='))?;
        (!value.starts_with(['=', '>'])).then(|| code::expression(value))
    });
    let mut assigned = assigned.take(2);
    let (Some(value), None) = (assigned.next(), assigned.next()) else { return None };
    literal(value)
}

/// Whether only the machine itself reaches a host.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    host == "localhost" || host == "::1" || host.starts_with("127.") && is_number(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(path: &str, text: &str) -> Option<String> {
        loopback_call(path, text, &|name| name == "GRADIO_SERVER_NAME").map(|known| known.host)
    }

    #[test]
    fn loopback_addresses_are_read() {
        for (path, text) in [
            ("server.js", "app.listen(3000, 'localhost')"),
            ("server.js", "server.listen(process.env.PORT || 3000, '127.0.0.1', () => console.log('up'))"),
            ("server.ts", "const HOST = '127.0.0.1';\napp.listen(port, HOST);"),
            ("server.js", "app.listen({ port: 3000, host: 'localhost' })"),
            ("server.js", "const app = require('fastify')()\napp.listen({ port: 3000 })"),
            ("main.ts", "NestFactory.create(AppModule, new FastifyAdapter());\nawait app.listen(3000);"),
            ("app.py", "app = Flask(__name__)\nif __name__ == '__main__':\n    app.run(debug=True, port=8000)"),
            ("app.py", "uvicorn.run(app, port=8000)"),
            ("app.py", "app = Flask(__name__)\napp.run('127.0.0.1', 5000)"),
            ("app.py", "HTTPServer(('localhost', 8080), Handler).serve_forever()"),
            ("main.go", "http.ListenAndServe(\"127.0.0.1:8080\", nil)"),
            ("main.go", "l, err := net.Listen(\"tcp\", \"localhost:50051\")"),
            ("main.go", "import \"github.com/gin-gonic/gin\"\nr.Run(\"localhost:8080\")"),
            ("main.rs", "let listener = TcpListener::bind(\"127.0.0.1:3000\").await?;"),
            ("main.rs", "HttpServer::new(f).bind((\"127.0.0.1\", 8080))?"),
            ("main.rs", "let addr = SocketAddr::from(([127, 0, 0, 1], 3000));"),
            ("main.rs", "rocket::build().mount(\"/\", routes![index])"),
            ("Program.cs", "app.Run(\"http://localhost:5000\");"),
        ] {
            assert!(host_of(path, text).is_some(), "{text}");
        }
    }

    #[test]
    fn other_and_unknown_addresses_are_not() {
        for (path, text) in [
            ("server.js", "app.listen(3000)"),
            ("server.js", "app.listen(3000, () => console.log('http://localhost:3000'))"),
            ("server.js", "app.listen(3000, '0.0.0.0')"),
            ("server.js", "app.listen(3000, process.env.HOST || 'localhost')"),
            ("server.js", "const app = require('fastify')()\napp.listen({ port: 3000, host: '0.0.0.0' })"),
            ("server.js", "const app = require('fastify')()\napp.listen({ port, host })"),
            ("server.js", "const app = require('fastify')()\napp.listen(config.server)"),
            ("server.js", "a.listen(1, 'localhost');\nb.listen(2)"),
            ("app.py", "app = Flask(__name__)\napp.run(host='0.0.0.0')"),
            ("app.py", "app = Flask(__name__)\napp.run(**options)"),
            ("app.py", "app = Flask(__name__)\napp.run(host=os.environ.get('HOST', '127.0.0.1'))"),
            ("app.py", "import gradio as gr\ndemo.launch()"),
            ("app.py", "uvicorn.run(app, host=settings.host)"),
            ("main.go", "http.ListenAndServe(\":8080\", nil)"),
            ("main.go", "http.ListenAndServe(addr, nil)"),
            ("main.rs", "TcpListener::bind(\"0.0.0.0:3000\").await?"),
            ("main.rs", "TcpListener::bind(format!(\"{}:3000\", host))"),
            ("Program.cs", "app.Run();"),
        ] {
            assert_eq!(host_of(path, text), None, "{text}");
        }
    }
}
