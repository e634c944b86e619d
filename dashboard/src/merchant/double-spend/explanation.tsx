import { Card, CardBody } from "@/ui/card";

const reasons = [
  {
    title: "One decision at a time",
    text: "Both requests arrive at the same time, but only one transaction at a time can write to a merchant's ledger: it holds a lock while it decides.",
  },
  {
    title: "The balance is read under the lock",
    text: "The second request sees the balance after the first one's hold. The balance is read from the newest ledger entry, never from a copy.",
  },
  {
    title: "The database checks again",
    text: "The database itself refuses an entry that takes the balance below zero, even if the program had a bug.",
  },
] as const;

/** Why only one of the two requests is accepted. */
export function Explanation() {
  return (
    <Card title="Why only one is accepted">
      <CardBody>
        <ol className="grid gap-5 sm:grid-cols-3">
          {reasons.map(({ title, text }, index) => (
            <li key={title}>
              <p className="mb-1 font-medium">
                <span className="tabular mr-2 text-faint">{index + 1}</span>
                {title}
              </p>
              <p className="text-soft">{text}</p>
            </li>
          ))}
        </ol>
      </CardBody>
    </Card>
  );
}
