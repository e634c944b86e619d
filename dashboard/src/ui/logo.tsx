/** The mark and the name. `suffix` says which application this is. */
export function Logo({ suffix }: { suffix?: string }) {
  return (
    <span className="inline-flex items-center gap-2.5 font-semibold text-[0.9375rem] tracking-tight">
      <svg viewBox="0 0 32 32" className="size-7 shrink-0" aria-hidden>
        <rect width="32" height="32" rx="8" className="fill-accent" />
        <path
          d="M10 9h9.2a4.9 4.9 0 0 1 0 9.8H10M10 14h13M10 18.8 18 25"
          fill="none"
          className="stroke-on-accent"
          strokeWidth="2.6"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      PayRail
      {suffix && <span className="rounded-md bg-sunken px-1.5 py-0.5 font-medium text-soft text-xs">{suffix}</span>}
    </span>
  );
}
