//! Variables of a stage that inherits: layers of values over those of its base. Knows no instruction.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::dockerfile::expand::Variables;

/// Layers that are searched before they are merged into one.
const MAX_DEPTH: u32 = 64;

/// Variables, cheap to inherit.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    variables: BTreeMap<String, String>,
    base: Option<Rc<Environment>>,
    depth: u32,
}

impl Environment {
    /// The builder's own variables.
    pub(super) fn of_platform(os: &str, arch: &str, target: &str) -> Self {
        let mut new = Self::default();
        for side in ["BUILD", "TARGET"] {
            new.set(&format!("{side}PLATFORM"), format!("{os}/{arch}"));
            new.set(&format!("{side}OS"), os.to_owned());
            new.set(&format!("{side}OSVERSION"), String::new());
            new.set(&format!("{side}ARCH"), arch.to_owned());
            new.set(&format!("{side}VARIANT"), String::new());
        }
        new.set("TARGETSTAGE", target.to_owned());
        new
    }

    /// What a stage starts with that stands on this one.
    pub(super) fn inherit(base: &Rc<Self>) -> Self {
        if base.depth < MAX_DEPTH {
            return Self { variables: BTreeMap::new(), base: Some(Rc::clone(base)), depth: base.depth + 1 };
        }
        let mut own_variables = BTreeMap::new();
        let mut layer = Some(base);
        while let Some(variables) = layer {
            for (name, value) in &variables.variables {
                own_variables.entry(name.clone()).or_insert_with(|| value.clone());
            }
            layer = variables.base.as_ref();
        }
        Self { variables: own_variables, base: None, depth: 0 }
    }

    /// Sets a variable.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.variables.insert(name.to_owned(), value);
    }
}

impl Variables for Environment {
    fn get(&self, name: &str) -> Option<&str> {
        let mut layer = self;
        loop {
            if let Some(value) = layer.variables.get(name) {
                return Some(value);
            }
            layer = layer.base.as_ref()?;
        }
    }
}
