import { useQuery } from "@tanstack/react-query";
import { inWords } from "@/api/errors";
import type { Me } from "@/api/types";
import { formatPaise } from "@/lib/money";
import { Dot, type Tone } from "@/ui/badge";
import { Fit } from "@/ui/fit";
import { Money } from "@/ui/money";
import { ErrorState, Skeleton } from "@/ui/states";
import { meQuery } from "../queries";

/** The three figures, all out of one answer: total = available + held at every moment. */
export function Balances() {
  const { data: me, error, refetch } = useQuery(meQuery);
  return (
    <section aria-label="Balances" className="overflow-hidden rounded-box border border-line bg-surface shadow-box">
      {me ? (
        <Figures me={me} />
      ) : error ? (
        <ErrorState title="The balances could not be loaded" onRetry={() => void refetch()}>
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
    <dl className="grid sm:grid-cols-[minmax(0,1.4fr)_minmax(0,1fr)_minmax(0,1fr)] sm:divide-x sm:divide-line max-sm:divide-y max-sm:divide-line">
      <div className="min-w-0 px-5 py-5">
        <Name tone="accent">Available</Name>
        <dd className="mt-1.5 font-semibold leading-tight tracking-tight" data-testid="available">
          <Figure paise={available} most={2} />
        </dd>
        <dd className="mt-1 text-[0.8125rem] text-faint">Can be paid out now</dd>
      </div>
      <Lesser name="Held" tone="warn" paise={held} note="Reserved for payouts in progress" />
      <Lesser name="Total" tone="neutral" paise={available + held} note="Available and held" />
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

/** As large as its place allows: with crores on a narrow phone it becomes smaller, and stays whole. */
const Figure = ({ paise, most }: { paise: number; most: number }) => (
  <Fit most={most} length={formatPaise(paise).length}>
    <Money paise={paise} isHeadline />
  </Fit>
);

function Lesser({ name, tone, paise, note }: { name: string; tone: Tone; paise: number; note: string }) {
  return (
    <div className="min-w-0 px-5 py-5 max-sm:grid max-sm:grid-cols-[auto_1fr] max-sm:items-baseline max-sm:gap-x-4 max-sm:py-3.5">
      <Name tone={tone}>{name}</Name>
      <dd
        className="mt-1.5 font-semibold leading-tight tracking-tight max-sm:text-right sm:mt-2.5"
        data-testid={name.toLowerCase()}
      >
        <Figure paise={paise} most={1.25} />
      </dd>
      <dd className="mt-1 text-[0.8125rem] text-faint max-sm:col-span-2 max-sm:mt-0">{note}</dd>
    </div>
  );
}

function Waiting() {
  return (
    <div role="status" aria-label="Loading the balances" className="grid gap-5 px-5 py-6 sm:grid-cols-[1.4fr_1fr_1fr]">
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
