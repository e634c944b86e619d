"""The crash mill's auditor. It shares no code with what it audits, and knows three things only: what the clients
wrote down (what they sent, what they were answered), the rows of the database, and the bank's book. From those
it says whether every promise was kept; each difference has a name. Exit status 1 if there is one.

    auditor.py --clients FILE --database URL --bank FILE [--psql PROGRAM] [--json FILE]
"""

import argparse
import bisect
import csv
import hashlib
import io
import json
import sqlite3
import subprocess
import sys
import uuid
from collections import Counter, defaultdict

TABLES = {
    "merchants": "bucket, id",
    "ledger_entries": "bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, payout_id",
    "payouts": "bucket, merchant_id, id, amount_paise, bank_account_id, status, calls, step, due_at, leased_by, "
    "doubt_since, doubt_reason, utr, reason",
    "attempts": "merchant_id, payout_id, number, step, outcome",
    "idempotency_records": "merchant_id, key, status, body, payout_id",
    "outbox": "merchant_id, seq, kind, payout_id",
}
NUMBERS = {"bucket", "seq", "amount_paise", "available_after", "held_after", "calls", "number"}
IDS = {"id", "merchant_id", "payout_id", "key"}
FINAL = {"completed", "failed", "cancelled", "returned"}
# What each status must have left in the ledger, in this order.
MOVEMENTS = {
    "pending": ["hold"],
    "processing": ["hold"],
    "completed": ["hold", "settle"],
    "failed": ["hold", "refund"],
    "cancelled": ["hold", "refund"],
    "returned": ["hold", "settle", "return"],
}
# available, held, bank: where a movement takes from and where it puts to.
EFFECTS = {
    "fund": (1, 0, -1),
    "hold": (-1, 1, 0),
    "settle": (0, -1, 1),
    "refund": (1, -1, 0),
    "return": (1, 0, -1),
}
RANK = {"pending": 0, "processing": 1, "completed": 2, "failed": 2, "cancelled": 2, "returned": 3}
# The one account that the simulated bank never says a word about.
NEVER_ANSWERED = "demo-silent"


class Findings(list):
    def add(self, kind, what):
        self.append((kind, what))


# --- reading -----------------------------------------------------------------------------------------------------


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
    return list(csv.DictReader(io.StringIO(done.stdout, newline="")))


def typed(row):
    """Numbers are numbers, ids are text as clients see them, and nothing is None."""
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


class Clients:
    """What the clients wrote down: calls, each with what was sent and, if any came, the answer."""

    def __init__(self, path):
        self.openings, calls = {}, {}
        with open(path, encoding="utf-8") as log:
            for line in log:
                self.take(json.loads(line), calls)
        self.calls = sorted(calls.values(), key=lambda call: call["at"])

    def take(self, line, calls):
        match line["event"]:
            case "opening":
                self.openings[line["merchant"]] = line["amount"]
            case "sent":
                calls[line["call"]] = line | {"status": None}
            case "answer":
                call = calls[line["call"]]
                call |= {"status": line["status"], "body": line["body"], "replayed": line["replayed"]}
                call["ended"] = line["at"]

    def of(self, *operations):
        return [call for call in self.calls if call["op"] in operations]

    def answered(self, *operations):
        return [call for call in self.of(*operations) if call["status"] is not None]


def is_final(call):
    """Whatever invites a further try decides nothing."""
    if call["status"] is None or call["status"] >= 500 or call["status"] == 429:
        return False
    return not (call["status"] == 409 and code(call) == "in_progress")


def code(call):
    return document(call).get("code")


def document(call):
    try:
        found = json.loads(call["body"])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {"list": found}


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


def by(rows, column):
    groups = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return groups


def reference(payout):
    return "PR" + uuid.UUID(payout["id"]).hex.upper()


# --- keys and answers --------------------------------------------------------------------------------------------


