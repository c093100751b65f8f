//! Which ports a program listens on, by the calls of its sources: `app.listen(process.env.PORT || 3000)`,
//! `http.ListenAndServe(":8080", nil)`, `uvicorn.run(app, port=settings.port)`. Names are followed to their values; nothing
//! is executed.

use std::cell::Cell;

use super::code;
use super::patterns;
use super::routes::SourceFile;
use super::values::{literal, without_comments};
use super::variables::{Absence, VariableReads, variable_reads};
use crate::manifest::FileKind;

/// A port that a call listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListeningCall {
    /// The port.
    pub port: u16,
    /// The index of the file.
    pub file: usize,
    /// The line, from 1.
    pub line: usize,
}

/// The longest chain of names.
const DEEPEST: usize = 4;

/// The maximum number of calls that are looked at.
const MOST: usize = 200;

/// Bytes that are searched for the values of names, an expression counting as many; beyond, a port is not known.
const BUDGET: usize = 256 << 20;
const EXPRESSION: usize = 32 << 10;

/// The calls that listen on a port which is known, by file and line. `variable` has the value of a variable of the
/// environment, where the image sets it.
pub fn listening_calls(files: &[SourceFile], variable: &dyn Fn(&str) -> Option<String>) -> Vec<ListeningCall> {
    let reader = PortReader { files, variable, budget: Cell::new(BUDGET) };
    let mut calls = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let kind = FileKind::of(file.path);
        if !kind.has_code() || calls.len() >= MOST || !patterns::shows(file.text, "may listen on a port") {
            continue;
        }
        let text = without_comments(file.path, file.text);
        for pattern in patterns::of("may listen on a port").filter(|pattern| pattern.is_of(kind)) {
            for (at, _) in text.match_indices(pattern.text).take(MOST) {
                if pattern.text.starts_with(char::is_alphabetic) && text[..at].ends_with(char::is_alphanumeric) {
                    continue;
                }
                let place = PortPlace { file: index, text: &text, at };
                if let Some(port) = reader.port_of_call(place, pattern.text, pattern.argument) {
                    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() + 1;
                    calls.push(ListeningCall { port, file: index, line });
                }
            }
        }
    }
    calls.sort_by_key(|call| (call.file, call.line, call.port));
    calls.dedup();
    calls
}

/// The port that a settings file in Python gives a name: `bind = "0.0.0.0:8000"`.
pub fn assigned_port(
    files: &[SourceFile],
    file: usize,
    name: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<u16> {
    let reader = PortReader { files, variable, budget: Cell::new(BUDGET) };
    let text = without_comments(files[file].path, files[file].text);
    reader.value_in_file(PortPlace { file, text: &text, at: text.len() }, name, 0)
}

/// A place of a file, whose comments are blanked out.
#[derive(Clone, Copy)]
struct PortPlace<'t> {
    file: usize,
    text: &'t str,
    at: usize,
}

struct PortReader<'r> {
    files: &'r [SourceFile<'r>],
    variable: &'r dyn Fn(&str) -> Option<String>,
    budget: Cell<usize>,
}

