#![no_main]
//! The setting with the bank's address: a refusal never repeats it, for it may have a password in it.

use libfuzzer_sys::fuzz_target;
use payrail::rails::Rails;
use payrail::settings::Worker;

const PASSWORD: &str = "geheimnis";

fuzz_target!(|text: &str| {
    for url in [text.to_owned(), format!("http://u:{PASSWORD}@{text}"), format!("{text}://u:{PASSWORD}@h")] {
        // As every command reads it.
        match Rails::read(&Worker::that_reads(Some(url.clone()), None)).and_then(|rails| rails.open(None)) {
            Ok(rails) => assert!(
                url.trim()
                    .to_ascii_lowercase()
                    .replace(['\t', '\n', '\r'], "")
                    .trim_start_matches(char::is_control)
                    .contains("http"),
                "{url} {rails:?}"
            ),
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with("PAYRAIL_BANK_URL") && !told.contains(PASSWORD), "{told}");
            }
        }
    }
});
