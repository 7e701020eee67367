// Waiting for a panel to be laid out, before a stage is opened in it.

export const GONE = "the output it belongs to is gone";

/** Resolves once the element is on the page and has a size; rejects if it never will. */
export function onPage(target: HTMLElement, ended: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      observer.disconnect();
      reject(new Error(GONE));
    };
    const observer = new ResizeObserver(() => {
      if (!target.isConnected || target.clientWidth === 0) return;
      observer.disconnect();
      ended.removeEventListener("abort", giveUp);
      resolve();
    });
    if (ended.aborted) {
      giveUp();
      return;
    }
    ended.addEventListener("abort", giveUp, { once: true });
    observer.observe(target);
  });
}
