import { demoAccounts } from "@/components/payout-words";
import { cn } from "@/ui/cn";

/** What the simulated bank does with each account, one click each. */
export function DemoAccounts({ chosen, onChoose }: { chosen: string; onChoose: (id: string) => void }) {
  return (
    <fieldset className="-mt-2">
      <legend className="mb-2 text-[0.8125rem] text-faint">Accounts of the simulated bank</legend>
      <ul className="grid max-h-52 gap-1 overflow-y-auto rounded-lg border border-line p-1">
        {demoAccounts.map(({ id, does }) => (
          <li key={id}>
            <button
              type="button"
              aria-pressed={chosen === id}
              onClick={() => onChoose(id)}
              className={cn(
                "flex w-full flex-wrap items-baseline gap-x-2 rounded-md px-2.5 py-1.5 text-left hover:bg-sunken focus-visible:outline-offset-[-2px]",
                chosen === id && "bg-accent-soft hover:bg-accent-soft",
              )}
            >
              <span className={cn("font-medium text-[0.8125rem]", chosen === id && "text-accent-text")}>{id}</span>
              <span className="text-[0.8125rem] text-soft">{does}</span>
            </button>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
