//! Servers of built files, replaced by a web server.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::inputs::{Evidence, Service};
use crate::optimize::test_inputs::project;
use crate::optimize::{Level, LevelLimit, Options, optimize};

const PACKAGE: &str = r#"{"name": "a", "scripts": {"build": "vite build", "preview": "vite preview",
 "dev": "vite", "serve": "serve -s dist -p 3000"}, "devDependencies": {"vite": "5"}}"#;
const DOCKERFILE: &str =
    "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm run build\nEXPOSE 4173\nCMD npm run preview\n";
const FILES: [(&str, &str); 3] =
    [("package.json", PACKAGE), ("index.html", ""), ("vite.config.js", "export default {}\n")];

/// The text and what was left and why, with what is known besides.
fn optimize_site(
    dockerfile: &str,
    files: &[(&str, &str)],
    level: LevelLimit,
    know: impl Fn(&mut Evidence),
) -> (String, Vec<String>) {
    let (inputs, mut evidence) = project(dockerfile, files);
    know(&mut evidence);
    let options = Options { level, ..Options::new(&crate::rules::AllRules) };
    let done = optimize(&inputs, 0, &evidence, &options);
    let refusals = done.levels.iter().flat_map(|level| &level.refusals);
    let refusals = refusals.map(|refusal| format!("{}: {}", refusal.pass, refusal.why)).collect();
    let text = done.result()[0].text().to_owned();
    let again = inputs.with_sources(done.result());
    assert_eq!(optimize(&again, 0, &evidence, &options).result()[0].text(), text, "a second run changes nothing");
    (text, refusals)
}

fn files<'f>(others: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let kept_files = FILES.into_iter().filter(|(path, _)| others.iter().all(|(other, _)| other != path));
    kept_files.chain(others.iter().copied()).collect()
}

#[track_caller]
fn check(dockerfile: &str, others: &[(&str, &str)], present: &[&str], absent: &[&str]) {
    let (text, refusals) = optimize_site(dockerfile, &files(others), LevelLimit::Up(Level::Stages), |_| {});
    for part in present {
        assert!(text.contains(part), "`{part}` lacks in\n{text}\n{refusals:#?}");
    }
    for part in absent {
        assert!(!text.contains(part), "`{part}` is in\n{text}\n{refusals:#?}");
    }
}

#[track_caller]
fn check_refused(dockerfile: &str, others: &[(&str, &str)], why: &str) {
    let (text, refusals) = optimize_site(dockerfile, &files(others), LevelLimit::Up(Level::Stages), |_| {});
    assert!(!text.contains("FROM nginx"), "{text}");
    assert!(
        refusals.iter().any(|refusal| refusal.starts_with("site-stages: ") && refusal.contains(why)),
        "`{why}`: {refusals:#?}"
    );
}

#[test]
fn previews_become_a_web_server() {
    let present = [
        "FROM node:22 AS build\n",
        "\n\nFROM nginx:1.30-alpine-slim\nCOPY <<'EOF'",
        "listen 4173;\n        listen [::]:4173;",
        "try_files $uri $uri.html ${uri}index.html /index.html;",
        "location ~ \"^/assets/.+-[A-Za-z0-9_-]{8}\\.[a-z0-9]+$\"",
        "COPY --from=build /app/dist /usr/share/nginx/html\nUSER nginx\nEXPOSE 4173\nHEALTHCHECK",
        "[\"wget\", \"-qO\", \"/dev/null\", \"http://127.0.0.1:4173/\"]",
    ];
    check(DOCKERFILE, &[], &present, &["CMD npm", "502"]);
    // The times of the author's healthcheck stay.
    let checked =
        DOCKERFILE.replace("CMD ", "HEALTHCHECK --interval=10s --retries=12 CMD curl -f localhost:4173\nCMD ");
    check(&checked, &[], &["HEALTHCHECK --interval=10s --retries=12 \\\n    CMD [\"wget\""], &["--timeout"]);
    let named = |image: &'static str| {
        optimize_site(DOCKERFILE, &FILES, LevelLimit::Up(Level::Stages), move |evidence| {
            evidence.named_images = vec![Arc::new(BTreeSet::from(["node:22".to_owned(), image.to_owned()]))];
        })
    };
    assert!(named("nginx:1.26").0.contains("\nFROM nginx:1.26\n"));
    assert!(named("nginx:latest").0.contains("\nFROM nginx:1.30-alpine-slim\n"));
}

