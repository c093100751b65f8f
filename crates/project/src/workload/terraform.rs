//! The resources of Terraform that are task definitions and services of ECS, and target groups. Evaluates nothing: an
//! expression is unknown.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, FuncCall, Object, ObjectKey};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body};
use hcl_edit::template::Element;

use super::ecs::{PartName, hidden, task};
use super::model::{TargetGroup, TargetLink, TaskService, WorkloadFile};
use super::value::{ManifestContent, ManifestEntry, ManifestValue};
use crate::text::{Source, Span};
use crate::yaml;

/// Levels of an expression that are read.
const DEEPEST: usize = 60;

/// Characters of brackets that may be open at once: the parser has no bound of its own.
const BRACKETS: usize = 200;

pub(super) fn read(source: &Source) -> WorkloadFile {
    let mut file = WorkloadFile::default();
    if is_too_deep(source.text()) {
        file.problem = Some((Span::at(0), "it has too many brackets in brackets".to_owned()));
        return file;
    }
    let body = match parse_body(source.text()) {
        Ok(body) => body,
        Err(error) => {
            let at = source.text().floor_char_boundary(error.location().offset().min(source.text().len()));
            file.problem = Some((Span::at(at as u32), error.message().to_owned()));
            return file;
        }
    };
    for block in body.blocks().filter(|block| block.has_ident("resource")) {
        let [kind, label] = &block.labels[..] else { continue };
        let part = PartName { name: label.as_str(), span: place(label.span()) };
        add_resource(source, kind.as_str(), &part, block, &mut file);
    }
    file
}

fn is_too_deep(text: &str) -> bool {
    let mut open = 0usize;
    text.bytes().any(|byte| {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > BRACKETS
    })
}

fn add_resource(source: &Source, kind: &str, part: &PartName, block: &Block, file: &mut WorkloadFile) {
    match kind {
        "aws_ecs_task_definition" => {
            let value = body_value(source, &block.body, DEEPEST, place(block.span()));
            let definitions = definitions(source, &block.body);
            // Terraform has a block where the interface has a map.
            let system = value.at("runtime_platform.operating_system_family").text().unwrap_or_default().to_owned();
            if !system.starts_with("WINDOWS")
                && let Some(definitions) = definitions
            {
                file.hidden.extend(hidden(&definitions));
                file.workloads.extend(task(&value, &definitions, part));
            }
        }
        "aws_ecs_service" => file.task_services.push(service(source, block, part)),
        "aws_lb_target_group" | "aws_alb_target_group" => {
            let value = body_value(source, &block.body, DEEPEST, place(block.span()));
            let check = value.get("health_check");
            let protocol = match check.get("protocol") {
                inner if inner.is_null() => value.get("protocol"),
                inner => inner,
            };
            file.target_groups.push(TargetGroup {
                name: part.name.to_owned(),
                span: part.span,
                path: check.get("path").text_setting(),
                check_port: check.get("port").text_setting(),
                protocol: protocol.text_setting(),
            });
        }
        _ => {}
    }
}

fn service(source: &Source, block: &Block, part: &PartName) -> TaskService {
    let value = body_value(source, &block.body, DEEPEST, place(block.span()));
    let balancers = block.body.blocks().filter(|inner| inner.has_ident("load_balancer"));
    let link = |inner: &Block| {
        let link = body_value(source, &inner.body, DEEPEST, place(inner.span()));
        TargetLink {
            group: resource_name(link.get("target_group_arn").reference()),
            container: link.get("container_name").text_setting(),
            port: link.get("container_port").number_setting(),
        }
    };
    TaskService {
        name: part.name.to_owned(),
        span: part.span,
        task: resource_name(value.get("task_definition").reference()),
        replicas: value.get("desired_count").number_setting(),
        minimum_percent: value.get("deployment_minimum_healthy_percent").number_setting(),
        links: balancers.map(link).collect(),
    }
}

/// The label of a resource in a reference to it: `api` in `aws_lb_target_group.api.arn`.
fn resource_name(reference: Option<&str>) -> Option<String> {
    let mut parts = reference?.split(['.', '[']);
    parts.next().filter(|kind| kind.starts_with("aws_"))?;
    parts.next().map(str::to_owned)
}

