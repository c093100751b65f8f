//! An image as a table for spreadsheets: its layers, or the files of its final tree. Layers are numbered from 1.

use std::io::{self, Write};

use super::image_name;
use super::jsonl::file;
use crate::analysis::{Analysis, ImageAnalysis};
use crate::report::format::escape::{csv, write_row};

const LAYERS: &str = "image,layer,digest,compression,pull_bytes,bytes,wasted_bytes,files_added,files_changed,files_removed,in_base,dockerfile,line,instruction";
const FILES: &str = "image,path,kind,size,mode,uid,gid,mtime,target,layer,dockerfile,line,category,package";

/// One row per layer.
///
/// # Errors
/// When the rows can't be written.
pub fn write_layers(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    write_row(out, &[LAYERS.to_owned()])?;
    for image in &analysis.images {
        for number in 0..image.image.layers.len() {
            write_row(out, &layer_row(image, number))?;
        }
    }
    Ok(())
}

/// One row per member of the final tree.
///
/// # Errors
/// When the rows can't be written.
pub fn write_files(analysis: &Analysis, out: &mut dyn Write) -> io::Result<()> {
    write_row(out, &[FILES.to_owned()])?;
    for (number, image) in analysis.images.iter().enumerate() {
        let name = csv(&image_name(image));
        for (path, id) in image.tree.members() {
            let file = file(image, number, path, id);
            let row = [
                name.clone(),
                csv(&file.path),
                csv(file.kind),
                file.size.to_string(),
                csv(&file.mode),
                file.uid.to_string(),
                file.gid.to_string(),
                file.mtime.to_string(),
                csv(file.target.as_deref().unwrap_or_default()),
                (file.layer + 1).to_string(),
                csv(file.dockerfile.unwrap_or_default()),
                number_or_nothing(file.line),
                csv(file.category.unwrap_or_default()),
                csv(file.package.unwrap_or_default()),
            ];
            write_row(out, &row)?;
        }
    }
    Ok(())
}

fn layer_row(image: &ImageAnalysis, number: usize) -> Vec<String> {
    let layer = &image.image.layers[number];
    let layer_analysis = &image.layers[number];
    let changes = &layer_analysis.changes;
    let if_read = |count: u64| if layer.tar_bytes.is_some() { count.to_string() } else { String::new() };
    let place = image.place(number);
    vec![
        csv(&image_name(image)),
        (number + 1).to_string(),
        csv(&layer.digest.as_ref().or(layer.diff_id.as_ref()).map(ToString::to_string).unwrap_or_default()),
        csv(layer.compression.name()),
        layer.pull_bytes().to_string(),
        if_read(layer_analysis.file_bytes),
        if_read(layer_analysis.lost.sum()),
        if_read(changes.added.files),
        if_read(changes.changed.files),
        if_read(changes.removed.files),
        image.is_base(number).to_string(),
        csv(place.map_or("", |(name, _)| name)),
        number_or_nothing(place.map(|(_, place)| place.first_line)),
        csv(image.instruction(number).unwrap_or_default()),
    ]
}

fn number_or_nothing(number: Option<u32>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}
