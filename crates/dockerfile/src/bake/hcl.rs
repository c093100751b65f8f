//! Targets of `docker-bake.hcl`.

use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::Block;
use hcl_edit::template::{Element, HeredocTemplate};

use super::value::{BakeTarget, BakeValue, KEYS};
use crate::compose::ComposeProblem;
use crate::text::{Source, Span};

pub(super) fn read(source: &Source) -> (Vec<BakeTarget>, Vec<ComposeProblem>) {
    let body = match parse_body(source.text()) {
        Ok(body) => body,
        Err(error) => {
            let at = error.location().offset().min(source.text().len());
            let span = Span::at(source.text().floor_char_boundary(at) as u32);
            return (Vec::new(), vec![ComposeProblem { span, message: error.message().to_owned() }]);
        }
    };
    let blocks = body.blocks().filter(|block| block.has_ident("target"));
    (blocks.filter_map(|block| target(source, block)).collect(), Vec::new())
}

fn target(source: &Source, block: &Block) -> Option<BakeTarget> {
    let name = block.labels.first()?.as_str().to_owned();
    let mut values = BTreeMap::new();
    for attribute in block.body.attributes() {
        let key = attribute.key.as_str();
        if KEYS.contains(&key) {
            values.insert(key.to_owned(), value(source, &attribute.value));
        }
    }
    // What a matrix makes of it only bake knows.
    if block.body.has_attribute("matrix") {
        values.retain(|_, value| !matches!(value, BakeValue::Other(_)));
    }
    Some(BakeTarget { name, values })
}

fn span(range: Option<std::ops::Range<usize>>) -> Span {
    range.map_or(Span::default(), |range| Span::new(range.start as u32, range.end as u32))
}

fn value(source: &Source, expression: &Expression) -> BakeValue {
    let place = span(expression.span());
    let text = |expression: &Expression| match expression {
        Expression::String(text) => Some(text.as_str().to_owned()),
        Expression::Number(number) => Some(number.value().to_string()),
        Expression::Bool(truth) => Some(truth.value().to_string()),
        _ => None,
    };
    match expression {
        Expression::HeredocTemplate(template) => heredoc(source, template, place),
        Expression::Array(array) => BakeValue::List(array.iter().filter_map(text).collect()),
        Expression::Object(object) => {
            let key = |key: &ObjectKey| match key {
                ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                ObjectKey::Expression(expression) => text(expression),
            };
            BakeValue::Pairs(
                object.iter().filter_map(|(name, value)| Some((key(name)?, text(value.expr())?))).collect(),
            )
        }
        _ => text(expression).map_or(BakeValue::Other(place), |text| BakeValue::Text(text, place.start)),
    }
}

/// A text in lines begins in the line below its mark.
fn heredoc(source: &Source, template: &HeredocTemplate, place: Span) -> BakeValue {
    let mut text = String::new();
    for element in &template.template {
        let Element::Literal(part) = element else { return BakeValue::Other(place) };
        text.push_str(part);
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    BakeValue::Text(text, source.line_span(source.line(place.start) + 1).start)
}