def check_answers(world, found):
    """Every key has one answer, and the answer is true."""
    keys = by(world.clients.of("create", "fund"), "key")
    for key, calls in keys.items():
        merchants = {call["merchant"] for call in calls}
        for merchant in merchants:
            check_key(world, found, merchant, key, [call for call in calls if call["merchant"] == merchant])
    check_records(world, found, keys)
    check_unexpected(world, found)


def facts_of(payout):
    return payout["merchant_id"], payout["amount_paise"], payout["bank_account_id"]


def asked(call):
    return call["amount"], call["account"]


def check_key(world, found, merchant, key, calls):
    finals = [call for call in calls if is_final(call)]
    decisions = [call for call in finals if call["status"] != 422]
    if len({(call["status"], call["body"]) for call in decisions}) > 1:
        found.add("two_answers", f"key {key} was answered {sorted({call['body'] for call in decisions})}")
    if len({asked(call) for call in decisions}) > 1:
        found.add("two_requests_took_one_key", f"key {key}: {sorted({asked(call) for call in decisions})}")
    if sum(not call["replayed"] for call in decisions) > 1:
        found.add("decided_twice", f"key {key} got two answers of which neither says that it is a repetition")
    sent = {asked(call) for call in calls}
    for call in finals:
        if call["status"] == 422 and (len(sent) == 1 or any(asked(call) == asked(other) for other in decisions)):
            found.add("wrongly_reused", f"key {key} was told to be another request's: {asked(call)}")
    record = world.records.get((merchant, key))
    if decisions:
        check_record(found, key, record, decisions[0])
    if record and record["payout_id"]:
        check_request(world, found, key, record, sent)
    for call in decisions:
        check_decision(world, found, key, call)


def check_record(found, key, record, call):
    if record is None:
        found.add("answer_without_record", f"key {key} was answered {call['status']}, and is not in the database")
    elif (record["status"], record["body"]) != (call["status"], call["body"]):
        found.add("record_differs", f"key {key}: answered {call['body']}, kept {record['status']} {record['body']}")


def check_request(world, found, key, record, sent):
    payout = world.payouts.get(record["payout_id"])
    if payout is None:
        found.add("payout_missing", f"key {key}: payout {record['payout_id']} is not there")
        return
    facts = payout["amount_paise"], payout["bank_account_id"]
    if facts not in sent or payout["merchant_id"] != record["merchant_id"]:
        found.add("payout_altered", f"payout {payout['id']} is not what was asked for under key {key}: {sorted(sent)}")


def check_decision(world, found, key, call):
    said = document(call)
    if call["op"] == "fund":
        if call["status"] != 201:
            found.add("unexpected_answer", f"funding {key}: {call['status']} {call['body']}")
    elif call["status"] == 201:
        payout = world.payouts.get(said.get("id"))
        if payout is None:
            found.add("acknowledged_payout_missing", f"key {key}: payout {said.get('id')} is not there")
        elif facts_of(payout) != (call["merchant"], *asked(call)):
            found.add("payout_altered", f"payout {payout['id']} is not what was asked for: {asked(call)}")
        elif (said.get("amount_paise"), said.get("bank_account_id")) != asked(call):
            found.add("answer_untrue", f"key {key}: {call['body']}")
    elif call["status"] == 400 and said.get("code") == "insufficient_balance":
        check_refusal(world, found, key, call, said["available_balance_paise"])
    else:
        found.add("unexpected_answer", f"key {key}: {call['status']} {call['body']}")


def check_refusal(world, found, key, call, available):
    record = world.records.get((call["merchant"], key))
    if record and record["payout_id"]:
        found.add("refused_and_made", f"key {key} was refused and made payout {record['payout_id']}")
    if available >= call["amount"]:
        found.add("wrongly_refused", f"key {key}: {call['amount']} were asked for, {available} were there")
    if available and all(entry["available_after"] != available for entry in world.entries[call["merchant"]]):
        found.add("balance_never_was", f"key {key} was told of {available} paise")


