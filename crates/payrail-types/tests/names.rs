//! One rule for each text that names something, case by case.

use payrail_types::names::{BankAccountId, Email, Unfit, Utr, faults, is_visible, normal};

const HIDDEN: [char; 22] = [
    // Controls.
    '\u{1}',
    '\u{1b}',
    '\u{7f}',
    '\u{85}',
    // Formats: zero-width, bidirectional, tags.
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200e}',
    '\u{202e}',
    '\u{2066}',
    '\u{2060}',
    '\u{feff}',
    '\u{e0041}',
    // Separators of lines and paragraphs.
    '\u{2028}',
    '\u{2029}',
    // Private and unassigned.
    '\u{e000}',
    '\u{10ffff}',
    '\u{378}',
    // Marks and letters that are left out.
    '\u{34f}',
    '\u{115f}',
    '\u{3164}',
    '\u{180b}',
];

#[test]
fn a_bank_account_is_any_visible_text() {
    for (sent, kept) in [
        ("demo-bank", "demo-bank"),
        (" \u{a0}demo bank\n", "demo bank"),
        ("हिन्दी बैंक", "हिन्दी बैंक"),
        ("Zoë's Café №5", "Zoë's Café №5"),
        ("🏦 日本語 السلام a\u{a0}b", "🏦 日本語 السلام a\u{a0}b"),
        // As it was sent, in any normal form.
        ("Cafe\u{301}", "Cafe\u{301}"),
        ("\u{958}", "\u{958}"),
        (&"é".repeat(255), &"é".repeat(255)),
    ] {
        assert_eq!(BankAccountId::parse(sent).as_ref().map(BankAccountId::as_str), Ok(kept), "{sent:?}");
    }
    for (sent, wrong) in [
        ("", vec![Unfit::Blank]),
        (" \t\u{2003}", vec![Unfit::Blank]),
        (&"é".repeat(256), vec![Unfit::TooLong(255)]),
        ("a\0b", vec![Unfit::Null]),
        ("a\nb", vec![Unfit::Hidden { place: 2, character: '\n' }]),
        // A joiner is spelling in a sentence; two accounts would look the same.
        ("क\u{94d}\u{200d}ष", vec![Unfit::Hidden { place: 3, character: '\u{200d}' }]),
        ("☎\u{fe0f}", vec![Unfit::Hidden { place: 2, character: '\u{fe0f}' }]),
        (
            &format!("\0\u{200b}{}", "x".repeat(255)),
            vec![Unfit::TooLong(255), Unfit::Null, Unfit::Hidden { place: 2, character: '\u{200b}' }],
        ),
    ] {
        assert_eq!(BankAccountId::parse(sent), Err(wrong), "{sent:?}");
    }
}

#[test]
fn one_form_of_what_looks_the_same() {
    for (one, other) in [("Cafe\u{301}", "Caf\u{e9}"), ("\u{212b}", "\u{c5}"), ("\u{958}", "\u{915}\u{93c}")] {
        assert_eq!(normal(one), normal(other));
    }
    for (one, other) in [("a", "A"), ("e", "\u{e9}"), ("1", "\u{ff11}")] {
        assert_ne!(normal(one), normal(other));
    }
}

#[test]
fn invisible_characters_are_found_anywhere() {
    for character in HIDDEN {
        let wrong = Unfit::Hidden { place: 3, character };
        assert_eq!(BankAccountId::parse(&format!("é1{character}2")), Err(vec![wrong]));
        assert_eq!(Email::parse(&format!("é@{character}x")), Err(vec![wrong]));
        assert_eq!(faults(&format!("é1{character}2"), 9, is_visible), [wrong]);
    }
    let sentence = Unfit::Hidden { place: 3, character: '\u{200b}' }.to_string();
    assert!(sentence.ends_with(": U+200B is character 3."), "{sentence}");
}

#[test]
fn a_utr_is_plain_and_has_no_space() {
    for utr in ["1", "SBIN0123456789", "AXIS/2026-12:01_a.b", &"U".repeat(64)] {
        assert_eq!(Utr::parse(utr).unwrap().as_str(), utr);
    }
    for (text, wrong) in [
        ("", Unfit::Blank),
        (&*"U".repeat(65), Unfit::TooLong(64)),
        ("U\u{0}1", Unfit::Null),
        (" ", Unfit::NotPlain),
        ("U1 ", Unfit::NotPlain),
        ("U 1", Unfit::NotPlain),
        ("U1\n", Unfit::NotPlain),
        ("Ü1", Unfit::NotPlain),
        ("１２", Unfit::NotPlain),
        ("U\u{200b}1", Unfit::NotPlain),
    ] {
        assert_eq!(Utr::parse(text), Err(vec![wrong]), "{text:?}");
    }
}

#[test]
fn an_address_has_something_on_both_sides_of_its_at_and_no_case() {
    let longest = format!("{}@example.com", "x".repeat(242));
    for (sent, kept) in [
        ("acme@example.com", "acme@example.com"),
        (" Acme@EXAMPLE.com ", "acme@example.com"),
        ("ZOE\u{308}@example.com", "zo\u{eb}@example.com"),
        // The small letter has a composed form, the capital one has none.
        ("J\u{30c}@x", "\u{1f0}@x"),
        ("a@b@c", "a@b@c"),
        (&longest, &longest),
    ] {
        assert_eq!(Email::parse(sent).as_ref().map(Email::as_str), Ok(kept), "{sent:?}");
    }
    for (text, wrong) in [
        ("", Unfit::Blank),
        ("acme", Unfit::NotAnAddress),
        ("@example.com", Unfit::NotAnAddress),
        ("acme@", Unfit::NotAnAddress),
        ("a cme@example.com", Unfit::NotAnAddress),
        ("a\u{a0}b@example.com", Unfit::NotAnAddress),
        (&format!("x{longest}"), Unfit::TooLong(254)),
        ("a\0@example.com", Unfit::Null),
    ] {
        assert_eq!(Email::parse(text), Err(vec![wrong]), "{text:?}");
    }
}
