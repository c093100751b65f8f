use crate::optimize::test_inputs::{optimize_to_level, project, rewritten};
use crate::optimize::{Level, Options, optimize};

/// The stages from the second on, at level 3 or 4.
fn ships(dockerfile: &str, files: &[(&str, &str)], level: Level) -> String {
    let text = rewritten(dockerfile, files, level);
    match text.split_once("\n\nFROM ") {
        Some((_, rest)) => format!("FROM {rest}"),
        None => format!(
            "one stage: {:?}",
            optimize_to_level(dockerfile, files, level)
                .levels
                .iter()
                .flat_map(|level| &level.refusals)
                .collect::<Vec<_>>()
        ),
    }
}

fn check(dockerfile: &str, files: &[(&str, &str)], level: Level, expected: &str) {
    let got = ships(dockerfile, files, level);
    assert_eq!(got, expected, "\n{got}");
}

const GO: [(&str, &str); 3] = [
    ("go.mod", "module example.com/shop\n\ngo 1.22\n"),
    ("main.go", "package main\n\nfunc main() {}\n"),
    ("README.md", "# Shop\n"),
];

fn go<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    GO.iter().chain(more).copied().collect()
}

#[test]
fn a_go_program_ships_without_its_toolchain() {
    let file = "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go build -o server .\n\n# The port.\nEXPOSE 8080\nCMD [\"./server\"]\n";
    let tail = "WORKDIR /app\nCOPY --from=build /app/server ./\n# The port.\nEXPOSE 8080\nCMD [\"./server\"]\n";
    check(file, &GO, Level::Stages, &format!("FROM golang:1.22\n{tail}"));
    let certificates = "COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n";
    let (workdir, rest) = tail.split_at("WORKDIR /app\n".len());
    check(file, &GO, Level::Slim, &format!("FROM debian:bookworm-slim\n{workdir}{certificates}{rest}"));
}

#[test]
fn files_that_are_read_at_run_time_go_with_the_program_and_embedded_ones_do_not() {
    let file = "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go build -o server ./cmd/server\nCMD [\"./server\"]\n";
    let files = go(&[
        ("cmd/server/main.go", "package main\n"),
        ("web/web.go", "package web\n\n//go:embed pages/*.html assets\nvar files embed.FS\n"),
        ("web/pages/index.html", "<p>"),
        ("web/assets/css/site.css", "p {}"),
        ("templates/mail.txt", "Hello"),
        ("config.yaml", "a: b"),
        ("internal/db/testdata/rows.json", "[]"),
    ]);
    check(
        file,
        &files,
        Level::Stages,
        "FROM golang:1.22\nWORKDIR /app\nCOPY --from=build /app/templates ./templates\n\
         COPY --from=build /app/config.yaml /app/server ./\nCMD [\"./server\"]\n",
    );
}

#[test]
fn a_writable_folder_is_excluded_whole() {
    let file =
        "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN make assets\nRUN go build -o server .\nCMD [\"./server\"]\n";
    check(file, &GO, Level::Stages, "FROM golang:1.22\nWORKDIR /app\nCOPY --from=build /app ./\nCMD [\"./server\"]\n");
    let root = file.replace("WORKDIR /app", "WORKDIR /");
    assert!(ships(&root, &GO, Level::Stages).contains("the files that line 4 writes are not known"));
}

