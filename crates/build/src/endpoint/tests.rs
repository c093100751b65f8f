use super::*;
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::Source;

fn ask<T>(dockerfile: &str, files: &[(&str, &str)], question: impl Fn(&EndpointInput) -> T) -> T {
    let input = BuildInput::new(&Source::of("Dockerfile", dockerfile), BuildOptions::default());
    let build = Build::new(&input);
    let files = files.iter().map(|(path, text)| SourceFile { path, text }).collect();
    let stage = build.target().unwrap();
    question(&EndpointInput {
        build: &build,
        stage,
        files,
        is_start_known: true,
        settings: Vec::new(),
        projects: Vec::new(),
        sets_host: false,
    })
}

fn port(dockerfile: &str, files: &[(&str, &str)]) -> Option<u16> {
    ask(dockerfile, files, |input| known_port(input).filter(|known| !known.is_assumed).map(|known| known.port))
}

fn route(files: &[(&str, &str)]) -> Option<String> {
    ask("FROM scratch\n", files, |input| {
        let known = ready_route(input)?;
        Some(if known.needs_others { format!("{} with others", known.path) } else { known.path })
    })
}

#[test]
fn servers_listen_where_their_image_says() {
    let with = |tag: &str, rest: &str| {
        let base = format!("FROM mcr.microsoft.com/dotnet/aspnet:{tag}\n{rest}");
        port(&format!("{base}ENTRYPOINT [\"dotnet\", \"Shop.dll\"]\n"), &[])
    };
    assert_eq!(with("10.0", ""), Some(8080));
    assert_eq!(with("8.0-alpine", ""), Some(8080));
    assert_eq!(with("6.0", ""), Some(80));
    assert_eq!(with("7.0-jammy", ""), Some(80));
    // EXPOSE sets nothing.
    assert_eq!(with("8.0", "EXPOSE 80\nEXPOSE 443\n"), Some(8080));
    assert_eq!(with("8.0", "ENV ASPNETCORE_HTTP_PORTS=5000\n"), Some(5000));
    assert_eq!(with("8.0", "ENV ASPNETCORE_URLS=https://+:7001;http://+:7000\n"), Some(7000));
    assert_eq!(with("6.0", "ENV ASPNETCORE_URLS=http://*:5005/\n"), Some(5005));
    assert_eq!(with("8.0", "ENV ASPNETCORE_URLS=http://+\n"), Some(80));
    assert_eq!(port("FROM mcr.microsoft.com/dotnet/runtime:8.0\nENTRYPOINT [\"dotnet\", \"Job.dll\"]\n", &[]), None);
}

#[test]
fn one_exposed_port_counts() {
    let exposed = |lines: &str| port(&format!("FROM debian:13\n{lines}CMD [\"/srv\"]\n"), &[]);
    assert_eq!(exposed("EXPOSE 3000\n"), Some(3000));
    assert_eq!(exposed("EXPOSE 80 443\n"), Some(80));
    assert_eq!(exposed("EXPOSE 443\n"), Some(443));
    assert_eq!(exposed("EXPOSE 3000 9229\n"), Some(3000));
    assert_eq!(exposed("ENV PORT=4000\nEXPOSE $PORT/tcp\n"), Some(4000));
    assert_eq!(exposed("EXPOSE 53/udp 8053\n"), Some(8053));
    for unknown in ["EXPOSE 3000 3001\n", "EXPOSE 8000-8010\n", "ARG PORT\nEXPOSE $PORT\n", "EXPOSE\nEXPOSE é\n", ""] {
        assert_eq!(exposed(unknown), None, "{unknown}");
    }
    assert_eq!(port("FROM debian:13 AS base\nEXPOSE 80\nFROM base\nEXPOSE 8000\nCMD [\"/srv\"]\n", &[]), Some(8000));
}

