/** How pages of the operators' house are titled. */
export const HOUSE = "PayRail Admin";
