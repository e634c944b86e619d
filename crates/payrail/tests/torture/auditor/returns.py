"""Checks what became of the bank's statements about returns and UTRs, true or forged.

Only real returns are credited, once. Each other line of the bank's list is one exception of the right kind, and so is
each UTR that two payouts have. `payrail verify` names exactly the open exceptions."""

from collections import Counter

from world import by, payout_id, reference


def check_returns(world, found):
    check_list_is_true(world, found)
    exceptions = by([row for row in world.exceptions if row["return_number"] is not None], "return_number")
    fitting = []
    for number, line in world.lines.items():
        why = kind_of(world, line)
        if why is None:
            fitting.append(line)
        else:
            check_forged(world, found, line, why, exceptions[number])
    for lines in by(fitting, "reference").values():
        check_fitting(world, found, lines, exceptions)
    check_rows(world, found)
    cursor = int(world.settings.get("bank_returns_cursor", 0))
    if cursor != max(world.lines, default=0):
        found.add("cursor_behind", f"the list has {max(world.lines, default=0)} lines, and the cursor is at {cursor}")


def check_list_is_true(world, found):
    """Every real return is in the list once as a true line, and no other line is true."""
    listed = Counter(line["reference"] for line in world.lines.values() if not line["forged"])
    if listed != Counter(world.returns):
        found.add("list_wrong", f"{len(world.returns)} came back, {sum(listed.values())} true lines are in the list")


def kind_of(world, line):
    """The exception that a line must become; none if all its facts match a real return."""
    payout = world.payouts.get(payout_id(line["reference"]))
    transfer = world.transfers.get(line["reference"])
    if payout is None or transfer is None or reference(payout) != line["reference"]:
        return "return_unknown_reference"
    if line["amount_paise"] != transfer["amount_paise"]:
        return "return_other_amount"
    if line["utr"] != world.stated_utr(transfer):
        return "return_other_utr"
    return None if line["reference"] in world.returns else "return_unfounded"


def is_credited(world, line):
    return any(row["status"] == "credited" for row in world.bank_returns[line["number"]])


def check_forged(world, found, line, why, exceptions):
    name = f"line {line['number']} ({line['reference']}, {line['amount_paise']} paise, {line['utr']})"
    if is_credited(world, line):
        found.add("forgery_credited", f"{name} is {why}")
    check_exception(found, name, line, why, exceptions)


def check_exception(found, name, line, why, exceptions):
    if len(exceptions) != 1:
        kinds = [row["kind"] for row in exceptions]
        found.add("not_one_exception", f"{name} is {why}, and its exceptions are {kinds}")
        return
    row = exceptions[0]
    said = row["kind"], row["reference"], row["stated_paise"], row["stated_utr"]
    if said != (why, line["reference"], line["amount_paise"], line["utr"]):
        found.add("exception_wrong", f"{name} is {why}; recorded is {said}")
    elif row["payout_id"] != (None if why == "return_unknown_reference" else payout_id(line["reference"])):
        found.add("exception_wrong", f"{name} is an exception of payout {row['payout_id']}")


def check_fitting(world, found, lines, exceptions):
    """Of several true lines about one return, the first one read is credited; the others are second returns."""
    credited = [line for line in lines if is_credited(world, line)]
    if len(credited) != 1:
        found.add("not_one_credit", f"{lines[0]['reference']} came back; {len(credited)} lines are credited")
    for line in lines:
        name = f"line {line['number']} ({line['reference']})"
        if line not in credited:
            check_exception(found, name, line, "return_again", exceptions[line["number"]])
        elif exceptions[line["number"]]:
            found.add("credit_is_exception", f"{name} is credited and an exception")


def check_rows(world, found):
    """The database's lines are in the list, and are decided."""
    for number, rows in world.bank_returns.items():
        line = world.lines.get(number)
        for row in rows:
            kept = row["reference"], row["amount_paise"], row["utr"]
            if line is None or kept != (line["reference"], line["amount_paise"], line["utr"]):
                found.add("line_altered", f"line {number} is kept as {kept}; the bank stated {line}")
            if row["status"] == "waiting":
                found.add("return_waits", f"line {number}: {row['waits_for']}")
    for row in world.exceptions:
        if row["kind"] != "duplicate_utr" and row["return_number"] not in world.lines:
            found.add("exception_of_nothing", f"{row['kind']} {row['id']} is about no line of the list")


def check_utrs(world, found):
    """A UTR of two payouts is one exception, even if both were settled at the same time."""
    duplicates = by([row for row in world.exceptions if row["kind"] == "duplicate_utr"], "stated_utr")
    groups = by([payout for payout in world.payouts.values() if payout["utr"]], "utr")
    shared = {utr: {payout["id"] for payout in payouts} for utr, payouts in groups.items() if len(payouts) > 1}
    for utr, payouts in shared.items():
        named = [{row["payout_id"], row["other_payout_id"]} for row in duplicates[utr]]
        if named != [payouts]:
            found.add("shared_utr_unseen", f"UTR {utr} has {sorted(payouts)}; recorded are {named}")
    for utr in {*duplicates} - {*shared}:
        if duplicates[utr]:
            found.add("exception_of_nothing", f"duplicate_utr {utr}, which two payouts do not have")


def check_verify(world, found):
    """`payrail verify` names every open exception, and nothing else."""
    expected = Counter(
        ("open_exception", row["payout_id"] or row["reference"] or row["id"])
        for row in world.exceptions
        if row["resolved_at"] is None
    )
    for kind, subject in expected - world.verified:
        found.add("verify_silent", f"payrail verify does not name {kind} of {subject}")
    for kind, subject in world.verified - expected:
        found.add("verify_wrong", f"payrail verify names {kind} of {subject}, which is in order")