def check_records(world, found, keys):
    """What the database holds, a client asked for."""
    made = Counter()
    for (merchant, key), record in world.records.items():
        if key == str(uuid.uuid5(uuid.UUID(merchant), "opening credit")) and merchant in world.clients.openings:
            continue
        if not any(call["merchant"] == merchant for call in keys.get(key, [])):
            found.add("key_without_request", f"key {key} of {merchant} is nobody's")
        if record["payout_id"]:
            made[record["payout_id"]] += 1
    for payout in world.payouts:
        if made[payout] != 1:
            found.add("payout_of_no_key" if made[payout] == 0 else "payout_of_two_keys", f"payout {payout}")


def check_unexpected(world, found):
    reads = {"me": {200}, "list": {200}, "show": {200}}
    expected = reads | {"cancel": {200, 409}, "create": {201, 400, 422}, "fund": {201, 422}}
    for call in world.clients.calls:
        if is_final(call) and call["status"] not in expected[call["op"]]:
            found.add("unexpected_answer", f"{call['op']} by {call['client']}: {call['status']} {call['body']}")


# --- the ledger --------------------------------------------------------------------------------------------------


def check_ledger(world, found):
    """Replays every book from its first entry."""
    overall = [0, 0, 0]
    for merchant in {*world.merchants, *world.entries}:
        replay(found, merchant, world.entries[merchant])
        accounts = tip(world.entries[merchant])
        if sum(accounts) != 0:
            found.add("not_zero", f"merchant {merchant}: available, held and bank are {accounts}")
        overall = [a + b for a, b in zip(overall, accounts, strict=True)]
        if world.merchants.get(merchant, {}).get("bucket") != hashlib.sha256(uuid.UUID(merchant).bytes).digest()[0]:
            found.add("wrong_bucket", f"merchant {merchant}")
        check_fundings(world, found, merchant)
    if sum(overall) != 0:
        found.add("not_zero", f"over all merchants, available, held and bank are {overall}")
    check_sum(world, found, overall)


def replay(found, merchant, entries):
    accounts = [0, 0, 0]
    for number, entry in enumerate(entries, start=1):
        where = f"entry {entry['seq']} of {merchant}"
        if entry["seq"] != number:
            found.add("entry_missing", f"{where} stands in place {number}")
            return
        effect = EFFECTS[entry["kind"]]
        accounts = [account + sign * entry["amount_paise"] for account, sign in zip(accounts, effect, strict=True)]
        if accounts[0] < 0 or accounts[1] < 0:
            found.add("overdraft", f"{where}: available {accounts[0]}, held {accounts[1]}")
        if accounts[:2] != [entry["available_after"], entry["held_after"]]:
            said = entry["available_after"], entry["held_after"]
            found.add("balance_wrong", f"{where}: {said}, not {accounts[:2]}")
            accounts[:2] = entry["available_after"], entry["held_after"]


def tip(entries):
    """What the newest entry says is available and held, and what went to the bank, movement by movement."""
    bank = sum(EFFECTS[entry["kind"]][2] * entry["amount_paise"] for entry in entries)
    return [entries[-1]["available_after"], entries[-1]["held_after"], bank] if entries else [0, 0, bank]


def check_fundings(world, found, merchant):
    """Money came in as often as somebody brought it: acknowledged once each, unacknowledged at most once."""
    there = Counter(entry["amount_paise"] for entry in world.entries[merchant] if entry["kind"] == "fund")
    brought, acknowledged = Counter(), Counter()
    if merchant in world.clients.openings:
        brought[world.clients.openings[merchant]] += 1
        acknowledged[world.clients.openings[merchant]] += 1
    for calls in by([call for call in world.clients.of("fund") if call["merchant"] == merchant], "key").values():
        brought[calls[0]["amount"]] += 1
        acknowledged[calls[0]["amount"]] += any(call["status"] == 201 for call in calls)
    for amount in {*there, *brought}:
        if not acknowledged[amount] <= there[amount] <= brought[amount]:
            text = f"{acknowledged[amount]} to {brought[amount]} fundings of {amount} paise for {merchant}"
            found.add("funding_wrong", f"{text}, and {there[amount]} entries")


