use crate::inputs::Service;
use crate::optimize::Level;
use crate::optimize::test_inputs::{optimize_to_level, project, rewritten};
use crate::optimize::{LevelLimit, Options, optimize};

mod claims;
mod root_home;

fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let text = rewritten(dockerfile, files, Level::Hygiene);
    let refusals: Vec<_> = optimize_to_level(dockerfile, files, Level::Hygiene)
        .levels
        .into_iter()
        .flat_map(|level| level.refusals)
        .collect();
    assert_eq!(text, expected, "{refusals:#?}");
}

/// A program that listens and writes nothing.
const APP: (&str, &str) =
    ("app.py", "from fastapi import FastAPI\napp = FastAPI()\n\n@app.get(\"/health\")\ndef health():\n    return {}\n");

const START: &str = "CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";

const CHECK: &str = "HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \\\n    CMD [\"python\", \"-c\", \"import sys,urllib.request as u;sys.exit(0 if u.urlopen('http://127.0.0.1:8000/health',timeout=3).status<400 else 1)\"]\n";

#[test]
fn a_service_gets_a_user_and_a_check() {
    check(
        &format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY app.py .\nEXPOSE 8000\n{START}"),
        &[APP],
        &format!(
            "FROM python:3.13-slim\nWORKDIR /app\nRUN useradd --uid 10001 --user-group --create-home app\nCOPY app.py .\nUSER app\nEXPOSE 8000\n{CHECK}{START}"
        ),
    );
}

#[test]
fn written_folders_belong_to_the_user() {
    let log = ("log.py", "import logging\nlogging.FileHandler('app.log')\n");
    check(
        "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"server.js\"]\n",
        &[("server.js", "require('fs').writeFileSync('data/x', 'y')\n")],
        "FROM node:22-slim\nWORKDIR /app\nRUN install -d -o node -g node /app/data\nCOPY . .\nUSER node\nCMD [\"node\", \"server.js\"]\n",
    );
    check(
        &format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{START}"),
        &[APP, log],
        &format!(
            "FROM python:3.13-slim\nWORKDIR /app\nRUN useradd --uid 10001 --user-group --create-home app \\\n    && install -d -o app -g app /app\nCOPY . .\nUSER app\n{CHECK}{START}"
        ),
    );
}

#[test]
fn steps_on_the_sources_run_as_the_user() {
    let log = ("log.py", "import logging\nlogging.FileHandler('app.log')\n");
    let head = "FROM python:3.13-slim\nWORKDIR /app\n";
    let install = "RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n";
    let files = [APP, log, ("requirements.txt", "fastapi\n"), ("start.sh", "#!/bin/sh\nexec uvicorn app:app\n")];
    let created = "RUN useradd --uid 10001 --user-group --create-home app \\\n    && install -d -o app -g app /app\n";
    for (path, others) in [
        ("RUN flask db upgrade\n", ""),
        ("RUN chmod +x start.sh && mkdir -p /app/static\nRUN python manage.py collectstatic\n", ""),
        ("RUN python manage.py collectstatic\n", "RUN mkdir -p /var/www\n"),
    ] {
        let start = "CMD [\"/bin/bash\", \"start.sh\"]\n";
        check(
            &format!("{head}COPY requirements.txt .\n{install}COPY . .\n{others}{path}{start}"),
            &files,
            &format!(
                "{head}{created}COPY requirements.txt .\n{install}COPY --chown=app:app . .\n{others}USER app\n{path}{start}"
            ),
        );
    }
}

