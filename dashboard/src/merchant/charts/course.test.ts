import { describe, expect, it } from "vitest";
import { courseOf, indexAt } from "./course";

const point = (minute: number, available: number, held = 0) => ({
  at: `2026-11-22T12:${String(minute).padStart(2, "0")}:00.000000Z`,
  available_paise: available,
  held_paise: held,
});
const now = new Date("2026-11-22T12:30:00Z");

describe("courseOf", () => {
  it("leaves out the emptiness before the first money, and goes on until now", () => {
    const course = courseOf([point(0, 0), point(10, 100), point(20, 40, 60)], now);
    expect(course.map(({ available, held }) => [available, held])).toEqual([
      [100, 0],
      [40, 60],
      [40, 60],
    ]);
    expect(course.at(-1)?.at).toEqual(now);
  });

  it("keeps what there was when the window began", () => {
    expect(courseOf([point(0, 5), point(10, 0)], now)).toHaveLength(3);
  });

  it("is not upset by a server whose clock runs ahead, nor by nothing at all", () => {
    expect(courseOf([point(40, 5)], now)).toHaveLength(1);
    expect(courseOf([], now)).toEqual([]);
    expect(courseOf([point(0, 0)], now)).toHaveLength(2);
  });
});

describe("indexAt", () => {
  const course = courseOf([point(0, 1), point(10, 2), point(20, 3)], now);
  it.each([
    ["11:00", 0],
    ["12:00", 0],
    ["12:09", 0],
    ["12:10", 1],
    ["12:25", 2],
    ["12:30", 3],
    ["13:00", 3],
  ])("at %s it is point %d", (clock, index) =>
    expect(indexAt(course, new Date(`2026-11-22T${clock}:00Z`))).toBe(index),
  );
});
