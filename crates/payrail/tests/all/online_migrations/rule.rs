//! What a migration must not do to a large table, unless a line before the statement says why: rewrite it, read it
//! through or build an index on it while nobody may write.

/// They grow with merchants, payouts or time.
pub const LARGE: [&str; 12] = [
    "api_keys",
    "attempts",
    "bank_returns",
    "exceptions",
    "idempotency_records",
    "ledger_entries",
    "merchant_directory",
    "merchant_sessions",
    "merchants",
    "operator_actions",
    "outbox",
    "payouts",
];

const EXCUSE: &str = "-- blocks writers: ";
const REASON_MIN_CHARACTERS: usize = 20;

/// Why the statement is not allowed, among those of its migration.
pub fn fault(statement: &str, all: &[&str]) -> Option<String> {
    let is_excused = statement.lines().any(|line| {
        line.trim().strip_prefix(EXCUSE).is_some_and(|reason| reason.trim().chars().count() >= REASON_MIN_CHARACTERS)
    });
    let words = words(statement);
    let is_new =
        |table: &str| all.iter().any(|other| target(&self::words(other), &["CREATE", "TABLE"]) == Some(table.into()));
    let what = what_is_wrong(&words, all, &|table: &String| LARGE.contains(&table.as_str()) && !is_new(table))?;
    (!is_excused).then(|| format!("{what}: {}", words.join(" ").chars().take(100).collect::<String>()))
}

fn what_is_wrong(words: &[String], all: &[&str], is_large: &dyn Fn(&String) -> bool) -> Option<&'static str> {
    let has = |phrase: &str| format!(" {} ", words.join(" ")).contains(&format!(" {phrase} "));
    let of_large = |start: &[&str]| target(words, start).is_some_and(|table| is_large(&table));
    let first = words.first()?.as_str();
    if first == "DO" {
        return Some("a DO block hides what it does");
    }
    if first == "CREATE"
        && has("INDEX")
        && !has("CONCURRENTLY")
        && words.iter().any(|word| is_large(&word.to_lowercase()))
    {
        return Some("an index that is not built CONCURRENTLY");
    }
    if ["LOCK", "CLUSTER", "VACUUM", "REINDEX"].contains(&first) && !has("CONCURRENTLY") {
        return Some("a lock of a whole table");
    }
    if of_large(&["UPDATE"]) || of_large(&["DELETE", "FROM"]) || of_large(&["INSERT", "INTO"]) && has("SELECT") {
        return Some("a change of many rows in one transaction");
    }
    if first == "WITH" && ["UPDATE", "DELETE", "INSERT"].iter().any(|word| has(word)) {
        return Some("a change of many rows in one transaction");
    }
    let table = target(words, &["ALTER", "TABLE"]).filter(|table| is_large(table))?;
    altered(&has).or_else(|| {
        let alters = |other: &&&str| {
            let words = self::words(other);
            target(&words, &["ALTER", "TABLE"]).as_ref() == Some(&table) && !words.contains(&"VALIDATE".to_owned())
        };
        let is_locked = has("VALIDATE CONSTRAINT") && all.iter().any(|other| alters(&other));
        is_locked.then_some(
            "a validation in the transaction whose lock nobody gets past: put it into a migration of its own",
        )
    })
}

fn altered(has: &dyn Fn(&str) -> bool) -> Option<&'static str> {
    let adds_column = has("ADD COLUMN");
    let is_checked = ["CHECK", "REFERENCES", "FOREIGN KEY"].iter().any(|word| has(word));
    if is_checked && (adds_column || !has("NOT VALID")) {
        return Some("a constraint that is not added NOT VALID (a new column's own never is)");
    }
    if (has("UNIQUE") || has("PRIMARY KEY") || has("EXCLUDE")) && !has("USING INDEX") {
        return Some("a constraint that builds its index: build that CONCURRENTLY and add it USING INDEX");
    }
    if has("SET NOT NULL") || has("ATTACH PARTITION") {
        return Some("a table that is read through under a lock");
    }
    let rewrites = [
        "TYPE",
        "GENERATED",
        "SERIAL",
        "BIGSERIAL",
        "SET LOGGED",
        "SET UNLOGGED",
        "SET TABLESPACE",
        "SET ACCESS METHOD",
    ];
    let computed = adds_column && has("DEFAULT") && (has("GEN_RANDOM_UUID") || has("RANDOM") || has("CLOCK_TIMESTAMP"));
    (computed || rewrites.iter().any(|word| has(word))).then_some("a table that is written anew")
}

