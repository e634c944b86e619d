import { useNavigate, useSearch } from "@tanstack/react-router";
import { Search, X } from "lucide-react";
import { Fragment, type ReactNode, useEffect, useEffectEvent, useRef, useState } from "react";
import type { Filter } from "@/api/paged-list";
import { asDate } from "@/lib/period";
import { Button, IconButton } from "@/ui/button";
import { DateRange } from "@/ui/date-range";
import { TextInput } from "@/ui/field";
import { Select } from "@/ui/select";

/** What is filtered by stands in the address: it can be kept, sent on, and gone back to. */
export function useFilter(): [Filter, (change: Filter) => void] {
  const filter = useSearch({ strict: false }) as Filter;
  const navigate = useNavigate();
  const change = (changed: Filter) => {
    const entries = Object.entries({ ...filter, ...changed }).filter(([, value]) => value);
    void navigate({ to: ".", search: Object.fromEntries(entries) as never, replace: true });
  };
  return [filter, change];
}

export function FilterBar({ children }: { children: ReactNode }) {
  const [filter, change] = useFilter();
  const names = Object.keys(filter).filter((name) => filter[name]);
  const bar = useRef<HTMLElement>(null);
  const [clears, setClears] = useState(0);
  const clear = () => {
    // The filters begin anew: a text that was not searched for yet and dates that were not applied are gone too.
    setClears((count) => count + 1);
    change(Object.fromEntries(names.map((name) => [name, undefined])));
    // The button goes away; the focus must not.
    bar.current?.focus();
  };
  return (
    <search
      ref={bar}
      tabIndex={-1}
      className="flex flex-wrap items-end gap-x-3 gap-y-2 border-line border-b px-5 py-3.5 outline-none"
    >
      <Fragment key={clears}>{children}</Fragment>
      {names.length > 0 && (
        <Button variant="ghost" onClick={clear}>
          <X aria-hidden />
          Clear
        </Button>
      )}
    </search>
  );
}

const SETTLED_MS = 300;

/** Looks once the typing has paused. */
export function SearchFilter({ name, label, placeholder }: { name: string; label: string; placeholder?: string }) {
  const [filter, change] = useFilter();
  const kept = filter[name] ?? "";
  const [typed, setTyped] = useState(kept);
  const search = useEffectEvent((text: string) => {
    if (text !== kept) change({ [name]: text || undefined });
  });
  useEffect(() => {
    const timer = setTimeout(() => search(typed.trim()), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  // Cleared or changed from elsewhere, such as the back button. A space at the end of what is being typed stays.
  useEffect(() => setTyped((now) => (now.trim() === kept ? now : kept)), [kept]);

  return (
    <div className="relative min-w-0 flex-1 basis-56">
      <Search className="-translate-y-1/2 pointer-events-none absolute top-1/2 left-3 size-4 text-faint" aria-hidden />
      <TextInput
        type="search"
        aria-label={label}
        placeholder={placeholder ?? label}
        maxLength={255}
        className="h-9 pr-9 pl-9 [&::-webkit-search-cancel-button]:hidden"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      {typed && (
        <IconButton
          label="Clear the search"
          className="absolute top-0.5 right-0.5 size-8"
          onClick={() => {
            setTyped("");
            change({ [name]: undefined });
          }}
        >
          <X aria-hidden />
        </IconButton>
      )}
    </div>
  );
}

export function SelectFilter({ name, label, any, options }: SelectFilterProps) {
  const [filter, change] = useFilter();
  return (
    <Select
      aria-label={label}
      value={filter[name] ?? ""}
      onChange={(event) => change({ [name]: event.target.value || undefined })}
    >
      <option value="">{any}</option>
      {Object.entries(options).map(([value, text]) => (
        <option key={value} value={value}>
          {text}
        </option>
      ))}
    </Select>
  );
}

interface SelectFilterProps {
  name: string;
  label: string;
  /** The choice of not filtering. */
  any: string;
  options: Record<string, string>;
}

/** From which day to which, in the time zone that is shown. */
export function DateFilters() {
  const [filter, change] = useFilter();
  return (
    <DateRange
      value={{ from: asDate(filter.from), to: asDate(filter.to) }}
      onChange={({ from, to }) => change({ from, to })}
    />
  );
}