#[test]
fn sources_count_before_expose() {
    let node = |rest: &str, source: &str| {
        port(&format!("FROM node:22\n{rest}CMD [\"node\", \"server.js\"]\n"), &[("server.js", source)])
    };
    assert_eq!(node("EXPOSE 3000-3010\n", "app.listen(4000)"), Some(4000));
    assert_eq!(node("EXPOSE 3000\n", "app.listen(process.env.PORT || 4000)"), Some(4000));
    // An `.env` that the repository lacks may set it.
    assert_eq!(node("EXPOSE 3000\n", "require('dotenv').config(); app.listen(process.env.PORT || 4000)"), None);
    assert_eq!(node("EXPOSE 3000\n", "require('dotenv').config(); app.listen(4000)"), Some(4000));
    assert_eq!(node("EXPOSE 8080\n", "app.listen(3000); admin.listen(9000)"), None);
    assert_eq!(port("FROM node:22\nEXPOSE 3000\n", &[]), None);
    assert_eq!(node("ENV PORT=8080\nEXPOSE 3000\n", "app.listen(process.env.PORT || 4000)"), Some(8080));
    assert_eq!(node("EXPOSE 3000\n", "app.listen(3000); admin.listen(9000)"), Some(3000));
    assert_eq!(node("", "app.listen(3000); admin.listen(9000)"), None);
    assert_eq!(node("EXPOSE 3000\n", "app.listen(config.get('port'))"), Some(3000));
}

#[test]
fn other_programs_of_the_folder_do_not_count() {
    let files = ["main.py", "faces.py", "run.sh"].map(|path| SourceFile { path, text: "" });
    let kept = |loads: &dyn Fn(&str) -> Option<bool>| -> String {
        loaded_files(files.to_vec(), loads).0.iter().map(|file| &file.path[..1]).collect()
    };
    assert_eq!(kept(&|path| (path != "run.sh").then_some(path == "main.py")), "mr");
    assert_eq!(kept(&|path| (path != "run.sh").then_some(false)), "mfr");
    assert_eq!(kept(&|_| None), "mfr");
    let package = ["a/__init__.py", "b/server.py"].map(|path| SourceFile { path, text: "" });
    let loads = |path: &str| Some(path.ends_with("__init__.py"));
    assert_eq!(loaded_files(package.to_vec(), loads).0.len(), 2);
}

#[test]
fn the_best_route_is_asked() {
    let app = |routes: &[&str]| {
        let functions =
            routes.iter().fold(String::new(), |text, route| text + "@app.get(" + route + "\n    return 1\n");
        route(&[("main.py", &format!("app = FastAPI()\n{functions}"))])
    };
    assert_eq!(app(&["\"/health\")\ndef h():", "\"/ready\")\ndef r():"]).as_deref(), Some("/ready"));
    assert_eq!(app(&["\"/\")\ndef top():", "\"/healthz\")\ndef h():"]).as_deref(), Some("/healthz"));
    assert_eq!(app(&["\"/\")\ndef top():", "\"/items\")\ndef i():"]).as_deref(), Some("/"));
    assert_eq!(app(&["\"/health\")\ndef h():", "\"/ready\")\ndef r(db=Depends(get_db)):"]).as_deref(), Some("/health"));
    assert_eq!(app(&["\"/ready\")\ndef r(db=Depends(get_db)):"]).as_deref(), Some("/ready with others"));
    assert_eq!(app(&["\"/api/v2/health\")\ndef h():"]).as_deref(), Some("/api/v2/health"));
    assert_eq!(app(&["\"/items\")\ndef i():"]), None);
    assert!(
        is_health_path("/health/")
            && is_health_path("/api/v1/healthz")
            && !is_health_path("/")
            && !is_health_path("/healthy")
    );
}

#[test]
fn servers_of_ruby_have_their_ports() {
    let ruby = |start: &str| port(&format!("FROM ruby:3.4\n{start}\n"), &[("app.rb", "require 'sinatra'\n")]);
    assert_eq!(ruby("CMD [\"thin\", \"start\"]"), Some(3000));
    assert_eq!(ruby("CMD [\"rackup\", \"--host\", \"0.0.0.0\"]"), Some(9292));
    assert_eq!(ruby("CMD [\"bundle\", \"exec\", \"rackup\", \"-p\", \"4567\"]"), Some(4567));
    assert_eq!(ruby("CMD [\"puma\", \"-b\", \"tcp://0.0.0.0:5001\"]"), Some(5001));
    // Without the build context, it may have a configuration.
    assert_eq!(ruby("CMD [\"puma\"]"), None);
}

