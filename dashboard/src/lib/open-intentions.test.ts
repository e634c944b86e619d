// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from "vitest";
import { forget, openIntentions, remember } from "./open-intentions";

const first = { key: "one", amountPaise: 6_000, account: "demo-success", startedAt: "2026-11-22T12:00:00Z" };
const second = { ...first, key: "two" };

beforeEach(() => localStorage.clear());

describe("open intentions", () => {
  it("are kept per merchant, once each, until they are forgotten", () => {
    remember("acme", first);
    remember("acme", first);
    remember("acme", second);
    remember("tiny", first);
    expect(openIntentions("acme").map(({ key }) => key)).toEqual(["one", "two"]);
    forget("acme", "one");
    forget("acme", "unknown");
    expect(openIntentions("acme")).toEqual([second]);
    expect(openIntentions("tiny")).toEqual([first]);
  });

  it("leave nothing behind", () => {
    remember("acme", first);
    forget("acme", "one");
    expect(localStorage).toHaveLength(0);
  });

  it.each(["{", "null", "7", '[{"key":1}]', '[{"key":"a","amountPaise":1.5,"account":"b","startedAt":"c"}]'])(
    "are none when what is stored is %s",
    (stored) => {
      localStorage.setItem("payrail-open-acme", stored);
      expect(openIntentions("acme")).toEqual([]);
    },
  );
});