#[test]
fn usr_src_is_not_a_system_folder() {
    let files = [
        ("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
        ("src/main.rs", "fn main() {}\n"),
        ("static/index.html", "<p>"),
    ];
    let file = "FROM rust:1.95-slim-bookworm\nWORKDIR /usr/src/app\nCOPY . .\nRUN cargo build --release\nCMD [\"./target/release/shop\"]\n";
    let text = ships(file, &files, Level::Stages);
    assert!(text.contains("COPY --from=build /usr/src/app/static ./static\n"), "{text}");
    assert!(!text.contains("COPY --from=build /usr/src/app ./\n"), "{text}");
}

#[test]
fn names_follow_go() {
    let built = |run: &str, cmd: &str| {
        let file = format!("FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN {run}\nCMD [\"{cmd}\"]\n");
        let text = ships(&file, &go(&[("cmd/api/main.go", "package main\n")]), Level::Stages);
        text.lines().find(|line| line.starts_with("COPY")).unwrap_or(&text).to_owned()
    };
    assert_eq!(built("go build", "./shop"), "COPY --from=build /app/shop ./");
    assert_eq!(built("go build ./cmd/api", "./api"), "COPY --from=build /app/api ./");
    assert_eq!(built("go build -o /bin/api ./cmd/api", "/bin/api"), "COPY --from=build /bin/api /bin/");
    assert_eq!(built("cd cmd/api && go build -o ../../out/", "out/api"), "COPY --from=build /app/out/api ./out/");
    // A name that is looked for is found on every image; a path stays.
    assert_eq!(built("go install ./cmd/api", "api"), "COPY --from=build /go/bin/api /usr/local/bin/");
    assert_eq!(built("go install ./cmd/api", "/go/bin/api"), "COPY --from=build /go/bin/api /go/bin/");
    assert_eq!(built("go build -o a . && mv a /usr/bin/shop", "shop"), "COPY --from=build /usr/bin/shop /usr/bin/");
}

#[test]
fn preparations_of_the_container_are_repeated() {
    let file = "FROM golang:1.22\nRUN apt-get update && apt-get install -y git libssl-dev ffmpeg && rm -rf /var/lib/apt/lists/*\n\
                ARG UID=1000\nENV HOME=/app\nWORKDIR /app\nCOPY . .\nRUN go mod download && mkdir -p bin /data && go build -o bin/shop .\n\
                RUN useradd -u $UID shop && chown -R shop /app /data /go\nUSER shop\nVOLUME /data\nENTRYPOINT [\"bin/shop\"]\n";
    check(
        file,
        &GO,
        Level::Stages,
        "FROM golang:1.22\nRUN apt-get update \\\n    && apt-get install -y libssl3 ffmpeg \\\n    && rm -rf /var/lib/apt/lists/*\n\
         ARG UID=1000\nENV HOME=/app\nWORKDIR /app\nRUN mkdir -p /data\nCOPY --from=build /app/bin/shop ./bin/\n\
         RUN useradd -u $UID shop \\\n    && chown -R shop /app /data\nUSER shop\nVOLUME /data\nENTRYPOINT [\"bin/shop\"]\n",
    );
}

#[test]
fn programs_that_sources_call_are_installed() {
    let file = "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nRUN go build -o shop .\nCMD [\"./shop\"]\n";
    let calls = go(&[("git.go", "package main\n\nfunc pull() { exec.Command(\"git\", \"pull\").Run() }\n")]);
    assert!(ships(file, &calls, Level::Slim).contains("--no-install-recommends ca-certificates git"));
    let compiles = go(&[("run.go", "package main\n\nfunc run() { exec.Command(\"go\", \"run\", \"x.go\").Run() }\n")]);
    assert!(ships(file, &compiles, Level::Slim).starts_with("FROM golang:1.22\n"));
    let checked = file.replace("CMD", "HEALTHCHECK CMD curl -f http://localhost/\nCMD");
    assert!(ships(&checked, &GO, Level::Slim).contains("ca-certificates curl"));
}

#[test]
fn start_time_builds_become_build_time_builds() {
    let file = "FROM golang:1.22\nWORKDIR /app\nCOPY . .\nEXPOSE 8080\nCMD go mod tidy && go run -tags prod ./cmd/api --port 8080\n";
    let text = rewritten(file, &go(&[("cmd/api/main.go", "package main\n")]), Level::Stages);
    assert!(text.contains("go build -tags prod -o /usr/local/bin/api ./cmd/api\n"), "{text}");
    assert!(
        text.ends_with(
            "COPY --from=build /usr/local/bin/api /usr/local/bin/\nEXPOSE 8080\nCMD [\"api\", \"--port\", \"8080\"]\n"
        ),
        "{text}"
    );
    let cargo = "FROM rust:1.80\nWORKDIR /app\nCOPY . .\nCMD [\"cargo\", \"run\", \"--release\", \"--\", \"-v\"]\n";
    let files = [("Cargo.toml", "[package]\nname = \"api\"\nversion = \"0.1.0\"\n"), ("src/main.rs", "fn main() {}\n")];
    let text = rewritten(cargo, &files, Level::Stages);
    assert!(
        text.contains("cargo build --release") && text.ends_with("CMD [\"./target/release/api\", \"-v\"]\n"),
        "{text}"
    );
}

const CARGO: [(&str, &str); 2] =
    [("Cargo.toml", "[package]\nname = \"api\"\nversion = \"0.1.0\"\n"), ("src/main.rs", "fn main() {}\n")];

#[test]
fn cargo_keeps_what_it_compiles_in_a_mount_of_the_packages_name() {
    let file = "FROM rust:1.80\nWORKDIR /app\nCOPY . .\nRUN cargo build --release\nCMD [\"./target/release/api\"]\n";
    let text = rewritten(file, &CARGO, Level::Stages);
    assert!(text.contains("target=/app/target,id=api-target,sharing=locked"), "{text}");
    assert!(text.contains("cargo build --release \\\n    && cp target/release/api /usr/local/bin/\n"), "{text}");
    assert!(text.contains("COPY --from=build /usr/local/bin/api ./target/release/\n"), "{text}");
    // Where another step reads the folder, or the author compiles twice, it stays in the layer.
    for other in ["RUN strip target/release/api\n", "RUN cargo build --release\n"] {
        let text = rewritten(&file.replace("CMD", &format!("{other}CMD")), &CARGO, Level::Stages);
        assert!(!text.contains("api-target"), "{text}");
    }
}

#[test]
fn rust_programs_load_what_their_crates_link() {
    let file = "FROM rust:1.80\nWORKDIR /app\nCOPY . .\nRUN cargo install --path .\nCMD [\"api\"]\n";
    let linked = |lock: &str| {
        let files = [CARGO[0], CARGO[1], ("Cargo.lock", lock)];
        let text = ships(file, &files, Level::Slim);
        text.lines()
            .find_map(|line| line.split_once("recommends "))
            .map(|(_, names)| names.trim_end_matches(" \\").to_owned())
    };
    let package = |name: &str, needs: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\ndependencies = [{needs}]\n")
    };
    assert_eq!(linked(&package("openssl-sys", "\"cc\"")).as_deref(), Some("ca-certificates libssl3"));
    assert_eq!(linked(&package("openssl-sys", "\"cc\", \"openssl-src\"")), None);
    assert_eq!(linked(&package("libsqlite3-sys", "\"cc\", \"pkg-config\"")), None);
    assert_eq!(linked(&package("libsqlite3-sys", "\"pkg-config\"")).as_deref(), Some("ca-certificates libsqlite3-0"));
}