#[test]
fn all_forms_of_the_command_are_followed() {
    let start = |command: &str| DOCKERFILE.replace("CMD npm run preview", command);
    for (command, parts) in [
        ("ENTRYPOINT [\"npm\", \"run\", \"preview\"]\nCMD [\"--\", \"--port\", \"8080\"]", &["listen 8080;"][..]),
        ("CMD [\"npx\", \"vite\", \"preview\", \"--host\", \"--port=80\"]", &["listen 80;"]),
        ("CMD [\"npm\", \"run\", \"serve\"]", &["${PORT:-3000};", "try_files $uri /index.html;"]),
        ("CMD yarn serve -l 5000", &["listen 5000;"]),
        (
            "CMD exec npx serve@14 dist",
            &["${PORT:-3000};", "try_files $uri $uri.html $uri/index.html =404;", "/404.html"],
        ),
        ("CMD npx http-server dist", &["${PORT:-8080};", "try_files $uri $uri.html $uri/ =404;"]),
        ("CMD npx sirv dist --host --single --port 5001", &["listen 5001;", "$uri/index.html /index.html;"]),
        ("CMD npx vite preview --host --port 8083 --port 8083", &["listen 8083;", "charset utf-8;"]),
        ("ENV PORT=8081\nCMD serve dist -l tcp://0.0.0.0:$PORT", &["listen ${PORT:-8081};"]),
        (
            "CMD serve dist -l ${WEB_PORT:-8083}",
            &["listen ${WEB_PORT:-8083};", "http://127.0.0.1:${WEB_PORT:-8083}/\""],
        ),
        ("CMD serve dist -l $PORT", &["listen ${PORT:-3000};"]),
        (
            "ENV PORT=8082\nCMD [\"serve\", \"-s\", \"dist\"]",
            &[
                "include /tmp/listen.conf;",
                "USER nginx\nEXPOSE 8082\n",
                "CMD wget -qO /dev/null \"http://127.0.0.1:${PORT:-8082}/\"\n# The platform may set another port.\nCMD [",
                r#"CMD ["sh", "-c", "echo \"listen ${PORT:-8082}; listen [::]:${PORT:-8082};\" >/tmp/listen.conf && exec nginx -g 'daemon off;'"]"#,
            ],
        ),
    ] {
        check(
            &start(command),
            &[("package.json", &PACKAGE.replace("serve -s dist -p 3000", "serve -s dist"))],
            parts,
            &[],
        );
    }
    for (command, why) in [
        ("CMD serve dist -l 3000 -l 4000", "several addresses"),
        ("CMD serve", "the whole project folder"),
        ("CMD ./env.sh && serve dist", "other programs than"),
        ("CMD serve dist -l $((PORT+1))", "the port"),
        ("CMD serve dist -l ${BASE}0", "the port"),
        ("CMD npx http-server dist -P http://api", "does more than serve files"),
        ("CMD npm run dev", "a development server; `--level 6` replaces it anyway (at least"),
    ] {
        check_refused(&start(command), &[], why);
    }
    check_refused(&start("CMD serve -s dist"), &[("public/serve.json", "{}")], "sets rules");
    let other = "FROM rust:1.95-slim-bookworm\nWORKDIR /app\nCOPY . .\nRUN cargo build\nCMD [\"serve\"]\n";
    let (_, refusals) = optimize_site(other, &[("Cargo.toml", "")], LevelLimit::Up(Level::Stages), |_| {});
    assert!(refusals.iter().all(|refusal| !refusal.starts_with("site-stages")), "{refusals:#?}");
}

