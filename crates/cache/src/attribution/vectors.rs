//! Images of real builders: where each layer comes from, by the builders' own records or by hand.

use serde_json::Value;

use super::{BaseHow, KnownBase, NoPlaceReason, Origin, Origins, base, origins_above};
use crate::build::Build;
use crate::image::{Digest, History, Image, Layer, Provenance};
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::Source;

const VECTORS: &str = include_str!("../../../../tests/vectors/attribution.jsonl");

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn image(case: &Value) -> Image {
    let mut image = Image::default();
    for entry in case["history"].as_array().unwrap() {
        let text = |at: usize| entry[at].as_str().map(str::to_owned);
        let empty_layer = entry[2].as_bool().unwrap();
        image.config.history.push(History { created: None, created_by: text(0), comment: text(1), empty_layer });
    }
    let digests: Vec<Option<Digest>> = match case["layers"].as_u64() {
        Some(count) => vec![None; count as usize],
        None => texts(&case["layers"]).iter().map(|digest| Some(digest.parse().unwrap())).collect(),
    };
    let numbered = digests.into_iter().zip(0_u8..);
    image.layers = numbered
        .map(|(digest, number)| Layer {
            digest,
            diff_id: Digest::new(crate::image::Algorithm::Sha256, &[number; 32]),
            ..Layer::default()
        })
        .collect();
    image
}

fn input(text: &str, case: &Value) -> BuildInput {
    let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned());
    let build_args = case["build_args"].as_array().into_iter().flatten().map(pair).collect();
    let target = case["target"].as_str().map(str::to_owned);
    let options = BuildOptions { target, build_args, ..BuildOptions::default() };
    BuildInput::new(&Source::of("Dockerfile", text), options)
}

/// `8-10`, `base`, `squashed`, `?`.
fn format_origin(origin: &Origin) -> String {
    match (&origin.place, origin.unplaced) {
        (Some(place), None) => format!("{}-{}", place.first_line, place.last_line),
        (None, Some(NoPlaceReason::Base)) => "base".to_owned(),
        (None, Some(NoPlaceReason::Squashed)) => "squashed".to_owned(),
        (None, Some(_)) => "?".to_owned(),
        both => panic!("{both:?}"),
    }
}

fn answer(case: &Value, image: &Image, known: &[KnownBase], provenance: bool) -> Origins {
    let text = case["dockerfile"].as_str().unwrap();
    let input = input(text, case);
    let build = Build::new(&input);
    let record = provenance.then(|| Provenance::read(case["provenance"].to_string().as_bytes()).unwrap()).flatten();
    origins_above(image, &base(image, known), Some(&build), record.as_ref())
}

#[test]
fn builders_agree() {
    let mut failures = Vec::new();
    let (mut agreed, mut all) = (0, 0);
    for line in VECTORS.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let image = image(&case);
        let lines = texts(&case["lines"]);
        let based = lines.iter().take_while(|line| *line == "base").count();
        let diff_ids: Vec<Digest> = image.layers[..based].iter().filter_map(|layer| layer.diff_id.clone()).collect();
        let known = [KnownBase { name: "base".to_owned(), diff_ids, ..KnownBase::default() }];
        let recorded = !case["provenance"].is_null();
        // Each case also with a base image that is known, and without the builder's record.
        let mut ways = vec![("history", &known[..0], false), ("known base", &known[..], false)];
        if recorded {
            ways.push(("provenance", &known[..0], true));
        }
        for (way, known, provenance) in ways {
            let answer = answer(&case, &image, known, provenance);
            let origins: Vec<String> = answer.layers.iter().map(format_origin).collect();
            // What cannot be told in this way.
            let weaker = &case["weaker"][way];
            let expected = if weaker.is_array() { texts(weaker) } else { lines.clone() };
            all += 1;
            if origins == expected && answer.history.len() == image.config.history.len() {
                agreed += 1;
            } else {
                failures.push(format!(
                    "{id}, {way}:\n  own      {origins:?}\n  expected {expected:?}\n  {:?} {:?} {:?}",
                    answer.fit, answer.base, answer.notices
                ));
            }
            assert_eq!(provenance, answer.base.how == BaseHow::Provenance, "{id}, {way}");
        }
    }
    println!("attribution vectors: {agreed} of {all}");
    assert!(failures.is_empty(), "{agreed} of {all} agree\n{}", failures.join("\n"));
}
