// biome-ignore-all lint/a11y/noRedundantRoles: the style turns rows into cards, which would drop the roles.
// biome-ignore-all lint/a11y/useSemanticElements: the elements are the semantic ones already.
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { useIsPrinting } from "./use-is-printing";
import { useWidth } from "./use-width";

export interface Column<Row> {
  /** The column's heading, and on a phone the name before each value. */
  name: string;
  cell: (row: Row) => ReactNode;
  align?: "start" | "end";
  /**
   * Where there is little room each row is a card. Its first line has `title` and `badge`, its second `sub` and
   * `aside`, a further one `note`, all without their names; `hide` is left out; anything else is a line of its own
   * with its name.
   */
  phone?: "title" | "badge" | "sub" | "aside" | "note" | "hide";
}

interface TableProps<Row> {
  /** What the table shows, for screen readers. */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  /** The rows are links: one cell of each holds a link with the class `row-link`, which a click on the row follows. */
  hasRowLinks?: boolean;
  /** Less air: for the figures of a chart. */
  isDense?: boolean;
  /** Only the rows near the window are in the page, however many there are. */
  isVirtual?: boolean;
  /** There are more rows than these: how many is not known. */
  isPartial?: boolean;
  /** Called when the last rows come near. */
  onNearEnd?: (() => void) | undefined;
}

/** So many rows of a long list are printed. */
export const PRINTED_ROWS = 1_000;

/** Below this width a table is a list of cards, however little its columns need. */
const CARDS_BELOW = 640;
/** From this width on a card has two columns. */
const ROOMY = 560;

/**
 * A table where its columns have room, a list of cards where they have not: an amount is never cut off. To a screen
 * reader it is a table on both.
 */
export function Table<Row>(props: TableProps<Row>) {
  const [frame, width] = useWidth<HTMLDivElement>();
  // Its columns may come to need more room while nothing is drawn anew: a font arrives, or "1 minute ago" becomes 10.
  const [table] = useWidth<HTMLTableElement>();
  const layout = useLayout(frame, width);
  const isPrinting = useIsPrinting();
  const { caption, columns } = props;
  // On paper nobody scrolls: the rows themselves, not room for them.
  const Body = props.isVirtual && !isPrinting ? VirtualBody<Row> : PlainBody<Row>;
  const rows = isPrinting ? props.rows.slice(0, PRINTED_ROWS) : props.rows;
  return (
    <div ref={frame}>
      <table
        ref={table}
        className="data-table"
        role="table"
        data-layout={layout}
        data-roomy={width >= ROOMY}
        data-dense={props.isDense}
        aria-rowcount={props.isPartial ? -1 : props.rows.length + 1}
        data-rows={props.rows.length}
      >
        <caption className="sr-only">{caption}</caption>
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.name} role="columnheader" scope="col" data-align={column.align}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <Body {...props} rows={rows} frame={frame} isCards={layout === "cards"} />
      </table>
    </div>
  );
}

/** What the columns need is known once they have been drawn; it is kept, so that a table does not flicker. */
function useLayout(frame: RefObject<HTMLDivElement | null>, width: number): "table" | "cards" {
  const [needed, setNeeded] = useState(CARDS_BELOW);
  const layout = width > 0 && width < needed ? "cards" : "table";
  useLayoutEffect(() => {
    const table = frame.current?.firstElementChild;
    const room = frame.current?.clientWidth ?? 0;
    if (layout === "table" && room > 0 && table && table.scrollWidth > room) setNeeded(table.scrollWidth);
  });
  return layout;
}

interface BodyProps<Row> extends TableProps<Row> {
  frame: RefObject<HTMLDivElement | null>;
  isCards: boolean;
}

function PlainBody<Row>({ rows, rowKey, ...rest }: BodyProps<Row>) {
  return (
    <tbody role="rowgroup">
      {rows.map((row, index) => (
        <TableRow key={rowKey(row)} row={row} index={index} {...rest} />
      ))}
    </tbody>
  );
}

const TABLE_ROW = 46;
const CARD_ROW = 92;
const SPARE_ROWS = 12;
/** How many rows before the end more are asked for. */
const NEAR_END = 40;

function VirtualBody<Row>({ rows, rowKey, frame, isCards, onNearEnd, ...rest }: BodyProps<Row>) {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const box = frame.current?.getBoundingClientRect();
    if (box) setTop(Math.round(box.top + window.scrollY));
  });
  const list = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => (isCards ? CARD_ROW : TABLE_ROW),
    overscan: SPARE_ROWS,
    scrollMargin: top,
    getItemKey: (index) => rowKey(rows[index] as Row),
    // A window that has not been laid out yet shows the first rows all the same.
    initialRect: { width: window.innerWidth, height: window.innerHeight },
  });
  const shown = list.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;
  const isNearEnd = rows.length > 0 && last >= rows.length - NEAR_END;
  useLayoutEffect(() => {
    if (isNearEnd) onNearEnd?.();
  }, [isNearEnd, onNearEnd]);

  const before = (shown[0]?.start ?? top) - top;
  const after = list.getTotalSize() - ((shown.at(-1)?.end ?? top) - top);
  return (
    <tbody role="rowgroup">
      <Space height={before} />
      {shown.map(({ index, key }) => (
        <TableRow key={key} row={rows[index] as Row} index={index} measure={list.measureElement} {...rest} />
      ))}
      <Space height={after} />
    </tbody>
  );
}

/** Stands for the rows that are not in the page. */
const Space = ({ height }: { height: number }) =>
  height > 0 ? <tr className="table-space" style={{ height }} aria-hidden /> : null;

const MIDDLE = 1;

/**
 * A click anywhere in a row follows its link, in the way of the click: in a new tab with Ctrl or the middle button. What
 * is in the row comes first: its own links and buttons, and text that somebody selects.
 */
function followRow(event: MouseEvent<HTMLTableRowElement>): void {
  const target = event.target as Element;
  if (target.closest("a, button, input, summary, label") || event.defaultPrevented) return;
  if (event.type === "auxclick" && event.button !== MIDDLE) return;
  if (window.getSelection()?.toString()) return;
  const { ctrlKey, metaKey, shiftKey } = event;
  const isAside = ctrlKey || metaKey || event.button === MIDDLE;
  const click = new window.MouseEvent("click", {
    bubbles: true,
    cancelable: true,
    ctrlKey: isAside,
    metaKey,
    shiftKey,
  });
  event.currentTarget.querySelector(".row-link")?.dispatchEvent(click);
}

interface RowProps<Row> {
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  hasRowLinks?: boolean | undefined;
  measure?: (element: HTMLElement | null) => void;
}

function TableRow<Row>({ row, index, columns, hasRowLinks, measure }: RowProps<Row>) {
  const element = useRef<HTMLTableRowElement>(null);
  useLayoutEffect(() => measure?.(element.current), [measure]);
  return (
    <tr
      ref={element}
      role="row"
      data-index={index}
      data-link={hasRowLinks}
      aria-rowindex={index + 2}
      {...(hasRowLinks && { onClick: followRow, onAuxClick: followRow })}
    >
      {columns.map((column) => (
        <td key={column.name} role="cell" data-align={column.align} data-label={column.name} data-phone={column.phone}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}
