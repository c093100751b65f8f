//! Packages of npm beside and without a project.

use super::{NPM, check, mounts};

#[test]
fn existing_files_are_not_copied_again() {
    check(
        "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |COPY . .
         |RUN npm install
         |CMD [\"node\", \"src\"]",
        NPM,
        "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm install
         |COPY . .
         |CMD [\"node\", \"src\"]",
    );
}

#[test]
fn packages_of_no_project_need_no_sources() {
    let files = [("app.js", "require('express')"), ("readme.md", "x")];
    check(
        "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN npm install express
         |CMD [\"node\", \"app.js\"]",
        &files,
        "|FROM node:22
         |WORKDIR /app
         |RUN npm install express
         |COPY . .
         |CMD [\"node\", \"app.js\"]",
    );
    // It would be written over.
    let dockerfile = "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN npm install express
         |CMD [\"node\", \"app.js\"]";
    check(dockerfile, NPM, dockerfile);
}

#[test]
fn built_files_of_other_stages_count_as_sources() {
    check(
        "|FROM node:22 AS build
         |WORKDIR /app
         |COPY package.json package-lock.json ./
         |RUN npm ci
         |COPY . .
         |RUN npm run build
         |FROM node:22
         |WORKDIR /app
         |COPY --from=build /app/dist ./dist
         |RUN npm install -g serve
         |CMD [\"serve\", \"-s\", \"dist\"]",
        NPM,
        "|FROM node:22 AS build
         |WORKDIR /app
         |COPY package.json package-lock.json ./
         |RUN npm ci
         |COPY . .
         |RUN npm run build
         |FROM node:22
         |WORKDIR /app
         |RUN npm install -g serve
         |COPY --from=build /app/dist ./dist
         |CMD [\"serve\", \"-s\", \"dist\"]",
    );
    // What is installed there may be what the other stage left.
    let dockerfile = "|FROM node:22 AS build
         |WORKDIR /app
         |COPY package.json package-lock.json ./
         |RUN npm ci
         |COPY . .
         |RUN npm run build
         |FROM node:22
         |WORKDIR /app
         |COPY --from=build /app/dist ./dist
         |COPY --from=build /app/package.json ./
         |RUN npm install --omit=dev
         |CMD [\"node\", \"dist\"]";
    check(dockerfile, NPM, dockerfile);
}

#[test]
fn programs_of_a_version_need_no_project_and_settings_of_one_do() {
    let file =
        |above: &str, below: &str| format!("|FROM golang:1.25\n|WORKDIR /app\n{above}|COPY . .\n{below}|CMD [\"app\"]");
    let files = &[("go.mod", "module a\n"), ("composer.json", "{}"), ("main.go", "package main")];
    let swag = "|RUN go install github.com/swaggo/swag/cmd/swag@v1.16.4\n";
    check(&file("", swag), files, &file(swag, ""));
    // These write the project's manifest.
    for dockerfile in ["|RUN go get github.com/swaggo/swag@v1.16.4\n", "|RUN composer config sort-packages true\n"] {
        check(&file("", dockerfile), files, &file("", dockerfile));
    }
}

#[test]
fn packages_of_started_programs_are_kept() {
    let pom = "<project><groupId>a</groupId><artifactId>a</artifactId><version>1</version></project>";
    let files = [("pom.xml", pom), ("run.sh", "#!/bin/sh\nexec ./mvnw spring-boot:run\n"), ("src/A.java", "x")];
    let build = "|FROM maven:3-eclipse-temurin-21 AS build\n|WORKDIR /app\n|COPY . .\n|RUN mvn package";
    let runtime = "|FROM eclipse-temurin:21-jre\n|COPY --from=build /app/target/a.jar /a.jar\n|CMD [\"java\", \"-jar\", \"/a.jar\"]";
    for command in [
        "CMD [\"./mvnw\", \"spring-boot:run\"]",
        "CMD mvn spring-boot:run",
        "CMD [\"./run.sh\"]",
        "CMD [\"sh\", \"run.sh\"]",
        "ENTRYPOINT [\"mvn\", \"test\"]",
    ] {
        let dockerfile = format!("{build}\n|FROM build AS dev\n|{command}\n{runtime}");
        mounts(&dockerfile, &files, &dockerfile);
    }
    let mounted = build.replace("RUN mvn", "RUN --mount=type=cache,target=/root/.m2/repository,sharing=locked mvn");
    mounts(&format!("{build}\n{runtime}"), &files, &format!("{mounted}\n{runtime}"));
}
