//! Which files are in the images of services, what those that run there read, and what examples set: for who writes a
//! compose file.

use super::code::CodeFacts;
use super::environment_file::{self, FileVariable};
use super::input::VariableInput;
use super::service::ServiceVariables;
use crate::compose::project::ComposeProject;
use crate::sources::variables::VariableRead;
use crate::stack::Stack;
use crate::text::path;

/// The code of a service.
#[derive(Clone, Debug, Default)]
pub struct ServiceCode {
    /// The files of its image that are texts, by their indices in the input.
    pub files: Vec<usize>,
    /// The variables that files which may run in it read, each with the index of its file.
    pub reads: Vec<(usize, VariableRead)>,
}

/// A variable in a file that shows which there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleVariable {
    /// The index of its file in the input.
    pub file: usize,
    /// The offset of its name.
    pub at: usize,
    /// Its name.
    pub name: String,
    /// Its value, without quotes.
    pub value: String,
    /// Whether the line is a comment, which only shows the variable.
    pub is_comment: bool,
}

/// The code of the services of a stack, in their order.
pub fn service_code(project: &ComposeProject, stack: &Stack, input: &VariableInput) -> Vec<ServiceCode> {
    let code = CodeFacts::of(input);
    let services = stack.services.iter().map(|service| {
        let known = ServiceVariables::of(service, project, input, &code);
        let reads =
            known.code.into_iter().flat_map(|at| code.files[at].reads.reads.iter().map(move |read| (at, read.clone())));
        ServiceCode { files: known.files, reads: reads.collect() }
    });
    services.collect()
}

/// The variables of the `.env` in a folder that git tracks, with the index of the file.
pub fn committed_variables(input: &VariableInput, folder: &str) -> Option<(usize, Vec<ExampleVariable>)> {
    let place = path::child(folder, ".env");
    let file = input.files.iter().position(|file| file.path == place && file.is_committed)?;
    Some((file, variables_of(input, file)))
}

/// The variables of example files, those nearest to the top first.
pub fn example_variables(input: &VariableInput) -> Vec<ExampleVariable> {
    let mut examples: Vec<usize> = (0..input.files.len())
        .filter(|at| input.files[*at].is_environment && environment_file::is_example(&input.files[*at].path))
        .collect();
    examples.sort_by_key(|at| input.files[*at].below.matches('/').count());
    examples.into_iter().flat_map(|file| variables_of(input, file)).collect()
}

fn variables_of(input: &VariableInput, file: usize) -> Vec<ExampleVariable> {
    let variables = environment_file::variables(input.files[file].source.text()).into_iter();
    let variables = variables.map(|variable| {
        let FileVariable { name, at, value, is_comment } = variable;
        ExampleVariable { file, at, name, value, is_comment }
    });
    variables.collect()
}
