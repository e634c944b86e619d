// @vitest-environment jsdom
import { beforeEach, expect, it } from "vitest";
import { setTheme, startTheme } from "./theme";

beforeEach(() => setTheme("system"));

it("follows the system until one is chosen, and remembers the choice", () => {
  startTheme();
  expect(document.documentElement).not.toHaveAttribute("data-theme");
  setTheme("dark");
  expect(document.documentElement).toHaveAttribute("data-theme", "dark");
  expect(localStorage.getItem("payrail-theme")).toBe("dark");
  setTheme("system");
  expect(document.documentElement).not.toHaveAttribute("data-theme");
});

it("follows a choice made in another window", () => {
  startTheme();
  localStorage.setItem("payrail-theme", "light");
  window.dispatchEvent(new StorageEvent("storage", { key: "payrail-theme" }));
  expect(document.documentElement).toHaveAttribute("data-theme", "light");
});
