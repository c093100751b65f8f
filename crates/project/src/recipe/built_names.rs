//! The names that scripts, pipelines and texts for people give to the images that they build.

use std::collections::BTreeSet;

use super::image_build::replaced;
use super::{engines, joined_text, variables};
use crate::text::path;

/// What stands in a name for that of the repository.
pub const OWN_NAME: char = '%';

/// The maximum number of names of a text.
const NAMES: usize = 200;

/// The names of images that a text builds, without tags, as far as they are plain: those behind `-t` of a command, and
/// those of a pipeline's list of tags.
pub fn built_image_names(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let builds = engines().iter().any(|engine| text.contains(engine)) && text.contains("build");
    if !builds {
        return names;
    }
    // PowerShell continues a line behind a backtick.
    let text = in_shell(&text.replace("`\n", "\\\n"));
    let mut variables = variables(&text);
    variables.extend(written_settings(&text));
    let mut in_list = false;
    for (_, line) in joined_text(&text) {
        let whole = replaced(&line, &variables);
        let trimmed = whole.trim_start();
        let key = trimmed.trim_start_matches("- ").split_once(':').map(|(key, _)| key);
        in_list = match key {
            Some("tags" | "images" | "image-name") => true,
            Some(key) if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) => false,
            _ => in_list,
        };
        let separators = |c: char| c.is_whitespace() || "\"'`(),;=[]".contains(c);
        let words: Vec<&str> = trimmed.split(separators).filter(|word| !word.is_empty()).collect();
        for (at, word) in words.iter().enumerate() {
            let is_tagged = at > 0 && matches!(words[at - 1], "-t" | "--tag") && words.contains(&"build");
            if (is_tagged || in_list && word.contains('/')) && names.len() < NAMES {
                names.extend(image_name(word));
            }
        }
    }
    names
}

/// The variables of a pipeline: `IMAGE: ghcr.io/acme/web`.
fn written_settings(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let settings = text.lines().filter_map(|line| line.trim().split_once(": "));
    let settings = settings.filter(move |(name, _)| is_name(name));
    let settings = settings.map(|(name, value)| (name, value.trim().trim_matches(['"', '\''])));
    settings.filter(|(_, value)| !value.contains(|c: char| c.is_whitespace() || c == '$'))
}

/// A text with the expressions of a pipeline as a shell has them: `${{ env.IMAGE }}` as `${IMAGE}`, the repository by
/// [`OWN_NAME`], and `*` for other values.
fn in_shell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${{") {
        out.push_str(before);
        let is_name = |inner: &&str| inner.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let named = behind.split_once("}}").map(|(inner, after)| (inner.trim(), after));
        let Some((name, after)) = named.filter(|(inner, _)| is_name(inner)) else {
            out.push_str("${{");
            rest = behind;
            continue;
        };
        match (name, name.strip_prefix("env.")) {
            (_, Some(variable)) => out.push_str(&format!("${{{variable}}}")),
            ("github.repository", _) => out.push_str(OWN_PATH),
            ("github.event.repository.name", _) => out.push(OWN_NAME),
            _ => out.push('*'),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The path of the repository in a name.
const OWN_PATH: &str = "*/%";

/// Variables of pipelines that hold the path of the repository.
const OWN_PATHS: [&str; 3] = ["GITHUB_REPOSITORY", "CI_REGISTRY_IMAGE", "CI_PROJECT_PATH"];

/// A name with `*` for its variables.
fn without_variables(reference: &str) -> String {
    let mut out = String::with_capacity(reference.len());
    let mut rest = reference;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let inner = behind.strip_prefix('{');
        let text = inner.unwrap_or(behind);
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let (name, after) = text.split_at(end);
        out.push_str(if OWN_PATHS.contains(&name) { OWN_PATH } else { "*" });
        rest = if inner.is_some() { after.split_once('}').map_or("", |(_, rest)| rest) } else { after };
    }
    out.push_str(rest);
    out
}

/// The name of a reference without tag, digest and the registry that is meant anyway.
fn image_name(reference: &str) -> Option<String> {
    let reference = without_variables(reference);
    let name = reference.split('@').next()?;
    let (folder, last) = path::split(name);
    let last = last.split(':').next().unwrap_or(last);
    // Any image of a registry is not one that is known.
    if last.trim_matches('*').is_empty() {
        return None;
    }
    let name = path::child(folder, last);
    let name = name.trim_start_matches("docker.io/");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/:*".contains(c) || c == OWN_NAME;
    let is_start = |c: char| c.is_ascii_alphanumeric() || c == '*' && name.contains('/') || c == OWN_NAME;
    (!name.is_empty() && name.chars().all(plain) && name.starts_with(is_start)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_behind_tags_are_read() {
        let check = |text: &str, expected: &[&str]| {
            let names = built_image_names(text);
            assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{text}");
        };
        check("docker build -t acme/web:1 .\ndocker run -t alpine\n", &["acme/web"]);
        check(
            "docker buildx build \\\n  --tag=ghcr.io/acme/web:$V \\\n  --tag acme/web .\n",
            &["acme/web", "ghcr.io/acme/web"],
        );
        check("NAME=acme/api\ndocker build -t ${NAME}:latest -t docker.io/acme/b .\n", &["acme/api", "acme/b"]);
        let workflow =
            "- uses: docker/build-push-action@v6\n  with:\n    tags: |\n      acme/web:latest\n    context: a/b\n";
        check(workflow, &["acme/web"]);
        check(
            "tags: ${{ c && format('acme/web:{0}', v) || format('acme/web:latest', v) }} # docker build",
            &["acme/web"],
        );
        let workflow = "env:\n  REGISTRY: ghcr.io\n  IMAGE_API: ghcr.io/acme/api\njobs:\n  - uses: docker/metadata-action@v5\n    with:\n      \
                        images: ${{ env.IMAGE_API }}\n  - uses: docker/build-push-action@v6\n    with:\n      \
                        tags: ${{ env.REGISTRY }}/acme/web:${{ github.sha }}\n";
        check(workflow, &["ghcr.io/acme/api", "ghcr.io/acme/web"]);
        check("docker build -t $HUB_USER/web:1 -t ${USER}/team/api .\n", &["*/team/api", "*/web"]);
        check(
            "docker build -t $REGISTRY/$OWNER/app-$NAME:1 -t $NAME -t $CI_REGISTRY_IMAGE/api .\n",
            &["*/%/api", "*/*/app-*"],
        );
        check(
            "- uses: docker/build-push-action@v6\n  with:\n    tags: ghcr.io/${{ github.repository }}/${{ matrix.name }}:1\n",
            &[],
        );
        check("docker build `\n  -t acme/web:1 `\n  .\n", &["acme/web"]);
        check("services:\n  db:\n    image: acme/db\n", &[]);
        check("docker run -t acme/web\n", &[]);
    }
}
