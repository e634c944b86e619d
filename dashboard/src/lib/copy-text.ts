/** Puts a text on the clipboard. Over plain HTTP there is no `navigator.clipboard` but on localhost. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return await navigator.clipboard.writeText(text);
  const fill = (event: ClipboardEvent) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
  };
  document.addEventListener("copy", fill);
  try {
    // Obsolete, and the only way without a secure context.
    if (!document.execCommand("copy")) throw new Error("the browser did not allow copying");
  } finally {
    document.removeEventListener("copy", fill);
  }
}
