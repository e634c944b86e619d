// @vitest-environment jsdom
import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { ApiError, ConnectionLost } from "@/api/errors";
import { Form, TextField, useApiForm } from "./form";

const schema = z.object({
  amount: z.string().regex(/^\d+$/, "Only digits."),
  note: z.string().trim().min(1, "Say why."),
});

interface Props {
  error?: Error | null;
  onSubmit?: (values: object) => void;
  onChange?: (values: object) => void;
  isBusy?: boolean;
}

function Example({ error = null, onSubmit = () => {}, onChange, isBusy = false }: Props) {
  const form = useApiForm({
    schema,
    defaultValues: { amount: "", note: "" },
    error,
    names: { amount_paise: "amount" },
    codes: { note_taken: "note" },
    ...(onChange ? { onChange } : {}),
  });
  return (
    <Form form={form} onSubmit={onSubmit} submit="Send" isBusy={isBusy}>
      <TextField form={form} name="amount" label="Amount" />
      <TextField form={form} name="note" label="Note" />
    </Form>
  );
}

const refusal = (body: object) => new ApiError(new Response(null, { status: 400 }), { code: "invalid", ...body });
const send = () => screen.getByRole("button", { name: "Send" });

test("nothing is sent until every field is as it must be; then what was typed is, without the space around it", async () => {
  const user = userEvent.setup();
  const onSubmit = vi.fn();
  render(<Example onSubmit={onSubmit} />);
  await user.type(screen.getByLabelText("Amount"), "1x");
  await user.click(send());
  await screen.findByText("Only digits.");
  await screen.findByText("Say why.");
  expect(screen.getByLabelText("Amount").getAttribute("aria-invalid")).toBe("true");
  expect(document.activeElement).toBe(screen.getByLabelText("Amount"));
  expect(onSubmit).not.toHaveBeenCalled();
  await user.clear(screen.getByLabelText("Amount"));
  await user.type(screen.getByLabelText("Amount"), "12");
  await user.type(screen.getByLabelText("Note"), " rent ");
  await user.click(send());
  await waitFor(() => expect(onSubmit).toHaveBeenCalledWith({ amount: "12", note: "rent" }));
});

test("the server's refusal stands at the fields that it is about", async () => {
  const { rerender } = render(<Example />);
  rerender(<Example error={refusal({ amount_paise: ["Too small.", "Not paise."], note: ["Too long."] })} />);
  await screen.findByText("Too small. Not paise.");
  await screen.findByText("Too long.");
  expect(screen.queryByText(/The server answered/)).toBeNull();
  rerender(<Example error={refusal({ code: "note_taken", detail: "Another one has this note." })} />);
  await screen.findByText("Another one has this note.");
  expect(screen.getByLabelText("Note").getAttribute("aria-invalid")).toBe("true");
});

test.each([
  [refusal({ code: "too_large", detail: "The balance would be too large." }), "The balance would be too large."],
  [new ConnectionLost(null), "The server cannot be reached. Check the connection and try again."],
])("what is about no field stands under the form: %s", async (error, text) => {
  render(<Example error={error} />);
  await screen.findByText(text);
});

test("a form that is being sent is not sent again, and a draft hears of what is typed", async () => {
  const user = userEvent.setup();
  const onSubmit = vi.fn();
  const onChange = vi.fn();
  render(<Example onSubmit={onSubmit} onChange={onChange} isBusy />);
  await user.type(screen.getByLabelText("Amount"), "7");
  await user.type(screen.getByLabelText("Note"), "x{Enter}");
  expect(onChange.mock.lastCall?.[0]).toEqual({ amount: "7", note: "x" });
  expect(onSubmit).not.toHaveBeenCalled();
});
