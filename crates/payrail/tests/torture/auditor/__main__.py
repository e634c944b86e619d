"""The torture test's auditor. It shares no code with PayRail, and knows only three things: the clients' notes (requests
and answers), the rows of the database, and the bank's book (with a note of the bank's false statements). From these it
checks every promise, and whether `payrail verify` found what it must. Each difference has a name. Exit status 1 if
there is one.

    python3 auditor --clients FILE --database URL --bank FILE --stated FILE --verified FILE --other-bank FILE
        --asked-of-other FILE [--psql PROGRAM] [--json FILE]
"""

import argparse
import json
import sys
from collections import Counter

from answers import check_answers
from bank import check_bank, check_other_bank
from ledger import check_ledger
from payouts import check_payouts
from returns import check_returns, check_utrs, check_verify
from sights import check_events, check_sights
from world import World


class Findings(list):
    def add(self, kind, what):
        self.append((kind, what))


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
        "asked_of_other_bank": sum(world.asked_of_other.values()),
        "forged_returns": sum(line["forged"] for line in world.lines.values()),
        "exceptions": Counter(row["kind"] for row in world.exceptions),
        "verify": Counter(kind for kind, _ in world.verified.elements()),
        "differences": found,
    }


def main():
    parser = argparse.ArgumentParser(description="The torture test's auditor.")
    parser.add_argument("--clients", required=True, help="what the clients wrote down, a JSON object a line")
    parser.add_argument("--database", required=True, help="sqlite:///path or postgres://user@host:port/name")
    parser.add_argument("--bank", required=True, help="the bank's book, an SQLite file")
    parser.add_argument("--stated", required=True, help="what the bank stated about returns and UTRs, an object a line")
    parser.add_argument("--verified", required=True, help="the report of `payrail verify --json`")
    parser.add_argument("--other-bank", required=True, help="the book of the bank that nobody may pay through")
    parser.add_argument("--asked-of-other", required=True, help="what was asked of that bank, an object a line")
    parser.add_argument("--psql", default="psql")
    parser.add_argument("--json", help="where to write the figures")
    arguments = parser.parse_args()
    world, found = World(arguments), Findings()
    checks = check_answers, check_ledger, check_payouts, check_bank, check_other_bank, check_sights, check_events
    for check in (*checks, check_returns, check_utrs, check_verify):
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