#[test]
fn pages_of_another_program_are_no_routes() {
    let files = [
        ("app/main.py", "app = FastAPI()\n"),
        ("public/next.config.js", "module.exports = {basePath: '/ui'}\n"),
        ("public/pages/index.tsx", "export default () => 1\n"),
    ];
    let top = |steps: &str| {
        let image = format!("FROM example/python\nCOPY . .\n{steps}");
        ask(&image, &files, |input| ready_route(input).map(|known| known.path))
    };
    assert_eq!(top("RUN pip install -r requirements.txt\n"), None);
    assert_eq!(top("RUN npm ci && pip install a\n"), top("RUN npm ci\n"));
}

#[test]
fn what_listens_nowhere_has_no_port() {
    let node = |source: &str| port("FROM node:22\nEXPOSE 8080\nCMD [\"node\", \"bot.js\"]\n", &[("bot.js", source)]);
    assert_eq!(node("import { Client } from 'discord.js';\nclient.login(token);\n"), None);
    assert_eq!(node("import { start } from 'own';\nstart().listen(port());\n"), Some(8080));
    assert_eq!(node("http.createServer(f)"), Some(8080));
    let built = "FROM golang AS b\nCOPY . .\nRUN go build -o /a\nFROM debian\nEXPOSE 8080\nCMD [\"/a\"]\n";
    let go = |source: &str| port(built, &[("main.go", source)]);
    assert_eq!(
        go("package main\nimport \"github.com/segmentio/kafka-go\"\nfunc main() { kafka.NewReader(c) }\n"),
        None
    );
    assert_eq!(go("package main\nimport \"net/http\"\nfunc main() { run(http.NewServeMux()) }\n"), Some(8080));
    assert_eq!(go("package main\nimport \"example.org/server\"\nfunc main() { server.Run() }\n"), Some(8080));
    // The page of another program says nothing of one in Go.
    let other = [("main.go", "package main\n"), ("web/app.js", "listen()")];
    assert_eq!(port(built, &other), Some(8080));
    let python =
        |source: &str| port("FROM python:3.13\nEXPOSE 8080\nCMD [\"python\", \"bot.py\"]\n", &[("bot.py", source)]);
    assert_eq!(python("import discord\nclient = discord.Client()\nclient.run(TOKEN)\n"), None);
    assert_eq!(python("from wsgiref.simple_server import make_server\n"), Some(8080));
}

