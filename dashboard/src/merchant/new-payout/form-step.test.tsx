// @vitest-environment jsdom
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { describe, expect, it } from "vitest";
import { FormStep, type Wish } from "./form-step";
import { noRefusal, type Refusal } from "./refusal";

function Form({
  refusal = noRefusal,
  isDemo = false,
  available = 10_000,
  onDone,
}: {
  refusal?: Refusal;
  isDemo?: boolean;
  available?: number;
  onDone: (wish: Wish) => void;
}) {
  const [typed, setTyped] = useState({ amount: "", account: "" });
  return (
    <FormStep
      typed={typed}
      onType={setTyped}
      available={available}
      isDemo={isDemo}
      refusal={refusal}
      onEdit={undefined}
      onDone={onDone}
    />
  );
}

const show = (refusal?: Refusal, isDemo?: boolean, available?: number) => {
  const wishes: Wish[] = [];
  render(
    <Form
      {...(refusal && { refusal })}
      isDemo={isDemo ?? false}
      {...(available && { available })}
      onDone={(wish) => wishes.push(wish)}
    />,
  );
  return {
    wishes,
    amount: screen.getByLabelText("Amount in rupees"),
    account: screen.getByLabelText("Bank account"),
    next: screen.getByRole("button", { name: "Continue" }),
    user: userEvent.setup(),
  };
};

describe("the payout form", () => {
  it("says what will be left, and what is missing", async () => {
    const { amount, user } = show();
    expect(amount).toHaveAccessibleDescription("₹100.00 available");
    await user.type(amount, "60.50");
    expect(amount).toHaveAccessibleDescription("₹39.50 will be left");
    await user.clear(amount);
    await user.type(amount, "160");
    expect(amount).toHaveAccessibleDescription("₹60.00 more than the ₹100.00 available");
  });

  it("refuses what the balance cannot pay before anything is sent", async () => {
    const { amount, account, next, wishes, user } = show();
    await user.type(account, "demo-success");
    await user.type(amount, "160");
    await user.click(next);
    expect(amount).toBeInvalid();
    expect(amount).toHaveAccessibleDescription(/₹160\.00 is ₹60\.00 more than the ₹100\.00 available\./);
    expect(amount).toHaveFocus();
    expect(wishes).toEqual([]);
  });

  it("refuses what cannot be an account", async () => {
    const { amount, account, next, wishes, user } = show();
    await user.type(amount, "1");
    await user.click(account);
    await user.paste("asdf ghjk 🏦");
    await user.click(next);
    expect(account).toHaveAccessibleDescription(/no emoji/);
    expect(account).toHaveFocus();
    expect(wishes).toEqual([]);
  });

  it("hands over exact paise and a trimmed account", async () => {
    const { amount, account, next, wishes, user } = show(undefined, false, 100_000_000);
    await user.type(amount, "₹ 1,00,000.05");
    await user.type(account, "  demo-success ");
    await user.click(next);
    expect(wishes).toEqual([{ amountPaise: 10_000_005, account: "demo-success" }]);
  });

  it("explains what it does not understand next to the field, and goes there", async () => {
    const { amount, account, next, wishes, user } = show();
    await user.type(amount, "1,50");
    await user.click(next);
    expect(amount).toBeInvalid();
    expect(amount).toHaveAccessibleDescription(/not clear/);
    expect(account).toHaveAccessibleDescription(/Enter the bank account/);
    expect(amount).toHaveFocus();
    await user.clear(amount);
    await user.type(amount, "1.50");
    await user.click(next);
    expect(account).toHaveFocus();
    expect(wishes).toEqual([]);
  });

  it("counts characters as a person does", async () => {
    const { amount, account, next, wishes, user } = show();
    await user.type(amount, "1");
    await user.click(account);
    await user.paste("₹".repeat(256));
    await user.click(next);
    expect(account).toHaveAccessibleDescription(/255 characters/);
    await user.clear(account);
    await user.paste("𝐀".repeat(255));
    await user.click(next);
    expect(wishes).toHaveLength(1);
  });

  it("shows the server's refusal next to its field", () => {
    const { amount, account } = show({ ...noRefusal, amount: ["Too little."] });
    expect(amount).toBeInvalid();
    expect(amount).toHaveAccessibleDescription(/Too little\./);
    expect(account).toBeValid();
  });

  it("offers demo accounts in demo mode only", async () => {
    const { account, user } = show(undefined, true);
    await user.click(screen.getByRole("button", { name: /^demo-silent/ }));
    expect(account).toHaveValue("demo-silent");
    expect(screen.getByRole("button", { name: /^demo-silent/ })).toHaveAttribute("aria-pressed", "true");
  });

  it("offers none otherwise", () => {
    show();
    expect(screen.queryByRole("button", { name: /^demo-/ })).toBeNull();
  });
});
