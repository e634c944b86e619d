import { setNonce } from "get-nonce";

/**
 * A dialog stops the page behind it from scrolling by a <style> of its own, which the
 * Content-Security-Policy allows under this answer's nonce only. The build leaves the nonce in a <meta>.
 */
export function allowOwnStyles(): void {
  const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce;
  if (nonce) setNonce(nonce);
}
