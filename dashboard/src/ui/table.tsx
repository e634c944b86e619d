import type { ReactNode } from "react";

export interface Column<Row> {
  /** The column's heading, and on a phone the name before each value. */
  name: string;
  cell: (row: Row) => ReactNode;
  align?: "start" | "end";
  /**
   * On a phone each row is a card. Its first line has `title` and `badge`, its second `sub` and `aside`, all
   * without their names; `hide` is left out; anything else is a line of its own with its name.
   */
  phone?: "title" | "badge" | "sub" | "aside" | "hide";
}

interface TableProps<Row> {
  /** What the table shows, for screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  /** The rows are links: one cell of each holds a link with the class `row-link`, which covers the row. */
  hasRowLinks?: boolean;
}

/** A table on a desktop, a list of cards on a phone, a table to a screen reader on both. */
export function Table<Row>({ caption, columns, rows, rowKey, hasRowLinks }: TableProps<Row>) {
  return (
    // biome-ignore-start lint/a11y/noRedundantRoles: on a phone the style turns the rows into cards, which would drop the roles.
    // biome-ignore-start lint/a11y/useSemanticElements: the elements are the semantic ones already.
    <table className="data-table" role="table">
      <caption className="sr-only">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map((column) => (
            <th key={column.name} role="columnheader" scope="col" data-align={column.align}>
              {column.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr key={rowKey(row)} role="row" data-link={hasRowLinks}>
            {columns.map((column) => (
              <td
                key={column.name}
                role="cell"
                data-align={column.align}
                data-label={column.name}
                data-phone={column.phone}
              >
                {column.cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
    // biome-ignore-end lint/a11y/useSemanticElements: see above.
    // biome-ignore-end lint/a11y/noRedundantRoles: see above.
  );
}