impl PortReader<'_> {
    /// The port that a call listens on. `default`: the port without arguments, and a word that its file must have for that.
    fn port_of_call(&self, place: PortPlace, word: &str, default: &str) -> Option<u16> {
        let behind = &place.text[place.at + word.len()..];
        if !word.ends_with('(') {
            return self.value(place, code::expression(behind), 0);
        }
        let list = code::bracketed(&place.text[place.at + word.len() - 1..])?;
        let arguments = code::arguments(list);
        let argument = arguments.iter().find_map(|argument| named_port(argument));
        let in_object = || {
            let objects = arguments.iter().filter(|argument| argument.starts_with('{'));
            objects.filter_map(|object| code::bracketed(object)).flat_map(code::arguments).find_map(named_port)
        };
        if let Some(expression) = argument.or_else(in_object) {
            return self.value(place, expression, 0);
        }
        // `("", 8080)`, `"tcp", ":8080"`
        let first = *arguments.first().unwrap_or(&"");
        let is_host = |text: &str| text.starts_with("tcp") || word == "app.run(" && address_port(text).is_none();
        let first = match arguments.get(1) {
            Some(second) if literal(first).is_some_and(is_host) => *second,
            _ => first,
        };
        // In Go it is an address, and other calls have the same names.
        let is_go = FileKind::of(self.files[place.file].path).language() == "Go";
        let is_address = literal(first).is_some_and(|text| text.contains(':'));
        // `.bind(1)` of a query gives it a value.
        if word == ".bind(" && !first.starts_with(['(', '"', '&']) && !first.starts_with("format!") {
            return None;
        }
        let has_framework = default.split_once(' ').is_none_or(|(_, word)| place.text.contains(word));
        if is_go && !is_address && (number(first).is_some() || literal(first).is_some() || !has_framework) {
            return None;
        }
        let inner = first.strip_prefix('(').and_then(|_| code::bracketed(first)).map(code::arguments);
        let expression = inner.and_then(|inner| inner.last().copied()).unwrap_or(first);
        self.value(place, expression, 0).or_else(|| {
            let mut words = default.split(' ');
            let port = words.next()?.parse().ok()?;
            let is_it = words.next().is_none_or(|word| place.text.contains(word));
            let names_port = |argument: &&str| argument.to_ascii_lowercase().contains("port");
            let is_told = if is_go { !arguments.is_empty() } else { arguments.iter().any(names_port) };
            (is_it && !is_told).then_some(port)
        })
    }

    /// The port that an expression stands for.
    fn value(&self, place: PortPlace, expression: &str, depth: usize) -> Option<u16> {
        let expression = expression.trim().trim_start_matches('+').trim_end_matches('!').trim();
        if let Some(port) = number(expression) {
            return Some(port);
        }
        if let Some(text) = literal(expression.trim_start_matches('f')) {
            return address_port(text).or_else(|| self.formatted(place, text, depth));
        }
        if depth > DEEPEST || expression.is_empty() || expression.len() > 400 {
            return None;
        }
        for separator in ["||", "??", " or "] {
            let parts = code::split(expression, separator);
            if parts.len() > 1 {
                return parts.iter().find_map(|part| self.value(place, part, depth + 1));
            }
        }
        if let Some((callee, list)) = code::call(expression) {
            return self.call(place, expression, callee, list, depth);
        }
        if let Some((of, _)) = code::subscript(expression) {
            return if of.contains("env") { self.of_variable(place, expression) } else { None };
        }
        // `":" + port`, but not `port + 1`; `fmt.Sprintf` is a call.
        if let [.., before, last] = code::split(expression, "+")[..] {
            if number(last.trim()).is_some() {
                literal(before.trim())?;
            }
            return self.value(place, last, depth + 1);
        }
        if expression.contains("env.") {
            return self.of_variable(place, expression);
        }
        self.value_of_name(place, expression, depth)
    }

    /// `int(os.environ.get("PORT", 8000))`, `fmt.Sprintf(":%d", port)`.
    fn call(&self, place: PortPlace, expression: &str, callee: &str, list: &str, depth: usize) -> Option<u16> {
        let arguments = code::arguments(list);
        if let Some(port) = self.of_variable(place, expression) {
            return Some(port);
        }
        let name = callee.rsplit(['.', ':']).next().unwrap_or(callee);
        match name {
            "Sprintf" | "format" | "format!" => self.value(place, arguments.last()?, depth + 1),
            _ if data_conversion(name) => self.value(place, arguments.first()?, depth + 1),
            // `getEnv("PORT", "8080")`
            _ if name.to_ascii_lowercase().contains("env") && arguments.len() == 2 => {
                let known = literal(arguments[0]).and_then(self.variable);
                known.and_then(|value| address_port(&value)).or_else(|| self.value(place, arguments[1], depth + 1))
            }
            _ => None,
        }
    }

    /// The text of a template: `:${port}`, `:{port}`.
    fn formatted(&self, place: PortPlace, text: &str, depth: usize) -> Option<u16> {
        let (_, rest) = text.rsplit_once('{')?;
        self.value(place, rest.strip_suffix('}')?, depth + 1)
    }

    /// The value of a variable that an expression reads: that of the image, else its default.
    fn of_variable(&self, place: PortPlace, expression: &str) -> Option<u16> {
        let file = self.files[place.file].path;
        let reads: VariableReads = variable_reads(file, &format!("x = {expression}\n"));
        let read = reads.reads.first()?;
        if let Some(value) = (self.variable)(&read.name) {
            return address_port(&value);
        }
        match &read.absence {
            Absence::Default(Some(value)) => address_port(value),
            _ => None,
        }
    }

    /// The value of a name, of its file or, for a member, of any file: one port, or none.
    fn value_of_name(&self, place: PortPlace, expression: &str, depth: usize) -> Option<u16> {
        let (of, name) = code::member(expression);
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !is_name || depth >= DEEPEST {
            return None;
        }
        let here = self.value_in_file(place, name, depth);
        if here.is_some() || of.is_none() {
            return here;
        }
        if let Some(value) = (self.variable)(&name.to_ascii_uppercase()) {
            return address_port(&value);
        }
        let language = FileKind::of(self.files[place.file].path).ecosystem();
        let mut ports = Vec::new();
        for (file, source) in self.files.iter().enumerate() {
            let kind = FileKind::of(source.path);
            if file == place.file || !kind.has_code() || kind.ecosystem() != language || !source.text.contains(name) {
                continue;
            }
            let text = without_comments(source.path, source.text);
            ports.extend(self.value_in_file(PortPlace { file, text: &text, at: text.len() }, name, depth));
        }
        ports.dedup();
        if let [port] = ports[..] { Some(port) } else { None }
    }

    /// Takes from the budget; `None` where nothing is left.
    fn spend(&self, bytes: usize) -> Option<()> {
        let left = self.budget.get().checked_sub(bytes);
        self.budget.set(left.unwrap_or(0));
        left.map(|_| ())
    }

    /// What a file gives a name: `PORT = 80`, `port: 80`, `port := os.Getenv("PORT")`; the last one before the place that is
    /// known, as long as all say the same.
    fn value_in_file(&self, place: PortPlace, name: &str, depth: usize) -> Option<u16> {
        let mut ports: Vec<u16> = Vec::new();
        self.spend(place.text.len())?;
        for at in code::words(place.text, name) {
            let behind = place.text[at + name.len()..].trim_start_matches([' ', '\t']);
            let value = behind
                .strip_prefix(":=")
                .or_else(|| behind.strip_prefix('=').filter(|rest| !rest.starts_with(['=', '>'])));
            // `port: int = 8000`, `port: process.env.PORT || 3000`
            let value = value.or_else(|| {
                let rest = behind.strip_prefix(':')?;
                let line = rest.split('\n').next().unwrap_or(rest);
                Some(line.split_once(" = ").map_or(rest, |(before, _)| &rest[before.len() + " = ".len()..]))
            });
            let Some(value) = value else { continue };
            // `MongoClient(host=a, port=27017)` tells another function.
            let is_python = FileKind::of(self.files[place.file].path).language() == "Python";
            let is_argument = is_python && place.text[..at].trim_end().ends_with(['(', ',']) && behind.starts_with('=');
            if at == place.at || is_argument {
                continue;
            }
            let inner = PortPlace { at, ..place };
            let expression = code::expression(value);
            if expression.is_empty() || code::words(expression, name).next().is_some() && !expression.contains("env") {
                continue;
            }
            self.spend(EXPRESSION)?;
            let value = self.value(inner, expression, depth + 1).or_else(|| self.of_variable(inner, expression));
            ports.extend(value);
        }
        ports.dedup();
        if let [port] = ports[..] { Some(port) } else { None }
    }
}