/// The list of containers: `jsonencode([…])`, or JSON as a text.
fn definitions(source: &Source, body: &Body) -> Option<ManifestValue> {
    let attribute = body.get_attribute("container_definitions")?;
    match &attribute.value {
        Expression::FuncCall(call) => encoded(source, call),
        Expression::String(text) => json(text.as_str(), place(attribute.value.span())),
        Expression::HeredocTemplate(template) => {
            let mut text = String::new();
            for element in &template.template {
                match element {
                    Element::Literal(part) => text.push_str(part),
                    // In a text it is a placeholder, elsewhere no JSON.
                    _ => text.push_str("${unknown}"),
                }
            }
            json(&text, place(attribute.value.span()))
        }
        _ => None,
    }
}

fn encoded(source: &Source, call: &FuncCall) -> Option<ManifestValue> {
    let is_encoder = call.name.namespace.is_empty() && call.name.name.as_str() == "jsonencode";
    let mut arguments = call.args.iter();
    let (first, None, true) = (arguments.next()?, arguments.next(), is_encoder) else { return None };
    Some(expression_value(source, first, DEEPEST))
}

/// JSON in a text, all of it at the place of the text.
fn json(text: &str, whole: Span) -> Option<ManifestValue> {
    let tree = yaml::read(text);
    if !tree.problems().is_empty() {
        return None;
    }
    tree.root().map(|root| ManifestValue::of_yaml(root, &|_| whole))
}

fn place(range: Option<std::ops::Range<usize>>) -> Span {
    range.map_or(Span::default(), |range| Span::new(range.start as u32, range.end as u32))
}

/// A body as a map: its attributes, and the blocks that stand in it once.
fn body_value(source: &Source, body: &Body, depth: usize, span: Span) -> ManifestValue {
    let Some(below) = depth.checked_sub(1) else {
        return ManifestValue { span, content: ManifestContent::Unknown };
    };
    let attributes = body.attributes().map(|attribute| ManifestEntry {
        key: attribute.key.as_str().to_owned(),
        span: place(attribute.key.span()),
        value: expression_value(source, &attribute.value, below),
    });
    let mut entries: Vec<ManifestEntry> = attributes.collect();
    for block in body.blocks() {
        let span = place(block.span());
        let is_dynamic = block.has_ident("dynamic");
        let key = match block.labels.first() {
            Some(label) if is_dynamic => label.as_str().to_owned(),
            _ => block.ident.as_str().to_owned(),
        };
        // Of several nobody asks by name, and how many a dynamic one makes is not known.
        let is_repeated = entries.iter().any(|entry| entry.key == key);
        let value = if is_dynamic || is_repeated {
            ManifestValue { span, content: ManifestContent::Unknown }
        } else {
            body_value(source, &block.body, below, span)
        };
        entries.retain(|entry| entry.key != key);
        entries.push(ManifestEntry { key, span, value });
    }
    ManifestValue { span, content: ManifestContent::Map(entries) }
}

fn expression_value(source: &Source, expression: &Expression, depth: usize) -> ManifestValue {
    let span = place(expression.span());
    let Some(below) = depth.checked_sub(1) else {
        return ManifestValue { span, content: ManifestContent::Unknown };
    };
    let content = match expression {
        Expression::Null(_) => ManifestContent::Null,
        Expression::Bool(truth) => ManifestContent::Scalar(truth.value().to_string()),
        Expression::Number(number) => ManifestContent::Scalar(number.value().to_string()),
        Expression::String(text) => ManifestContent::Scalar(text.as_str().to_owned()),
        Expression::Array(array) => {
            ManifestContent::List(array.iter().map(|item| expression_value(source, item, below)).collect())
        }
        Expression::Object(object) => object_content(source, object, below),
        Expression::Parenthesis(inner) => return expression_value(source, inner.inner(), below),
        Expression::Traversal(_) => {
            ManifestContent::Reference(source.text().get(span.range()).unwrap_or_default().to_owned())
        }
        _ => ManifestContent::Unknown,
    };
    ManifestValue { span, content }
}

fn object_content(source: &Source, object: &Object, depth: usize) -> ManifestContent {
    let mut entries = Vec::new();
    for (key, value) in object {
        let (key, span) = match key {
            ObjectKey::Ident(name) => (name.as_str().to_owned(), place(name.span())),
            ObjectKey::Expression(Expression::String(text)) => (text.as_str().to_owned(), place(text.span())),
            // Any key may be this one.
            ObjectKey::Expression(_) => return ManifestContent::Unknown,
        };
        entries.push(ManifestEntry { key, span, value: expression_value(source, value.expr(), depth) });
    }
    ManifestContent::Map(entries)
}
