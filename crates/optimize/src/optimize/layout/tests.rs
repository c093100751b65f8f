//! What reviewers asked for.

use crate::optimize::Level;
use crate::optimize::test_inputs::rewritten;

const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}},
 "node_modules/express": {"version": "4.0.0"}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#;

#[test]
fn a_stage_copies_no_path_twice() {
    let files = [
        (
            "package.json",
            r#"{"scripts": {"build": "tsc"}, "dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}}"#,
        ),
        ("package-lock.json", LOCK),
        ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
        ("src/main.ts", "import 'express'"),
    ];
    let text = rewritten(
        "FROM node:22\nCOPY package.json /app/package.json\nCOPY package-lock.json /app/package-lock.json\nWORKDIR /app\nRUN npm ci\nCOPY . /app/\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n",
        &files,
        Level::Stages,
    );
    let last = text.rsplit("FROM ").next().unwrap();
    assert_eq!(last.matches("package").count(), 0, "{text}");
}

const REQUIREMENTS: (&str, &str) = ("requirements.txt", "flask==3.1.3\n");
const APP: (&str, &str) = ("app.py", "import flask\n");

#[test]
fn comments_go_with_their_lines() {
    let text = rewritten(
        "FROM node:22 AS site\n\n# The server.\nFROM python:3.13\n# Quiet.\nENV PIP_NO_COLOR=1\n\n# Dependencies.\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n\n# The program.\nCOPY . .\nCMD [\"flask\", \"run\"]\n",
        &[REQUIREMENTS, APP],
        Level::Stages,
    );
    let last = text.rfind("FROM ").unwrap();
    let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("`{part}` is gone:\n{text}"));
    assert!(at("# Quiet.\nENV PIP_NO_COLOR=1") < last && at("# Dependencies.\nWORKDIR /app") < last, "{text}");
    assert!(text[..last].ends_with("\n\n# The server.\n") && at("# The program.\nCOPY . .") > last, "{text}");
}

#[test]
fn stages_are_separated_by_blank_lines() {
    let go = [("go.mod", "module a\n\ngo 1.22\n"), ("main.go", "package main\n\nfunc main() {}\n")];
    let text = rewritten(
        "FROM golang:1.22\nWORKDIR /app\n\n\nCOPY . .\nRUN go build -o a .\n\n\n# Starts.\nCMD [\"./a\"]\n",
        &go,
        Level::Stages,
    );
    assert!(text.contains("RUN go build -o a .\n\nFROM ") || text.contains("go build -o a .\n\nFROM "), "{text}");
    assert!(text.contains("WORKDIR /app\n\n\nCOPY . ."), "{text}");
}

