//! `${{ … }}` in workflows of GitHub: those that name a constant are filled in, all others stay.

/// Expressions of one text that are looked at.
const EXPRESSIONS: usize = 200;

/// A text with the expressions whose value `value_of` knows by their name (`env.IMAGE`, `matrix.context`).
pub(super) fn filled(text: &str, value_of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    for _ in 0..EXPRESSIONS {
        let Some(start) = rest.find("${{") else { break };
        let Some(len) = rest[start..].find("}}") else { break };
        let name = rest[start + 3..start + len].trim();
        out.push_str(&rest[..start]);
        match if is_name(name) { value_of(name) } else { None } {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[start..start + len + 2]),
        }
        rest = &rest[start + len + 2..];
    }
    out.push_str(rest);
    out
}

/// The names of contexts that the expressions of a text use: `secrets.TOKEN`, `github.sha`, in order.
pub fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        let len = rest[start..].find("}}").unwrap_or(rest.len() - start);
        let inner = &rest[start + 3..start + len];
        // What stands in quotes is text.
        let unquoted = inner.split('\'').step_by(2);
        let words = unquoted.flat_map(|part| part.split(|c: char| !(c.is_alphanumeric() || "._-".contains(c))));
        names.extend(words.filter(|word| word.contains('.')).take(EXPRESSIONS).map(str::to_owned));
        rest = &rest[start + len..];
        rest = rest.get(2..).unwrap_or_default();
    }
    names
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_filled_in() {
        let value = |name: &str| (name == "env.A").then(|| "b".to_owned());
        for (text, expected) in [
            ("x/${{ env.A }}:${{env.A}}", "x/b:b"),
            ("${{ env.B }} ${{ format('{0}', env.A) }} ${{ env.A }}", "${{ env.B }} ${{ format('{0}', env.A) }} b"),
            ("${{ env.A", "${{ env.A"),
            ("$A {{ env.A }}", "$A {{ env.A }}"),
        ] {
            assert_eq!(filled(text, &value), expected);
        }
        let endless = "${{ a ".repeat(100_000);
        assert_eq!(filled(&endless, &value), endless);
    }

    #[test]
    fn names_of_contexts_are_those_outside_of_quotes() {
        assert_eq!(
            names("${{ secrets.A && 'x.y' || env.B }} c.d ${{ github.sha"),
            ["secrets.A", "env.B", "github.sha"]
        );
        assert!(names("a.b").is_empty());
    }
}
