//! `COMPOSE_FILE`: the files of a project where no `-f` names them (compose-go's `WithConfigFileEnv`).

use std::collections::BTreeMap;

use super::dotenv::dotenv;
use super::interpolate::substitute;

/// Between the files, where `COMPOSE_PATH_SEPARATOR` does not say otherwise.
const SEPARATOR: &str = ":";

/// Bytes that the variables of `.env` may use.
const ROOM: usize = 1 << 20;

/// The files that `COMPOSE_FILE` names, of the shell's variables or of the text of `.env`; none where neither has it.
pub fn listed_files(variables: &BTreeMap<String, String>, text_of_dotenv: Option<&str>) -> Vec<String> {
    let mut all = BTreeMap::new();
    let mut room = ROOM;
    if let Some(text) = text_of_dotenv.filter(|text| text.contains("COMPOSE_FILE")) {
        // Up to the first mistake: the reader of the project tells of it.
        let _ = dotenv(text, &mut all, &|name| variables.get(name).cloned(), &mut room);
    }
    let value = |name: &str| variables.get(name).or_else(|| all.get(name)).filter(|value| !value.is_empty());
    let separator = value("COMPOSE_PATH_SEPARATOR").map_or(SEPARATOR, String::as_str);
    let Some(files) = value("COMPOSE_FILE") else { return Vec::new() };
    files.split(separator).filter(|file| !file.is_empty()).map(str::to_owned).collect()
}

/// Whether `COMPOSE_FILE` of a text of `.env` names a variable that is not set there: there may be more files.
pub fn lists_unknown_files(text_of_dotenv: &str) -> bool {
    let mut all = BTreeMap::new();
    let mut room = ROOM;
    let is_list = |line: &&str| line.trim_start().trim_start_matches("export ").starts_with("COMPOSE_FILE");
    let Some(line) = text_of_dotenv.lines().find(is_list).filter(|line| line.contains('$')) else { return false };
    let _ = dotenv(text_of_dotenv, &mut all, &|_| None, &mut room);
    let mut is_unknown = false;
    let lookup = |name: &str| all.get(name).cloned();
    let _ = substitute(line, &lookup, &mut |_| is_unknown = true, &mut room);
    is_unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_by_variables() {
        let shell = |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let dotenv = Some("# c\nA=b\nCOMPOSE_FILE=a.yaml:sub/${A}.yaml\n");
        assert_eq!(listed_files(&BTreeMap::new(), dotenv), ["a.yaml", "sub/b.yaml"]);
        assert_eq!(listed_files(&shell(&[("COMPOSE_FILE", "c.yaml")]), dotenv), ["c.yaml"]);
        let separator = shell(&[("COMPOSE_FILE", "a;b"), ("COMPOSE_PATH_SEPARATOR", ";")]);
        assert_eq!(listed_files(&separator, None), ["a", "b"]);
        assert!(listed_files(&BTreeMap::new(), Some("COMPOSE_FILE=\n")).is_empty());
        assert!(!lists_unknown_files("A=b\nCOMPOSE_FILE=a.yaml:sub/${A}.yaml\n"));
        assert!(lists_unknown_files("A=b\nCOMPOSE_FILE=a.yaml:sub/${B}.yaml\n"));
    }
}
