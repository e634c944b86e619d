"""Replays every book from its first entry, and sums over all books."""

import hashlib
import uuid
from collections import Counter

from world import by, status_of

# Indexes of available, held and bank: the source and the target of a movement.
EFFECTS = {
    "fund": (1, 0, -1),
    "hold": (-1, 1, 0),
    "settle": (0, -1, 1),
    "refund": (1, -1, 0),
    "return": (1, 0, -1),
}


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
    """The balances in the newest entry, and the sum of the movements to the bank."""
    bank = sum(EFFECTS[entry["kind"]][2] * entry["amount_paise"] for entry in entries)
    return [entries[-1]["available_after"], entries[-1]["held_after"], bank] if entries else [0, 0, bank]


def check_fundings(world, found, merchant):
    """Each acknowledged funding counts once, each unacknowledged one at most once."""
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
    """The money that left the books equals the bank's payments less its returns."""
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
