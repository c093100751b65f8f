//! What the helps of rules about pipelines say: pages show the messages alone.

use super::inputs::findings;
use crate::rules::find;
use crate::text::Source;

/// The help and the notes of the only finding in some files.
#[track_caller]
fn help(rule: &str, files: &[(&str, &str)]) -> String {
    let sources: Vec<Source> = files.iter().map(|(path, text)| Source::of(path, text)).collect();
    let mut findings = findings(find(rule).unwrap(), &sources, &[]);
    assert_eq!(findings.len(), 1, "{files:?}");
    let finding = findings.remove(0);
    format!("{}\n{}", finding.help.unwrap_or_default(), finding.notes.join("\n"))
}

const WORKFLOW: &str = ".github/workflows/ci.yml";

/// A workflow with one job whose steps check out and do this.
fn workflow(events: &str, steps: &str) -> String {
    format!(
        "on: {events}\njobs:\n  image:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v5\n{steps}"
    )
}

/// A step that builds with the action, and what else stands under `with`.
fn action(inputs: &str) -> String {
    format!("      - uses: docker/build-push-action@v6\n        with:\n          context: .\n{inputs}")
}

const SERVER: &str = "FROM alpine:3.22\nEXPOSE 8000\n";

#[test]
fn a_start_is_given_the_variables_that_it_asks_for() {
    let push = workflow("push", &action("          push: true\n          tags: example/app:1.0\n"));
    let dockerfile = "FROM golang:1.25\nCOPY . .\nRUN go build -o /app .\nEXPOSE 8000\nCMD [\"/app\"]\n";
    let source = "package main\n\nfunc main() {\n\tname := os.Getenv(\"NAMESPACE\")\n\tif name == \"\" {\n\t\tlog.Fatal(name)\n\t}\n}\n";
    let files = [(WORKFLOW, &*push), ("Dockerfile", dockerfile), ("go.mod", "module a\n"), ("main.go", source)];
    let text = help("pushed-before-started", &files);
    assert!(text.contains("`docker run -d -e NAMESPACE=… --name test app:test`"), "{text}");
    // A value of the image will do.
    let set = dockerfile.replace("EXPOSE", "ENV NAMESPACE=a\nEXPOSE");
    let files = [(WORKFLOW, &*push), ("Dockerfile", &set), ("go.mod", "module a\n"), ("main.go", source)];
    assert!(!help("pushed-before-started", &files).contains("NAMESPACE"));
}

#[test]
fn an_image_that_is_there_is_not_built_again() {
    let loaded = action("          load: true\n          tags: example/app:test\n");
    let pushed = action("          push: true\n          tags: example/app:1.0\n");
    let text = workflow("push", &format!("{loaded}{pushed}"));
    let text = help("pushed-before-started", &[(WORKFLOW, &text), ("Dockerfile", SERVER)]);
    assert!(text.contains("start the image of line 7") && text.contains("--name test example/app:test"), "{text}");
    let script = "      - run: docker build -t example/app:1 .\n      - run: docker push example/app:1\n";
    let text = help("pushed-before-started", &[(WORKFLOW, &workflow("push", script)), ("Dockerfile", SERVER)]);
    assert!(text.contains("start the image of line 7") && text.contains("--name test example/app:1"), "{text}");
}

#[test]
fn only_a_stage_that_a_compiler_works_in_may_run_elsewhere() {
    let qemu = "      - uses: docker/setup-qemu-action@v3\n      - uses: docker/setup-buildx-action@v3\n";
    let build = action("          platforms: linux/amd64,linux/arm64\n");
    let text = workflow("push", &format!("{qemu}{build}"));
    let help_of = |dockerfile: &str| help("platform-emulated", &[(WORKFLOW, &text), ("Dockerfile", dockerfile)]);
    let crosses = |dockerfile: &str| {
        let text = help_of(dockerfile);
        assert!(text.contains("ubuntu-24.04-arm"), "{text}");
        text.contains("BUILDPLATFORM")
    };
    let build = "FROM golang:1.25 AS build\nCOPY . .\nRUN go build -o /app .\n";
    assert!(crosses(&format!("{build}FROM scratch\nCOPY --from=build /app /app\n")));
    assert!(!crosses(build));
    assert!(!crosses(&format!("{build}FROM build\nCMD [\"/app\"]\n")));
    assert!(!crosses(&format!("{build}FROM scratch\nCOPY --from=build / /\n")));
    assert!(!crosses(
        "FROM python:3.13 AS b\nRUN pip install --prefix=/i numpy\nFROM python:3.13\nCOPY --from=b /i /usr/local\n"
    ));
}

