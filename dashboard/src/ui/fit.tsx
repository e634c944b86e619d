import type { ReactNode } from "react";

interface FitProps {
  /** How large at the most, in rem. */
  most: number;
  /** How many characters must find room in one line. */
  length: number;
  children: ReactNode;
}

/** A figure is wider than most letters are, and its commas are narrower: so much of its size on the average. */
const CHARACTER = 0.6;

/** A line that is as large as its place allows and is never cut off. */
export function Fit({ most, length, children }: FitProps) {
  const share = 100 / Math.max(1, length) / CHARACTER;
  return (
    <span className="block [container-type:inline-size]">
      <span className="block" style={{ fontSize: `min(${most}rem, ${share.toFixed(2)}cqi)` }}>
        {children}
      </span>
    </span>
  );
}
