"""All that the auditor knows: the rows of the database and of the banks' books, the clients' notes, the bank's false
statements, the calls to the other bank, and the findings of `payrail verify`."""

import csv
import io
import json
import sqlite3
import subprocess
import sys
import uuid
from collections import Counter, defaultdict

from notes import Clients

TABLES = {
    "merchants": "bucket, id",
    "ledger_entries": "bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, payout_id",
    "payouts": "bucket, merchant_id, id, amount_paise, bank_account_id, status, attempts, step, due_at, leased_by, "
    "doubt_since, doubt_reason, utr, reason",
    "attempts": "merchant_id, payout_id, number, step, outcome",
    "idempotency_records": "merchant_id, key, status, body, payout_id",
    "outbox": "merchant_id, seq, kind, payout_id, entry_seq",
    "bank_returns": "number, reference, payout_id, amount_paise, utr, status, waits_for",
    "exceptions": "id, kind, payout_id, other_payout_id, reference, return_number, stated_paise, stated_utr, "
    "resolved_at",
    "settings": "name, value",
}
NUMBERS = {"bucket", "seq", "entry_seq", "amount_paise", "available_after", "held_after", "attempts", "number"}
NUMBERS |= {"return_number", "stated_paise"}
IDS = {"id", "merchant_id", "payout_id", "other_payout_id", "key"}


class World:
    def __init__(self, arguments):
        self.clients = Clients(arguments.clients)
        rows = read_database(arguments.database, arguments.psql)
        self.merchants = {row["id"]: row for row in rows["merchants"]}
        self.payouts = {row["id"]: row for row in rows["payouts"]}
        self.records = {(row["merchant_id"], row["key"]): row for row in rows["idempotency_records"]}
        self.entries = by(rows["ledger_entries"], "merchant_id")
        self.movements = by(rows["ledger_entries"], "payout_id")
        self.attempts, self.outbox = by(rows["attempts"], "payout_id"), by(rows["outbox"], "merchant_id")
        self.events = by(rows["outbox"], "payout_id")
        for entries in (*self.entries.values(), *self.movements.values(), *self.outbox.values(), *self.events.values()):
            entries.sort(key=lambda row: row["seq"])
        transfers, returns = read_bank(arguments.bank)
        self.transfers = {row["reference"]: row for row in transfers}
        self.returns = {row["reference"] for row in returns}
        self.other_transfers, self.other_returns = read_bank(arguments.other_bank)
        self.asked_of_other = Counter(line["call"] for line in read_lines(arguments.asked_of_other))
        self.bank_returns, self.exceptions = by(rows["bank_returns"], "number"), rows["exceptions"]
        self.settings = {row["name"]: row["value"] for row in rows["settings"]}
        stated = read_lines(arguments.stated)
        self.lines = {line["number"]: line for line in stated if line["event"] == "line"}
        self.stated_utrs = {line["number"]: line["utr"] for line in stated if line["event"] == "utr"}
        with open(arguments.verified, encoding="utf-8") as report:
            differences = json.load(report)["differences"]
        self.verified = Counter((difference["kind"], difference["subject"]) for difference in differences)

    def stated_utr(self, transfer):
        """The UTR that the bank stated for a payment: its own, or another payment's."""
        return self.stated_utrs.get(transfer["number"], f"SIMB{transfer['number'] or 0:012}")


def read_database(url, psql):
    read = read_sqlite if url.startswith("sqlite:") else read_postgres
    return {table: [typed(row) for row in read(url, psql, table, columns)] for table, columns in TABLES.items()}


def read_sqlite(url, _psql, table, columns):
    with sqlite3.connect(f"file:{url.removeprefix('sqlite://')}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        return [dict(row) for row in database.execute(f"SELECT {columns} FROM {table}")]


def read_postgres(url, psql, table, columns):
    copy = f"COPY (SELECT {columns} FROM {table}) TO STDOUT WITH (FORMAT csv, HEADER)"
    command = [psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={url}", f"--command={copy}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    csv.field_size_limit(sys.maxsize)
    return list(csv.DictReader(io.StringIO(done.stdout, newline="")))


def typed(row):
    """Numbers are numbers, ids are text as clients see them, and empty values are None."""
    for name, value in row.items():
        if value is None or value == "":
            row[name] = None
        elif name in IDS:
            row[name] = str(uuid.UUID(bytes=value) if isinstance(value, bytes) else uuid.UUID(value))
        elif name in NUMBERS or (name == "status" and "body" in row):
            row[name] = int(value)
    return row


def read_bank(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as book:
        book.row_factory = sqlite3.Row
        transfers = [dict(row) for row in book.execute("SELECT * FROM transfers")]
        returns = [dict(row) for row in book.execute("SELECT * FROM returns")]
    return transfers, returns


def read_lines(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def by(rows, column):
    groups = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def reference(payout):
    return "PR" + uuid.UUID(payout["id"]).hex.upper()


def status_of(world, name):
    payout = world.payouts.get(payout_id(name))
    return payout["status"] if payout else None


def payout_id(name):
    try:
        return str(uuid.UUID(name.removeprefix("PR")))
    except ValueError:
        return None