#[test]
fn a_step_that_builds_keeps_its_build_for_pull_requests() {
    let help_of = |steps: &str| {
        let text = workflow("[push, pull_request]", steps);
        help("pushed-on-pull-request", &[(WORKFLOW, &text), ("Dockerfile", SERVER)])
    };
    let both = help_of("      - run: |\n          docker build -t a/b:1 .\n          docker push a/b:1\n");
    assert!(both.starts_with("move the push into a step of its own"), "{both}");
    let apart = help_of("      - run: docker build -t a/b:1 .\n      - run: docker push a/b:1\n");
    assert!(apart.starts_with("give the step `if:"), "{apart}");
    let signed = help_of(
        "      - run: docker build -t a/b:1 .\n      - run: docker push a/b:1\n      - name: Sign\n        run: cosign sign a/b:1\n",
    );
    assert!(signed.contains("; the step `Sign` needs what is pushed: give it the condition too"), "{signed}");
    let reader = "  test:\n    needs: image\n    runs-on: ubuntu-24.04\n    steps:\n      - run: docker run --rm a/b:1 --version\n";
    let read = help_of(&format!("{}{reader}", action("          push: true\n          tags: a/b:1\n")));
    assert!(read.contains("the job `test` needs the image"), "{read}");
    let push = action("          push: true\n          tags: a/b:${{ github.sha }}\n");
    let later = help_of(&format!("{push}      - run: docker run --rm a/b:$GITHUB_SHA --version\n"));
    assert!(later.contains("a later step takes the image from the registry"), "{later}");
    let push = action("          push: true\n          tags: ${{ needs.names.outputs.tag }}\n");
    let read = help_of(&format!("{push}{}", reader.replace("docker run --rm a/b:1", "docker pull a/b:$TAG; a/b")));
    assert!(read.contains("the job `test` needs the image"), "{read}");
}

#[test]
fn a_secret_that_a_run_writes_to_a_file_needs_another_run() {
    let text = workflow("push", &action("          build-args: TOKEN=${{ secrets.TOKEN }}\n"));
    let help_of = |run: &str| {
        let dockerfile = format!("FROM golang:1.25\nARG TOKEN\n{run}\n");
        help("secret-as-build-argument", &[(WORKFLOW, &text), ("Dockerfile", &dockerfile)])
    };
    for run in [
        "RUN git config --global url.\"https://x:${TOKEN}@e.org/\".insteadOf https://e.org/",
        "RUN echo \"machine e.org login x password $TOKEN\" > ~/.netrc",
        "RUN npm config set //e.org/:_authToken $TOKEN && npm ci",
    ] {
        assert!(help_of(run).contains("the one in line 3 writes the value to a file"), "{run}");
    }
    for run in [
        "RUN curl -H \"Authorization: $TOKEN\" https://e.org > /app.tgz",
        "RUN echo \"machine e.org password $TOKEN\" > ~/.netrc && go mod download && rm ~/.netrc",
    ] {
        let text = help_of(run);
        assert!(!text.contains("writes the value"), "{run}: {text}");
    }
}

#[test]
fn the_cache_of_gitlab_is_the_image_that_the_job_pushes() {
    let node = "FROM node:24-slim\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\n";
    let help_of = |image: &str| {
        let text = format!(
            "build:\n  image: docker:28\n  services: [docker:28-dind]\n  script:\n    - docker build -t {image} .\n    - docker push {image}\n"
        );
        help("docker-build-without-cache", &[(".gitlab-ci.yml", &text), ("Dockerfile", node)])
    };
    for (image, expected) in [
        ("acme/app:1", "--cache-from acme/app:1 --build-arg BUILDKIT_INLINE_CACHE=1`; all"),
        (
            "acme/app:$CI_COMMIT_SHA",
            "--cache-from acme/app:latest --build-arg BUILDKIT_INLINE_CACHE=1`, and push that tag",
        ),
        (
            "$CI_REGISTRY_IMAGE:latest",
            "--cache-from $CI_REGISTRY_IMAGE:latest --build-arg BUILDKIT_INLINE_CACHE=1`; all",
        ),
    ] {
        let text = help_of(image);
        assert!(text.contains(expected), "{image}: {text}");
    }
}

