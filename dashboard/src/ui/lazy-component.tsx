import { type ComponentType, type ReactNode, useEffect, useReducer, useState } from "react";
import { useConnection } from "@/lib/connection";
import { Dialog } from "./dialog";
import { ErrorBoundary } from "./error-boundary";
import { ErrorState, SkeletonRows } from "./states";

interface LazyComponent<Props> {
  (props: Props): ReactNode;
  /** Fetches the code ahead. It never fails: what does not come now is fetched when it is shown. */
  preload: () => Promise<void>;
}

/** The code of a component: there, or to be fetched. A failure is forgotten. */
class Code<Props> {
  loaded: ComponentType<Props> | null = null;

  constructor(private readonly load: () => Promise<ComponentType<Props>>) {}

  readonly fetch = async (): Promise<void> => {
    this.loaded ??= await this.load();
  };
}

/**
 * A component whose code is fetched when it is needed. Unlike React.lazy it forgets a failure: when the server was
 * gone, the next try may succeed, without a reload and without breaking what is around it.
 */
export function lazyComponent<Props extends object>(load: () => Promise<ComponentType<Props>>): LazyComponent<Props> {
  const code = new Code(load);
  const show = (props: Props) => <WhenLoaded code={code} props={props} waiting={null} />;
  return Object.assign(show, { preload: () => code.fetch().catch(() => {}) });
}

/**
 * The same of a dialog. While its code is on its way, cannot be fetched, or fails, a dialog says so: outside of one it
 * would stand below the page, where nobody looks.
 */
export function lazyDialog<Props extends object>(
  title: string,
  load: () => Promise<ComponentType<Props>>,
  close: (props: Props) => void,
): LazyComponent<Props> {
  const code = new Code(load);
  const show = (props: Props) => {
    const frame = (children: ReactNode) => (
      <Dialog isOpen title={title} onOpenChange={(isOpen) => !isOpen && close(props)}>
        {children}
      </Dialog>
    );
    return (
      <ErrorBoundary what="This dialog" frame={frame}>
        <WhenLoaded
          code={code}
          props={props}
          waiting={<Late>{frame(<SkeletonRows count={3} />)}</Late>}
          frame={frame}
        />
      </ErrorBoundary>
    );
  };
  return Object.assign(show, { preload: () => code.fetch().catch(() => {}) });
}

const LATE_MS = 300;

/** Code that comes at once needs nothing in its place. */
function Late({ children }: { children: ReactNode }) {
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, []);
  return isLate && children;
}

interface WhenLoadedProps<Props> {
  code: Code<Props>;
  props: Props;
  waiting: ReactNode;
  /** Where an error stands. */
  frame?: (children: ReactNode) => ReactNode;
}

const plain = (children: ReactNode) => children;

function WhenLoaded<Props extends object>({ code, props, waiting, frame = plain }: WhenLoadedProps<Props>) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [error, setError] = useState<unknown>(null);
  const { isLost } = useConnection();
  const isMissing = code.loaded === null;
  useEffect(() => {
    if (!isMissing || isLost) return;
    let isWanted = true;
    code.fetch().then(
      () => isWanted && draw(),
      (failure) => isWanted && setError(failure),
    );
    return () => {
      isWanted = false;
    };
  }, [code, isMissing, isLost]);

  if (code.loaded) return <code.loaded {...props} />;
  if (!error && !isLost) return waiting;
  const again = () => {
    setError(null);
    code.fetch().then(draw, setError);
  };
  return frame(
    <ErrorState title="This part of the page has not been loaded yet" onRetry={again}>
      The server does not answer. This part is loaded as soon as there is a connection.
    </ErrorState>,
  );
}

/**
 * Fetches code when the browser has nothing else to do, so that pages open without a server. The mark `code-ahead` in the
 * browser's performance timeline shows when that was done.
 */
export function preloadWhenIdle(components: readonly { preload: () => Promise<void> }[]): () => void {
  const fetchAll = () => {
    void Promise.all(components.map((component) => component.preload())).then(() => performance.mark("code-ahead"));
  };
  // Safari has no requestIdleCallback.
  if (!window.requestIdleCallback) {
    const timer = setTimeout(fetchAll, 1_000);
    return () => clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(fetchAll, { timeout: 3_000 });
  return () => window.cancelIdleCallback(handle);
}