#[test]
fn servers_of_files_answer_at_the_top() {
    let top = |dockerfile: &str, files: &[(&str, &str)]| {
        ask(dockerfile, files, |input| ready_route(input).map(|known| known.path))
    };
    let site =
        |conf: &str| top("FROM nginx:1.30\nCOPY site.conf /etc/nginx/conf.d/default.conf\n", &[("site.conf", conf)]);
    let at_top = Some("/".to_owned());
    let server = |lines: &str| format!("server {{\n  listen 80;\n  root /srv;\n{lines}}}\n");
    assert_eq!(site(&server("  location / {\n    try_files $uri /index.html;\n  }\n")), at_top);
    assert_eq!(site(&server("  location / {\n    proxy_pass http://api;\n  }\n")), None);
    assert_eq!(
        site(&server("  return 301 https://$host$request_uri;\n  location / {\n    try_files $uri /a;\n  }\n")),
        None
    );
    assert_eq!(site(&server("  auth_basic a;\n  location / {\n    try_files $uri /a;\n  }\n")), None);
    let page = "  location / {\n    try_files $uri /index.html;\n  }\n";
    let health = |block: &str| site(&server(&format!("{page}  location /health {{\n    {block}\n  }}\n")));
    assert_eq!(health("return 200 \"OK\";").as_deref(), Some("/health"));
    assert_eq!(health("return 301 /;"), at_top);
    assert_eq!(site(&server(&format!("  auth_basic a;\n{page}  location /health {{\n    return 200;\n  }}\n"))), None);
    let site_port = |conf: &str| {
        port("FROM nginx:1.30\nEXPOSE 80\nCMD [\"nginx-debug\", \"-g\", \"daemon off;\"]\n", &[("site.conf", conf)])
    };
    assert_eq!(
        site_port("server {\n  listen 8080 default_server;\n  listen [::]:8080;\n  listen 443 ssl;\n}\n"),
        Some(8080)
    );
    assert_eq!(site_port("server {\n  listen 8080;\n}\nserver {\n  listen 9090;\n}\n"), Some(80));
    let two = server("  location / {\n    try_files $uri /index.html;\n  }\n").repeat(2);
    assert_eq!(site(&two), None);
    assert_eq!(site(&server("  location / {\n    try_files $uri /index.php;\n  }\n")), None);
    assert_eq!(top("FROM nginx:1.30\nCOPY dist /usr/share/nginx/html\n", &[]), at_top);
    assert_eq!(top("FROM nginx:1.30\nCOPY other.conf /etc/nginx/conf.d/default.conf\n", &[]), None);
    let tls = "server {\n  listen 443 ssl;\n  root /srv;\n}\n";
    let with_tls = "FROM nginx:1.30\nCOPY site.conf /etc/nginx/conf.d/default.conf\n";
    assert_eq!(port(with_tls, &[("site.conf", tls)]), Some(443));
    assert_eq!(top(with_tls, &[("site.conf", tls)]), None);
    assert!(!ask(with_tls, &[("site.conf", tls)], speaks_http));
    assert_eq!(top("FROM node:22\nCMD [\"npx\", \"serve\", \"-s\", \"build\"]\n", &[]), at_top);
    assert_eq!(top("FROM python:3.13\nCMD streamlit run app.py\n", &[]).as_deref(), Some("/_stcore/health"));
}

#[test]
fn profiles_of_spring_count_where_they_are_on() {
    let text = "server:\n  port: 8084\n";
    let count = |dockerfile: &str| {
        let input = BuildInput::new(&Source::of("Dockerfile", dockerfile), BuildOptions::default());
        let build = Build::new(&input);
        let stage = build.target().unwrap();
        let settings = vec![SourceFile { path: "src/main/resources/application-dev.yaml", text }];
        let endpoint = EndpointInput {
            build: &build,
            stage,
            files: Vec::new(),
            is_start_known: true,
            settings,
            projects: Vec::new(),
            sets_host: false,
        };
        port::active_settings(&endpoint).count()
    };
    assert_eq!(count("FROM openjdk:21\nCMD [\"java\", \"-jar\", \"a.jar\"]\n"), 0);
    assert_eq!(count("FROM openjdk:21\nENV SPRING_PROFILES_ACTIVE=prod,dev\nCMD [\"java\", \"-jar\", \"a.jar\"]\n"), 1);
    assert_eq!(count("FROM openjdk:21\nCMD [\"java\", \"-Dspring.profiles.active=dev\", \"-jar\", \"a.jar\"]\n"), 1);
}

#[test]
fn applications_of_unknown_starts_are_not_mixed() {
    let files =
        [("a/main.py", "app = FastAPI()\n@app.get('/health')\ndef h(): ...\n"), ("b/main.py", "app = FastAPI()\n")];
    let route = |is_start_known: bool| {
        ask("FROM scratch\n", &files, |input| ready_route(&EndpointInput { is_start_known, ..input.clone() }).is_some())
    };
    assert!(route(true) && !route(false));
}

#[test]
fn the_status_of_a_subject_is_none_of_the_program() {
    let js = |path: &str| format!("const app = express();\napp.get('{path}', f);\n");
    let known = |path: &str| route(&[("app.js", &js(path))]);
    assert_eq!(known("/api/v1/status").as_deref(), Some("/api/v1/status"));
    assert_eq!(known("/health/liveness").as_deref(), Some("/health/liveness"));
    assert_eq!(known("/orders/health").as_deref(), Some("/orders/health"));
    assert_eq!(known("/merchant/onboarding/status"), None);
}

