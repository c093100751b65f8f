//! What a health check asks: a page of its own server, a port, the age of a file. One reader for checks of compose files
//! and of images, whatever program they ask with.

use crate::build::{constant_command, looks_for_process};
use crate::data;
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Script, Word};

/// What a health check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckQuestion {
    /// A page of a server.
    Page(PageRequest),
    /// Whether a port of its own container answers.
    Port(u16),
    /// The health service of gRPC.
    Grpc {
        /// The port of its own container.
        port: u16,
        /// The service that is asked for; empty for the server as a whole.
        service: String,
    },
    /// How old a file is that the program touches.
    FileAge,
    /// Nothing: it cannot fail. What it ends with.
    Constant(String),
    /// Whether a process is there; the program that looks.
    Process(String),
    /// Something else, through a client or a program of the project.
    Command,
}

/// A request of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The host as it is written.
    pub host: String,
    /// The port; that of the scheme where none is written.
    pub port: u16,
    /// The path with its query.
    pub path: String,
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// Headers that it sends: names and values.
    pub headers: Vec<(String, String)>,
    /// What it does with the answer.
    pub reading: AnswerReading,
}

/// Which answers a check takes for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerReading {
    /// Each that is no error, redirects not followed: 200 to 399.
    NoError,
    /// Each that is no error behind redirects: 200 to 299.
    Followed,
    /// Any at all.
    Any,
    /// It looks into the body, or at a certain status.
    Body,
}

impl PageRequest {
    /// Whether it asks the container that it runs in; `name`: that of its service, which means itself there.
    pub fn is_own(&self, name: &str) -> bool {
        is_own_host(&self.host) || self.host == name
    }

