import { describe, expect, it } from "vitest";
import { nextQuery } from "./paging";

describe("nextQuery", () => {
  it("reads the query of rel=next", () => {
    const link = '</api/v1/payouts/?before=0193&limit=50&view=full&search=a%26b>; rel="next"';
    expect(nextQuery(link)).toEqual({ before: "0193", limit: "50", view: "full", search: "a&b" });
  });

  it("picks next among several, quoted or not", () => {
    expect(nextQuery('<?a=1>; rel="prev", <?a=2>; rel=next')).toEqual({ a: "2" });
  });

  it.each([null, "", '<?a=1>; rel="prev"', '<?a=1>; rel="nextish"', "nonsense"])("has none in %j", (link) => {
    expect(nextQuery(link)).toBeNull();
  });
});
