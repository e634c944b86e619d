// @vitest-environment jsdom
import { beforeEach, expect, test } from "vitest";
import { forgetFunding, type OpenFunding, openFunding, rememberFunding } from "./open-funding";

const funding: OpenFunding = {
  key: "k1",
  amountPaise: 600_000,
  description: "NEFT",
  startedAt: "2026-01-01T00:00:00Z",
};

beforeEach(() => localStorage.clear());

test("a funding is kept for its merchant until its own answer", () => {
  expect(openFunding("m1")).toBeNull();
  rememberFunding("m1", funding);
  expect(openFunding("m1")).toEqual(funding);
  expect(openFunding("m2")).toBeNull();
  forgetFunding("m1", "another key");
  expect(openFunding("m1")).toEqual(funding);
  forgetFunding("m1", "k1");
  expect(openFunding("m1")).toBeNull();
});

test.each(["", "nonsense", "[]", "7", '{"key":"k"}', '{"key":1,"amountPaise":1.5,"description":"","startedAt":""}'])(
  "what somebody else wrote there is no funding: %s",
  (text) => {
    localStorage.setItem("payrail-open-funding-m1", text);
    expect(openFunding("m1")).toBeNull();
  },
);