#[test]
fn a_folder_that_is_written_is_not_a_reason_to_own_all_sources() {
    let of = |app: &str| {
        let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
        rewritten(dockerfile, &[("app.py", app), ("data.json", "{}")], Level::Hygiene)
    };
    let text = of("open('app.log', 'a')\n");
    assert!(text.contains("install -d -o app -g app /app\nCOPY . .\nUSER app\n"), "{text}");
    assert!(of("open('data.json', 'w')\n").contains("COPY --chown=app:app . .\n"));
    let laravel = ("composer.json", r#"{"require": {"laravel/framework": "^11"}}"#);
    let text = rewritten(
        "FROM php:8.3-cli\nWORKDIR /srv\nCOPY . .\nCMD [\"php\", \"artisan\", \"serve\"]\n",
        &[laravel, ("artisan", "#!/usr/bin/env php\n"), ("routes/web.php", "<?php\n")],
        Level::Hygiene,
    );
    assert!(
        text.contains("chown -R www-data:www-data /srv/bootstrap/cache /srv/database /srv/storage\nUSER www-data"),
        "{text}"
    );
    assert!(!text.contains("--chown"), "{text}");
}

#[test]
fn secrets_move_to_the_stage_that_reads_them() {
    let text = rewritten(
        "FROM python:3.13\nENV DB_PASSWORD=hunter2xyz\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        &[REQUIREMENTS, ("app.py", "import os\nos.environ['DB_PASSWORD']\n")],
        Level::Hygiene,
    );
    assert_eq!(text.matches("DB_PASSWORD").count(), 1, "{text}");
    let text = rewritten(
        "FROM python:3.13\nARG PIP_TOKEN\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install --extra-index-url https://a:$PIP_TOKEN@example.com/ -r requirements.txt\nCOPY . .\nRUN python -m compileall .\nCMD [\"python\", \"app.py\"]\n",
        &[REQUIREMENTS, APP],
        Level::Stages,
    );
    assert_eq!(text.matches("ARG PIP_TOKEN").count(), 1, "{text}");
    let package =
        r#"{"scripts": {"build": "tsc"}, "dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}}"#;
    let text = rewritten(
        "FROM node:22\nARG NPM_TOKEN\nENV API_KEY=sk_live_abcdefghijklmnop\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n",
        &[
            ("package.json", package),
            ("package-lock.json", LOCK),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
            ("src/main.ts", "import 'express'"),
        ],
        Level::Hygiene,
    );
    assert_eq!((text.matches("ARG NPM_TOKEN").count(), text.matches("API_KEY").count()), (1, 0), "{text}");
}

#[test]
fn a_shell_around_a_single_program_is_removed() {
    let pom = "<project><parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.2.0</version></parent><groupId>a</groupId><artifactId>shop</artifactId><version>1.0</version><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency></dependencies><build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>";
    let gradle = "plugins { id 'org.springframework.boot' version '3.2.0' }\nversion = '0.1'\ndependencies { implementation 'org.springframework.boot:spring-boot-starter-web' }\n";
    let files =
        [("pom.xml", pom), ("src/main/java/a/A.java", "package a; class A { public static void main(String[] x) {} }")];
    let gradles = [
        ("build.gradle", gradle),
        ("settings.gradle", "rootProject.name = 'shop'\n"),
        ("gradlew", "#!/bin/sh\n"),
        files[1],
    ];
    let maven = "FROM maven:3.9-eclipse-temurin-21\nWORKDIR /app\nCOPY . .\n";
    let jar = "\"java\", \"-jar\", \"target/shop-1.0.jar\"";
    for (tail, expected) in [
        ("RUN mvn package\nCMD java -jar target/shop-1.0.jar\n", format!("CMD [{jar}]")),
        (
            "RUN mvn package\nENTRYPOINT [\"sh\", \"-c\", \"java -jar target/shop-1.0.jar\"]\n",
            format!("ENTRYPOINT [{jar}]"),
        ),
        ("CMD [\"sh\", \"-c\", \"mvn spring-boot:run\"]\n", format!("CMD [{jar}]")),
        (
            "CMD [\"mvn\", \"spring-boot:run\", \"-Dspring-boot.run.arguments=--server.port=80\"]\n",
            format!("CMD [{jar}, \"--server.port=80\"]"),
        ),
        ("RUN mvn package\nCMD java $JAVA_OPTS -jar target/shop-1.0.jar\n", "exec java $JAVA_OPTS -jar".to_owned()),
    ] {
        let text = rewritten(&format!("{maven}{tail}"), &files, Level::Hygiene);
        assert!(text.contains(&expected) && text.contains("FROM eclipse-temurin:21-jre\n"), "{expected}:\n{text}");
    }
    for (command, expected) in [
        ("[\"bash\", \"gradlew\", \"bootRun\"]", "\"java\", \"-jar\", \"build/libs/shop-0.1.jar\"]"),
        ("[\"./gradlew\", \"bootRun\", \"--args=--debug\"]", "\"build/libs/shop-0.1.jar\", \"--debug\"]"),
    ] {
        let text = rewritten(
            &format!("FROM eclipse-temurin:21-jdk\nWORKDIR /app\nCOPY . .\nCMD {command}\n"),
            &gradles,
            Level::Hygiene,
        );
        assert!(text.contains(expected) && text.contains("gradlew --no-daemon bootJar\n"), "{expected}:\n{text}");
    }
}

#[test]
fn earlier_failures_stay_fixed() {
    let check = |dockerfile: &str, files: &[(&str, &str)], present: &[&str], absent: &[&str]| {
        let text = rewritten(dockerfile, files, Level::Server);
        for part in present {
            assert!(text.contains(part), "`{part}` lacks in\n{text}");
        }
        for part in absent {
            assert!(!text.contains(part), "`{part}` is in\n{text}");
        }
    };
    let project = ("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"flask\"]\n");
    check(
        "FROM python:3.13 AS files\nWORKDIR /tmp\nCOPY pyproject.toml ./\n\nFROM python:3.13\nWORKDIR /app\nCOPY --from=files /tmp/pyproject.toml /app/pyproject.toml\nRUN pip install .\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        &[project, APP],
        &["COPY --from=files /tmp/pyproject.toml /app/pyproject.toml\nRUN pip --python"],
        &[],
    );
    check(
        "FROM python:3.13\nENV TOOLS=/app/tools\nWORKDIR /app\nRUN python -m venv $TOOLS\nRUN $TOOLS/bin/pip install poetry\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        &[REQUIREMENTS, APP],
        &[],
        &["AS build"],
    );
    check(
        "FROM python:3.13\nWORKDIR /srv\nRUN mkdir tmp && curl -fsSLO https://example.com/a.tar.gz && tar xzf a.tar.gz -C tmp && cd /srv/tmp && pip install .\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        &[APP],
        &[],
        &["AS build"],
    );
    check(
        "FROM eclipse-temurin:21-jdk-alpine AS build\nWORKDIR /app\nCOPY . .\nRUN ./mvnw package\n\nFROM eclipse-temurin:21-jdk-alpine\nCOPY --from=build /app/target/a.jar /a.jar\nHEALTHCHECK CMD curl -f http://localhost:8080/\nCMD [\"java\", \"-jar\", \"/a.jar\"]\n",
        &[("pom.xml", "<project><artifactId>a</artifactId></project>"), ("mvnw", "#!/bin/sh\n")],
        &[],
        &["apt-get"],
    );
}
