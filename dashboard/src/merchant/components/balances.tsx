import { useQuery } from "@tanstack/react-query";
import { inWords } from "@/api/errors";
import { meQuery } from "@/api/queries";
import type { Me } from "@/api/types";
import { Dot, type Tone } from "@/ui/badge";
import { Money } from "@/ui/money";
import { ErrorState, Skeleton } from "@/ui/states";

/** The three figures, all out of one answer: total = available + held at every moment. */
export function Balances() {
  const { data: me, error, refetch } = useQuery(meQuery);
  return (
    <section aria-label="Balances" className="overflow-hidden rounded-box border border-line bg-surface shadow-box">
      {me ? (
        <Figures me={me} />
      ) : error ? (
        <ErrorState title="The balances could not be read" onRetry={() => void refetch()}>
          {inWords(error)}
        </ErrorState>
      ) : (
        <Waiting />
      )}
    </section>
  );
}

function Figures({ me }: { me: Me }) {
  const available = me.available_balance_paise;
  const held = me.held_balance_paise;
  return (
    <dl className="grid sm:grid-cols-[1.4fr_1fr_1fr] sm:divide-x sm:divide-line max-sm:divide-y max-sm:divide-line">
      <div className="px-5 py-5">
        <Name tone="accent">Available</Name>
        <dd className="mt-1.5 font-semibold text-[2rem] leading-tight tracking-tight" data-testid="available">
          <Money paise={available} isHeadline />
        </dd>
        <dd className="mt-1 text-[0.8125rem] text-faint">can be paid out now</dd>
      </div>
      <Lesser name="Held" tone="warn" paise={held} note="promised to payouts under way" />
      <Lesser name="Total" tone="neutral" paise={available + held} note="available and held" />
    </dl>
  );
}

function Name({ tone, children }: { tone: Tone; children: string }) {
  return (
    <dt className="flex items-center gap-2 font-medium text-[0.8125rem] text-soft">
      <Dot tone={tone} />
      {children}
    </dt>
  );
}

function Lesser({ name, tone, paise, note }: { name: string; tone: Tone; paise: number; note: string }) {
  return (
    <div className="px-5 py-5 max-sm:grid max-sm:grid-cols-[1fr_auto] max-sm:items-baseline max-sm:py-3.5">
      <Name tone={tone}>{name}</Name>
      <dd
        className="mt-1.5 font-semibold text-xl leading-tight tracking-tight sm:mt-2.5"
        data-testid={name.toLowerCase()}
      >
        <Money paise={paise} isHeadline />
      </dd>
      <dd className="mt-1 text-[0.8125rem] text-faint max-sm:col-span-2 max-sm:mt-0">{note}</dd>
    </div>
  );
}

function Waiting() {
  return (
    <div role="status" aria-label="Reading the balances" className="grid gap-5 px-5 py-6 sm:grid-cols-[1.4fr_1fr_1fr]">
      {["w-48", "w-32", "w-32"].map((width, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: three places that do not move.
        <div key={index} className="grid gap-3">
          <Skeleton className="w-20" />
          <Skeleton className={`h-8 ${width}`} />
        </div>
      ))}
    </div>
  );
}
