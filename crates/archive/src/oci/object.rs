//! Members of a JSON object, with the place to name where one is not what it should be.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::problem::{ManifestProblem, Place};
use crate::{ArchiveError, Quoted};

/// One object of a document.
#[derive(Clone, Copy)]
pub(super) struct Object<'m> {
    members: &'m Map<String, Value>,
    parent: Option<(&'static str, Option<usize>)>,
}

impl<'m> Object<'m> {
    pub(super) fn root(members: &'m Map<String, Value>) -> Self {
        Self { members, parent: None }
    }

    pub(super) fn place(self, key: &'static str) -> Place {
        Place { parent: self.parent, key }
    }

    pub(super) fn wrong(self, key: &'static str, expected: &'static str) -> ArchiveError {
        ManifestProblem::Wrong { place: self.place(key), expected }.into()
    }

    /// A member; a null is none, for that is how Go writes an empty list.
    pub(super) fn get(self, key: &str) -> Option<&'m Value> {
        self.members.get(key).filter(|value| !value.is_null())
    }

    /// Whether there is a member of this name, be it a null.
    pub(super) fn has(self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    pub(super) fn required<T>(self, key: &'static str, found: Option<T>) -> Result<T, ArchiveError> {
        found.ok_or_else(|| ManifestProblem::Missing(self.place(key)).into())
    }

    /// A text; an empty one is none.
    pub(super) fn text(self, key: &'static str) -> Result<Option<&'m str>, ArchiveError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(key, "a text"))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    pub(super) fn object(self, key: &'static str) -> Result<Option<Object<'m>>, ArchiveError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let members = value.as_object().ok_or_else(|| self.wrong(key, "an object"))?;
        Ok(Some(Object { members, parent: Some((key, None)) }))
    }

    /// The objects of a list; nothing where there is no list.
    pub(super) fn objects(self, key: &'static str) -> Result<Vec<Object<'m>>, ArchiveError> {
        let Some(value) = self.get(key) else { return Ok(Vec::new()) };
        let items = value.as_array().ok_or_else(|| self.wrong(key, "a list"))?;
        let objects = items
            .iter()
            .enumerate()
            .map(|(at, item)| Some(Object { members: item.as_object()?, parent: Some((key, Some(at))) }));
        objects.collect::<Option<_>>().ok_or_else(|| self.wrong(key, "a list of objects"))
    }

    /// A mapping of texts to texts; nothing where there is none.
    pub(super) fn texts(self, key: &'static str) -> Result<Vec<(&'m str, &'m str)>, ArchiveError> {
        let Some(object) = self.object(key)? else { return Ok(Vec::new()) };
        let pairs = object.members.iter().map(|(name, value)| Some((name.as_str(), value.as_str()?)));
        pairs.collect::<Option<_>>().ok_or_else(|| self.wrong(key, "an object of texts"))
    }

    /// Refuses a name that differs from a known one in the case of its letters: Go's readers take it for that.
    pub(super) fn refuse_letter_case(self, known: &[&'static str]) -> Result<(), ArchiveError> {
        for key in self.members.keys().filter(|key| !known.contains(&key.as_str())) {
            let folded = fold(key);
            if let Some(known) = known.iter().find(|known| known.eq_ignore_ascii_case(&folded)) {
                return Err(ManifestProblem::LetterCase { key: Quoted::new(key), known }.into());
            }
        }
        Ok(())
    }
}

/// The long s and the Kelvin sign as the letters that Go's folding takes them for.
fn fold(key: &str) -> Cow<'_, str> {
    match key.is_ascii() {
        true => Cow::Borrowed(key),
        false => Cow::Owned(key.to_lowercase().to_uppercase()),
    }
}
