//! What a resource looks like.

use thiserror::Error;

/// Things of one kind, at `/NAME`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The last part of its path: lower-case letters, digits and dashes.
    pub name: String,
    /// What tells one thing from another.
    pub key: Key,
    /// The other members, in the order in which they are shown.
    pub fields: Vec<Field>,
    /// Paths below a thing that set one field.
    pub setters: Vec<Setter>,
}

/// What tells one thing of a resource from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The member that holds it.
    pub name: String,
    /// What it is, and who chooses it.
    pub kind: KeyKind,
}

/// What a key is, and who chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A whole number from 1, which the server gives out.
    Serial,
    /// A text of 1 to so many characters, which the client chooses.
    Text {
        /// Most characters.
        max_length: usize,
    },
}

/// A member of a thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: FieldKind,
    /// Whether it must be there; it may be `null` otherwise.
    pub required: bool,
}

/// What the values of a field are.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// A text.
    Text {
        /// Most characters.
        max_length: usize,
        /// The texts there are; any if it is empty.
        one_of: Vec<String>,
    },
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// `PUT /NAME/{key}/PATH` sets one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setter {
    /// The last part of the path.
    pub path: String,
    /// The field that it sets.
    pub field: String,
}

/// Why resources cannot be served as they are declared.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Declared {
    /// A name that cannot stand in a path.
    #[error(
        "`{0}` is no name for a path; use lower-case letters, digits and dashes, with a letter first"
    )]
    Path(String),
    /// Two of one name.
    #[error("there are two `{0}`")]
    Twice(String),
    /// A setter of a field that is not there.
    #[error("`{resource}` has no field `{field}` to set at `{path}`")]
    Setter {
        /// The resource.
        resource: String,
        /// Where it is set.
        path: String,
        /// What is set.
        field: String,
    },
    /// A name that the query of a list uses for itself.
    #[error("`{0}` is a parameter of every list; use another name for the field")]
    Reserved(String),
}

/// Parameters of a list that are no fields.
pub(super) const PARAMETERS: [&str; 2] = ["limit", "after"];

impl Resource {
    /// The field of a name.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// Looks for what makes no sense.
    ///
    /// # Errors
    /// The first thing that makes none.
    pub fn check(&self) -> Result<(), Declared> {
        fits_path(&self.name)?;
        let members = || std::iter::once(&self.key.name).chain(self.fields.iter().map(|f| &f.name));
        once(members())?;
        if let Some(name) = members().find(|name| PARAMETERS.contains(&name.as_str())) {
            return Err(Declared::Reserved(name.clone()));
        }
        once(self.setters.iter().map(|setter| &setter.path))?;
        for setter in &self.setters {
            fits_path(&setter.path)?;
            if self.field(&setter.field).is_none() {
                return Err(Declared::Setter {
                    resource: self.name.clone(),
                    path: setter.path.clone(),
                    field: setter.field.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Looks for what makes no sense in several resources together.
pub(super) fn check_all(resources: &[Resource]) -> Result<(), Declared> {
    once(resources.iter().map(|resource| &resource.name))?;
    resources.iter().try_for_each(Resource::check)
}

fn fits_path(name: &str) -> Result<(), Declared> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let first = name.starts_with(|c: char| c.is_ascii_lowercase());
    match first && name.chars().all(plain) {
        true => Ok(()),
        false => Err(Declared::Path(name.to_owned())),
    }
}

fn once<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), Declared> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Declared::Twice(name.clone()));
        }
    }
    Ok(())
}
