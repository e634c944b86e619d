import type { Page } from "playwright-core";

/** What stands beside the window or is cut off by what it stands in. */
export const cutOff = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const faults: string[] = [];
    const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
    if (wide > 0) {
      const beyond = (element: Element) => element.getBoundingClientRect().right > window.innerWidth + 0.5;
      const widest = [...document.querySelectorAll("body *")]
        .filter(beyond)
        .map((element) => element.outerHTML.slice(0, 200));
      faults.push(`the page is ${wide} px too wide: ${widest.slice(-3).join(" | ")}`);
    }
    for (const field of document.querySelectorAll("main input, main select")) {
      const box = field.getBoundingClientRect();
      if (box.width > 0 && box.right > window.innerWidth) faults.push(`${field.ariaLabel} is beside the window`);
      const card = field.closest("section")?.getBoundingClientRect();
      if (card && box.right > card.right) faults.push(`${field.ariaLabel} is beside its card`);
    }
    // What a dialog covers is not read.
    const covering = document.querySelector("[role=dialog], [role=alertdialog]");
    const texts = document.createTreeWalker(covering ?? document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const element = node.parentElement;
      if (!element || !/₹|^\d[\d,.]*(Cr|L|K)?$/.test(node.textContent?.trim() ?? "")) continue;
      if (element.closest(".sr-only, [aria-hidden=true], option")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.width === 0) continue;
      const name = `${node.textContent} (${Math.round(box.left)} to ${Math.round(box.right)})`;
      if (box.left < 0 || box.right > window.innerWidth) faults.push(`${name} is beside the window`);
      for (let around: Element | null = element; around; around = around.parentElement) {
        const clips = getComputedStyle(around).overflowX !== "visible";
        const edge = around.getBoundingClientRect();
        if (clips && (box.left < edge.left - 1 || box.right > edge.right + 1)) faults.push(`${name} is cut off`);
      }
    }
    return faults;
  });