#[test]
fn folders_created_by_root_are_handed_over() {
    let files =
        [APP, ("log.py", "import logging\nlogging.FileHandler('app.log')\n"), ("entry.sh", "#!/bin/sh\nexec \"$@\"\n")];
    let head = "FROM python:3.13-slim\nWORKDIR /app\n";
    let tail = "COPY entry.sh /usr/local/bin/\nRUN chmod +x /usr/local/bin/entry.sh\n";
    let created = "RUN useradd --uid 10001 --user-group --create-home app \\\n    && install -d -o app -g app /app\n";
    let find = " \\\n    && find /app -user root -exec chown -h app:app {} +";
    for (step, handed) in [("python init_db.py", find), ("mkdir -p tmp/pids", find), ("mkdir -p /var/www", "")] {
        let start = "ENTRYPOINT [\"entry.sh\"]\nCMD [\"python\", \"app.py\"]\n";
        check(
            &format!("{head}COPY . .\nRUN {step}\n{tail}{start}"),
            &files,
            &format!("{head}{created}COPY --chown=app:app . .\nRUN {step}{handed}\n{tail}USER app\n{start}"),
        );
    }
}

#[test]
fn a_start_that_needs_root_keeps_it() {
    for start in ["#!/bin/sh\nchown -R www /data\nexec \"$@\"\n", "#!/bin/sh\napt-get update\nexec \"$@\"\n"] {
        let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"/app/start.sh\"]\n{START}");
        let done = optimize_to_level(&text, &[("start.sh", start), ("app.py", "")], Level::Hygiene);
        let refusals: Vec<_> = done.levels.iter().flat_map(|level| &level.refusals).collect();
        assert!(refusals.iter().any(|refusal| refusal.pass == "non-root"), "{refusals:?}");
        assert_eq!(done.result()[0].text(), text);
    }
}

#[test]
fn sockets_and_devices_of_root_keep_it() {
    let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{START}");
    for source in [
        "from docker import DockerClient\nclient = DockerClient(base_url='unix://var/run/docker.sock')\n",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)\n",
        "port = serial.Serial('/dev/ttyUSB0', 9600)\n",
    ] {
        let done = optimize_to_level(&text, &[("app.py", source)], Level::Hygiene);
        let mut refusals = done.levels.iter().flat_map(|level| &level.refusals);
        assert!(refusals.any(|refusal| refusal.why.contains("which only root may")), "{source}");
        assert!(!done.result()[0].text().contains("USER"), "{source}");
    }
    // What only tests do, or a page describes, does not run in the container.
    let files =
        [("app.py", "print(1)\n"), ("README.md", "mount docker.sock"), ("tests/test_app.py", "docker.from_env()\n")];
    assert!(optimize_to_level(&text, &files, Level::Hygiene).result()[0].text().contains("USER"));
    let (mut inputs, evidence) = project(&text, &[("app.py", "print(1)\n")]);
    inputs.builds[0].options.run.has_rights = true;
    let options = Options { level: LevelLimit::Up(Level::Hygiene), ..Options::new(&crate::rules::AllRules) };
    assert!(!optimize(&inputs, 0, &evidence, &options).result()[0].text().contains("USER"));
}

#[test]
fn a_script_behind_a_shell_is_read() {
    for command in ["CMD [\"sh\", \"start.sh\"]", "CMD bash start.sh", "ENTRYPOINT [\"bash\", \"-e\", \"start.sh\"]"] {
        let text = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n{command}\n");
        let files = [("start.sh", "service cron start\nexec python app.py\n"), ("app.py", "")];
        let done = optimize_to_level(&text, &files, Level::Hygiene);
        let refusals: Vec<_> = done.levels.iter().flat_map(|level| &level.refusals).collect();
        assert!(refusals.iter().any(|refusal| refusal.why.contains("`start.sh` calls `service`")), "{refusals:?}");
        assert!(!done.result()[0].text().contains("USER"));
    }
}

#[test]
fn a_base_for_others_keeps_its_user_and_its_programs() {
    let text = "FROM python:3.13\nWORKDIR /app\nCOPY app.py .\nONBUILD COPY requirements.txt .\nONBUILD RUN pip install --no-cache-dir -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";
    check(text, &[("app.py", "")], text);
}