def check_sum(world, found, overall):
    """What left the books is what the bank has paid and not got back."""
    funded = sum(e["amount_paise"] for entries in world.entries.values() for e in entries if e["kind"] == "fund")
    paid = sum(row["amount_paise"] for row in world.transfers.values() if row["status"] == "paid")
    back = sum(world.transfers[name]["amount_paise"] for name in world.returns)
    under_way = sum(
        row["amount_paise"]
        for row in world.transfers.values()
        if row["status"] == "paid" and status_of(world, row["reference"]) not in ("completed", "returned")
    )
    untaken = sum(
        world.transfers[name]["amount_paise"] for name in world.returns if status_of(world, name) != "returned"
    )
    if funded - overall[0] - overall[1] != paid - under_way - back + untaken:
        text = f"funded {funded}, available {overall[0]}, held {overall[1]}; the bank paid {paid}, {back} came back"
        found.add("sum_wrong", text)


def status_of(world, name):
    payout = world.payouts.get(payout_id(name))
    return payout["status"] if payout else None


def payout_id(name):
    try:
        return str(uuid.UUID(name.removeprefix("PR")))
    except ValueError:
        return None


# --- payouts -----------------------------------------------------------------------------------------------------


def check_payouts(world, found):
    for payout in world.payouts.values():
        check_movements(world, found, payout)
        check_calls(world, found, payout)
        check_rest(found, payout)
        check_at_bank(world, found, payout)
    for payout in {*world.movements} - {None, *world.payouts}:
        found.add("movement_of_no_payout", f"entries name payout {payout}, which is not there")


def check_movements(world, found, payout):
    movements = world.movements[payout["id"]]
    kinds = [entry["kind"] for entry in movements]
    if kinds != MOVEMENTS.get(payout["status"]):
        found.add("movements_wrong", f"payout {payout['id']} is {payout['status']} with {kinds}")
    for entry in movements:
        if (entry["merchant_id"], entry["amount_paise"]) != (payout["merchant_id"], payout["amount_paise"]):
            found.add("movement_differs", f"payout {payout['id']}: {entry['kind']} of {entry['amount_paise']}")
    events = [event["kind"].removeprefix("payout.") for event in world.events[payout["id"]]]
    last = [event for event in events if event != "in_doubt"]
    if not last or last[0] != "pending" or last[-1] != payout["status"] or len(last) != len(set(last)):
        found.add("events_wrong", f"payout {payout['id']} is {payout['status']}; its events are {events}")


def check_calls(world, found, payout):
    attempts = sorted(world.attempts[payout["id"]], key=lambda attempt: attempt["number"])
    if [attempt["number"] for attempt in attempts] != list(range(1, payout["calls"] + 1)):
        found.add("attempt_missing", f"payout {payout['id']} made {payout['calls']} calls")
    outcomes = {attempt["outcome"] for attempt in attempts}
    proofs = {"completed": {"paid"}, "returned": {"paid"}, "failed": {"refused", "closed"}}.get(payout["status"])
    if proofs and not outcomes & proofs:
        found.add("no_proof", f"payout {payout['id']} is {payout['status']} on {outcomes}")


def check_rest(found, payout):
    """After a calm nothing is under way but what the bank never speaks of, and that is in doubt, with a next step."""
    if payout["status"] in FINAL:
        if payout["due_at"] is not None:
            found.add("final_yet_due", f"payout {payout['id']}")
        return
    is_doubtful = payout["status"] == "processing" and payout["doubt_reason"] and payout["step"] and payout["due_at"]
    if payout["bank_account_id"] != NEVER_ANSWERED:
        what = f"payout {payout['id']} is {payout['status']}: step {payout['step']} due at {payout['due_at']}"
        found.add("stranded", f"{what}, leased by {payout['leased_by']}, in doubt: {payout['doubt_reason']}")
    elif not is_doubtful:
        found.add("stranded_without_reason", f"payout {payout['id']} is {payout['status']}: {payout['doubt_reason']}")


