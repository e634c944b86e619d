"""The bank paid exactly the settled payouts, once each."""

from collections import Counter

from world import payout_id, reference


def check_at_bank(world, found, payout):
    there, name = world.transfers.get(reference(payout)), payout["id"]
    word = there["status"] if there else None
    if payout["status"] in ("completed", "returned"):
        if word != "paid":
            found.add("settled_and_unpaid", f"payout {name} is {payout['status']}; at the bank it is {word}")
        elif payout["utr"] != world.stated_utr(there):
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


def check_other_bank(world, found):
    """A worker that is configured for another bank only asks for its identity."""
    for row in (*world.other_transfers, *world.other_returns):
        found.add("other_bank_has_transfer", f"{row['reference']} is in the other bank's book")
    for call, count in world.asked_of_other.items():
        if call != "GET /v1/identity":
            found.add("other_bank_asked", f"{call}, {count} times")
