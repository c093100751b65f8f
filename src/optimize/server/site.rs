//! Pass `static-site`: files that a bundler made, served by nginx without rights of its own.

use std::collections::BTreeSet;

use crate::build::{Base, BaseImage, Presence, Reference, Stage, installed};
use crate::dockerfile::Keyword;
use crate::optimize::literal::{Literal, literal};
use crate::optimize::scene::{Scene, Turn};
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word};
use crate::sources::comments::blank_comments;
use crate::text::{Span, path};

const WHAT: &str = "keeps the server of the files";

/// What serves files now.
struct Site {
    /// The program.
    server: String,
    /// The folder in the image.
    folder: String,
    /// Where it listens.
    port: u16,
    /// Whether paths without a file get the first page.
    fallback: bool,
}

pub(in crate::optimize) fn run(scene: &Scene, turn: &mut Turn) {
    let build = scene.build;
    let Some(stage) = scene.target().filter(|stage| matches!(stage.base, Base::Image(_))) else { return };
    let used = build.edges().iter().any(|edge| edge.to == Base::Stage(stage.index));
    let Some((index, _)) = build.last(stage, Keyword::Cmd).filter(|_| !used) else { return };
    if build.last(stage, Keyword::Entrypoint).is_some() {
        return;
    }
    let Some(code) = build.code(index) else { return };
    let invocations = code.script.invocations();
    let [one] = invocations.as_slice() else { return };
    let site = match site(scene, stage, index, one) {
        None => return,
        Some(Ok(site)) => site,
        Some(Err(why)) => return turn.refuse(WHAT, why),
    };
    let Some(image) = image(scene) else {
        return turn.refuse(WHAT, "no file and no image of the engine names an nginx: name one that you use");
    };
    if stage.name.is_some() || build.stages().iter().any(|one| one.name.as_deref() == Some("site")) {
        return turn.refuse(WHAT, "the stage that serves them has a name that others may build");
    }
    let (text, span) = written(scene, stage, &site, &image);
    let why = format!("`{}` only serves the files in `{}`", site.server, site.folder);
    turn.step(format!("serves the built files by `{image}`"), why, vec![scene.edit(span, text)]);
}

/// The site, where the program serves one; an error where nginx would not do the same.
fn site(scene: &Scene, stage: &Stage, index: usize, one: &Invocation) -> Option<Result<Site, String>> {
    let all: Vec<&str> = std::iter::once(one.path).chain(one.args).map(Word::text).collect();
    let start = usize::from(matches!(all.first(), Some(&("npx" | "bunx"))));
    let words = &all[start..];
    let program = path::name(words.first()?);
    let known = ProgramOptions::of(program);
    let option = |names: &[&str]| {
        words.iter().enumerate().find_map(|(at, word)| {
            let joined = |name: &&str| word.strip_prefix(*name).and_then(|rest| rest.strip_prefix('='));
            if names.contains(word) { words.get(at + 1).copied() } else { names.iter().find_map(joined) }
        })
    };
    let has = |names: &[&str]| words.iter().any(|word| names.contains(word));
    let workdir = installed::workdir(scene.build, stage, index);
    let (folder, port, fallback) = match program {
        "vite" if has(&["preview"]) => {
            let configuration = scene.evidence.texts.iter().find(|(path, _)| path.starts_with("vite.config."));
            let text = configuration.map_or("", |(_, text)| text.as_str());
            if let Some(why) = refused(text) {
                return Some(Err(why));
            }
            let told = match literal(text, "outDir") {
                Literal::Text(folder) => folder.to_owned(),
                Literal::Missing => "dist".to_owned(),
                Literal::Open => return Some(Err("`outDir` of `vite.config` is not known".to_owned())),
            };
            let folder = option(&["--outDir"]).map_or(told, str::to_owned);
            (folder, option(&["--port"]).unwrap_or("4173").to_owned(), literal(text, "appType") == Literal::Missing)
        }
        "serve" => {
            let folder = operand(words, known);
            let port = option(&["-l", "--listen", "-p"]).unwrap_or("3000");
            let port = port.rsplit(':').next().unwrap_or(port).to_owned();
            (folder.unwrap_or(".").to_owned(), port, has(&["-s", "--single"]))
        }
        "http-server" => {
            if words.iter().any(|word| known.has(word, "serves-more")) {
                return Some(Err("`http-server` does more than to serve files".to_owned()));
            }
            let folder = operand(words, known);
            (folder.unwrap_or("public").to_owned(), option(&["-p", "--port"]).unwrap_or("8080").to_owned(), false)
        }
        _ => return None,
    };
    let files = ["serve.json", "static.json", "dist/serve.json"];
    if scene.context().is_some_and(|context| files.iter().any(|path| context.find(path).is_some())) {
        return Some(Err("`serve.json` has rules of its own".to_owned()));
    }
    let Ok(port) = port.parse() else { return Some(Err(format!("the port `{port}` is not known"))) };
    let folder = path::join(&workdir, &folder);
    if folder == workdir || folder == "/" {
        return Some(Err("the whole folder is served, not what a build made".to_owned()));
    }
    Some(Ok(Site { server: program.to_owned(), folder, port, fallback }))
}

/// The first word that is no option and no value of one.
fn operand<'w>(words: &[&'w str], options: &ProgramOptions) -> Option<&'w str> {
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        if options.takes_value(word) {
            rest.next();
        } else if !word.starts_with('-') {
            return Some(word);
        }
    }
    None
}

