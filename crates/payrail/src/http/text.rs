//! Characters that a reader cannot see, or that make a text look like another one. What a text may hold depends on
//! what it is for.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It names something and is compared: a bank account, an address, a key.
    Identifier,
    /// A line that people read. U+200C, U+200D and variation selectors are part of spelling (Indic scripts, emoji).
    Line,
    /// The same, with tabs and line breaks.
    Paragraph,
}

impl Kind {
    /// The first character that a text of this kind must not hold, and its place from 1 on. NUL is not looked for: it
    /// has a sentence of its own.
    pub fn fault(self, text: &str) -> Option<(usize, char)> {
        let places = text.chars().enumerate().map(|(place, character)| (place + 1, character));
        places.filter(|(_, character)| *character != '\0').find(|(_, character)| !self.allows(*character))
    }

    fn allows(self, character: char) -> bool {
        match (self, character) {
            (_, ' '..='~') | (Self::Paragraph, '\n' | '\r' | '\t') => true,
            (Self::Line | Self::Paragraph, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}') => true,
            _ => is_visible(character),
        }
    }
}

/// Neither control (Cc), format (Cf: zero-width, bidirectional), a separator of lines (Zl, Zp), private (Co) or
/// unassigned (Cn), nor anything else that Unicode tells a renderer to leave out.
fn is_visible(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_hidden =
        matches!(category, Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned);
    !is_hidden && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// What is wrong, in a sentence.
pub fn sentence((place, character): (usize, char)) -> String {
    let code = u32::from(character);
    format!("Control, invisible and bidirectional characters are not allowed: U+{code:04X} is character {place}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIDDEN: [char; 22] = [
        '\u{1}',
        '\u{1b}',
        '\u{7f}',
        '\u{85}', // Cc
        '\u{ad}',
        '\u{61c}',
        '\u{200b}',
        '\u{200e}',
        '\u{202e}',
        '\u{2066}',
        '\u{2060}',
        '\u{feff}',
        '\u{e0041}', // Cf
        '\u{2028}',
        '\u{2029}', // Zl, Zp
        '\u{e000}',
        '\u{10ffff}',
        '\u{378}', // Co, Cn
        '\u{34f}',
        '\u{115f}',
        '\u{3164}',
        '\u{180b}', // ignorable marks and letters
    ];

    #[test]
    fn what_cannot_be_seen_is_found_in_every_kind() {
        for character in HIDDEN {
            for kind in [Kind::Identifier, Kind::Line, Kind::Paragraph] {
                let text = format!("é1{character}2");
                assert_eq!(kind.fault(&text), Some((3, character)), "{kind:?} U+{:04X}", u32::from(character));
            }
        }
        let sentence = sentence((3, '\u{200b}'));
        assert!(sentence.ends_with(": U+200B is character 3."), "{sentence}");
    }

    #[test]
    fn what_people_write_is_allowed() {
        for text in ["demo-bank", "हिन्दी बैंक", "Zoë's Café №5", "🏦", "日本語", "السلام", "a\u{a0}b", "é\u{301}"]
        {
            for kind in [Kind::Identifier, Kind::Line, Kind::Paragraph] {
                assert_eq!(kind.fault(text), None, "{kind:?} {text}");
            }
        }
        let spelled = "क\u{94d}\u{200d}ष 👩\u{200d}👧 ☎\u{fe0f}";
        assert_eq!([Kind::Line, Kind::Paragraph].map(|kind| kind.fault(spelled)), [None, None]);
        assert!(Kind::Identifier.fault(spelled).is_some(), "two accounts would look the same");
        assert_eq!(Kind::Paragraph.fault("one\r\n\ttwo"), None);
        assert_eq!(Kind::Line.fault("one\ntwo"), Some((4, '\n')));
        assert_eq!(Kind::Line.fault("a\0b"), None, "NUL has a sentence of its own");
    }
}
