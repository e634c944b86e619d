import type { FieldValues, Path } from "react-hook-form";
import { z } from "zod";
import { type ApiForm, TextAreaField } from "@/components/form";

const REASON_MIN = 10;
const REASON_MAX = 1_000;

const lengthOf = (reason: string) => [...reason.trim()].length;

/** A reason that the audit log is to keep: `about` says what it must tell. Characters are counted as people count. */
export const reasonSchema = (about: string) =>
  z
    .string()
    .refine((reason) => lengthOf(reason) >= REASON_MIN, {
      error: `Write at least ${REASON_MIN} characters: ${about}.`,
    })
    .refine((reason) => lengthOf(reason) <= REASON_MAX, { error: `Write at most ${REASON_MAX} characters.` });

interface ReasonFieldProps<Values extends FieldValues> {
  form: ApiForm<Values>;
  name: Path<Values>;
  question: string;
  /** How such a reason may begin. */
  example: string;
}

/** Why an operator decided as they did. */
export const ReasonField = <Values extends FieldValues>({
  form,
  name,
  question,
  example,
}: ReasonFieldProps<Values>) => (
  <TextAreaField
    form={form}
    name={name}
    label="Reason"
    hint={`${question} ${lengthOf(form.watch(name))} of ${REASON_MAX} characters.`}
    placeholder={example}
  />
);
