//! What is replaced, for reports about it.

use super::input::DeploymentInput;
use super::plan::DeploymentPlan;
use super::port::published_ports;
use crate::stack::Stack;

/// A service whose containers the script replaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeployedService {
    /// Its name.
    pub name: String,
    /// The first service of those that run the same image, and are one deployment.
    pub group: String,
    /// The ports in its containers that get requests, the main one first.
    pub ports: Vec<u16>,
    /// The ports of the host that lead to it: `127.0.0.1:8080`.
    pub published: Vec<String>,
    /// Services that ask it, with the ports of the host that lead to them.
    pub callers: Vec<(String, Vec<String>)>,
    /// How many containers it has.
    pub count: u64,
    /// Seconds that a new container gets to become healthy.
    pub start_seconds: u64,
    /// Seconds that running requests get to end.
    pub drain_seconds: u64,
}

/// The services that the script replaces, in their start order.
///
/// # Errors
/// Why a service cannot be replaced, one sentence each.
pub fn deployed_services(input: &DeploymentInput) -> Result<Vec<DeployedService>, Vec<String>> {
    let plan = DeploymentPlan::of(input)?;
    let stack = Stack::new(input.project, &input.compose.dockerfiles);
    let published = |name: &str| -> Vec<String> {
        let ports = stack.service(name).and_then(|service| published_ports(service).ok()).unwrap_or_default();
        ports.into_values().flatten().filter(|address| !address.is_empty()).collect()
    };
    let services = plan.services.iter().enumerate().map(|(number, service)| {
        let callers = plan.callers.iter().filter(|caller| caller.targets.contains(&number));
        let ports = service.ports.iter();
        DeployedService {
            name: service.name.clone(),
            group: service.group.clone(),
            ports: ports.clone().map(|port| port.number).collect(),
            published: ports.flat_map(|port| port.published.iter().filter(|text| !text.is_empty()).cloned()).collect(),
            callers: callers.map(|caller| (caller.name.clone(), published(&caller.name))).collect(),
            count: service.count,
            start_seconds: service.start_seconds,
            drain_seconds: service.drain_seconds,
        }
    });
    Ok(services.collect())
}

/// The paths that a healthcheck asks for, by the text of its test, else of the instruction in the Dockerfile.
pub fn check_paths(test: Option<&str>, dockerfile: Option<&str>) -> Vec<String> {
    // A check of the compose file stands in the place of the image's.
    let instruction = || dockerfile.and_then(|text| text.split("HEALTHCHECK").nth(1));
    let Some(command) = test.or_else(instruction) else { return Vec::new() };
    let mut paths: Vec<String> = Vec::new();
    for path in ["http://", "https://"].iter().flat_map(|scheme| command.split(scheme).skip(1)).filter_map(url_path) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// The path of an address without its scheme: `/health` of `localhost:8000/health`.
fn url_path(address: &str) -> Option<String> {
    let start = address.find(|c: char| c.is_whitespace() || "/\"'\\".contains(c)).filter(|start| *start > 0)?;
    let rest = address[start..].strip_prefix('/')?;
    let is_part = |c: char| c.is_alphanumeric() || "_./~%-".contains(c);
    let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    Some(format!("/{}", &rest[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_checks_are_found() {
        let test =
            "CMD-SHELL curl -f \"http://localhost:8000/api/health?x=1\" || wget https://127.0.0.1 && curl http://a/";
        assert_eq!(check_paths(Some(test), None), ["/api/health", "/"]);
        let file = "FROM a\nHEALTHCHECK CMD python3 -c \"urlopen('http://127.0.0.1:8000/health').read()\"\n";
        assert_eq!(check_paths(None, Some(file)), ["/health"]);
        assert_eq!(check_paths(Some("CMD-SHELL exit 0"), Some(file)), Vec::<String>::new());
        assert_eq!(check_paths(Some("CMD pg_isready"), Some("FROM a\n")), Vec::<String>::new());
    }
}