/// The table that a statement with this beginning is about.
fn target(words: &[String], start: &[&str]) -> Option<String> {
    let rest = words
        .iter()
        .map(String::as_str)
        .zip(start)
        .all(|(word, start)| word == *start)
        .then_some(&words[start.len().min(words.len())..])?;
    let table = rest.iter().find(|word| !["IF", "NOT", "EXISTS", "ONLY"].contains(&word.as_str()))?;
    Some(table.to_lowercase())
}

/// In capitals, without comments, quoted text, punctuation and the names of schemas.
fn words(statement: &str) -> Vec<String> {
    let lines = statement.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code));
    let code = lines.collect::<Vec<_>>().join(" ");
    // Between dollar signs are functions' bodies: what they do is done later.
    let code: String = code.split("$$").step_by(2).collect::<Vec<_>>().join(" ");
    let code: String = code.split('\'').step_by(2).collect::<Vec<_>>().join(" ").to_uppercase().replace("PUBLIC.", "");
    let parts = code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    parts.map(str::to_owned).collect()
}

#[test]
fn the_rule_tells_blocking_from_harmless_statements() {
    for blocks in [
        "CREATE INDEX x ON payouts (utr)",
        "create unique index x\n on public.ledger_entries (bucket)",
        "ALTER TABLE payouts ADD CONSTRAINT x CHECK (amount_paise > 0)",
        "ALTER TABLE payouts ADD COLUMN x text CHECK (x <> '')",
        "ALTER TABLE payouts ADD COLUMN x uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE ONLY attempts ADD FOREIGN KEY (bucket) REFERENCES merchants (bucket)",
        "ALTER TABLE IF EXISTS outbox ALTER COLUMN kind TYPE varchar",
        "ALTER TABLE outbox ALTER COLUMN kind SET NOT NULL",
        "ALTER TABLE outbox ADD CONSTRAINT x UNIQUE (bucket, seq)",
        "UPDATE payouts SET rail = 'bank'",
        "DELETE FROM outbox WHERE seq = 1",
        "INSERT INTO exceptions SELECT * FROM payouts",
        "WITH gone AS (DELETE FROM outbox RETURNING *) SELECT 1",
        "LOCK TABLE payouts",
        "DO $$ BEGIN UPDATE payouts SET rail = 'x'; END $$",
        "-- blocks writers: short\nCREATE INDEX x ON payouts (utr)",
    ] {
        assert!(fault(blocks, &[blocks]).is_some(), "{blocks}");
    }
    for does_not in [
        "CREATE INDEX CONCURRENTLY x ON payouts (utr)",
        "CREATE INDEX x ON settings (value)",
        "ALTER TABLE payouts ADD CONSTRAINT x CHECK (amount_paise > 0) NOT VALID",
        "ALTER TABLE payouts VALIDATE CONSTRAINT x",
        "ALTER TABLE payouts ADD COLUMN x text NOT NULL DEFAULT 'TYPE'",
        "ALTER TABLE outbox ADD CONSTRAINT x UNIQUE USING INDEX y",
        "UPDATE settings SET value = '1' WHERE name = 'payouts'",
        "INSERT INTO settings SELECT name, value FROM settings",
        "CREATE FUNCTION f() RETURNS trigger AS $$ BEGIN UPDATE payouts SET rail = 'x'; RETURN NULL; END $$",
        "CREATE TRIGGER t BEFORE UPDATE ON payouts FOR EACH ROW EXECUTE FUNCTION f('a')",
        "-- UPDATE payouts\nALTER TABLE payouts ADD COLUMN x text -- CHECK",
        "-- blocks writers: the table has a row for each bank, of which there are ten\nUPDATE payouts SET rail = 'x'",
    ] {
        assert_eq!(fault(does_not, &[does_not]), None, "{does_not}");
    }
    let (table, index) = ("CREATE TABLE IF NOT EXISTS payouts (id uuid)", "CREATE INDEX x ON payouts (id)");
    assert_eq!(fault(index, &[table, index]), None, "a table that is new is empty");
    let (add, validate) =
        ("ALTER TABLE payouts ADD CONSTRAINT x CHECK (true) NOT VALID", "ALTER TABLE payouts VALIDATE CONSTRAINT x");
    assert!(fault(validate, &[add, validate]).is_some(), "the lock of the first is held through the second");
}
