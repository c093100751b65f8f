//! What is said of the user and of the healthcheck is true.

use super::{APP, START};
use crate::optimize::test_inputs::{optimize_to_level, project, rewritten};
use crate::optimize::{Level, LevelLimit, Options, optimize};

const NODE: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"server.js\"]\n";

const NPM: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD [\"npm\", \"start\"]\n";

/// All that is said of a rewrite.
fn plan_of(dockerfile: &str, files: &[(&str, &str)]) -> String {
    format!("{:?}", optimize_to_level(dockerfile, files, Level::Hygiene).levels)
}

fn express(port: u16, rest: &str) -> String {
    format!("const app = express();\napp.get('/health', (q, r) => r.send('ok'));\napp.listen({port});\n{rest}")
}

#[test]
fn low_ports_are_told_where_one_is_listened_on() {
    let of_port = |port: u16| plan_of(NODE, &[("server.js", &express(port, ""))]);
    assert!(of_port(80).contains("the container runtime lets any user listen on port 80"));
    let usual = of_port(3000);
    assert!(usual.contains("runs as `node`") && !usual.contains("lets any user") && !usual.contains("1024"), "{usual}");
}

#[test]
fn servers_that_build_nothing_do_not_build_at_start_up() {
    for start in ["nuxt start", "nuxi preview", "next start"] {
        let package = format!("{{\"scripts\": {{\"start\": \"{start}\"}}, \"dependencies\": {{\"nuxt\": \"3\"}}}}");
        let text = plan_of(NPM, &[("package.json", &package), ("pages/index.vue", "<p/>")]);
        assert!(!text.contains("builds at start-up"), "{start}: {text}");
    }
}

#[test]
fn large_scripts_that_nothing_names_keep_no_root() {
    let is_doubtful = |package: &str| {
        let files = [("package.json", package), ("server.js", "require('./lib')"), ("scripts/initRoot.ts", "x")];
        let (inputs, mut evidence) = project(NODE, &files);
        evidence.texts.remove("scripts/initRoot.ts");
        evidence.texts_cut = true;
        let options = Options { level: LevelLimit::Up(Level::Hygiene), ..Options::new(&crate::rules::AllRules) };
        format!("{:?}", optimize(&inputs, 0, &evidence, &options).levels).contains("too large to read")
    };
    assert!(!is_doubtful("{}"));
    assert!(is_doubtful("{\"scripts\": {\"start\": \"tsx scripts/initRoot.ts && node server.js\"}}"));
}

#[test]
fn folders_that_functions_return_are_known() {
    let data = "import { baseDir } from './base';\nconst dir = join(baseDir(), 'data');\nfs.writeFileSync(join(dir, 'a'), 'b');\n";
    let base = "export function baseDir(): string {\n  return process.cwd();\n}\n";
    let text =
        rewritten(NODE, &[("server.js", "require('./data')"), ("data.ts", data), ("base.ts", base)], Level::Hygiene);
    assert!(text.contains("install -d -o node -g node /app/data"), "{text}");
}

#[test]
fn checks_wait_for_starts_that_build() {
    let start = |command: &str| {
        let package = format!("{{\"scripts\": {{\"start\": \"{command}\", \"build\": \"vite build\"}}}}");
        rewritten(NPM, &[("package.json", &package), ("server.js", &express(3000, ""))], Level::Hygiene)
    };
    assert!(start("node server.js").contains("--start-period=30s"));
    assert!(start("npm run build && node server.js").contains("--start-period=180s"));
    assert!(start("prisma migrate deploy && node server.js").contains("--start-period=120s"));
}

#[test]
fn no_check_asks_what_never_answers() {
    let page = ("app/page.tsx", "export default function Page() { return <p/>; }");
    let package = "{\"scripts\": {\"start\": \"next start\"}, \"dependencies\": {\"next\": \"15.1.0\"}}";
    let next = |config: &str| {
        let files = [("package.json", package), page, ("next.config.mjs", config)];
        let text = rewritten(NPM, &files, Level::Hygiene);
        assert!(!config.contains("'/docs' }") || text.contains("127.0.0.1:3000/docs"), "{text}");
        text.contains("HEALTHCHECK")
    };
    assert!(next("export default {};\n") && next("export default { basePath: '/docs' };\n"));
    for config in [
        "const basePath = '/docs';\nexport default { basePath };\n",
        "export default { basePath: process.env.BASE_PATH };\n",
        "export default { async redirects() { return [{ source: '/', destination: 'https://a.example', permanent: false }]; } };\n",
    ] {
        assert!(!next(config), "{config}");
    }
    let node =
        |rest: &str| rewritten(NODE, &[("server.js", &express(3000, rest))], Level::Hygiene).contains("HEALTHCHECK");
    assert!(node(""));
    assert!(!node("require('https').createServer({ key, cert }, app).listen(3443);\n"));
}

#[test]
fn what_the_program_loads_shows_its_writes_before_what_lies_beside_it() {
    let text = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
    let write = "open('out.txt', 'w')\n";
    let reason = |files: &[(&str, &str)]| plan_of(text, files);
    let why = reason(&[("app.py", "import store\n"), ("lessons/files.py", write), ("store.py", write)]);
    assert!(why.contains("`store.py` writes files"), "{why}");
    let why = reason(&[("app.py", "print(1)\n"), ("lessons/files.py", write)]);
    assert!(why.contains("`lessons/files.py`, which may be started by hand"), "{why}");
}

#[test]
fn a_low_port_in_a_cluster_keeps_root() {
    let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 80\n{}", START.replace("8000", "80"));
    let manifest = |port: u16| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - ports:\n    - containerPort: {port}\n"
        )
    };
    for (port, is_kept) in [(80, true), (8080, false)] {
        let done = optimize_to_level(&text, &[APP, ("k8s/web.yaml", &manifest(port))], Level::Hygiene);
        assert_eq!(!done.result()[0].text().contains("USER"), is_kept, "{port}");
    }
}

#[test]
fn a_last_line_without_an_end_stays_a_line() {
    let site = "FROM nginx:1.30-alpine\nCOPY dist /usr/share/nginx/html";
    let text = rewritten(site, &[("dist/index.html", "<p>a</p>")], Level::Hygiene);
    assert!(text.contains("COPY dist /usr/share/nginx/html\nHEALTHCHECK "), "{text}");
    let crlf = site.replace('\n', "\r\n");
    let text = rewritten(&crlf, &[("dist/index.html", "<p>a</p>")], Level::Hygiene);
    assert!(text.contains("COPY dist /usr/share/nginx/html\r\nHEALTHCHECK "), "{text}");
}
