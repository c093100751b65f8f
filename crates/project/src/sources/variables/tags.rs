//! Tags of fields in Go: `env:"PORT,required"`, `envconfig:"PORT" required:"true" default:"80"`.

use std::sync::LazyLock;

use regex::Regex;

use super::prefixed_fields::FieldPrefixes;
use super::read::{Absence, VariableRead, VariableReads};

static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"`[^`\n]*\b(?:env|envconfig):"([A-Za-z_][A-Za-z0-9_]*)((?:,[^"`\n]*)?)"[^`\n]*`"#).ok()
});

/// Adds the variables of tags.
pub(super) fn add(text: &str, reads: &mut VariableReads) {
    let Some(tag) = &*TAG else { return };
    let prefixes = FieldPrefixes::of(text);
    // A prefix in front of all names stands elsewhere.
    let is_whole = !prefixes.has_unknown && !text.contains("PrefixLookuper");
    for captures in tag.captures_iter(text) {
        let (Some(tags), Some(name), Some(options)) = (captures.get(0), captures.get(1), captures.get(2)) else {
            continue;
        };
        let of_tag = |key: &str| {
            let (_, rest) = tags.as_str().split_once(&format!("{key}:\""))?;
            Some(rest.split('"').next().unwrap_or_default())
        };
        let default = ["envDefault", "env-default", "default"].iter().find_map(|key| of_tag(key));
        let default = default.or_else(|| options.as_str().split_once("default=").map(|(_, value)| value));
        let options = || options.as_str().split(',');
        let is_required = options().any(|option| ["required", "notEmpty"].contains(&option.trim()))
            || ["required", "env-required"].iter().any(|key| of_tag(key) == Some("true"));
        let absence = match default {
            Some(default) => Absence::Default(Some(default.to_owned())),
            None if is_required && is_whole => Absence::Fails,
            None => Absence::Continues,
        };
        for prefix in prefixes.at(name.start()) {
            let name_read = format!("{prefix}{}", name.as_str());
            reads.reads.push(VariableRead { at: name.start(), name: name_read, absence: absence.clone() });
        }
    }
}
