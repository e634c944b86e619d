// @vitest-environment jsdom
import { render, screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { Money } from "./money";
import { Table } from "./table";

const rows = [
  { id: 1, name: "first", paise: 10_000_000 },
  { id: 2, name: "second", paise: 5 },
];

it("is a table to a screen reader, and each cell knows its column for the cards of a phone", () => {
  render(
    <Table
      caption="Things"
      columns={[
        { name: "Name", cell: ({ name }) => name, phone: "title" },
        { name: "Amount", align: "end", cell: ({ paise }) => <Money paise={paise} /> },
      ]}
      rows={rows}
      rowKey={({ id }) => id}
    />,
  );
  const table = screen.getByRole("table", { name: "Things" });
  expect(
    within(table)
      .getAllByRole("columnheader")
      .map(({ textContent }) => textContent),
  ).toEqual(["Name", "Amount"]);
  const [, first] = within(table).getAllByRole("row");
  const cells = within(first as HTMLElement).getAllByRole("cell");
  expect(cells.map(({ textContent }) => textContent)).toEqual(["first", "₹1,00,000.00"]);
  expect(cells[1]).toHaveAttribute("data-label", "Amount");
});

it("does not claim to know how many rows there are while there are more", () => {
  const columns = [{ name: "Name", cell: ({ name }: (typeof rows)[number]) => name }];
  const table = { caption: "Things", columns, rows, rowKey: ({ id }: (typeof rows)[number]) => id };
  const { rerender } = render(<Table {...table} isPartial />);
  expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "-1");
  rerender(<Table {...table} />);
  expect(screen.getByRole("table")).toHaveAttribute("aria-rowcount", "3");
});
