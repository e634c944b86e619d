import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

// What a test waits for comes late on a busy machine.
configure({ asyncUtilTimeout: 60_000 });

afterEach(cleanup);