/// Whether a function turns a text into a number or back.
fn data_conversion(name: &str) -> bool {
    patterns::words("converts a number").any(|word| word == name)
}

/// The value of an argument called `port`: `port=8000`, `port: 3000`.
fn named_port(argument: &str) -> Option<&str> {
    let argument = argument.trim();
    let rest = argument.strip_prefix("server_").unwrap_or(argument).strip_prefix("port")?;
    rest.trim_start().strip_prefix(['=', ':']).map(str::trim)
}

fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

/// The port of an address or a number: `8080`, `:8080`, `http://*:5000/`; of several the first without TLS.
pub fn address_port(text: &str) -> Option<u16> {
    let mut parts = text.split([';', ',']).map(str::trim).filter(|part| !part.starts_with("https:"));
    parts.find_map(|part| match part.split_once("://") {
        Some((_, address)) => match address.trim_end_matches('/').rsplit_once(':') {
            Some((_, port)) => number(port),
            None => Some(80),
        },
        None => number(part.trim_end_matches('/').rsplit(':').next()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(all: &[(&str, &str)], image: &[(&str, &str)]) -> Vec<u16> {
        let files: Vec<SourceFile> = all.iter().map(|(path, text)| SourceFile { path, text }).collect();
        let variable =
            |name: &str| image.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        listening_calls(&files, &variable).into_iter().map(|call| call.port).collect()
    }

    #[track_caller]
    fn check(file: &str, text: &str, expected: &[u16]) {
        assert_eq!(ports(&[(file, text)], &[]), expected, "{text}");
    }

    #[test]
    fn ports_of_calls_are_read() {
        check("main.go", "http.ListenAndServe(\":8000\", router)", &[8000]);
        check("main.go", "srv := &http.Server{Addr: \":9000\", Handler: r}\nsrv.ListenAndServe()", &[9000]);
        check(
            "main.go",
            "port := os.Getenv(\"PORT\")\nif port == \"\" {\n\tport = \"8080\"\n}\nhttp.ListenAndServe(\":\"+port, nil)",
            &[8080],
        );
        check("main.go", "const (\n\tlistenPort = \":5000\"\n)\nhttp.ListenAndServe(listenPort, nil)", &[5000]);
        check("main.go", "lis, err := net.Listen(\"tcp\", \":50051\")", &[50051]);
        check("main.go", "import \"github.com/gin-gonic/gin\"\nr := gin.Default()\nr.Run()", &[8080]);
        check("main.go", "import \"github.com/gin-gonic/gin\"\nrouter.Run(\":\" + config.Server.Port)", &[]);
        check("main.go", "label := \"1\"\ncmd.Run(label, line...)", &[]);
        check("main.go", "Command{}.Run(\"80\", \"tar\")\nx.Start(1)\n", &[]);
        check("main.go", "addr := flag.String(\"addr\", \":8081\", \"\")\nhttp.ListenAndServe(*addr, nil)", &[]);
        check("a.js", "web.listen(3000, () => {})", &[3000]);
        check("a.js", "const port = process.env.PORT || 4000;\napp.listen(port)", &[4000]);
        check("a.js", "const PORT = Number(process.env.PORT ?? '4001')\nserver.listen(PORT)", &[4001]);
        check("a.js", "app.listen({ port: parseInt(process.env.PORT || '3001', 10), host: '0.0.0.0' })", &[3001]);
        check("a.js", "serve({ fetch: app.fetch, port: 8787 })", &[8787]);
        check("a.js", "app.listen((port ?? options.port) + 1)\nweb.listen(base + 1)", &[]);
        check("a.js", "history.listen(() => {})\napp.listen(process.env.PORT)", &[]);
        check("a.py", "app = Flask(__name__)\napp.run(host=\"0.0.0.0\", port=8000, debug=True)", &[8000]);
        check("a.py", "app = Flask(__name__)\napp.run(debug=True)", &[5000]);
        check("a.py", "uvicorn.run(app, host='0.0.0.0', port=int(os.environ.get('PORT', 9090)))", &[9090]);
        check("a.py", "uvicorn.run('main:app')", &[8000]);
        check("a.py", "HTTPServer(('', 8080), Handler).serve_forever()", &[8080]);
        check("a.rs", "let listener = TcpListener::bind(\"0.0.0.0:3000\").await?;", &[3000]);
        check("a.rs", "HttpServer::new(f).bind((\"0.0.0.0\", 8080))?", &[8080]);
        check("a.cs", "app.Run(\"http://*:5000;https://*:5001\");", &[5000]);
        check("a.go", "http.ListenAndServe(\":0\", nil)", &[]);
        check("a.rs", "query.bind(1).bind(limit)", &[]);
        check(
            "a.rs",
            "const PORT: u16 = 8082;\nlet l = TcpListener::bind(format!(\"0.0.0.0:{}\", PORT)).await?;",
            &[8082],
        );
        check("a.py", "MongoClient(host='a',\n    port=27017)\nserver.listen(options.port)\n", &[]);
    }

    #[test]
    fn names_that_lead_everywhere_end() {
        let text = (0..20_000).map(|number| format!("a = b{}\nb{} = a\n", number % 7, number % 7)).collect::<Vec<_>>();
        let start = dockopt_testing::ThreadTime::start();
        check("a.js", &format!("{}app.listen(a)", text.concat()), &[]);
        assert!(start.seconds() < 20);
    }

    #[test]
    fn names_are_followed_to_other_files() {
        let main =
            ("src/main.py", "import uvicorn\nfrom config import settings\nuvicorn.run(app, port=settings.port)\n");
        let config = ("src/config.py", "class Settings(BaseSettings):\n    port: int = 8010\n");
        assert_eq!(ports(&[main, config], &[]), [8010]);
        assert_eq!(ports(&[main, config], &[("PORT", "9000")]), [9000]);
        let server = ("server.ts", "import { config } from './config';\napp.listen(config.port);\n");
        let module = ("config.ts", "export const config = { port: Number(process.env.PORT) || 5050, host: '' };\n");
        assert_eq!(ports(&[server, module], &[]), [5050]);
        assert_eq!(ports(&[server, module], &[("PORT", "80")]), [80]);
    }

    #[test]
    fn addresses_have_ports() {
        for (text, port) in [
            ("8080", Some(8080)),
            (":80", Some(80)),
            ("http://+:5000/", Some(5000)),
            ("https://+:1;http://+", Some(80)),
            ("é", None),
            (":0", None),
        ] {
            assert_eq!(address_port(text), port, "{text}");
        }
    }
}