/// What Vite's preview does beyond serving files.
fn refused(text: &str) -> Option<String> {
    let plain = blank_comments(text);
    if plain.contains("proxy") {
        // Previews take those of the server for development over.
        return Some("`vite.config` has a proxy, which Vite's preview uses too".to_owned());
    }
    if plain.contains("headers") || plain.contains("https") || plain.contains("configurePreviewServer") {
        return Some("`vite.config` sets headers, certificates or a server of its own".to_owned());
    }
    (!matches!(literal(&plain, "base"), Literal::Missing | Literal::Text("/" | "./")))
        .then(|| "`base` of `vite.config` is another path".to_owned())
}

/// An nginx image that the author's files or the engine name, the author's first.
fn image(scene: &Scene) -> Option<String> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    for stage in scene.build.stages() {
        named.extend(match &stage.base {
            Base::Image(image) => Some(image.clone()),
            _ => None,
        });
    }
    for (path, text) in &scene.evidence.texts {
        if path.contains("compose") && path.contains(".y") {
            let images = text.lines().filter_map(|line| line.trim().strip_prefix("image:"));
            named.extend(images.map(|image| image.trim().trim_matches(['"', '\'']).to_owned()));
        }
    }
    let fits = |image: &&String| {
        let reference = Reference::of(image);
        reference.short_name() == "nginx"
            && reference.tag.is_some_and(|tag| tag.starts_with(|c: char| c.is_ascii_digit() || c == 's' || c == 'm'))
    };
    let own = named.iter().rfind(fits).cloned();
    own.or_else(|| scene.evidence.images.as_ref()?.iter().rfind(fits).cloned())
}

/// The stages in the place of the last one.
fn written(scene: &Scene, stage: &Stage, site: &Site, image: &str) -> (String, Span) {
    let build = scene.build;
    let newline = scene.newline();
    let source = scene.source();
    let made = maker(scene, stage, site);
    let mut out = String::new();
    let from = build.instruction(stage.start);
    let instructions: Vec<_> = build.instructions(stage).collect();
    let only_image = |keyword: Keyword| {
        matches!(
            keyword,
            Keyword::Cmd
                | Keyword::Expose
                | Keyword::Label
                | Keyword::Healthcheck
                | Keyword::Stopsignal
                | Keyword::Volume
                | Keyword::Maintainer
        )
    };
    let name = made.clone().unwrap_or_else(|| "site".to_owned());
    if made.is_none() {
        out.push_str(&format!("{} AS {name}{newline}", source.slice(Span::new(from.span.start, stage.base_span.end))));
        let last =
            instructions.iter().rfind(|(_, one)| matches!(one.keyword, Keyword::Run | Keyword::Copy | Keyword::Add));
        let end = last.map_or(stage.start, |(index, _)| *index);
        for (index, one) in &instructions {
            if *index <= end && !only_image(one.keyword) {
                out.push_str(&scene.passage_text(*index));
            }
        }
        out.push_str(newline);
    }
    out.push_str(&format!("FROM {image}{newline}"));
    for (index, one) in &instructions {
        if matches!(one.keyword, Keyword::Workdir | Keyword::Arg | Keyword::Env | Keyword::Label | Keyword::Volume) {
            let text = if made.is_none() && !only_image(one.keyword) {
                format!("{}{newline}", source.slice(one.span))
            } else {
                scene.passage_text(*index)
            };
            out.push_str(&text);
        }
    }
    out.push_str(&configuration(site).replace('\n', newline));
    out.push_str(&format!("COPY --from={name} {0} {0}{newline}", site.folder));
    out.push_str(&format!("USER nginx{newline}EXPOSE {}{newline}", site.port));
    if BaseImage::of(image).presence("curl") == Presence::Has {
        let check = format!(
            "HEALTHCHECK --interval=30s --timeout=5s --start-period=5s --retries=3 \\{newline}    CMD [\"curl\", \"-fsS\", \"-o\", \"/dev/null\", \"http://127.0.0.1:{}/\"]{newline}",
            site.port
        );
        out.push_str(&check);
    }
    let last = stage.instructions.end.max(stage.start + 1) - 1;
    let span = Span::new(from.span.start, build.instruction(last).span.end);
    (out.trim_end().to_owned(), span)
}

/// What makes the files, where that is a stage before this one.
fn maker(scene: &Scene, stage: &Stage, site: &Site) -> Option<String> {
    scene.build.transfers(stage).iter().find_map(|one| {
        let brings = one
            .sources
            .iter()
            .any(|source| source.text.as_deref().is_some_and(|text| text.trim_end_matches('/') == site.folder));
        match one.from {
            Some(Base::Stage(from)) if brings => scene.build.stages().get(from)?.name.clone(),
            _ => None,
        }
    })
}

/// nginx.conf: all that it writes lies in /tmp, so that it needs no rights.
fn configuration(site: &Site) -> String {
    let missing = if site.fallback { "/index.html" } else { "=404" };
    // `serve` finds pages without their ending.
    let pages = if site.server == "serve" { "$uri.html " } else { "" };
    format!(
        "COPY <<'EOF' /etc/nginx/nginx.conf
worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr;

events {{}}

http {{
    include mime.types;
    types {{ text/javascript mjs; }}
    default_type application/octet-stream;
    access_log /dev/stdout;
    sendfile on;
    gzip on;
    gzip_types text/css text/javascript application/javascript application/json image/svg+xml application/wasm;

    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;

    server {{
        listen {port};
        root {folder};
        add_header Cache-Control no-cache;

        # Names of these files change with their contents.
        location /assets/ {{
            add_header Cache-Control \"public, max-age=31536000, immutable\";
        }}
        location / {{
            try_files $uri {pages}$uri/ {missing};
        }}
    }}
}}
EOF
",
        port = site.port,
        folder = site.folder,
    )
}
