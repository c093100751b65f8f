//! The packages of an image as a bill of materials: `CycloneDX` 1.6, JSON (<https://cyclonedx.org/docs/1.6/json/>). Equal
//! images give equal bytes: the serial number is made from the contents, and there is a time only if one is given.

use serde::Serialize;

use super::image_name;
use super::package_url::PackageName;
use super::shown_line;
use crate::analysis::ImageAnalysis;
use crate::image::packages::{ImagePackages, Package, SystemRelease};
use crate::image::{Algorithm, Digest};
use crate::wire::{list, object};

/// How the image itself is referred to.
const IMAGE: &str = "image";

#[derive(Default, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Component {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bom_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    r#ref: String,
    depends_on: Vec<String>,
}

/// The bill of materials of an image; `None` where its packages were not looked for. `time` is in RFC 3339.
pub fn write(image: &ImageAnalysis, time: Option<&str>) -> Option<String> {
    let packages = image.packages.as_ref()?;
    let release = packages.release.as_ref();
    let mut components: Vec<Component> = release.map(system).into_iter().collect();
    let mut dependencies = vec![Dependency { r#ref: IMAGE.to_owned(), depends_on: roots(packages) }];
    for (index, package) in packages.packages.iter().enumerate() {
        components.push(component(image, package, (index, release)));
        let mut depends_on: Vec<String> = package.needs.iter().map(|&need| reference(need as usize)).collect();
        for (number, part) in package.parts.iter().enumerate() {
            let name = PackageName {
                ecosystem: package.ecosystem,
                name: &part.name,
                version: &part.version,
                architecture: "",
            };
            let bom_ref = format!("{}-{}", reference(index), number + 1);
            let mut properties = places(image, package);
            properties.push(property("dockopt:contained-in", reference(index)));
            components.push(Component { bom_ref: Some(bom_ref.clone()), properties, ..library(name, release) });
            depends_on.push(bom_ref);
        }
        dependencies.push(Dependency { r#ref: reference(index), depends_on });
    }
    // Fields without a value are left out.
    let text = |serial_number: Option<String>| {
        let compositions = (!packages.notices.is_empty()).then_some([IMAGE]);
        let bill = object! {
            #[serde(rename = "$schema")]
            schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
            bomFormat: "CycloneDX",
            specVersion: "1.6",
            #[serde(flatten)]
            serial_number: serial_number.map(|serialNumber| object! { serialNumber }),
            version: 1,
            metadata: metadata(image, packages, time),
            components: &components,
            dependencies: &dependencies,
            #[serde(flatten)]
            compositions: compositions.map(|assemblies| {
                object! { compositions: [object! { aggregate: "incomplete", assemblies }] }
            }),
        };
        // Only maps with other keys than texts can't be written.
        serde_json::to_string_pretty(&bill).unwrap_or_default() + "\n"
    };
    Some(text(Some(serial_number(&text(None)))))
}

/// A UUID of version 8 (RFC 9562), made from the text.
fn serial_number(text: &str) -> String {
    let hex = Digest::of(Algorithm::Sha256, text.as_bytes()).hex();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

fn metadata(image: &ImageAnalysis, packages: &ImagePackages, timestamp: Option<&str>) -> impl Serialize {
    let dockopt = Component {
        r#type: "application",
        name: "dockopt".to_owned(),
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        ..Component::default()
    };
    let mut properties = Vec::new();
    properties.extend(image.image.manifest.as_ref().map(|digest| property("dockopt:manifest", digest.to_string())));
    properties.extend(image.image.id.as_ref().map(|digest| property("dockopt:config", digest.to_string())));
    if !image.image.platform.is_unknown() {
        properties.push(property("dockopt:platform", image.image.platform.to_string()));
    }
    let digest = image.image.manifest.as_ref().or(image.image.id.as_ref());
    let component = Component {
        r#type: "container",
        bom_ref: Some(IMAGE.to_owned()),
        name: image_name(image),
        version: digest.map(ToString::to_string),
        properties,
        ..Component::default()
    };
    let properties = list(&packages.notices, |notice| property("dockopt:notice", notice.clone()));
    object! {
        #[serde(flatten)]
        timestamp: timestamp.map(|timestamp| object! { timestamp }),
        tools: object! { components: [dockopt] },
        component,
        #[serde(flatten)]
        properties: (!properties.is_empty()).then_some(object! { properties }),
    }
}

fn system(release: &SystemRelease) -> Component {
    Component {
        r#type: "operating-system",
        bom_ref: Some("operating-system".to_owned()),
        name: release.id.to_string(),
        version: (!release.version.is_empty()).then(|| release.version.to_string()),
        ..Component::default()
    }
}

/// Packages that no other package needs.
fn roots(packages: &ImagePackages) -> Vec<String> {
    let is_root = |(_, package): &(usize, &Package)| package.needed_by.is_empty();
    packages.packages.iter().enumerate().filter(is_root).map(|(index, _)| reference(index)).collect()
}

fn reference(index: usize) -> String {
    format!("package-{}", index + 1)
}

fn property(name: &'static str, value: String) -> Property {
    Property { name, value }
}

fn component(image: &ImageAnalysis, package: &Package, (index, release): (usize, Option<&SystemRelease>)) -> Component {
    let Package { ecosystem, name, version, architecture, .. } = package;
    let name = PackageName { ecosystem: *ecosystem, name, version, architecture };
    let mut properties = places(image, package);
    properties.push(property("dockopt:bytes", package.size.bytes.to_string()));
    if package.development == Some(true) {
        properties.push(property("dockopt:development", true.to_string()));
    }
    Component {
        bom_ref: Some(reference(index)),
        scope: package.optional.then_some("optional"),
        properties,
        ..library(name, release)
    }
}

fn library(name: PackageName<'_>, release: Option<&SystemRelease>) -> Component {
    let (group, bare) = name.parts();
    Component {
        r#type: "library",
        group: group.map(str::to_owned),
        name: bare.to_owned(),
        version: (!name.version.is_empty()).then(|| name.version.to_owned()),
        purl: name.url(release),
        ..Component::default()
    }
}

/// Where a package is: its path, the layer from 1, the layer's digest, the line of the Dockerfile.
fn places(image: &ImageAnalysis, package: &Package) -> Vec<Property> {
    let layer = package.layer as usize;
    let mut properties = vec![
        property("dockopt:path", format!("/{}", image.image.paths.text(package.place))),
        property("dockopt:layer", (layer + 1).to_string()),
    ];
    let stored = image.image.layers.get(layer);
    let digest = stored.and_then(|layer| layer.diff_id.as_ref().or(layer.digest.as_ref()));
    properties.extend(digest.map(|digest| property("dockopt:layer-digest", digest.to_string())));
    properties.extend(shown_line(image, layer).map(|line| property("dockopt:line", line)));
    properties
}
