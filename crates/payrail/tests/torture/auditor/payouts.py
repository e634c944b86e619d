"""Every payout has the entries, calls and events of its status, and none is stranded."""

from bank import check_at_bank

FINAL = {"completed", "failed", "cancelled", "returned"}
# The ledger entries of each status, in this order.
MOVEMENTS = {
    "pending": ["hold"],
    "processing": ["hold"],
    "completed": ["hold", "settle"],
    "failed": ["hold", "refund"],
    "cancelled": ["hold", "refund"],
    "returned": ["hold", "settle", "return"],
}
# The one account about which the simulated bank never answers.
NEVER_ANSWERED = "demo-silent"


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
    if [attempt["number"] for attempt in attempts] != list(range(1, payout["attempts"] + 1)):
        found.add("attempt_missing", f"payout {payout['id']} made {payout['attempts']} calls")
    outcomes = {attempt["outcome"] for attempt in attempts}
    proofs = {"completed": {"paid"}, "returned": {"paid"}, "failed": {"refused", "closed"}}.get(payout["status"])
    if proofs and not outcomes & proofs:
        found.add("no_proof", f"payout {payout['id']} is {payout['status']} on {outcomes}")


def check_rest(found, payout):
    """After the faults only payouts that the bank never answers are unfinished: in doubt, with a next step."""
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