# --- the bank ----------------------------------------------------------------------------------------------------


def check_at_bank(world, found, payout):
    there, name = world.transfers.get(reference(payout)), payout["id"]
    word = there["status"] if there else None
    if payout["status"] in ("completed", "returned"):
        if word != "paid":
            found.add("settled_and_unpaid", f"payout {name} is {payout['status']}; at the bank it is {word}")
        elif payout["utr"] != f"SIMB{there['number']:012}":
            found.add("utr_wrong", f"payout {name}: {payout['utr']}")
    elif payout["status"] in ("failed", "cancelled") and word == "paid":
        found.add("refunded_and_paid", f"payout {name} is {payout['status']}, and the bank paid it")
    elif payout["status"] == "failed" and word not in ("refused", "closed"):
        found.add("refunded_without_proof", f"payout {name} failed; at the bank it is {word}")
    elif payout["status"] == "cancelled" and word is not None:
        found.add("cancelled_reached_bank", f"payout {name}")
    if (payout["status"] == "returned") != (reference(payout) in world.returns):
        found.add("return_wrong", f"payout {name} is {payout['status']}; the bank's list of returns says otherwise")


def check_bank(world, found):
    numbers = Counter(row["number"] for row in world.transfers.values() if row["status"] == "paid")
    for number, count in numbers.items():
        if count > 1:
            found.add("paid_twice", f"UTR number {number}")
    for name, transfer in world.transfers.items():
        payout = world.payouts.get(payout_id(name))
        if payout is None or reference(payout) != name:
            found.add("bank_knows_stranger", f"{name} is {transfer['status']} at the bank, and no payout")
        elif transfer["amount_paise"] is not None:
            known = transfer["amount_paise"], transfer["bank_account_id"]
            if known != (payout["amount_paise"], payout["bank_account_id"]):
                found.add("bank_was_told_otherwise", f"{name}: {known}")
    for name in world.returns - {*world.transfers}:
        found.add("bank_knows_stranger", f"{name} came back, and was never paid")


# --- what clients saw --------------------------------------------------------------------------------------------


def check_sights(world, found):
    check_balances_seen(world, found)
    sights = defaultdict(list)
    for call in world.clients.answered("list", "show", "cancel"):
        if call["status"] == 200:
            for shown in [document(call)] if call["op"] != "list" else document(call)["list"]:
                sights[shown["id"]].append((call["at"], call["ended"], shown, call["merchant"]))
    for payout, seen in sights.items():
        check_seen(world, found, payout, seen)
    for call in world.clients.answered("cancel"):
        if call["status"] == 200 and status_of(world, "PR" + call["payout"].replace("-", "")) != "cancelled":
            found.add("cancelled_and_not", f"payout {call['payout']} was said to be cancelled")


def check_balances_seen(world, found):
    """Each client saw balances that were, one after the other."""
    at = {}
    for call in world.clients.answered("me"):
        if call["status"] != 200:
            continue
        said, who = document(call), (call["client"], call["merchant"])
        pair = said["available_balance_paise"], said["held_balance_paise"]
        places = world_places(world, call["merchant"]).get(pair, [])
        next_place = bisect.bisect_left(places, at.get(who, 0))
        if not places:
            found.add("balance_never_was", f"{call['client']} was told {pair} of {call['merchant']}")
        elif next_place == len(places):
            found.add("time_ran_backwards", f"{call['client']} was told {pair} of {call['merchant']} after later ones")
        else:
            at[who] = places[next_place]


def world_places(world, merchant):
    cache = world.__dict__.setdefault("places", {})
    if merchant not in cache:
        cache[merchant] = defaultdict(list, {(0, 0): [0]})
        for entry in world.entries[merchant]:
            cache[merchant][entry["available_after"], entry["held_after"]].append(entry["seq"])
    return cache[merchant]