#[test]
fn an_ignore_file_that_docker_does_not_read_is_named() {
    let text = workflow("push", &action("          file: infra/Dockerfile\n"));
    let files = [
        (WORKFLOW, &*text),
        ("infra/Dockerfile", "FROM node:22-slim\nCOPY . /app\nRUN npm ci\n"),
        ("infra/.dockerignore", "*\n"),
        ("package.json", "{}"),
    ];
    let text = help("context-too-large-in-pipeline", &files);
    assert!(text.contains("Docker does not read `infra/.dockerignore`"), "{text}");
}

#[test]
fn a_compose_file_that_starts_an_image_is_called_with_what_it_lacks() {
    let push = workflow("push", &action("          push: true\n          tags: example/app:1.0\n"));
    let text = |compose: &str| {
        let files = [(WORKFLOW, &*push), ("Dockerfile", SERVER), ("compose.yaml", compose)];
        help("pushed-before-started", &files)
    };
    let named = text(
        "services:\n  app:\n    image: docker.io/example/app:2\n    environment:\n      A: ${A:?}\n      B: ${B:-b}\n",
    );
    assert!(named.contains("`A=… docker compose -f compose.yaml up -d --wait` with that image"), "{named}");
    let built = text("services:\n  web:\n    build: .\n    environment: {A: b}\n");
    assert!(built.contains("up -d --wait --no-build` (give `web` an `image:` with the tag"), "{built}");
}

/// A pipeline of GitLab with one job that pushes what it builds.
fn gitlab(image: &str, job: &str, reference: &str) -> String {
    format!(
        "build:\n  image: {image}\n  services: [{image}-dind]\n{job}  script:\n    - docker build -t {reference} -f Dockerfile .\n    - docker push {reference}\n"
    )
}

const INSTALLED: &str = "FROM golang:1.25\nCOPY go.mod .\nRUN go mod download\nCOPY . .\nRUN go build .\n";

#[test]
fn engines_before_buildkit_are_told_to_use_it() {
    let text = |image: &str, job: &str| {
        let pipeline = gitlab(image, job, "$CI_REGISTRY_IMAGE:$CI_COMMIT_SHA");
        help("docker-build-without-cache", &[(".gitlab-ci.yml", &pipeline), ("Dockerfile", INSTALLED)])
    };
    let old = text("docker:20.10.16", "");
    assert!(old.starts_with("set `DOCKER_BUILDKIT: \"1\"` (Docker 20 builds without BuildKit"), "{old}");
    assert!(text("docker:27", "").starts_with("write `--cache-from $CI_REGISTRY_IMAGE:latest"));
    let set = text("docker:20.10.16", "  variables: {DOCKER_BUILDKIT: \"1\"}\n");
    assert!(set.starts_with("write `--cache-from"), "{set}");
}

#[test]
fn legs_of_a_matrix_keep_caches_of_their_own() {
    let text = |reference: &str| {
        let job = "  parallel:\n    matrix:\n      - PHP: [\"7.4\", \"8.2\"]\n";
        let pipeline = gitlab("docker:27", job, reference);
        help("docker-build-without-cache", &[(".gitlab-ci.yml", &pipeline), ("Dockerfile", INSTALLED)])
    };
    let pushed = text("$CI_REGISTRY_IMAGE:dev-$PHP");
    assert!(
        pushed.contains("`--cache-from $CI_REGISTRY_IMAGE:dev-$PHP --build-arg BUILDKIT_INLINE_CACHE=1`;"),
        "{pushed}"
    );
    let tagged = text("$CI_REGISTRY_IMAGE:$PHP-$CI_COMMIT_SHA");
    assert!(
        tagged.contains("`--cache-from $CI_REGISTRY_IMAGE:latest-$PHP") && tagged.contains(", and push that tag"),
        "{tagged}"
    );
    assert!(text("$CI_REGISTRY_IMAGE/$PHP:$CI_COMMIT_SHA").contains("--cache-from $CI_REGISTRY_IMAGE/$PHP:latest "));
}

