//! Texts that name something and are compared: bank accounts, UTRs, e-mail addresses. Each kind has one rule, whoever
//! sends the text: a client, an operator, the command line or the bank.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde::Serialize;

/// A text that follows the rule `R`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Name<R> {
    text: String,
    rule: PhantomData<R>,
}

pub trait Rule {
    /// The text as it is kept, or all that is wrong with it.
    fn read(text: &str) -> Result<String, Vec<Unfit>>;
}

impl<R: Rule> Name<R> {
    pub fn parse(text: &str) -> Result<Self, Vec<Unfit>> {
        R::read(text).map(Self::from_stored)
    }
}

impl<R> Name<R> {
    /// A text that was parsed before it was stored, possibly by an older rule.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self { text: text.into(), rule: PhantomData }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<R> fmt::Display for Name<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

/// The account that a payout goes to. It is kept, served and sent to the bank as the client sent it, in whatever normal
/// form. To compare it with what a bank says, bring both into one form with [`normal`].
pub type BankAccountId = Name<BankAccountRule>;

/// The bank's own reference for money that moved.
pub type Utr = Name<UtrRule>;

/// A merchant's e-mail address, unique among them. Neither case nor normal form matter: it is kept in lower case and in
/// normal form C.
pub type Email = Name<EmailRule>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BankAccountRule {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UtrRule {}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EmailRule {}

impl Rule for BankAccountRule {
    fn read(text: &str) -> Result<String, Vec<Unfit>> {
        identifier(text, 255)
    }
}

impl Rule for UtrRule {
    /// The space around it is not removed: the bank's answer counts as it is, or not at all.
    fn read(text: &str) -> Result<String, Vec<Unfit>> {
        let mut faults = faults(text, 64, |_| true);
        if faults.is_empty() && !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.push(Unfit::NotPlain);
        }
        if faults.is_empty() { Ok(text.to_owned()) } else { Err(faults) }
    }
}

impl Rule for EmailRule {
    /// Whether mail arrives there, only mail can tell.
    fn read(text: &str) -> Result<String, Vec<Unfit>> {
        let text = identifier(&normal(&text.to_lowercase()), 254)?;
        let is_one = text.split_once('@').is_some_and(|(before, after)| !before.is_empty() && !after.is_empty());
        if is_one && !text.contains(char::is_whitespace) { Ok(text) } else { Err(vec![Unfit::NotAnAddress]) }
    }
}

/// Why a text cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("It is blank.")]
    Blank,
    #[error("It has more than {0} characters.")]
    TooLong(usize),
    #[error("Null characters are not allowed.")]
    Null,
    #[error(
        "Control, invisible and bidirectional characters are not allowed: U+{:04X} is character {place}.",
        u32::from(*character)
    )]
    Hidden { place: usize, character: char },
    #[error("A UTR has letters, digits and other signs of ASCII only, and no space.")]
    NotPlain,
    #[error("Enter a valid email address, like name@example.com.")]
    NotAnAddress,
}

/// What keeps a text from being one of 1 to `most` characters, each of them allowed.
pub fn faults(text: &str, most: usize, allows: impl Fn(char) -> bool) -> Vec<Unfit> {
    if text.is_empty() {
        return vec![Unfit::Blank];
    }
    let too_long = (text.chars().count() > most).then_some(Unfit::TooLong(most));
    let null = text.contains('\0').then_some(Unfit::Null);
    let mut characters = (1..).zip(text.chars());
    let hidden = characters.find(|(_, character)| *character != '\0' && !allows(*character));
    let hidden = hidden.map(|(place, character)| Unfit::Hidden { place, character });
    [too_long, null, hidden].into_iter().flatten().collect()
}

/// Without the space around it.
fn identifier(text: &str, most: usize) -> Result<String, Vec<Unfit>> {
    let text = text.trim();
    let faults = faults(text, most, is_visible);
    if faults.is_empty() { Ok(text.to_owned()) } else { Err(faults) }
}

/// In Unicode's normal form C. Two texts that differ only in how an accent is encoded are the same there.
pub fn normal(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Neither control (Cc), format (Cf: zero-width, bidirectional), a separator of lines (Zl, Zp), private (Co) or
/// unassigned (Cn), nor anything else that Unicode tells a renderer to leave out.
pub fn is_visible(character: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    if matches!(character, ' '..='~') {
        return true;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_hidden =
        matches!(category, Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned);
    !is_hidden && !CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}