#[test]
fn a_server_at_its_host_name_has_no_route() {
    let page = [("app/page.tsx", "export default function Home() { return <p/>; }\n")];
    let answers = |rest: &str| {
        let text = format!(
            "FROM node:22 AS build\nCOPY . .\nFROM node:22\n{rest}COPY --from=build /app/.next/standalone ./\nCMD [\"node\", \"server.js\"]\n"
        );
        ask(&text, &page, |input| (listens_at_host_name(input), ready_route(input).map(|route| route.path)))
    };
    assert_eq!(answers(""), (true, None));
    assert_eq!(answers("ENV HOSTNAME=0.0.0.0\n"), (false, Some("/".to_owned())));
}

#[test]
fn the_actuator_says_ready_where_its_probes_are_on() {
    let route = |dependencies: &str, settings: &str| {
        let manifest =
            format!("<project><artifactId>a</artifactId><dependencies>{dependencies}</dependencies></project>");
        let projects = crate::manifest::projects(&[("pom.xml", Some(&*manifest))]).projects;
        let input = BuildInput::new(&Source::of("Dockerfile", "FROM scratch\n"), BuildOptions::default());
        let build = Build::new(&input);
        let route = ready_route(&EndpointInput {
            build: &build,
            stage: build.target().unwrap(),
            files: Vec::new(),
            is_start_known: true,
            settings: vec![SourceFile { path: "src/main/resources/application.yml", text: settings }],
            projects: projects.iter().collect(),
            sets_host: false,
        });
        route.map(|route| (route.path, route.needs_others))
    };
    let starter = |name: &str| {
        format!(
            "<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-{name}</artifactId></dependency>"
        )
    };
    let (actuator, jpa) = (starter("actuator"), starter("data-jpa"));
    let probes = "management:\n  endpoint:\n    health:\n      probes:\n        enabled: true\n";
    assert_eq!(route(&actuator, ""), Some(("/actuator/health".to_owned(), false)));
    assert_eq!(route(&format!("{actuator}{jpa}"), ""), Some(("/actuator/health".to_owned(), true)));
    assert_eq!(route(&format!("{actuator}{jpa}"), probes), Some(("/actuator/health/readiness".to_owned(), false)));
    assert_eq!(route(&jpa, probes), None);
    assert_eq!(route(&actuator, "management:\n  server:\n    port: 8081\n"), None);
    let context = "server:\n  servlet:\n    context-path: /shop\n";
    assert_eq!(route(&actuator, context), Some(("/shop/actuator/health".to_owned(), false)));
}

#[test]
fn servers_that_load_a_program_listen_for_it() {
    let gunicorn =
        |command: &str, files: &[(&str, &str)]| port(&format!("FROM python:3.13\nEXPOSE 9000\nCMD {command}\n"), files);
    let main = (
        "main.py",
        "app = Flask(__name__)\nif __name__ == '__main__':\n    app.run('0.0.0.0', os.getenv('PORT', 8080))\n",
    );
    let conf = ("gunicorn.conf.py", "bind = f\"0.0.0.0:{os.getenv('PORT', '8081')}\"\n");
    assert_eq!(gunicorn("[\"gunicorn\", \"-c\", \"gunicorn.conf.py\", \"main:app\"]", &[main, conf]), Some(8081));
    assert_eq!(
        gunicorn("[\"gunicorn\", \"main:app\"]", &[main, ("gunicorn.conf.py", "bind = '0.0.0.0:8000'\n")]),
        Some(8000)
    );
    assert_eq!(gunicorn("[\"gunicorn\", \"main:app\"]", &[main]), Some(9000));
    assert_eq!(gunicorn("[\"python\", \"main.py\"]", &[main]), Some(8080));
    assert_eq!(gunicorn("[\"python\", \"-m\", \"main\"]", &[main]), Some(8080));
    assert_eq!(gunicorn("[\"python\", \"other.py\"]", &[main, ("other.py", "import main\n")]), Some(9000));
    let gradio = ("main.py", "import gradio\ndemo.launch(server_name=\"0.0.0.0\", server_port=7861)\n");
    assert_eq!(gunicorn("[\"python\", \"main.py\"]", &[gradio]), Some(7861));
    let rails = |command: &str| port(&format!("FROM ruby:3.4\nCMD {command}\n"), &[]);
    assert_eq!(rails("[\"./bin/rails\", \"server\", \"-b\", \"0.0.0.0\", \"-p\", \"3001\"]"), Some(3001));
    assert_eq!(rails("[\"./bin/thrust\", \"./bin/rails\", \"server\"]"), Some(80));
}

