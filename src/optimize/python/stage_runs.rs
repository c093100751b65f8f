//! RUN: which stage needs it, as a whole or in part.

use super::element::{Class, Element};
use super::system::{self, Fate};
use super::write::PythonWriter;
use super::{install, needs};
use crate::dockerfile::Instruction;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager, PackageSource, Verb};
use crate::text::{Edit, Span};

impl PythonWriter<'_, '_> {
    pub(super) fn run_instruction(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let before = index <= self.plan.installs.1;
        let Some(Some(elements)) = self.plan.runs.get(&index) else {
            if before {
                self.build.push(self.input.source().slice(instruction.span).to_owned());
            }
            self.run.push(whole);
            return;
        };
        let places = |class: Class| self.places(class, before, elements);
        let mut build: Vec<String> = self.parts(elements, &|element| places(element.class).0, true);
        let mut run: Vec<String> = self.parts(elements, &|element| places(element.class).1, false);
        self.with_lists(index, elements, &mut build, true);
        self.with_lists(index, elements, &mut run, false);
        let comments = self.comments(index, instruction);
        let installs = elements.iter().any(|element| element.class == Class::Install);
        if !build.is_empty() {
            let line_comments = if run.is_empty() { comments.as_str() } else { "" };
            let text = self.join_parts(instruction, &build, elements, true);
            self.build.push(format!("{line_comments}{text}"));
        }
        if installs && index == self.plan.installs.0 {
            self.take_over();
        }
        if !run.is_empty() {
            let text = self.join_parts(instruction, &run, elements, false);
            self.run.push(format!("{comments}{text}"));
        }
    }

    /// Joins what RUNs of their own do to package lists to the install that it serves; an upgrade stays where it is.
    fn with_lists(&self, index: usize, elements: &[Element], parts: &mut Vec<String>, build: bool) {
        let text = |element: &Element| self.input.source().slice(element.span).to_owned();
        let installs = |all: &[Element]| {
            let mut systems = all.iter().filter(|element| element.class == Class::System);
            systems.any(|system| self.system(system, build).is_some())
        };
        let is_known = |element: &Element| matches!(element.class, Class::Lists | Class::Setting | Class::System);
        if installs(elements) {
            let mut above = self.plan.runs.range(..index).rev().map(|(_, all)| all.as_deref().unwrap_or_default());
            let updates = |element: &&Element| calls_manager_for(std::slice::from_ref(*element), Verb::Update);
            let update = above.find_map(|all| all.iter().find(updates).map(text));
            if !calls_manager_for(elements, Verb::Update) {
                parts.splice(0..0, update);
            }
        } else if !build
            && parts.is_empty()
            && elements.iter().all(is_known)
            && calls_manager_for(elements, Verb::Upgrade)
        {
            parts.extend(elements.iter().filter(|element| element.class != Class::System).map(text));
        } else {
            return;
        }
        let below = self.plan.runs.range(index + 1..).map(|(_, all)| all.as_deref().unwrap_or_default());
        let is_alone = |all: &&[Element]| {
            all.iter().all(|element| element.class == Class::Lists)
                && !calls_manager_for(all, Verb::Update)
                && !all.is_empty()
        };
        let cleaning = below.take_while(|all| !installs(all)).find(is_alone);
        let cleans = elements
            .last()
            .is_some_and(|element| element.class == Class::Lists && !calls_manager_for(elements, Verb::Upgrade));
        if !build && !cleans {
            parts.extend(cleaning.into_iter().flatten().map(text));
        }
    }

    /// Whether parts of a class stand in the build stage and in the run-time stage.
    pub(super) fn places(&self, class: Class, before: bool, elements: &[Element]) -> (bool, bool) {
        let has = |wanted: Class| elements.iter().any(|element| element.class == wanted);
        match class {
            Class::Install | Class::Venv => (true, false),
            Class::Tool => (before, !self.plan.kept_tools.is_empty()),
            Class::Removal => (false, !has(Class::Install) && !before),
            Class::Lists => (before && has(Class::System), has(Class::System)),
            Class::Cleaning => (before && has(Class::Install), !has(Class::Install) && !has(Class::Tool)),
            Class::Account => (false, true),
            Class::System | Class::Setting | Class::Other => (before, true),
        }
    }

