/** Fetched after the figures show: charts are the heaviest part of the overview. */
export { BalanceChart } from "./balance-chart";
export { OutcomeChart } from "./outcome-chart";
