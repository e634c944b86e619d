import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// What a test waits for comes late on a busy machine.
configure({ asyncUtilTimeout: 60_000 });

afterEach(cleanup);

// jsdom lays nothing out: every element has the size 0, and nothing to observe.
globalThis.ResizeObserver ??= class {
  observe() {}
  unobserve() {}
  disconnect() {}
};