    /// Whether it only reads: GET or HEAD.
    pub fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// Hosts that mean the container itself.
fn is_own_host(host: &str) -> bool {
    host.is_empty() || data::CHECK_WORDS.has(host, "own-host")
}

impl CheckQuestion {
    /// What a check asks, by its commands. `is_exec`: whether they run without a shell.
    pub fn of(script: &Script, is_exec: bool) -> Self {
        if let Some(last) = constant_command(script, is_exec) {
            return Self::Constant(last.words.iter().map(Word::text).collect::<Vec<_>>().join(" "));
        }
        let inner = script.innermost();
        if let Some(program) = looks_for_process(inner) {
            return Self::Process(program.to_owned());
        }
        if reads_age(script) {
            return Self::FileAge;
        }
        if let Some(question) = device_question(inner) {
            return question;
        }
        let invocations = script.invocations();
        let Some((request, rest)) = invocations.split_first() else { return Self::Command };
        let place = &request.command.place;
        if place.negated || !script.problems.is_empty() {
            return Self::Command;
        }
        // `|| exit 1`, and nothing else.
        let is_whole =
            place.pipe_len == 1 && rest.iter().all(|other| other.is("exit") || other.is("false") || other.is("kill"));
        match request.program {
            Some("curl") => curl_request(request, is_whole).map_or(Self::Command, Self::Page),
            Some("wget") => wget_request(request, is_whole).map_or(Self::Command, Self::Page),
            Some("grpc_health_probe" | "grpc-health-probe") if is_whole => grpc(request).unwrap_or(Self::Command),
            Some("nc" | "ncat" | "netcat") if is_whole => netcat_port(request).map_or(Self::Command, Self::Port),
            _ if is_whole => code_question(request),
            _ => Self::Command,
        }
    }
}

/// Whether a check looks at how old a file is: `find /tmp/alive -mmin -1`, `os.path.getmtime`.
fn reads_age(script: &Script) -> bool {
    let words = script.invocations().into_iter().flat_map(|invocation| {
        let program = invocation.program.unwrap_or_default().to_owned();
        invocation.args.iter().map(move |word| (program.clone(), word.text().to_owned())).collect::<Vec<_>>()
    });
    let has_sign = |word: &str, is_meant: &dyn Fn(&str) -> bool| {
        data::CHECK_WORDS.with("age").any(|sign| is_meant(sign) && word.contains(sign))
    };
    words.into_iter().any(|(program, word)| match program.as_str() {
        "find" => data::CHECK_WORDS.has(&word, "age"),
        "stat" => has_sign(&word, &|sign| sign.starts_with('%')),
        _ => has_sign(&word, &|sign| !sign.starts_with(['-', '%'])) || word.contains("-mmin "),
    })
}

/// The request of curl; `is_whole`: nothing else is done with its answer.
fn curl_request(curl: &Invocation, is_whole: bool) -> Option<PageRequest> {
    let (flags, operands) = curl.arguments();
    let value = |flag: &crate::shell::Flag| flag.value.map(|value| value.text.to_owned());
    let mut method = None;
    let mut headers = Vec::new();
    let (mut fails, mut follows, mut reads) = (false, false, !is_whole);
    let mut url = None;
    for flag in &flags {
        let is = |role: &str| data::CHECK_WORDS.has(&flag.name, role);
        // A login, a socket, a certificate: what no probe has.
        if is("curl-unlike") {
            return None;
        }
        fails |= is("curl-fails");
        follows |= is("curl-follows");
        reads |= is("curl-reads");
        if is("curl-method") {
            method = value(flag);
        } else if is("curl-posts") {
            method = Some("POST".to_owned());
        } else if is("curl-head") {
            method = method.or(Some("HEAD".to_owned()));
        } else if is("curl-header") {
            headers.push(header(&value(flag)?)?);
        } else if flag.name == "--url" {
            url = value(flag);
        }
    }
    let url = match (url, operands.as_slice()) {
        (Some(url), []) => url,
        (None, [word]) => word.value()?.to_owned(),
        _ => return None,
    };
    let reading = match (reads, fails, follows) {
        (true, ..) => AnswerReading::Body,
        (_, false, _) => AnswerReading::Any,
        (_, _, true) => AnswerReading::Followed,
        _ => AnswerReading::NoError,
    };
    page(&url, method, headers, reading)
}

/// The request of wget, which follows redirects.
fn wget_request(wget: &Invocation, is_whole: bool) -> Option<PageRequest> {
    let options = ProgramOptions::of("wget");
    let mut headers = Vec::new();
    let (mut method, mut url) = (None, None);
    let mut words = wget.args.iter();
    while let Some(word) = words.next() {
        let text = word.value()?;
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        match name {
            "--header" => headers.push(header(value.or_else(|| words.next()?.value())?)?),
            "--post-data" | "--post-file" | "--body-data" => method = Some("POST".to_owned()),
            "--method" => method = value.map(str::to_owned),
            "--spider" => method = method.or(Some("HEAD".to_owned())),
            "--user" | "--http-user" | "--certificate" => return None,
            // Where the page goes, and how often and how long it is tried; letters may be joined: `-qO-`.
            _ if takes_next(name, options) && value.is_none() => _ = words.next(),
            _ if name.starts_with('-') || name == "/dev/null" => {}
            _ if url.is_none() => url = Some(text),
            _ => return None,
        }
    }
    let reading = if is_whole { AnswerReading::Followed } else { AnswerReading::Body };
    page(url?, method, headers, reading)
}

/// Whether the next word is the value of letters: of `-qO`, `-T`, and not of `-qO-` or `-T5`.
fn takes_next(word: &str, options: &ProgramOptions) -> bool {
    if word.starts_with("--") {
        return options.takes_value(word);
    }
    let letters = word.strip_prefix('-').unwrap_or_default();
    letters.ends_with(['O', 'T', 't', 'o', 'U', 'w', 'e'])
}

/// `Name: value`; `None` where it may be a login.
fn header(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(':')?;
    let is_login = ["authorization", "cookie"].contains(&name.trim().to_ascii_lowercase().as_str());
    (!is_login).then(|| (name.trim().to_owned(), value.trim().to_owned()))
}

/// A request by its address; `None` where a part of that is only known in the container.
fn page(
    url: &str,
    method: Option<String>,
    headers: Vec<(String, String)>,
    reading: AnswerReading,
) -> Option<PageRequest> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => "http",
        "https" => "https",
        _ => return None,
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (host, port) = split_port(authority, scheme)?;
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let is_plain = |text: &str| !text.contains(['$', '{', '`', '%', '@', ' ', '\\', '"', '\'']);
    let method = method.unwrap_or_else(|| "GET".to_owned());
    (is_plain(host) && !path.contains(['$', '`', ' ', '\\', '"', '\'']) && !host.is_empty()).then(|| PageRequest {
        scheme,
        host: host.to_owned(),
        port,
        path,
        method,
        headers,
        reading,
    })
}

/// Host and port of an authority.
fn split_port<'t>(authority: &'t str, scheme: &str) -> Option<(&'t str, u16)> {
    let default = if scheme == "https" { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => Some((host, port.parse().ok().filter(|port| *port > 0)?)),
        _ => Some((authority, default)),
    }
}

/// `grpc_health_probe -addr=:50051`; `None` with TLS, which the probe of a cluster does not speak.
fn grpc(probe: &Invocation) -> Option<CheckQuestion> {
    let mut words = probe.args.iter().map(Word::text);
    let (mut port, mut service) = (None, String::new());
    while let Some(word) = words.next() {
        let option = word.trim_start_matches('-');
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        match name {
            "addr" => {
                let (host, number) = value.or_else(|| words.next())?.rsplit_once(':')?;
                port = if is_own_host(host) { number.parse().ok() } else { return None };
            }
            "service" => value.or_else(|| words.next())?.clone_into(&mut service),
            _ if name.starts_with("tls") || name == "spiffe" => return None,
            _ => {}
        }
    }
    Some(CheckQuestion::Grpc { port: port?, service })
}