def check_seen(world, found, payout, seen):
    row = world.payouts.get(payout)
    if row is None:
        found.add("seen_and_gone", f"payout {payout} was shown, and is not there")
        return
    for _, _, shown, merchant in seen:
        facts = row["merchant_id"], row["amount_paise"], row["bank_account_id"]
        if facts != (merchant, shown["amount_paise"], shown["bank_account_id"]):
            found.add("shown_wrongly", f"payout {payout}: {shown}")
        if not may_become(shown["status"], row["status"]):
            found.add("status_went_back", f"payout {payout} was shown as {shown['status']} and is {row['status']}")
    ended = sorted((end, RANK[shown["status"]]) for _, end, shown, _ in seen)
    highest, done = 0, 0
    for began, _, shown, _ in sorted(seen, key=lambda sight: sight[0]):
        while done < len(ended) and ended[done][0] < began:
            highest, done = max(highest, ended[done][1]), done + 1
        if RANK[shown["status"]] < highest:
            found.add("status_went_back", f"payout {payout} was shown as {shown['status']} after something later")


def may_become(shown, now):
    if shown == now or RANK[shown] < 2:
        return RANK[shown] <= RANK[now]
    return (shown, now) == ("completed", "returned")


def check_events(world, found):
    for merchant, events in world.outbox.items():
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            found.add("event_missing", f"merchant {merchant}'s events are not 1 to {len(events)}")


# --- the report --------------------------------------------------------------------------------------------------


def summary(world, found):
    attempts = [attempt for attempts in world.attempts.values() for attempt in attempts]
    tries = Counter((call["op"], call["merchant"], call.get("key") or call["call"]) for call in world.clients.calls)
    return {
        "calls": len(world.clients.calls),
        "retries": sum(tries.values()) - len(tries),
        "unanswered": sum(call["status"] is None for call in world.clients.calls),
        "answers": Counter(f"{call['op']} {call['status']}" for call in world.clients.calls if call["status"]),
        "keys": len({call["key"] for call in world.clients.of("create")}),
        "acknowledged": len({call["key"] for call in world.clients.of("create") if call["status"] == 201}),
        "merchants": len(world.merchants),
        "ledger_entries": sum(map(len, world.entries.values())),
        "payouts": Counter(payout["status"] for payout in world.payouts.values()),
        "bank_calls": len(attempts),
        "orphaned_calls": sum(attempt["outcome"] is None for attempt in attempts),
        "call_outcomes": Counter(f"{attempt['step']} {attempt['outcome']}" for attempt in attempts),
        "bank_arrivals": sum(row["arrivals"] for row in world.transfers.values()),
        "bank_paid": sum(row["status"] == "paid" for row in world.transfers.values()),
        "returns": len(world.returns),
        "differences": found,
    }


def main():
    parser = argparse.ArgumentParser(description="The crash mill's auditor.")
    parser.add_argument("--clients", required=True, help="what the clients wrote down, a JSON object a line")
    parser.add_argument("--database", required=True, help="sqlite:///path or postgres://user@host:port/name")
    parser.add_argument("--bank", required=True, help="the bank's book, an SQLite file")
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--json", help="where to write the figures")
    arguments = parser.parse_args()
    csv.field_size_limit(sys.maxsize)
    world, found = World(arguments), Findings()
    for check in (check_answers, check_ledger, check_payouts, check_bank, check_sights, check_events):
        check(world, found)
    figures = summary(world, found)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as out:
            json.dump(figures, out, indent=2)
    for kind, what in found:
        print(f"DIFFERENCE {kind}: {what}")
    print(
        f"{figures['keys']} keys, {figures['acknowledged']} acknowledged, {len(world.payouts)} payouts, "
        f"{figures['ledger_entries']} entries, {figures['bank_paid']} paid by the bank"
    )
    print(f"{len(found)} differences." if found else "OK: no difference.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
