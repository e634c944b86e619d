"""Every key has one answer, and the answer is true."""

import uuid
from collections import Counter

from notes import document, is_final
from world import by


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
    """Everything in the database was requested by a client."""
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