#[test]
fn folders_of_the_system_are_not_given_away() {
    let with = |line: &str, user: &str| {
        format!("FROM node:22-slim\nWORKDIR /srv\n{line}COPY x.js .\n{user}CMD [\"node\", \"x.js\"]\n")
    };
    check(&with("VOLUME /tmp\n", ""), &[("x.js", "1")], &with("VOLUME /tmp\n", "USER node\n"));
    check(&with("VOLUME /var/log\n", ""), &[("x.js", "1")], &with("VOLUME /var/log\n", ""));
    check(&with("RUN mkdir -p /var/log\n", ""), &[("x.js", "1")], &with("RUN mkdir -p /var/log\n", "USER node\n"));
    let writes = "require('fs').writeFileSync('/etc/foo.conf', 'y')\n";
    check(&with("", ""), &[("x.js", writes)], &with("", ""));
}

#[test]
fn start_scripts_show_what_django_writes() {
    let created = "RUN useradd --uid 10001 --user-group --create-home app \\\n    && install -d -o app -g app /app\n";
    for start in
        ["python manage.py collectstatic --noinput\n", "python manage.py compilemessages && exec gunicorn app\n"]
    {
        let head = "FROM python:3.13-slim\nWORKDIR /app\n";
        let start = [("start.sh", start), ("app.py", "")];
        check(
            &format!("{head}COPY . .\nCMD [\"./start.sh\"]\n"),
            &start,
            &format!("{head}{created}COPY --chown=app:app . .\nUSER app\nCMD [\"./start.sh\"]\n"),
        );
    }
}

