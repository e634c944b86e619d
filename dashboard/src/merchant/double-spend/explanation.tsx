import { Card, CardBody } from "@/ui/card";

const reasons = [
  {
    title: "One at a time",
    text: "Both requests reach the server at the same moment, but a merchant's book has one writer at a time: a lock, taken in the same transaction that decides.",
  },
  {
    title: "The balance is read under the lock",
    text: "The second request reads the balance after the first one's hold, not before it. It is the newest entry of the ledger, never a copy.",
  },
  {
    title: "The database has the last word",
    text: "Even if the program were wrong, an entry that takes the balance below zero is refused by the database itself.",
  },
] as const;

/** Why only one of two can win. */
export function Explanation() {
  return (
    <Card title="Why only one can win">
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
