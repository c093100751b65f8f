//! Folders that a script finds by itself: its own (`$(dirname "$0")`), and the top of the repository
//! (`$(git rev-parse --show-toplevel)`), also where a variable holds them.

use super::command_variables::assigned;
use super::model::StepScript;
use crate::text::path;

/// Variables that hold each other.
const DEEPEST: usize = 4;

/// What stands around the commands of such a text and changes nothing of its folder.
const NOISE: [&str; 7] =
    ["&>/dev/null", "&> /dev/null", ">/dev/null 2>&1", "> /dev/null 2>&1", ">/dev/null", "> /dev/null", "2>&1"];

/// The folder or file that a text of a script names from one of them, as seen from the top of the repository.
pub(super) fn known_folder(script: &StepScript, text: &str) -> Option<String> {
    folder_of(script, text, DEEPEST)
}

fn folder_of(script: &StepScript, text: &str, depth: usize) -> Option<String> {
    if !text.contains('$') {
        return None;
    }
    let plain = plain(text);
    let (top, rest) = match strip_script_folder(&plain) {
        Some((rest, None)) => (script.file_folder.clone()?, rest.to_owned()),
        Some((rest, Some(inner))) => (path::join(script.file_folder.as_deref()?, inner), rest.to_owned()),
        None => match strip_top(&plain) {
            Some(rest) => (String::new(), rest.to_owned()),
            None => of_variable(script, &plain, depth)?,
        },
    };
    let is_below = rest.is_empty() || rest.starts_with('/') && !rest.contains(['$', '*', ' ']);
    let folder = path::normalize(&path::join(&top, rest.trim_start_matches('/')));
    let is_inside = folder != ".." && !folder.starts_with("../");
    (is_below && is_inside).then(|| if folder == "." { String::new() } else { folder })
}

/// The folder in the variable that a text begins with, and what follows it.
fn of_variable(script: &StepScript, text: &str, depth: usize) -> Option<(String, String)> {
    let depth = depth.checked_sub(1)?;
    let rest = text.strip_prefix('$')?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, rest) = match rest.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => rest.split_at(rest.find(|c| !is_part(c)).unwrap_or(rest.len())),
    };
    if name.is_empty() || !name.chars().all(is_part) {
        return None;
    }
    let shell_text = script.text.for_shell();
    let commands = script.commands().commands.iter();
    let mut values = commands.flat_map(|command| assigned(command, shell_text)).filter(|(known, _)| *known == name);
    let (_, value) = values.next()?;
    let is_single = values.all(|(_, other)| other == value);
    // `cd "$SCRIPT_DIR/.." && pwd` goes on from another variable.
    let inner = plain(value);
    let inner = inner.strip_prefix("$(cd ").and_then(strip_pwd).map_or(inner.clone(), str::to_owned);
    let folder = if is_single { folder_of(script, &inner, depth)? } else { return None };
    Some((folder, rest.to_owned()))
}

/// A text without quotes and what is as good as nothing.
fn plain(text: &str) -> String {
    let text = NOISE.iter().fold(text.replace(['"', '\''], ""), |text, noise| text.replace(noise, ""));
    let text = text.replace("$( ", "$(").replace(" )", ")").replace(" -- ", " ").replace("pwd -P", "pwd");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands before ` && pwd)`, where nothing follows that.
fn strip_pwd(text: &str) -> Option<&str> {
    [" && pwd)", "; pwd)", "&& pwd)"].iter().find_map(|end| text.strip_suffix(end))
}

/// What follows the top of the repository.
fn strip_top(text: &str) -> Option<&str> {
    text.strip_prefix("$(git rev-parse --show-toplevel)")
}

/// What follows the folder of the script that runs, without quotes, and the path below it that a `cd` inside goes to:
/// `$(dirname $0)`, `${0%/*}`, `$(cd $(dirname $0)/.. && pwd)`.
fn strip_script_folder(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix("${0%/*}").or_else(|| text.strip_prefix("${BASH_SOURCE%/*}")) {
        return Some((rest, None));
    }
    if let Some(inner) = text.strip_prefix("$(cd ") {
        let (rest, _) = strip_script_folder(inner)?;
        let at = [" && pwd)", "; pwd)"].iter().filter_map(|end| Some((rest.find(end)?, end.len()))).min()?;
        let (below, behind) = (&rest[..at.0], &rest[at.0 + at.1..]);
        let is_plain = below.is_empty() || below.starts_with('/') && !below.contains([' ', '$', ')']);
        return is_plain.then(|| (behind, Some(below.trim_start_matches('/'))));
    }
    let inner = text.strip_prefix("$(dirname ")?;
    let real = ["$(readlink -f ", "$(realpath "].iter().find_map(|start| inner.strip_prefix(start));
    let name = real.unwrap_or(inner);
    let rest = ["$0", "${0}", "${BASH_SOURCE[0]}", "${BASH_SOURCE}", "$BASH_SOURCE"]
        .iter()
        .find_map(|word| name.strip_prefix(word))?;
    Some((rest.strip_prefix(if real.is_some() { "))" } else { ")" })?, None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;
    use crate::workflow::{ScriptText, WorkflowPlace};

    #[track_caller]
    fn check(script: &str, text: &str, expected: Option<&str>) {
        let place = WorkflowPlace::of(Span::new(0, script.len() as u32));
        let mut known = StepScript::new(ScriptText::new(script, script, place));
        known.file_folder = Some("ops/bin".to_owned());
        assert_eq!(known_folder(&known, text).as_deref(), expected, "{script} {text}");
    }

    #[test]
    fn the_folder_of_a_script_is_found_in_several_ways() {
        for (text, expected) in [
            ("$(dirname $0)", Some("ops/bin")),
            ("\"$(dirname -- \"$0\")/..\"", Some("ops")),
            ("${0%/*}/app", Some("ops/bin/app")),
            ("$(cd $(dirname ${BASH_SOURCE[0]}) && pwd)", Some("ops/bin")),
            ("$(cd \"$(dirname \"$0\")/../..\" && pwd)", Some("")),
            ("$( cd -- \"$( dirname -- \"${BASH_SOURCE[0]}\" )\" &> /dev/null && pwd )", Some("ops/bin")),
            ("$(dirname $(readlink -f $0))", Some("ops/bin")),
            ("$(dirname \"$(realpath \"${BASH_SOURCE[0]}\")\")/../../..", None),
            ("$(git rev-parse --show-toplevel)/web", Some("web")),
            ("$(dirname $1)", None),
            ("$HOME", None),
            ("web", None),
        ] {
            check("", text, expected);
        }
    }

    #[test]
    fn variables_hold_folders() {
        let script = "SCRIPT_DIR=\"$(cd \"$(dirname \"${BASH_SOURCE[0]}\")\" && pwd)\"\n";
        check(script, "$SCRIPT_DIR", Some("ops/bin"));
        check(script, "\"${SCRIPT_DIR}/../Dockerfile\"", Some("ops/Dockerfile"));
        check(script, "$SCRIPT_DIR_NAME", None);
        check(&format!("{script}ROOT=$(cd \"$SCRIPT_DIR/../..\" && pwd)\n"), "$ROOT/api", Some("api"));
        check("readonly ROOT=$(git rev-parse --show-toplevel)\n", "$ROOT", Some(""));
        check("ROOT=$(git rev-parse --show-toplevel)\nROOT=/srv\n", "$ROOT", None);
        check("A=$B\nB=$A\n", "$A", None);
        check("D=$(dirname $0)\n", "$D/$X", None);
    }
}
