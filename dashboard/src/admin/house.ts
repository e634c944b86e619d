/** The end of every page title in the operators' app. */
export const HOUSE = "PayRail Admin";
