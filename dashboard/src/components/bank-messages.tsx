import { ChevronRight } from "lucide-react";
import type { PayoutTimeline } from "@/api/types";
import { formatStep } from "@/lib/time";
import { useNow } from "@/lib/use-now";
import { Card } from "@/ui/card";
import { bankMessages } from "./timeline-entries";

/** What went to the bank and what came back, letter by letter: for whoever must look that closely. */
export function BankMessages({ payout }: { payout: Pick<PayoutTimeline, "calls"> }) {
  const messages = bankMessages(payout);
  const now = useNow(60_000);
  if (messages.length === 0) return null;
  return (
    <Card title="Bank messages" hint="Every call to the bank, as it was sent and answered.">
      <ol className="divide-y divide-line border-line border-t">
        {messages.map((message) => (
          <li key={message.number}>
            <details className="group px-5 py-3">
              <summary className="flex cursor-pointer flex-wrap justify-between gap-x-4 rounded">
                <span className="flex items-center gap-2">
                  <ChevronRight className="size-4 shrink-0 text-faint group-open:rotate-90" aria-hidden />
                  <span>
                    {message.title}: <span className="text-soft">{message.result}</span>
                  </span>
                </span>
                <span className="tabular text-[0.8125rem] text-faint">{formatStep(new Date(message.at), now)}</span>
              </summary>
              <dl className="mt-2 grid gap-1.5 rounded-lg bg-sunken p-3 font-mono text-xs">
                {message.sent && <Letters name="sent" text={message.sent} />}
                {message.received && <Letters name="received" text={message.received} />}
              </dl>
            </details>
          </li>
        ))}
      </ol>
    </Card>
  );
}

function Letters({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt className="font-sans text-faint">{name}</dt>
      <dd className="whitespace-pre-wrap break-all">{text}</dd>
    </div>
  );
}