    /// The texts of the parts that stand in a stage; none where only settings and lists would be left.
    pub(super) fn parts(&self, elements: &[Element], stands: &dyn Fn(&Element) -> bool, build: bool) -> Vec<String> {
        let mut texts = Vec::new();
        let mut systems = 0;
        let mut real = 0;
        for element in elements.iter().filter(|element| stands(element)) {
            let text = match element.class {
                Class::System => self.system(element, build),
                Class::Install | Class::Tool if build => Some(install::into(self.input, self.plan, element)),
                _ => Some(self.input.source().slice(element.span).to_owned()),
            };
            let Some(text) = text else { continue };
            systems += usize::from(element.class == Class::System);
            real += usize::from(!matches!(element.class, Class::Setting | Class::Lists | Class::Cleaning));
            texts.push((element.class, text));
        }
        let cleans =
            elements.iter().all(|element| matches!(element.class, Class::Cleaning | Class::Lists | Class::Setting));
        if real == 0 && (build || !cleans) {
            return Vec::new();
        }
        let kept_texts = texts.into_iter().filter(|(class, _)| *class != Class::Lists || systems > 0 || cleans);
        kept_texts.map(|(_, text)| text).collect()
    }

    /// An install of system packages with those that its stage needs.
    pub(super) fn system(&self, element: &Element, build: bool) -> Option<String> {
        let (input, plan) = (self.input, self.plan);
        let mut edits = Vec::new();
        let mut stays = 0;
        let removed_again = plan.of_class(Class::Removal).next().is_some() && !build;
        for invocation in &element.invocations {
            let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { continue };
            for package in &call.packages {
                let name = package.name.text;
                let fate = if package.name.dynamic || package.source != PackageSource::Index {
                    Fate::Stays
                } else if build {
                    let serves = self.unknown || system::serves_build(input, name, &self.calls.0);
                    let is_installed = !self.unknown && needs::is_in_base(input, plan.stage, name);
                    if serves && !is_installed { Fate::Stays } else { Fate::Goes }
                } else if removed_again && call.manager == Manager::Apk && call.has(&["--virtual", "-t"]) {
                    Fate::Goes
                } else {
                    system::fate_at_run_time(input, plan.stage, name, &self.calls.0, &self.calls.1)
                };
                match fate {
                    Fate::Stays => stays += 1,
                    Fate::Goes => edits.extend(without(input, element, invocation, package.span)),
                    Fate::Becomes(text) => {
                        stays += 1;
                        let span = install::place(input, element, package.span);
                        edits.push(Edit { span, text });
                    }
                }
            }
        }
        (stays > 0).then(|| input.slice_with(element.span, &edits)).flatten()
    }

    /// A RUN of these parts; as written where none is missing.
    pub(super) fn join_parts(
        &self,
        instruction: &Instruction,
        parts: &[String],
        elements: &[Element],
        build: bool,
    ) -> String {
        let input = self.input;
        let source = input.source();
        if parts.len() == elements.len() {
            let mut edits: Vec<Edit> = Vec::new();
            for (part, element) in parts.iter().zip(elements) {
                if source.slice(element.span) != part {
                    edits.push(Edit { span: element.span, text: part.clone() });
                }
            }
            if let Some(text) = input.slice_with(instruction.span, &edits) {
                return text;
            }
        }
        let installs = elements.iter().any(|element| element.class == Class::Install);
        let flags: Vec<&str> = instruction
            .flags
            .iter()
            .map(|flag| source.slice(flag.word.span))
            .filter(|flag| Self::wants_mount(flag, build, installs, elements))
            .collect();
        let newline = input.newline();
        let between = format!(" \\{newline}    ");
        let head: String = flags.iter().flat_map(|flag| [*flag, between.as_str()]).collect();
        format!("RUN {head}{}", parts.join(&format!(" \\{newline}    && ")))
    }

    /// Whether a flag of a RUN is of use for the half of it that stands in a stage.
    fn wants_mount(flag: &str, build: bool, installs: bool, elements: &[Element]) -> bool {
        let systems = elements.iter().any(|element| element.class == Class::System);
        let apt = flag.contains("/var/cache/ap") || flag.contains("/var/lib/apt");
        if !flag.starts_with("--mount") {
            return true;
        }
        if build { installs || (apt && systems) } else { apt && systems || !(installs && flag.contains("type=cache")) }
    }
}

/// Whether one of the parts calls a manager for this.
fn calls_manager_for(elements: &[Element], verb: Verb) -> bool {
    let mut calls = elements.iter().flat_map(|element| &element.invocations).filter_map(Invocation::package_call);
    calls.any(|call| call.verb == verb)
}

/// The deletion of a package from an install, with the blanks before it.
fn without(input: &PassInput, element: &Element, invocation: &Invocation, span: Span) -> Option<Edit> {
    let at = invocation.args.iter().position(|word| word.span.start == span.start)?;
    let before = at.checked_sub(1).map_or(invocation.path.span, |index| invocation.args[index].span);
    let start = install::place(input, element, before).end;
    let end = install::place(input, element, span).end;
    Some(Edit { span: Span::new(start, end), text: String::new() })
}
