//! Enums whose members are words: in columns, in the API, in logs.

use std::str::FromStr;

use strum::VariantArray;

/// The derives of strum make an enum a `Word`; no member can be left out.
pub trait Word: VariantArray + Copy + FromStr + Into<&'static str> {
    fn all() -> impl Iterator<Item = Self> {
        Self::VARIANTS.iter().copied()
    }

    fn as_str(self) -> &'static str {
        self.into()
    }

    fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

impl<T: VariantArray + Copy + FromStr + Into<&'static str>> Word for T {}
