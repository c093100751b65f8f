//! Libraries of the system behind the headers that a build stage installs: what was compiled with them loads them when it
//! runs.

use crate::build::Stage;
use crate::optimize::debian::behind_headers;
use crate::optimize::new_stage::apt_install;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager, PackageCall, Verb};

/// The RUN that stands in the last stage in the place of one that installs what only builds; `None` where nothing is left of
/// it. Headers stay where nobody knows what stands behind them.
pub(super) fn install(input: &PassInput, stage: &Stage, index: usize) -> Option<String> {
    let code = input.build.code(index)?;
    let invocations = code.script.invocations();
    let calls = invocations.iter().filter_map(Invocation::package_call).filter(|call| call.verb == Verb::Install);
    let (mut names, mut manager) = (Vec::new(), None);
    for call in calls.filter(|call| !is_for_a_while(call)) {
        let headers = call.packages.iter().map(|package| package.name.text);
        for header in headers.filter(|name| name.ends_with("-dev") || name.ends_with("-devel")) {
            let behind = behind_headers(input, stage, header);
            let needed = behind.unwrap_or_else(|| vec![header]);
            manager = manager.or((!needed.is_empty()).then_some(call.manager));
            names.extend(needed.into_iter().map(str::to_owned));
        }
    }
    names.dedup();
    match manager? {
        Manager::Apt => Some(apt_install(&names.join(" ")).replace('\n', input.newline())),
        Manager::Apk => Some(format!("RUN apk add --no-cache {}", names.join(" "))),
        _ => Some(input.source().slice(input.build.instruction(index).span).to_owned()),
    }
}

/// Whether apk takes the packages away again by a name for them all.
fn is_for_a_while(call: &PackageCall) -> bool {
    call.manager == Manager::Apk && call.has(&["--virtual", "-t"])
}