const POM: &str = "<project><artifactId>app</artifactId><version>1.0</version><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId></dependency></dependencies>{}</project>";

#[test]
fn archives_of_java_include_files_next_to_them() {
    let file = "FROM maven:3.9-eclipse-temurin-21\nWORKDIR /app\nCOPY . .\nRUN mvn package\nENTRYPOINT [\"java\", \"-jar\", \"target/app-1.0.jar\"]\n";
    let copied = |pom: &str, source: &str| {
        let pom = POM.replace("{}", pom);
        let text = ships(file, &[("pom.xml", &pom), ("src/main/java/App.java", source)], Level::Slim);
        assert!(text.starts_with("FROM eclipse-temurin:21-jre\n"), "{text}");
        text.lines().filter(|line| line.starts_with("COPY")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(copied("", "class App {}"), "COPY --from=build /app/target/app-1.0.jar ./target/");
    assert_eq!(copied("<addClasspath>true</addClasspath>", "class App {}"), "COPY --from=build /app/target ./target");
    let reads = copied("", "class App { String page = \"src/main/webapp/index.html\"; }");
    assert!(reads.contains("COPY --from=build /app/src ./src"), "{reads}");
}

#[test]
fn started_scripts_bring_their_files() {
    let copied = |base: &str, build: &str, start: &str, files: &[(&str, &str)]| {
        let file = format!("FROM {base}\nWORKDIR /src\nCOPY . .\nRUN {build}\nENTRYPOINT {start}\n");
        let text = ships(&file, files, Level::Stages);
        text.lines().filter(|line| line.starts_with("COPY")).collect::<Vec<_>>().join("\n")
    };
    let sdk = "mcr.microsoft.com/dotnet/sdk:8.0";
    let project =
        "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType></PropertyGroup></Project>";
    let files = [("App.csproj", project), ("Program.cs", "Console.WriteLine(1);\n")];
    let whole = "COPY --from=build /src/bin/Release/net8.0/publish ./bin/Release/net8.0/publish";
    for start in [
        "[\"dotnet\", \"bin/Release/net8.0/publish/App.dll\"]",
        "dotnet /src/bin/Release/net8.0/publish/App.dll",
        "[\"./bin/Release/net8.0/publish/App\"]",
    ] {
        assert_eq!(copied(sdk, "dotnet publish -c Release", start, &files), whole, "{start}");
    }
    let built = copied(sdk, "dotnet build -c Release", "[\"dotnet\", \"bin/Release/net8.0/App.dll\"]", &files);
    assert_eq!(built, "COPY --from=build /src/bin/Release/net8.0 ./bin/Release/net8.0");
    let gradle = [("build.gradle", "plugins { id 'application' }\n"), ("src/main/java/App.java", "class App {}")];
    let installed = copied("gradle:8-jdk21", "gradle installDist", "[\"build/install/app/bin/app\"]", &gradle);
    assert_eq!(installed, "COPY --from=build /src/build/install/app ./build/install/app");
    let scripts = [("pom.xml", "<project><artifactId>app</artifactId></project>"), gradle[1]];
    let script =
        copied("maven:3.9-eclipse-temurin-21", "mvn package", "[\"sh\", \"target/appassembler/bin/app.sh\"]", &scripts);
    assert!(!script.contains("bin/app.sh"), "{script}");
}

#[test]
fn java_that_compiles_at_run_time_keeps_its_compiler() {
    let file =
        "FROM maven:3.9-eclipse-temurin-21\nWORKDIR /app\nCOPY . .\nRUN mvn package\nCMD java -jar target/*.jar\n";
    let pom = POM.replace("{}", "");
    let files = [("pom.xml", pom.as_str()), ("src/main/java/App.java", "ToolProvider.getSystemJavaCompiler()")];
    let text = ships(file, &files, Level::Slim);
    assert!(text.starts_with("FROM maven:") && text.contains("/app/target/*.jar ./target/\n"), "{text}");
}

#[test]
fn packages_of_a_distribution_are_shared_out() {
    let file = "FROM debian:trixie\nRUN apt-get update && apt-get install -y openjdk-21-jdk-headless maven libgson-java\nWORKDIR /app\nCOPY . .\n\
                RUN mvn -o package\nCMD [\"java\", \"-cp\", \"target/app-1.0.jar:/usr/share/java/gson.jar\", \"App\"]\n";
    let pom = POM.replace("{}", "");
    let text = ships(file, &[("pom.xml", &pom), ("src/main/java/App.java", "class App {}")], Level::Stages);
    assert!(text.contains("install -y openjdk-21-jre-headless libgson-java"), "{text}");
    assert!(text.contains("COPY --from=build /app/target/app-1.0.jar ./target/\n"), "{text}");
}

#[test]
fn good_builds_and_other_languages_are_unchanged() {
    let good = "FROM golang:1.22 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /shop .\n\nFROM debian:bookworm-slim\nCOPY --from=build /shop /shop\nCMD [\"/shop\"]\n";
    let python =
        "FROM python:3.13\nCOPY . /app\nRUN gcc -o /app/fast /app/fast.c\nCMD [\"python\", \"/app/main.py\"]\n";
    let tool = "FROM golang:1.22\nCOPY . .\nCMD [\"bash\"]\n";
    for text in [good, python, tool] {
        let passes = ["compiled-stages", "compiled-base", "cargo-target"];
        let levels = optimize_to_level(text, &GO, Level::Slim).levels;
        assert!(!levels.iter().flat_map(|level| &level.steps).any(|step| passes.contains(&step.pass)), "{text}");
    }
}

#[test]
fn a_name_that_is_asked_for_stays_with_what_ships() {
    let file = "FROM golang:1.22 AS production\nWORKDIR /app\nCOPY . .\nRUN go build -o shop .\nCMD [\"./shop\"]\n";
    let text = rewritten(file, &GO, Level::Stages);
    assert!(
        text.starts_with("FROM golang:1.22 AS build\n") && text.contains("\nFROM golang:1.22 AS production\n"),
        "{text}"
    );
}

/// The two stages of a program that nothing but Go builds.
fn stages(base: &str, build: &str, files: &[(&str, &str)]) -> (String, String) {
    let file = format!(
        "FROM {base}\nWORKDIR /app\nCOPY . .\nRUN {build} -o server .\nEXPOSE 8080\nCMD [\"./server\", \"-v\"]\n"
    );
    let (inputs, evidence) = project(&file, files);
    let done = optimize(&inputs, 0, &evidence, &Options::new(&crate::rules::AllRules));
    let text = done.result()[0].text();
    let (build, run) = text.split_once("\n\nFROM ").unwrap();
    (build.to_owned(), run.to_owned())
}

const MODULE: (&str, &str) = ("go.mod", "module example.com/shop\n");

#[test]
fn a_static_go_program_is_put_on_scratch() {
    let (_, run) = stages("golang:1.22", "CGO_ENABLED=0 go build", &[MODULE, ("main.go", "package main\n")]);
    assert_eq!(
        run,
        "scratch\nWORKDIR /app\nCOPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n\
         COPY --from=build /app/server ./\nUSER 65532:65532\nEXPOSE 8080\nCMD [\"./server\", \"-v\"]\n"
    );
    let (build, run) = stages("golang:1.22", "go build", &[MODULE, ("main.go", "package main\n")]);
    assert!(build.contains(" CGO_ENABLED=0 go build -o server ."), "{build}");
    assert!(run.starts_with("scratch\n"), "{run}");
}

#[test]
fn programs_that_need_a_system_keep_it() {
    for (build, main) in [
        ("go build -race", ""),
        ("CGO_ENABLED=1 go build", ""),
        ("go build", "import \"C\""),
        ("go build", "func run() { exec.Command(\"git\") }"),
        ("go build", "func run() { os.CreateTemp(\"\", \"x\") }"),
        ("go build", "func run() { os.MkdirAll(\"data\", 0o755) }"),
        ("go build", "func run() { os.OpenFile(\"x\", os.O_CREATE, 0o644) }"),
    ] {
        let (_, run) = stages("golang:1.22", build, &[MODULE, ("main.go", &format!("package main\n\n{main}\n"))]);
        assert!(run.starts_with("debian:bookworm-slim\n"), "{build}: {main}: {run}");
    }
}

#[test]
fn modules_may_call_c_unless_their_sources_are_here() {
    let module = ("go.mod", "module example.com/shop\n\ngo 1.22\n\nrequire example.com/db v1.0.0\n");
    let sum = ("go.sum", "example.com/db v1.0.0 h1:a=\nexample.com/db v1.0.0/go.mod h1:b=\n");
    let main = ("main.go", "package main\n\nimport _ \"example.com/db\"\n\nfunc main() {}\n");
    let (build, run) = stages("golang:1.22", "go build", &[module, sum, main]);
    assert!(run.starts_with("debian:") && !build.contains("CGO"), "{build}\n{run}");
    let (_, run) = stages("golang:1.22", "CGO_ENABLED=0 go build", &[module, sum, main]);
    assert!(run.starts_with("scratch\n"), "{run}");
    assert!(run.contains("COPY --from=build /usr/share/zoneinfo /usr/share/zoneinfo\n"), "{run}");
    // No compiler is there that could compile C.
    let zones = ("main.go", "package main\n\nimport _ \"time/tzdata\"\n");
    let (_, run) = stages("golang:1.22-alpine", "go build", &[module, sum, zones]);
    assert!(run.starts_with("scratch\n") && run.contains("ca-certificates.crt"), "{run}");
    let (_, run) = stages("golang:1.22-alpine", "go build", &[module, sum, main]);
    assert!(run.starts_with("alpine"), "{run}");
    let list = "# example.com/db v1.0.0\n## explicit\nexample.com/db\n";
    let vendored = |text| [module, main, ("vendor/modules.txt", list), ("vendor/example.com/db/db.go", text)];
    let (_, run) = stages("golang:1.22", "go build", &vendored("package db\n"));
    assert!(run.starts_with("scratch\n") && !run.contains("zoneinfo"), "{run}");
    let (_, run) =
        stages("golang:1.22", "go build", &vendored("package db\n\nfunc a() { time.LoadLocation(\"x\") }\n"));
    assert!(run.starts_with("scratch\n") && run.contains("zoneinfo"), "{run}");
    let (_, run) = stages("golang:1.22", "go build", &vendored("package db\n\nimport \"C\"\n"));
    assert!(run.starts_with("debian:"), "{run}");
}
