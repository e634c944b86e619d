import { zodResolver } from "@hookform/resolvers/zod";
import { type ReactNode, useEffect, useEffectEvent } from "react";
import {
  type DefaultValues,
  type FieldValues,
  type Path,
  type UseFormReturn,
  useForm as useHookForm,
} from "react-hook-form";
import { config, type ZodType } from "zod";
import { ApiError, inWords } from "@/api/errors";
import { Button } from "@/ui/button";
import { Field, TextArea, TextInput } from "@/ui/field";
import { Notice } from "@/ui/states";

// The Content-Security-Policy forbids code that is made at run time. Schemas are made after this line: who makes one
// imports this module.
config({ jitless: true });

interface FormOptions<Values extends FieldValues> {
  schema: ZodType<Values, Values>;
  defaultValues: DefaultValues<Values>;
  /** Of the last sending: what is about a field stands at that field. */
  error: Error | null;
  /** The field that a refusal with this code is about. */
  codes?: Record<string, Path<Values>>;
  /** A field of the request that has another name in the form. */
  names?: Record<string, Path<Values>>;
  /** Told of everything that is typed, such as to keep a draft. */
  onChange?: (values: Values) => void;
}

export interface ApiForm<Values extends FieldValues> extends UseFormReturn<Values> {
  /** A refusal that is about no field, in words. */
  failure: string | null;
}

/** A form whose fields are checked against a schema before it is sent, and which shows what the server refuses. */
export function useApiForm<Values extends FieldValues>(options: FormOptions<Values>): ApiForm<Values> {
  const { schema, defaultValues, error, codes = {}, names = {}, onChange } = options;
  const form = useHookForm<Values>({ resolver: zodResolver(schema), defaultValues, shouldFocusError: true });
  const { setError, subscribe, getValues } = form;
  const isField = (name: string): name is Path<Values> => name in getValues();
  const refused = fieldErrors(error, codes, names, isField);

  const show = useEffectEvent(() => {
    for (const [name, message] of refused) setError(name, { type: "server", message });
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each answer.
  useEffect(() => show(), [error]);
  const tell = useEffectEvent((values: Values) => onChange?.(values));
  useEffect(() => subscribe({ formState: { values: true }, callback: ({ values }) => tell(values) }), [subscribe]);
  return { ...form, failure: error && refused.length === 0 ? inWords(error) : null };
}

/** The sentences of a refusal, by the field of the form that they are about. */
function fieldErrors<Values extends FieldValues>(
  error: Error | null,
  codes: Record<string, Path<Values>>,
  names: Record<string, Path<Values>>,
  isField: (name: string) => name is Path<Values>,
): [Path<Values>, string][] {
  if (!(error instanceof ApiError)) return [];
  const field = codes[error.code];
  if (field) return [[field, error.message]];
  return Object.keys(error.problem).flatMap((member) => {
    const name = names[member] ?? member;
    const texts = error.field(member);
    return texts.length > 0 && isField(name) ? [[name, texts.join(" ")] as [Path<Values>, string]] : [];
  });
}

interface FormProps<Values extends FieldValues> {
  form: ApiForm<Values>;
  onSubmit: (values: Values) => void;
  /** On the button that sends. */
  submit: ReactNode;
  onCancel?: (() => void) | undefined;
  cancel?: string;
  isBusy?: boolean;
  children: ReactNode;
}

export function Form<Values extends FieldValues>(props: FormProps<Values>) {
  const { form, onSubmit, submit, onCancel, cancel = "Cancel", isBusy = false, children } = props;
  const send = form.handleSubmit((values) => {
    if (!isBusy) onSubmit(values);
  });
  return (
    <form onSubmit={(event) => void send(event)} noValidate className="grid gap-5">
      {children}
      {form.failure && (
        <Notice tone="bad" role="alert">
          {form.failure}
        </Notice>
      )}
      <div className="mt-1 flex justify-end gap-2">
        {onCancel && (
          <Button onClick={onCancel} disabled={isBusy}>
            {cancel}
          </Button>
        )}
        {typeof submit === "string" ? (
          <Button type="submit" variant="primary" isBusy={isBusy}>
            {submit}
          </Button>
        ) : (
          submit
        )}
      </div>
    </form>
  );
}

interface FieldProps<Values extends FieldValues> {
  form: ApiForm<Values>;
  name: Path<Values>;
  label: ReactNode;
  hint?: ReactNode;
}

type InputProps = Omit<React.ComponentProps<"input">, "form" | "name">;

/** What is wrong with a field, in words. */
export const errorOf = <Values extends FieldValues>(form: ApiForm<Values>, name: Path<Values>): string | undefined =>
  form.getFieldState(name, form.formState).error?.message;

export function TextField<Values extends FieldValues>({
  form,
  name,
  label,
  hint,
  ...input
}: FieldProps<Values> & InputProps) {
  return (
    <Field label={label} hint={hint} error={errorOf(form, name)}>
      {(wiring) => <TextInput autoComplete="off" {...input} {...wiring} {...form.register(name)} />}
    </Field>
  );
}

export function TextAreaField<Values extends FieldValues>({
  form,
  name,
  label,
  hint,
  ...area
}: FieldProps<Values> & Omit<React.ComponentProps<"textarea">, "form" | "name">) {
  return (
    <Field label={label} hint={hint} error={errorOf(form, name)}>
      {(wiring) => <TextArea {...area} {...wiring} {...form.register(name)} />}
    </Field>
  );
}