#[test]
fn preview_settings_are_read() {
    let config = |text: &'static str| [("vite.config.js", text)];
    check(
        DOCKERFILE,
        &config(
            "export default { preview: { port: 8080 }, server: { port: 1 }, build: { outDir: 'out' }, base: '/shop/' }",
        ),
        &[
            "listen 8080;",
            "/app/out /usr/share/nginx/html/shop\n",
            "location /shop/ {\n            try_files $uri $uri.html ${uri}index.html /shop/index.html;",
            "location = / {\n            return 302 /shop/$is_args$args;",
            "location = /index.html {\n            return 302 /shop/$is_args$args;",
            "^/shop/assets/",
            "http://127.0.0.1:8080/shop/\"",
        ],
        &[],
    );
    check(
        DOCKERFILE,
        &config(
            "export default { server: { proxy: { '/api': { target: 'http://localhost:8000', changeOrigin: true } } } }",
        ),
        &["location /api {\n            return 502;", "asked http://localhost:8000"],
        &[],
    );
    check(DOCKERFILE, &config("export default { appType: 'mpa' }"), &["${uri}index.html =404;"], &[]);
    check(DOCKERFILE, &[("public/assets/logo-original.png", "")], &["listen 4173;"], &["immutable"]);
    for (text, why) in [
        (
            "export default { server: { proxy: { '/api': 'http://api:8000' } } }",
            "`/api` is forwarded to `http://api:8000`",
        ),
        ("export default { server: { proxy: { '/api': env.API } } }", "a proxy"),
        ("export default { preview: { headers: { a: 'b' } } }", "`headers`"),
        ("export default { preview: { port: Number(env.PORT) } }", "the port of `preview`"),
        ("export default { ...common }", "the port of `preview`"),
        ("export default { base: process.env.BASE }", "`base`"),
        ("export default { base: 'https://cdn.example.com/' }", "another host"),
        ("export default { root: 'web' }", "`root`"),
        ("export default mergeConfig(a, b)", "imports settings"),
    ] {
        check_refused(DOCKERFILE, &[("vite.config.js", text)], why);
    }
    let kit = PACKAGE.replace("\"vite\": \"5\"", "\"vite\": \"5\", \"@sveltejs/kit\": \"2\"");
    check_refused(DOCKERFILE, &[("package.json", &kit)], "its own server");
}

#[test]
fn other_changes_of_the_image_need_level_6() {
    let service = || Service { name: "web".to_owned(), ..Service::default() };
    let check_refusal = |service: Service, why: &str| {
        let know = |evidence: &mut Evidence| evidence.services = vec![service.clone()];
        let (text, refusals) = optimize_site(DOCKERFILE, &FILES, LevelLimit::Up(Level::Stages), know);
        assert!(!text.contains("FROM nginx"), "{text}");
        assert!(
            refusals.iter().any(|refusal| refusal.contains(why) && refusal.contains("`--level 6`")),
            "{refusals:#?}"
        );
        let (text, _) = optimize_site(DOCKERFILE, &FILES, LevelLimit::Up(Level::Server), know);
        assert!(text.contains("FROM nginx"), "{text}");
    };
    check_refusal(Service { command: Some("npm run preview".to_owned()), ..service() }, "starts `npm run preview`");
    check_refusal(Service { mounts: vec!["/app/src".to_owned()], ..service() }, "mounts `/app/src`");
    check_refusal(Service { user: Some("1000".to_owned()), ..service() }, "runs as `1000`");
    check_refusal(Service { read_only: true, ..service() }, "cannot write to `/tmp`");
    check_refusal(Service { healthcheck: Some("curl -f http://localhost:4173".to_owned()), ..service() }, "`curl`");
    let know = |evidence: &mut Evidence| {
        evidence.services = vec![service()];
        evidence.recipes.insert("justfile".to_owned(), "e2e:\n    docker compose run --rm web npm test\n".into());
    };
    let (_, refusals) = optimize_site(DOCKERFILE, &FILES, LevelLimit::Up(Level::Stages), know);
    assert!(
        refusals.iter().any(|refusal| refusal.contains("`justfile` runs `npm test` in the container")),
        "{refusals:#?}"
    );
    let port = Service {
        environment: ["PORT".to_owned()].into(),
        values: vec![("PORT".to_owned(), "4000".to_owned())],
        ..service()
    };
    let serve = DOCKERFILE.replace("npm run preview", "serve -s dist");
    let know = |evidence: &mut Evidence| evidence.services = vec![port.clone()];
    assert!(optimize_site(&serve, &FILES, LevelLimit::Up(Level::Stages), know).0.contains("listen ${PORT:-4000};"));
}