#[test]
fn celery_beat_may_be_a_service_of_compose() {
    let (inputs, mut evidence) = project(
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY app.py .\nCMD [\"python\", \"app.py\"]\n",
        &[("app.py", "")],
    );
    let command = Some("celery -A app beat".to_owned());
    evidence.services.push(Service { name: "beat".to_owned(), command, ..Service::default() });
    let done = optimize(&inputs, 0, &evidence, &Options::new(&crate::rules::AllRules));
    assert!(done.result()[0].text().contains("install -d -o app -g app /app\n"), "{}", done.result()[0].text());
}

#[test]
fn commands_take_the_exec_form() {
    let with = |command: &str| format!("FROM python:3.13-slim\nUSER app\nWORKDIR /srv\nCOPY x .\n{command}\n");
    for (before, after) in [
        ("CMD uvicorn app:app", "CMD [\"uvicorn\", \"app:app\"]"),
        ("CMD uvicorn app:app --port $PORT", "CMD [\"/bin/sh\", \"-c\", \"exec uvicorn app:app --port $PORT\"]"),
        (
            "CMD alembic upgrade head && uvicorn app:app",
            "CMD [\"/bin/sh\", \"-c\", \"alembic upgrade head && exec uvicorn app:app\"]",
        ),
        (
            "CMD [\"sh\", \"-c\", \"a \\\"b\\\" && uvicorn app:app\"]",
            "CMD [\"sh\", \"-c\", \"a \\\"b\\\" && exec uvicorn app:app\"]",
        ),
        ("ENTRYPOINT uvicorn app:app", "ENTRYPOINT [\"uvicorn\", \"app:app\"]"),
        (
            "ENTRYPOINT uvicorn app:app\nCMD [\"x\"]",
            "ENTRYPOINT [\"/bin/sh\", \"-c\", \"exec uvicorn app:app\"]\nCMD [\"x\"]",
        ),
        ("CMD uvicorn \\\n    app:app", "CMD [\"uvicorn\", \"app:app\"]"),
        ("CMD [\"uvicorn\", \"app:app\"]", "CMD [\"uvicorn\", \"app:app\"]"),
    ] {
        check(&with(before), &[("x", "")], &with(after));
    }
}

#[test]
fn unread_secrets_are_removed() {
    let with = |line: &str| {
        format!(
            "FROM python:3.13-slim\nUSER app\nWORKDIR /srv\n{line}COPY x.py .\nCMD [\"python\", \"-u\", \"x.py\"]\n"
        )
    };
    check(&with("ENV OLD_API_TOKEN=s3cr3tv4lu3x\n"), &[("x.py", "print(1)")], &with(""));
    let text = with("ENV OLD_API_TOKEN=s3cr3tv4lu3x\n");
    check(&text, &[("x.py", "class Settings(BaseSettings):\n    old_api_token: str\n")], &text);
    let text = with("ENV OPENAI_API_KEY=s3cr3tv4lu3x\n");
    check(&text, &[("x.py", "print(1)")], &text);
}

#[test]
fn folders_made_for_data_are_handed_over() {
    let user = "RUN useradd --uid 10001 --user-group --create-home app\n";
    for (created, advice) in [
        ("mkdir /data", "mkdir /data && chown app:app /data"),
        (
            "mkdir -p uploads /var/lib/app/x && chmod 750 uploads",
            "mkdir -p uploads /var/lib/app/x && chmod 750 uploads && chown app:app /app/uploads /var/lib/app/x",
        ),
        ("mkdir -p /data \\\n    /usr/share/x", "mkdir -p /data \\\n    /usr/share/x \\\n    && chown app:app /data"),
    ] {
        check(
            &format!("FROM python:3.13-slim\nWORKDIR /app\nRUN {created}\nCOPY app.py .\n{START}"),
            &[APP],
            &format!(
                "FROM python:3.13-slim\nWORKDIR /app\n{user}RUN {advice}\nCOPY app.py .\nUSER app\n{CHECK}{START}"
            ),
        );
    }
    // Something lies in it, or it is none for data.
    for created in ["mkdir /data && touch /data/x", "mkdir -p /opt/app"] {
        check(
            &format!("FROM python:3.13-slim\nWORKDIR /app\nRUN {created}\nCOPY app.py .\n{START}"),
            &[APP],
            &format!(
                "FROM python:3.13-slim\nWORKDIR /app\nRUN {created}\n{user}COPY app.py .\nUSER app\n{CHECK}{START}"
            ),
        );
    }
}

#[test]
fn warnings_of_builds_are_fixed() {
    let with = |from: &str, variable: &str| {
        format!("{from} python:3.13-slim\nENV {variable}\nUSER app\nCOPY x .\nCMD [\"python\", \"x\"]\n")
    };
    check(&with("from", "A 1"), &[("x", "")], &with("FROM", "A=1"));
}

#[test]
fn bases_with_java_and_dotnet_get_a_user() {
    let with = |base: &str, lines: &str, user: &str| {
        format!("FROM {base}\nWORKDIR /app\n{lines}COPY app.jar ./\n{user}CMD [\"java\", \"-jar\", \"app.jar\"]\n")
    };
    let created = "RUN useradd --uid 10001 --user-group --create-home app\n";
    for (base, lines, user) in [
        ("eclipse-temurin:21-jre", created, "USER app\n"),
        ("eclipse-temurin:21-jre-alpine", "RUN adduser -D -u 10001 app\n", "USER app\n"),
        ("mcr.microsoft.com/dotnet/runtime:8.0", "", "USER app\n"),
        // Before .NET 8 there was no user.
        ("mcr.microsoft.com/dotnet/runtime:6.0", created, "USER app\n"),
        // Red Hat's smallest has no program that makes users.
        ("eclipse-temurin:21-jre-ubi9-minimal", "", ""),
        ("mcr.microsoft.com/dotnet/runtime:8.0-noble-chiseled", "", ""),
    ] {
        let rewrite = rewritten(&with(base, "", ""), &[("app.jar", ""), ("src/Main.java", "")], Level::Hygiene);
        let created = " \\\n    && install -d -o app -g app /app";
        let owned = rewrite.replace(created, "").replace("--chown=app:app ", "");
        let owned = owned.replace("RUN install -d -o app -g app /app\n", "");
        assert_eq!(owned, with(base, lines, user), "{rewrite}");
    }
}

#[test]
fn files_in_the_home_folder_keep_root() {
    let fetch = ("fetch.py", "from transformers import AutoModel\nAutoModel.from_pretrained('x')\n");
    let of = |head: &str, run: &str| {
        let dockerfile = format!("FROM python:3.13-slim\nWORKDIR /app\n{head}COPY app.py fetch.py ./\n{run}{START}");
        rewritten(&dockerfile, &[APP, fetch], Level::Hygiene)
    };
    for run in ["RUN python fetch.py\n", "RUN python -m fetch\n", "RUN cd /app && python /app/fetch.py\n"] {
        assert!(!of("", run).contains("USER "), "{run}");
    }
    assert!(of("", "").contains("USER app"));
    assert!(of("ENV HF_HOME=/opt/models\n", "RUN python fetch.py\n").contains("USER app"));
}

#[test]
fn a_port_that_the_starter_chooses_is_asked_where_it_is() {
    let of = |base: &str, env: &str, start: &str, files: &[(&str, &str)]| {
        let dockerfile = format!("FROM {base}\nWORKDIR /app\n{env}COPY . .\nEXPOSE 8000\nCMD {start}\n");
        rewritten(&dockerfile, files, Level::Hygiene)
    };
    let shell = "uvicorn app:app --host 0.0.0.0 --port ${PORT:-8000}";
    let probe = "import os,sys,urllib.request as u;sys.exit(0 if u.urlopen('http://127.0.0.1:'+os.getenv('PORT','8000')+'/health',timeout=3).status<400 else 1)";
    assert!(of("python:3.13-slim", "", shell, &[APP]).contains(probe));
    assert!(of("python:3.13-slim", "ENV PORT=8000\n", shell, &[APP]).contains(probe));
    assert!(of("python:3.13-slim", "ENV PORT=5432\n", shell, &[APP]).contains("os.getenv('PORT','5432')"));
    let fixed = "uvicorn app:app --host 0.0.0.0 --port 8000";
    assert!(of("python:3.13-slim", "", fixed, &[APP]).contains("u.urlopen('http://127.0.0.1:8000/health'"));
    let node = |port: &str| {
        format!("const app = express()\napp.get('/health', (req, res) => res.end('ok'))\napp.listen({port} || 8000)\n")
    };
    let start = "[\"node\", \"server.js\"]";
    let package = ("package.json", r#"{"dependencies": {"express": "4"}}"#);
    let text = of("node:22-slim", "", start, &[package, ("server.js", &node("process.env.PORT"))]);
    assert!(text.contains("fetch('http://127.0.0.1:'+(process.env.PORT||8000)+'/health')"), "{text}");
    let text = of("node:22-slim", "", start, &[package, ("server.js", &node("process.env.PORT_OF_MINE"))]);
    assert!(text.contains("fetch('http://127.0.0.1:8000/health')"), "{text}");
}

#[test]
fn settings_of_tests_say_no_port() {
    let pom = "<project><modelVersion>4.0.0</modelVersion><artifactId>a</artifactId><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency></dependencies></project>";
    let source =
        "@RestController\npublic class App {\n@GetMapping(\"/health\")\npublic String health() { return \"ok\"; }\n}\n";
    let dockerfile =
        "FROM maven:3.9-eclipse-temurin-21\nCOPY . .\nRUN mvn package\nCMD [\"java\", \"-jar\", \"target/a.jar\"]\n";
    let port = |settings: &str| {
        let files = [
            ("pom.xml", pom),
            ("src/main/java/App.java", source),
            ("src/main/resources/application.properties", settings),
            ("src/test/resources/application.properties", "server.port=9999\n"),
        ];
        let text = rewritten(dockerfile, &files, Level::Hygiene);
        text.split_once("http://127.0.0.1:").map(|(_, rest)| rest[..4].to_owned())
    };
    assert_eq!(port("server.port=8085\n").as_deref(), Some("8085"));
    assert_eq!(port("spring.application.name=a\n").as_deref(), Some("8080"));
}

#[test]
fn files_of_frameworks_and_commands_belong_to_the_user() {
    let next = (
        "package.json",
        r#"{"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15"}}"#,
    );
    let dockerfile =
        "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN yarn build\nCMD [\"npm\", \"start\"]\n";
    // It uses files, so that the traced ones are not taken alone.
    let page = ("pages/index.js", "import fs from 'fs'\n");
    let text = rewritten(dockerfile, &[next, page], Level::Hygiene);
    assert!(text.contains("chown -R node:node /app/.next/cache\nUSER node\n"), "{text}");
    assert!(!text.contains("--chown"), "{text}");
    let stages = "FROM node:22-slim AS build\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN yarn build\n\nFROM node:22-slim\nWORKDIR /app\nCOPY --from=build /app/package.json ./\nCOPY --from=build /app/node_modules ./node_modules\nCOPY --from=build /app/.next ./.next\nCMD [\"npm\", \"start\"]\n";
    let text = rewritten(stages, &[next, page], Level::Hygiene);
    assert!(text.contains("COPY --chown=node:node --from=build /app/.next ./.next\n"), "{text}");
    assert_eq!(text.matches("node:node").count(), 1, "{text}");
    let renews = ("pages/index.js", "import fs from 'fs'\nexport const revalidate = 60\n");
    let text = rewritten(dockerfile, &[next, renews], Level::Hygiene);
    assert!(text.find("USER node") < text.find("yarn build"), "{text}");
    let start = "CMD [\"gunicorn\", \"--access-logfile\", \"logs/access.log\", \"app:app\"]\n";
    let dockerfile = format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY app.py .\n{start}");
    let text = rewritten(&dockerfile, &[APP], Level::Hygiene);
    assert!(text.contains("install -d -o app -g app /app /app/logs") || text.contains("/app/logs"), "{text}");
    let console = dockerfile.replace("logs/access.log", "-");
    assert!(!rewritten(&console, &[APP], Level::Hygiene).contains("install -d"));
}

#[test]
fn a_secret_that_is_read_by_a_prefix_stays() {
    let of = |source: &str| {
        let dockerfile = format!("FROM python:3.13-slim\nENV DB_PASSWORD=abc\nCOPY app.py .\n{START}");
        rewritten(&dockerfile, &[("app.py", source)], Level::Hygiene)
    };
    assert!(of("class S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='DB_')\n").contains("abc"));
    assert!(of("x = os.environ[f'{PREFIX}_PASSWORD']\n").contains("abc"));
    assert!(!of("print('hello')\n").contains("abc"));
}

#[test]
fn constants_tell_where_a_program_writes() {
    let head = "FROM node:22-slim\nWORKDIR /app\n";
    let tail = "COPY . .\nUSER node\nCMD [\"node\", \"server.js\"]\n";
    let config = (
        "config.js",
        "const path = require('path')\nconst DATA_DIR = process.env.DATA_DIR || '/var/lib/notes'\nmodule.exports = { DATA_DIR, file: path.join(DATA_DIR, 'a.json') }\n",
    );
    let server = "const { DATA_DIR, file } = require('./config')\nfs.mkdirSync(DATA_DIR, { recursive: true })\nfs.writeFileSync(file, '')\n";
    let before = format!("{head}{}", tail.replace("USER node\n", ""));
    let created = "RUN install -d -o node -g node /var/lib/notes\n";
    check(&before, &[config, ("server.js", server)], &format!("{head}{created}{tail}"));
    let set = format!("{head}ENV DATA_DIR=/data\n");
    let created = "RUN install -d -o node -g node /data\n";
    check(&before.replace(head, &set), &[config, ("server.js", server)], &format!("{set}{created}{tail}"));
    let below = "const dir = path.join(__dirname, 'cache')\nfs.mkdirSync(dir, { recursive: true })\n";
    let created = "RUN install -d -o node -g node /app/cache\n";
    check(&before, &[("server.js", below)], &format!("{head}{created}{tail}"));
}

#[test]
fn a_path_that_sources_do_not_tell_keeps_root() {
    let text = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"server.js\"]\n";
    for (server, named) in [
        ("fs.mkdirSync(process.env.STORE, { recursive: true })", "process.env.STORE"),
        ("fs.writeFileSync(settings.place, '')", "settings.place"),
        ("fs.mkdirSync('/data')", "'/data'"),
    ] {
        let (inputs, mut evidence) = project(text, &[("server.js", server)]);
        let done = optimize(&inputs, 0, &evidence, &Options::new(&crate::rules::AllRules));
        assert_eq!(done.result()[0].text(), text);
        let refusals: Vec<_> = done.levels.iter().flat_map(|level| &level.refusals).collect();
        let is_explained = |refusal: &&&crate::optimize::PassRefusal| {
            refusal.why.contains(named) && refusal.why.contains("`--verify` can prove")
        };
        assert!(refusals.iter().any(|refusal| is_explained(&refusal)), "{refusals:?}");
        // A container that was seen decides.
        let written = ["/store/a".to_owned()].into();
        evidence.observed = Some(crate::inputs::ObservedRun { written, ..Default::default() });
        let done = optimize(&inputs, 0, &evidence, &Options::new(&crate::rules::AllRules));
        assert!(done.result()[0].text().contains("USER node"), "{}", done.result()[0].text());
    }
}

#[test]
fn every_step_names_what_it_assumes() {
    use crate::optimize::{Support, passes};
    let text = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"npm\", \"start\"]\n";
    let package = ("package.json", r#"{"name": "a", "scripts": {"start": "node server.js"}}"#);
    let server = ("server.js", "fs.writeFileSync('/data/x', '')\nprocess.on('SIGTERM', stop)\n");
    let done = optimize_to_level(text, &[package, server], Level::Server);
    let steps: Vec<_> = done.levels.iter().flat_map(|level| &level.steps).collect();
    assert!(steps.iter().all(|step| !step.assumptions.is_empty()) && steps.len() > 3, "{steps:?}");
    let assumption_of =
        |pass: &str| steps.iter().find(|step| step.pass == pass).map(|step| step.assumptions[0].clone()).unwrap();
    assert_eq!(
        (assumption_of("non-root").what.as_str(), assumption_of("non-root").support),
        ("the program writes only to /data and /tmp", Support::Sources)
    );
    let caller = ("server.js", "require('child_process').execSync('git log')\n");
    let other = optimize_to_level(text, &[package, caller], Level::Server);
    let mut all = other.levels.iter().flat_map(|level| &level.steps);
    let slim = all.find(|step| step.pass == "slim-runtime").map(|step| step.assumptions[0].clone()).unwrap();
    assert!(slim.support == Support::Open && slim.why.contains("`server.js` starts programs"), "{slim:?}");
    assert!(
        crate::optimize::passes::PASSES.iter().all(|pass| !pass.assumes.0.is_empty()),
        "{:?}",
        passes().collect::<Vec<_>>()
    );
}

/// The refusals of pass `non-root`, with services.
fn refusals_of(dockerfile: &str, files: &[(&str, &str)], services: &[Service]) -> Vec<String> {
    let (inputs, mut evidence) = project(dockerfile, files);
    evidence.services = services.to_vec();
    let options =
        Options { level: crate::optimize::LevelLimit::Up(Level::Hygiene), ..Options::new(&crate::rules::AllRules) };
    let levels = optimize(&inputs, 0, &evidence, &options).levels;
    let all = levels.into_iter().flat_map(|level| level.refusals).filter(|refusal| refusal.pass == "non-root");
    all.map(|refusal| refusal.why).collect()
}

#[test]
fn the_last_stage_may_be_called_after_a_step() {
    for name in ["builder", "build", "base"] {
        let file = format!("FROM python:3.13-slim AS {name}\nWORKDIR /app\nCOPY app.py .\n{START}");
        assert!(rewritten(&file, &[APP], Level::Hygiene).contains("USER app\n"), "{name}");
    }
}

#[test]
fn reasons_to_keep_root_are_reported() {
    for file in [
        format!("FROM python:3.13-slim AS dev\nWORKDIR /app\nCOPY app.py .\n{START}")
            .replace("\"app:app\"", "\"app:app\", \"--reload\""),
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY app.py .\n".to_owned(),
    ] {
        assert_eq!(refusals_of(&file, &[APP], &[]).len(), 1, "{file}");
    }
}

/// A Dockerfile, its files, and a folder that its framework writes.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn mounts_over_written_folders_keep_root() {
    let bound = |to: &str| Service {
        mounts: vec![to.to_owned()],
        bound: vec![(".".to_owned(), to.to_owned())],
        ..Service::default()
    };
    let lock = "GEM\n  remote: https://rubygems.org/\n  specs:\n    rails (8.0.0)\n\nDEPENDENCIES\n  rails\n";
    let rails = [("Gemfile", "source 'https://rubygems.org'\ngem 'rails'\n"), ("Gemfile.lock", lock)];
    let ruby = "FROM ruby:3.4-slim\nWORKDIR /app\nCOPY . .\nCMD [\"bin/rails\", \"server\"]\n";
    let composer = [("composer.json", "{\"require\": {\"laravel/framework\": \"^12\"}}")];
    let php = "FROM php:8.4-cli\nWORKDIR /app\nCOPY . .\nCMD [\"php\", \"artisan\", \"serve\"]\n";
    let celery = [("requirements.txt", "celery==5.4.0\n"), ("worker.py", "import celery\n")];
    let beat = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"celery\", \"-A\", \"worker\", \"beat\"]\n";
    let next = [("package.json", "{\"scripts\": {\"start\": \"next start\"}, \"dependencies\": {\"next\": \"15\"}}")];
    let node = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD [\"npm\", \"start\"]\n";
    let all: [Case; 4] = [
        (ruby, &rails, "/app/log"),
        (php, &composer, "/app/storage"),
        (beat, &celery, "/app/data"),
        (node, &next, "/app/.next"),
    ];
    for (file, files, expected) in all {
        let why = refusals_of(file, files, &[bound("/app")]);
        assert!(why.iter().any(|why| why.contains("mounts the host folder `.` at `/app`")), "{file}{why:?}");
        let below = refusals_of(file, files, &[bound(expected)]);
        assert!(below.iter().any(|why| why.contains(expected)), "{file}{below:?}");
        for harmless in [bound("/app/.env"), bound("/app/node_modules"), bound("/etc/app")] {
            let why = refusals_of(file, files, std::slice::from_ref(&harmless));
            assert!(!why.iter().any(|why| why.contains("mounts")), "{file}{why:?}");
        }
        let read_only = Service { read_only_mounts: ["/app".to_owned()].into(), ..bound("/app") };
        assert!(!refusals_of(file, files, &[read_only]).iter().any(|why| why.contains("mounts")), "{file}");
    }
}

#[test]
fn folders_that_the_author_makes_are_only_handed_over() {
    let with = |steps: &str, user: &str| {
        format!("FROM node:22-slim\nWORKDIR /app\n{steps}{user}CMD [\"node\", \"server.js\"]\n")
    };
    let writes = |folder: &str| format!("require('fs').writeFileSync('{folder}/x.txt', 'y')\n");
    for (folder, steps, after) in [
        ("uploads", "COPY . .\nRUN mkdir uploads\n", "COPY . .\nRUN mkdir uploads && chown node:node /app/uploads\n"),
        ("out", "RUN mkdir out other\nCOPY . .\n", "RUN mkdir out other && chown node:node /app/out\nCOPY . .\n"),
        // A RUN that does more is followed by the change of the owner.
        (
            "out",
            "COPY . .\nRUN mkdir out && cp server.js out/old.js\n",
            "COPY . .\nRUN mkdir out && cp server.js out/old.js\nRUN install -d -o node -g node /app/out\n",
        ),
        (
            "/srv/a/b",
            "COPY . .\nRUN mkdir /srv/a && touch /srv/a/x\n",
            "COPY . .\nRUN mkdir /srv/a && touch /srv/a/x\nRUN install -d -o node -g node /srv/a/b\n",
        ),
    ] {
        check(&with(steps, ""), &[("server.js", &writes(folder))], &with(after, "USER node\n"));
    }
}
