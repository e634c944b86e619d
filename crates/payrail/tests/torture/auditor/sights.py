"""What clients saw was true and was never undone. The outbox is gapless and matches the ledger."""

import bisect
from collections import defaultdict

from notes import document
from world import status_of

RANK = {"pending": 0, "processing": 1, "completed": 2, "failed": 2, "cancelled": 2, "returned": 3}


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
    """Each client saw balances that existed, in order."""
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


# The kind of ledger entry of each kind of event; other events move no money.
TELLS_OF = {
    "balance.funded": "fund",
    "payout.pending": "hold",
    "payout.completed": "settle",
    "payout.failed": "refund",
    "payout.cancelled": "refund",
    "payout.returned": "return",
}


def check_events(world, found):
    for merchant, events in world.outbox.items():
        if [event["seq"] for event in events] != list(range(1, len(events) + 1)):
            found.add("event_missing", f"merchant {merchant}'s events are not 1 to {len(events)}")
    for merchant in {*world.outbox, *world.entries}:
        told = [
            (event["entry_seq"], TELLS_OF.get(event["kind"]), event["payout_id"])
            for event in world.outbox[merchant]
            if event["entry_seq"] is not None or event["kind"] in TELLS_OF
        ]
        moved = [(entry["seq"], entry["kind"], entry["payout_id"]) for entry in world.entries[merchant]]
        if told != moved:
            found.add("entry_untold", f"merchant {merchant}'s events tell of {told}, and its entries are {moved}")