#[test]
fn builders_of_their_own_keep_all_stages_in_the_registry() {
    let pipeline = "build:\n  image: docker:27\n  services: [docker:27-dind]\n  script:\n    - docker buildx create --use\n    - docker buildx build --push -t $CI_REGISTRY_IMAGE:$CI_COMMIT_SHA .\n";
    let text = help("docker-build-without-cache", &[(".gitlab-ci.yml", pipeline), ("Dockerfile", INSTALLED)]);
    assert!(
        text.starts_with("write `--cache-from type=registry,ref=$CI_REGISTRY_IMAGE:buildcache --cache-to"),
        "{text}"
    );
}

#[test]
fn kaniko_keeps_layers_with_an_option() {
    let text = "build:\n  image: {name: \"gcr.io/kaniko-project/executor:debug\", entrypoint: [\"\"]}\n  script:\n    - /kaniko/executor --context $CI_PROJECT_DIR --dockerfile Dockerfile --destination $CI_REGISTRY_IMAGE:latest\n";
    let text = help("docker-build-without-cache", &[(".gitlab-ci.yml", text), ("Dockerfile", INSTALLED)]);
    assert!(text.starts_with("write `--cache=true`"), "{text}");
}

/// One reason in one file is one finding, whose fix is of both steps.
#[test]
fn steps_without_a_cache_are_one_finding() {
    let step = |name: &str| {
        format!(
            "      - uses: docker/build-push-action@v6\n        with:\n          context: {name}\n          push: true\n          tags: acme/{name}:1\n"
        )
    };
    let text =
        workflow("push", &format!("      - uses: docker/setup-buildx-action@v3\n{}{}", step("api"), step("web")));
    let sources: Vec<Source> = [(WORKFLOW, &*text), ("api/Dockerfile", INSTALLED), ("web/Dockerfile", INSTALLED)]
        .iter()
        .map(|(path, text)| Source::of(path, text))
        .collect();
    let findings = findings(find("build-without-cache").unwrap(), &sources, &[]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].notes[0].starts_with("the same holds for `.github/workflows/ci.yml`, line "), "{findings:?}");
    assert_eq!(findings[0].fixes[0].edits.len(), 2, "{findings:?}");
}

#[test]
fn a_history_in_the_image_is_named_as_such() {
    let text = workflow("push", &action("          push: true\n"));
    let note = |dockerfile: &str| {
        help(
            "context-too-large-in-pipeline",
            &[(WORKFLOW, &*text), ("Dockerfile", dockerfile), (".dockerignore", "a\n")],
        )
    };
    let shipped = note("FROM node:22-slim\nCOPY . /app\nRUN npm ci\n");
    assert!(
        shipped.contains("the commits that are fetched, and, with actions/checkout before v6, the token"),
        "{shipped}"
    );
}

/// A migration in a build is given the address of its database, which stays in the image.
#[test]
fn a_migration_in_a_build_says_which_address_stays() {
    let note = |lines: &str| {
        let text = format!(
            "FROM python:3.13-slim\n{lines}COPY . .\nRUN python3 manage.py migrate\nCMD [\"gunicorn\", \"core\"]\n"
        );
        help("migration-in-build", &[("Dockerfile", &text)])
    };
    for lines in [
        "ARG DATABASE_URL\nENV DATABASE_URL=${DATABASE_URL}\n",
        "ARG URI\nENV A=b MONGO_URI=$URI\n",
        "ARG DB_DSN\nENV DB_DSN \"$DB_DSN\"\n",
    ] {
        assert!(note(lines).contains("of line 3 keeps what the build is given"), "{lines}");
    }
    for lines in ["", "ARG DATABASE_URL\n", "ENV DATABASE_URL=sqlserver://db/app\n", "ARG V\nENV VERSION=$V\n"] {
        assert!(!note(lines).contains("keeps what"), "{lines}");
    }
}
