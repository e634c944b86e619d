import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { asDate, type Period, type Preset, periodError, presetOf, presets } from "@/lib/period";
import { dateOf } from "@/lib/time";
import { useZone, zoneName } from "@/lib/zone";
import { TextInput } from "./field";
import { Select } from "./select";

interface DateRangeProps {
  value: Period;
  /** Called with a period that can be asked for, never with a reversed one. */
  onChange: (period: Period) => void;
}

/** Both dates as they stand in their fields. A year that is being typed makes dates such as 0002-10-09 on the way. */
interface Typed {
  from: string;
  to: string;
}

const typedOf = ({ from, to }: Period): Typed => ({ from: from ?? "", to: to ?? "" });

/** Why what is typed is no period, in words. A field that is empty does not bound. */
function errorOf(typed: Typed): string | null {
  if ([typed.from, typed.to].some((text) => text !== "" && !asDate(text))) return "This date is not valid.";
  return periodError(typed);
}

/** From which day to which: presets, or two dates. The days are those of the time zone that is shown. */
export function DateRange({ value, onChange }: DateRangeProps) {
  const zone = useZone();
  const preset = presetOf(value, new Date());
  const [isOpen, setOpen] = useState(false);
  const isCustom = isOpen || preset === null;

  const choose = (name: string) => {
    setOpen(name === "custom");
    if (name !== "custom") onChange(presets[name as Preset].period(dateOf(new Date())));
  };
  const change = (period: Period) => {
    // Two dates that happen to be a preset stay two dates while somebody types.
    setOpen(true);
    onChange(period);
  };

  return (
    <fieldset className="flex min-w-0 flex-wrap items-center gap-2 max-sm:w-full">
      <legend className="sr-only">Dates, in {zoneName(zone)}</legend>
      <Select
        aria-label="Dates"
        title={`Dates in ${zoneName(zone)}`}
        value={isCustom ? "custom" : preset}
        onChange={(event) => choose(event.target.value)}
        className="w-40 max-sm:w-full"
      >
        {Object.entries(presets).map(([name, option]) => (
          <option key={name} value={name}>
            {option.name}
          </option>
        ))}
        <option value="custom">Custom range</option>
      </Select>
      {isCustom && <TwoDates value={value} onChange={change} />}
    </fieldset>
  );
}

/** Two dates, typed or picked. What is typed counts once the field is left or Enter is pressed. */
function TwoDates({ value, onChange }: DateRangeProps) {
  const zone = useZone();
  const id = useId();
  const [typed, setTyped] = useState(typedOf(value));
  const [error, setError] = useState(errorOf(typed));
  // A date that comes without a key was picked from the calendar: it is complete.
  const isTyping = useRef(false);
  useEffect(() => {
    const next = typedOf({ from: value.from, to: value.to });
    setTyped(next);
    setError(errorOf(next));
  }, [value.from, value.to]);

  const apply = (next: Typed) => {
    const wrong = errorOf(next);
    setError(wrong);
    if (!wrong) onChange({ from: asDate(next.from), to: asDate(next.to) });
  };
  const type = (which: keyof Typed, text: string) => {
    const next = { ...typed, [which]: text };
    setTyped(next);
    if (!isTyping.current) apply(next);
  };
  const press = (event: KeyboardEvent) => {
    isTyping.current = true;
    if (event.key === "Enter") apply(typed);
  };
  const date = (which: keyof Typed, label: string) => (
    <TextInput
      type="date"
      aria-label={label}
      aria-invalid={error !== null}
      aria-describedby={error ? `${id}-error` : undefined}
      value={typed[which]}
      onChange={(event) => type(which, event.target.value)}
      onKeyDown={press}
      onPointerDown={() => {
        isTyping.current = false;
      }}
      onBlur={() => {
        isTyping.current = false;
        apply(typed);
      }}
      className="h-9 w-36 max-sm:w-full max-sm:flex-1"
    />
  );
  return (
    <>
      <div className="flex min-w-0 flex-wrap items-center gap-2 max-sm:w-full">
        {date("from", "From")}
        <span className="text-faint">to</span>
        {date("to", "To")}
        <span className="text-faint text-xs">{zoneName(zone)}</span>
      </div>
      {error && (
        <p id={`${id}-error`} role="alert" className="w-full text-[0.8125rem] text-bad">
          {error}
        </p>
      )}
    </>
  );
}
