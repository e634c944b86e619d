//! What people may write: beyond what can be seen, the characters that spelling and layout need.

use payrail_types::names::{self, Unfit, is_visible};

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line that people read. U+200C, U+200D and variation selectors are part of spelling (Indic scripts, emoji).
    Line,
    /// The same, with tabs and line breaks.
    Paragraph,
}

impl Kind {
    /// What keeps a text from being one of this kind, of 1 to `most` characters.
    pub fn faults(self, text: &str, most: usize) -> Vec<Unfit> {
        names::faults(text, most, |character| self.allows(character))
    }

    fn allows(self, character: char) -> bool {
        match character {
            '\n' | '\r' | '\t' => self == Self::Paragraph,
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => true,
            _ => is_visible(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_may_spell_and_break_lines_and_hide_nothing() {
        let wrong = |kind: Kind, text: &str| kind.faults(text, 99);
        let spelled = "क\u{94d}\u{200d}ष 👩\u{200d}👧 ☎\u{fe0f}";
        for kind in [Kind::Line, Kind::Paragraph] {
            assert_eq!(wrong(kind, spelled), []);
            for character in ['\u{1b}', '\u{200b}', '\u{202e}', '\u{e000}', '\u{3164}'] {
                assert_eq!(wrong(kind, &format!("é1{character}")), [Unfit::Hidden { place: 3, character }]);
            }
        }
        assert_eq!(wrong(Kind::Paragraph, "one\r\n\ttwo"), []);
        assert_eq!(wrong(Kind::Line, "one\ntwo"), [Unfit::Hidden { place: 4, character: '\n' }]);
        assert_eq!(wrong(Kind::Line, "a\0b"), [Unfit::Null]);
    }
}
