import { type ComponentType, type ReactNode, useEffect, useReducer, useState } from "react";
import { useConnection } from "@/lib/connection";
import { ErrorState } from "./states";

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
export function lazyComponent<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  waiting: ReactNode = null,
): LazyComponent<Props> {
  const code = new Code(load);
  const show = (props: Props) => <WhenLoaded code={code} props={props} waiting={waiting} />;
  return Object.assign(show, { preload: () => code.fetch().catch(() => {}) });
}

interface WhenLoadedProps<Props> {
  code: Code<Props>;
  props: Props;
  waiting: ReactNode;
}

function WhenLoaded<Props extends object>({ code, props, waiting }: WhenLoadedProps<Props>) {
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
  return (
    <ErrorState title="This part of the page has not been loaded yet" onRetry={again}>
      The server does not answer. This part is loaded as soon as there is a connection.
    </ErrorState>
  );
}

/** Fetches code when the browser has nothing else to do, so that pages open without a server. */
export function preloadWhenIdle(components: readonly { preload: () => Promise<void> }[]): () => void {
  const fetchAll = () => {
    for (const component of components) void component.preload();
  };
  // Safari has no requestIdleCallback.
  if (!window.requestIdleCallback) {
    const timer = setTimeout(fetchAll, 1_000);
    return () => clearTimeout(timer);
  }
  const handle = window.requestIdleCallback(fetchAll, { timeout: 3_000 });
  return () => window.cancelIdleCallback(handle);
}
