"""The clients' notes."""

import json


class Clients:
    """The clients' notes: calls, each with its request and, if there was one, its answer."""

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
    """An answer that invites a retry is not definite."""
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