#[test]
fn servers_for_development_are_replaced_on_level_6() {
    let dev = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 5173\nCMD [\"npm\", \"run\", \"dev\", \"--\", \"--host\"]\n";
    let (text, refusals) = optimize_site(dev, &FILES, LevelLimit::Up(Level::Server), |_| {});
    assert!(text.contains("RUN npm run build\n\nFROM nginx") && text.contains("listen 5173;"), "{text}\n{refusals:#?}");
    let cra = r#"{"name": "a", "scripts": {"build": "react-scripts build", "start": "react-scripts start"},
 "dependencies": {"react-scripts": "5"}}"#;
    let start = dev.replace("\"run\", \"dev\", \"--\", \"--host\"", "\"start\"");
    let (text, refusals) = optimize_site(&start, &[("package.json", cra)], LevelLimit::Up(Level::Server), |_| {});
    for part in
        ["listen ${PORT:-3000};", "/app/build /usr", "^/static/.+\\.[0-9a-f]{8,20}", "try_files $uri /index.html;"]
    {
        assert!(text.contains(part), "{part}: {text}\n{refusals:#?}");
    }
    let bound = |evidence: &mut Evidence| {
        let bound = vec![(".".to_owned(), "/app".to_owned())];
        evidence.services = vec![Service { name: "web".to_owned(), bound, ..Service::default() }];
    };
    let (text, refusals) = optimize_site(dev, &FILES, LevelLimit::Up(Level::Server), bound);
    assert!(
        !text.contains("nginx") && refusals.iter().any(|refusal| refusal.contains("to show changes at once")),
        "{text}\n{refusals:#?}"
    );
}

#[test]
fn leftovers_of_the_other_server_go() {
    let serve = "CMD [\"serve\", \"-s\", \"dist\", \"-l\", \"3000\"]\n";
    let dockerfile = format!(
        "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install && npm install -g serve\nRUN npm run build\nRUN npm prune --omit=dev\n{serve}"
    );
    check(&dockerfile, &[], &["RUN npm run build\n\nFROM nginx"], &["-g serve", "prune"]);
    let second = format!(
        "FROM node:22 AS builder\nWORKDIR /src\nCOPY . .\nRUN npm install\nRUN npm run build\n\nFROM node:22 AS modules\nWORKDIR /m\nCOPY package.json .\nRUN npm install --omit=dev\n\nFROM node:22 AS runner\nLABEL a=b\nWORKDIR /app\nRUN npm install -g serve\nCOPY --from=modules /m/node_modules ./node_modules\nCOPY --from=builder /src/dist ./dist\nUSER node\n{serve}"
    );
    check(
        &second,
        &[],
        &[
            "\n\nFROM nginx:1.30-alpine-slim AS runner\nLABEL a=b\n",
            "COPY --from=builder /src/dist /usr/share/nginx/html\n",
        ],
        &["modules", "-g serve"],
    );
    let whole = second.replace("/src/dist ./dist", "/src .");
    check(&whole, &[], &["COPY --from=builder /src/dist /usr/share/nginx/html\n"], &[]);
    check_refused(&format!("{second}\nFROM runner\n"), &[], "inherited from another stage");
}