#[test]
fn settings_of_kestrel_count_before_variables() {
    let dockerfile = "FROM mcr.microsoft.com/dotnet/aspnet:9.0\nENV ASPNETCORE_HTTP_PORTS=5000\nENTRYPOINT [\"dotnet\", \"a.dll\"]\n";
    let with = |url: &str| {
        let text = format!("{{\"Kestrel\": {{\"Endpoints\": {{\"A\": {{\"Url\": \"{url}\"}}}}}}}}");
        port(dockerfile, &[("appsettings.json", &text)])
    };
    assert_eq!(with("http://+:8090"), Some(8090));
    assert_eq!(with("https://+:8090"), None);
    assert_eq!(port(dockerfile, &[("appsettings.json", "{}")]), Some(5000));
}

#[test]
fn what_answers_no_requests_of_http_has_no_route() {
    let top = |dockerfile: &str, files: &[(&str, &str)]| {
        ask(dockerfile, files, |input| ready_route(input).map(|known| known.path))
    };
    let laravel =
        [("bootstrap/app.php", "<?php\nreturn Application::configure()->withRouting(health: '/up')->create();\n")];
    assert_eq!(top("FROM php:8.4-fpm\nCMD [\"php-fpm\"]\n", &laravel), None);
    assert_eq!(top("FROM php:8.4\nCMD [\"php\", \"artisan\", \"serve\"]\n", &laravel).as_deref(), Some("/up"));
    let rails = [
        ("config/routes.rb", "Rails.application.routes.draw do\n  get \"up\" => \"rails/health#show\"\nend\n"),
        ("config/environments/production.rb", "config.force_ssl = true\n"),
    ];
    assert_eq!(top("FROM ruby:3.4\nENV RAILS_ENV=development\n", &rails).as_deref(), Some("/up"));
    assert_eq!(top("FROM ruby:3.4\nENV RAILS_ENV=production\n", &rails), None);
    let assumed = [rails[0], (rails[1].0, "config.assume_ssl = true\nconfig.force_ssl = true\n")];
    assert_eq!(top("FROM ruby:3.4\nENV RAILS_ENV=production\n", &assumed).as_deref(), Some("/up"));
    let csharp =
        [("Program.cs", "var app = builder.Build();\napp.UseHttpsRedirection();\napp.MapGet(\"/health\", () => 1);\n")];
    assert_eq!(top("FROM mcr.microsoft.com/dotnet/aspnet:9.0\n", &csharp).as_deref(), Some("/health"));
    assert_eq!(top("FROM mcr.microsoft.com/dotnet/aspnet:9.0\nENV ASPNETCORE_HTTPS_PORTS=8081\n", &csharp), None);
}

#[test]
fn settings_files_count_before_expose() {
    let main = ("src/main/kotlin/App.kt", "fun main() = io.ktor.server.netty.EngineMain.main(emptyArray())\n");
    let ktor = |name: &str, text: &str| {
        port(
            "FROM eclipse-temurin:21\nENV PORT=8080\nEXPOSE 8080\nCMD [\"java\", \"-jar\", \"a.jar\"]\n",
            &[main, (name, text)],
        )
    };
    assert_eq!(ktor("src/main/resources/application.yaml", "ktor:\n  deployment:\n    port: 9001\n"), Some(9001));
    assert_eq!(
        ktor("src/main/resources/application.conf", "ktor {\n  deployment {\n    port = 8090\n    port = ${?PORT}\n"),
        Some(8080)
    );
    let go = |port_of_file: u16| {
        let settings = format!("{{\"port\": \"{port_of_file}\"}}");
        let text = "viper.ReadInConfig()\nrouter.Run(\":\" + settings.Port)\n";
        port("FROM debian:13\nEXPOSE 8080\nCMD [\"/srv\"]\n", &[("main.go", text), ("config.json", &settings)])
    };
    assert_eq!((go(5001), go(8080)), (None, Some(8080)));
    let conda = "CMD [\"conda\", \"run\", \"-n\", \"web\", \"--no-capture-output\", \"uvicorn\", \"main:app\", \"--port\", \"8001\"]\n";
    assert_eq!(port(&format!("FROM continuumio/miniconda3\n{conda}"), &[]), Some(8001));
    assert_eq!(port("FROM python:3.13\nCMD streamlit run app.py --server.port=8502\n", &[]), Some(8502));
}