/// The port of `nc -z 127.0.0.1 5432`.
fn netcat_port(netcat: &Invocation) -> Option<u16> {
    let words: Vec<&str> = netcat.args.iter().map(Word::text).collect();
    let (port, rest) = words.split_last()?;
    let host = rest.last()?;
    let looks = rest.iter().any(|word| word.starts_with('-') && word.contains('z'));
    if looks && is_own_host(host) { port.parse().ok() } else { None }
}

/// The network files of bash.
const DEVICE: &str = "/dev/tcp/";

/// What code asks that is given to an interpreter.
fn code_question(request: &Invocation) -> CheckQuestion {
    let program = request.program.unwrap_or_default();
    let is_language = data::CHECK_WORDS.has(program, "code-program") || program.starts_with("python3");
    let is_code = |word: &&Word| data::CHECK_WORDS.has(word.text(), "code-option");
    let code = request.args.iter().skip_while(|word| !is_code(word)).map(Word::text).collect::<Vec<_>>().join(" ");
    if !is_language || code.is_empty() {
        return CheckQuestion::Command;
    }
    if let Some(port) = connected_port(&code) {
        return CheckQuestion::Port(port);
    }
    code_page(&code).map_or(CheckQuestion::Command, CheckQuestion::Page)
}

/// What a shell asks through bash's own network files: `127.0.0.1/8080`.
fn device_question(script: &Script) -> Option<CheckQuestion> {
    let words: Vec<&str> = script.commands.iter().flat_map(|command| &command.words).map(Word::text).collect();
    let redirects = script.commands.iter().flat_map(|command| &command.redirects);
    let targets = redirects.filter_map(|redirect| redirect.target.as_ref()).map(Word::text);
    let (_, address) = words.iter().copied().chain(targets).find_map(|text| text.split_once(DEVICE))?;
    let end = address.find(|c: char| c.is_whitespace() || "'\";&|)<>".contains(c)).unwrap_or(address.len());
    let (host, port) = address[..end].split_once('/')?;
    let port: u16 = port.parse().ok()?;
    if !is_own_host(host) {
        return None;
    }
    let text = words.join(" ");
    let Some((_, rest)) = text.split_once("GET /") else { return Some(CheckQuestion::Port(port)) };
    let path = rest.split([' ', '\\']).next().unwrap_or_default();
    page(&format!("http://{host}:{port}/{path}"), None, Vec::new(), AnswerReading::Followed).map(CheckQuestion::Page)
}

/// The port that code only connects to: `socket.create_connection(('127.0.0.1', 8000))`.
fn connected_port(code: &str) -> Option<u16> {
    if code.contains("://") {
        return None;
    }
    let (_, arguments) = data::CHECK_WORDS.with("code-connects").find_map(|call| code.split_once(call))?;
    let arguments = arguments.split(')').next()?;
    let parts: Vec<&str> = arguments
        .split(',')
        .map(|part| part.trim_matches(|c: char| c.is_whitespace() || "'\"({}".contains(c)))
        .collect();
    let port = parts.iter().find_map(|part| part.parse::<u16>().ok())?;
    let others =
        || parts.iter().filter(|part| part.starts_with(|c: char| c.is_ascii_alphabetic()) || part.contains('.'));
    let asks_itself = others().any(|part| is_own_host(part));
    asks_itself.then_some(port)
}

/// The page that code asks for; `None` where it names none or several.
fn code_page(code: &str) -> Option<PageRequest> {
    let mut places = code.match_indices("http").filter(|(at, _)| {
        let rest = &code[at + 4..];
        rest.starts_with("://") || rest.starts_with("s://")
    });
    let (at, _) = places.next()?;
    if places.next().is_some() {
        return None;
    }
    let rest = &code[at..];
    let end = rest.find(|c: char| c.is_whitespace() || "'\"`),;".contains(c)).unwrap_or(rest.len());
    // `'http://127.0.0.1:'+port`.
    let behind = rest[end..].trim_start_matches(['\'', '"', '`']).trim_start();
    if behind.starts_with('+') || behind.starts_with('.') && behind[1..].starts_with(' ') {
        return None;
    }
    let lower = code.to_ascii_lowercase();
    let has = |role: &'static str| data::CHECK_WORDS.with(role).any(|word| lower.contains(word));
    let method = if has("code-posts") { Some("POST") } else { has("code-heads").then_some("HEAD") };
    let reading = code_reading(&lower);
    page(&rest[..end], method.map(str::to_owned), Vec::new(), reading)
}

/// Which answers code takes for good: by its words about the status and the body.
fn code_reading(lower: &str) -> AnswerReading {
    let has = |role: &'static str| data::CHECK_WORDS.with(role).any(|word| lower.contains(word));
    if has("code-reads") {
        return AnswerReading::Body;
    }
    let mut unread = data::CHECK_REQUESTS.rows().filter(|row| row[2] != "reads");
    let is_unread = !has("code-looks") && !has("code-compares");
    if is_unread && unread.any(|row| lower.contains(&row[0].to_ascii_lowercase())) {
        return AnswerReading::Any;
    }
    AnswerReading::Followed
}
