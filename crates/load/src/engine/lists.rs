//! What an engine has: containers, networks, volumes; and names of images.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use super::api::Engine;
use super::connection::{Method, Timeout};
use super::containers::ignore_not_found;
use super::images::escaped;
use crate::failure::Failure;

/// A container, as the list has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its ID.
    pub id: String,
    /// Its names, each with `/` before it.
    pub names: Vec<String>,
    /// Its image, as it was named.
    pub image: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// `running`, `exited`, …
    pub state: String,
}

/// A network, as the list has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Its ID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A volume, as the list has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedContainer {
    id: String,
    names: Option<Vec<String>>,
    image: String,
    labels: Option<BTreeMap<String, String>>,
    state: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ListedItem {
    id: String,
    name: String,
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Volumes {
    volumes: Option<Vec<ListedItem>>,
}

impl Engine {
    /// All containers, running or not; only those with a label where one is named (`key` or `key=value`).
    ///
    /// # Errors
    /// When the engine fails.
    pub fn containers(&self, label: Option<&str>) -> Result<Vec<Container>, Failure> {
        let path = self.path(&format!("/containers/json?all=true{}", filter(label, '&')));
        let listed: Vec<ListedContainer> = self.connection.json(&path, Timeout::Usual)?;
        let container = |item: ListedContainer| Container {
            id: item.id,
            names: item.names.unwrap_or_default(),
            image: item.image,
            labels: item.labels.unwrap_or_default(),
            state: item.state,
        };
        Ok(listed.into_iter().map(container).collect())
    }

    /// All networks; only those with a label where one is named.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn networks(&self, label: Option<&str>) -> Result<Vec<Network>, Failure> {
        let path = self.path(&format!("/networks{}", filter(label, '?')));
        let listed: Vec<ListedItem> = self.connection.json(&path, Timeout::Usual)?;
        let network =
            |item: ListedItem| Network { id: item.id, name: item.name, labels: item.labels.unwrap_or_default() };
        Ok(listed.into_iter().map(network).collect())
    }

    /// All volumes; only those with a label where one is named.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn volumes(&self, label: Option<&str>) -> Result<Vec<Volume>, Failure> {
        let path = self.path(&format!("/volumes{}", filter(label, '?')));
        let listed: Volumes = self.connection.json(&path, Timeout::Usual)?;
        let volume = |item: ListedItem| Volume { name: item.name, labels: item.labels.unwrap_or_default() };
        Ok(listed.volumes.unwrap_or_default().into_iter().map(volume).collect())
    }

    /// Makes a network and answers with its ID. From an internal one nothing outside is reached, nor is it from outside.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn create_network(
        &self,
        name: &str,
        labels: &BTreeMap<String, String>,
        internal: bool,
    ) -> Result<String, Failure> {
        let body = json!({"Name": name, "Labels": labels, "Internal": internal});
        let path = self.path("/networks/create");
        let item: ListedItem = self.connection.value(&Method::Post(Some(&body)), &path, Timeout::Usual)?;
        Ok(item.id)
    }

    /// Removes a network. One that is gone is no error.
    ///
    /// # Errors
    /// When the engine fails, or containers use it.
    pub fn remove_network(&self, id: &str) -> Result<(), Failure> {
        let path = self.path(&format!("/networks/{}", escaped(id)));
        ignore_not_found(self.connection.ask(&Method::Delete, &path, Timeout::Usual).map(drop))
    }

    /// Makes an empty volume.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn create_volume(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<(), Failure> {
        let body = json!({"Name": name, "Labels": labels});
        self.connection.ask(&Method::Post(Some(&body)), &self.path("/volumes/create"), Timeout::Usual).map(drop)
    }

    /// Removes a volume. One that is gone is no error.
    ///
    /// # Errors
    /// When the engine fails, or containers use it.
    pub fn remove_volume(&self, name: &str) -> Result<(), Failure> {
        let path = self.path(&format!("/volumes/{}", escaped(name)));
        ignore_not_found(self.connection.ask(&Method::Delete, &path, Timeout::Usual).map(drop))
    }

    /// Gives an image one more name.
    ///
    /// # Errors
    /// When the engine fails or has no such image.
    pub fn tag(&self, reference: &str, repository: &str, tag: &str) -> Result<(), Failure> {
        let to = format!("repo={}&tag={}", escaped(repository), escaped(tag));
        let path = self.path(&format!("/images/{}/tag?{to}", escaped(reference)));
        self.connection.ask(&Method::Post(None), &path, Timeout::Usual).map(drop)
    }

    /// Takes a name from an image, and removes the image where that was its last. A name that is gone is no error.
    ///
    /// # Errors
    /// When the engine fails, or containers use the image.
    pub fn remove_image(&self, name: &str) -> Result<(), Failure> {
        let path = self.path(&format!("/images/{}?noprune=true", escaped(name)));
        ignore_not_found(self.connection.ask(&Method::Delete, &path, Timeout::Usual).map(drop))
    }
}

/// A list's filter as the API takes it.
pub(super) fn filter(label: Option<&str>, before: char) -> String {
    let filter = label.map(|label| escaped(&json!({"label": [label]}).to_string()));
    filter.map(|filter| format!("{before}filters={filter}")).unwrap_or_default()
}
