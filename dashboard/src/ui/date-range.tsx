import { useEffect, useId, useState } from "react";
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

/** From which day to which: presets, or two dates. The days are those of the time zone that is shown. */
export function DateRange({ value, onChange }: DateRangeProps) {
  const zone = useZone();
  const id = useId();
  const preset = presetOf(value, new Date());
  const [isOpen, setOpen] = useState(preset === null);
  const [typed, setTyped] = useState<Period>(value);
  useEffect(() => setTyped({ from: value.from, to: value.to }), [value.from, value.to]);
  const isCustom = isOpen || preset === null;
  const error = isCustom ? periodError(typed) : null;

  const choose = (name: string) => {
    setOpen(name === "custom");
    if (name !== "custom") onChange(presets[name as Preset].period(dateOf(new Date())));
  };
  const type = (next: Period) => {
    setTyped(next);
    if (!periodError(next)) onChange(next);
  };
  const day = (which: "from" | "to", label: string) => (
    <TextInput
      type="date"
      aria-label={label}
      aria-invalid={error !== null}
      aria-describedby={error ? `${id}-error` : undefined}
      value={typed[which] ?? ""}
      onChange={(event) => type({ ...typed, [which]: asDate(event.target.value) })}
      className="h-9 w-36 max-sm:w-full max-sm:flex-1"
    />
  );

  return (
    <fieldset className="flex flex-wrap items-center gap-2 max-sm:w-full">
      <legend className="sr-only">Dates, in {zoneName(zone)}</legend>
      <Select
        aria-label="Dates"
        title={`Days in ${zoneName(zone)}`}
        value={isCustom ? "custom" : preset}
        onChange={(event) => choose(event.target.value)}
        className="w-40 max-sm:w-full"
      >
        {Object.entries(presets).map(([name, option]) => (
          <option key={name} value={name}>
            {option.name}
          </option>
        ))}
        <option value="custom">From … to …</option>
      </Select>
      {isCustom && (
        <div className="flex items-center gap-2 max-sm:w-full">
          {day("from", "First day")}
          <span className="text-faint">to</span>
          {day("to", "Last day")}
          <span className="text-faint text-xs">{zoneName(zone)}</span>
        </div>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="w-full text-[0.8125rem] text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}