#[test]
fn servers_with_tls_have_no_route() {
    let express = |server: &str| {
        let text = format!("const app = express();\napp.get('/health', (q, r) => r.send(1));\n{server}\n");
        route(&[("server.js", &text)])
    };
    assert_eq!(express("app.listen(3000);").as_deref(), Some("/health"));
    assert_eq!(express("require(\"https\").createServer({ key }, app).listen(3000);"), None);
    assert_eq!(express("https.createServer(options, app).listen(3000);"), None);
    let nest = |options: &str| {
        let main = format!("const app = await NestFactory.create(AppModule{options});\n");
        let controller = "@Controller()\nexport class A {\n  @Get('health')\n  get() {}\n}\n";
        route(&[("main.ts", &main), ("app.controller.ts", controller)])
    };
    assert_eq!(nest("").as_deref(), Some("/health"));
    assert_eq!(nest(", { httpsOptions }"), None);
    let python = |rest: &str| {
        let text = format!("app = FastAPI()\n@app.get('/health')\ndef health():\n    return 1\n{rest}\n");
        route(&[("main.py", &text)])
    };
    assert_eq!(python("uvicorn.run(app, port=8000, ssl_keyfile='k', ssl_certfile='c')"), None);
    assert_eq!(python("app.run(ssl_context=\"adhoc\")"), None);
    // The certificate of a client.
    assert_eq!(python("KafkaProducer(ssl_keyfile='k')").as_deref(), Some("/health"));
    let started = |command: &str| {
        let dockerfile = format!("FROM python:3.13\nCMD {command}\n");
        let text = "app = FastAPI()\n@app.get('/health')\ndef health():\n    return 1\n";
        ask(&dockerfile, &[("main.py", text)], |input| ready_route(input).map(|known| known.path))
    };
    assert_eq!(started("uvicorn main:app").as_deref(), Some("/health"));
    assert_eq!(started("uvicorn main:app --ssl-keyfile=k.pem"), None);
    assert_eq!(started("gunicorn --certfile c.pem main:app"), None);
}

#[test]
fn starts_that_build_or_migrate_take_minutes() {
    let seconds = |line: &str| {
        let line = line.split(' ').map(str::to_owned).collect();
        start_seconds(&[line], |_, _| false)
    };
    assert_eq!(seconds("node server.js"), 30);
    assert!(seconds("npm run build") >= 120 && seconds("npx prisma migrate deploy") >= 120);
    assert!(seconds("vite build") >= 120 && seconds("python manage.py migrate") >= 120);
}

#[test]
fn settings_of_frameworks_put_paths_before_routes() {
    let page = ("app/page.tsx", "export default function Home() { return <p/>; }\n");
    let next = |config: &str| {
        ask("FROM node:22\nCMD next start\n", &[page, ("package.json", "{}")], |input| {
            let settings = vec![SourceFile { path: "next.config.mjs", text: config }];
            ready_route(&EndpointInput { settings, ..input.clone() }).map(|known| known.path)
        })
    };
    assert_eq!(next("export default {};\n").as_deref(), Some("/"));
    assert_eq!(next("export default { basePath: '/docs' };\n").as_deref(), Some("/docs"));
    assert_eq!(next("export default { basePath: process.env.BASE };\n"), None);
}
