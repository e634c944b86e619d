import { Field, TextArea } from "@/ui/field";

const REASON_MIN = 10;
const REASON_MAX = 1_000;

const lengthOf = (reason: string) => [...reason.trim()].length;

/** What is wrong with a reason that the audit log is to keep. */
export function reasonFaults(reason: string): string[] {
  const length = lengthOf(reason);
  if (length < REASON_MIN) {
    return [`Write at least ${REASON_MIN} characters: who confirmed it, when, and in which document.`];
  }
  return length > REASON_MAX ? [`Write at most ${REASON_MAX} characters.`] : [];
}

interface ReasonFieldProps {
  question: string;
  value: string;
  errors: readonly string[];
  onChange: (reason: string) => void;
}

/** Why an operator decided as they did. */
export const ReasonField = ({ question, value, errors, onChange }: ReasonFieldProps) => (
  <Field label="Reason" hint={`${question} ${lengthOf(value)} of ${REASON_MAX} characters.`} error={errors}>
    {(wiring) => (
      <TextArea
        {...wiring}
        placeholder="The bank confirmed by letter of 22 November that …"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </Field>
);
