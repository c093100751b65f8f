//! See `rules/compose-build-file-missing.md`.

use super::ComposeContext;
use crate::compose::project::ComposeValue;
use crate::finding::Findings;
use crate::settings::closest;
use crate::text::path;

super::compose_rule!("compose-build-file-missing", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(missing) = cx.missing_dockerfile(service) else { continue };
        let Some(build) = service.value.get("build") else { continue };
        let written =
            ["dockerfile", "context"].into_iter().filter_map(|key| build.get(key)).find(|it| it.place.is_some());
        let place = written.and_then(|value| value.place).or(build.place);
        // A variable of Compose may have another value where the project runs.
        let is_variable = ["dockerfile", "context"]
            .iter()
            .any(|key| cx.text_at(build.get(key).and_then(|value| value.place)).is_some_and(|text| text.contains('$')));
        let has_other = cx.twins(service).any(|twin| {
            let text = |value: &ComposeValue| Some(value.get("build")?.get("dockerfile")?.as_text()?.to_owned());
            twin.get("build").is_some() && text(twin) != text(service.value)
        });
        if is_variable || has_other {
            continue;
        }
        let message = format!("`{}` is not there, so that `{}` cannot be built", missing.path, service.name);
        let Some(finding) = cx.finding(place, message) else { continue };
        let last = path::name(&missing.path);
        let others: Vec<&str> = missing.others.iter().map(String::as_str).collect();
        let near = match others[..] {
            [one] => Some(one.to_owned()),
            _ => closest(last, &others),
        };
        out.push(match near {
            Some(near) => finding.help(format!("its folder has `{near}`")),
            None => finding.help("write the path as seen from the context, or add the file"),
        });
    }
}
